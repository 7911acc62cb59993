//! Norms over the last axis.

use ndarray::{Array, Dimension};
use rayon::prelude::*;

use super::network::{Norm, NormKind};
use crate::elementary::{sum, sum_of_squares, vectorised};

/// Rows of at least this many numbers together are normalised on all threads.
const PARALLEL_FROM: usize = 1 << 15;

/// Normalises every row (of the last axis) of `x` in place; its rows lie one after the other.
pub fn normalise<D: Dimension>(norm: &Norm, x: &mut Array<f32, D>) {
    let width = norm.weight.len();
    let numbers = x.as_slice_mut().expect("an array that was just computed is contiguous");
    if numbers.len() < PARALLEL_FROM {
        numbers.chunks_exact_mut(width).for_each(|row| normalise_row(norm, row));
    } else {
        numbers.par_chunks_exact_mut(width).for_each(|row| normalise_row(norm, row));
    }
}

fn normalise_row(norm: &Norm, row: &mut [f32]) {
    // Sums in f64: a norm's rounding error reaches every later layer.
    let count = row.len() as f64;
    let mean = match norm.kind {
        NormKind::Layer => sum(row) / count,
        NormKind::Rms => 0.0,
    };
    let squares = sum_of_squares(row, mean);
    let inverse = (1.0 / (squares / count + f64::from(norm.epsilon)).sqrt()) as f32;
    let mean = mean as f32;
    vectorised(|| match &norm.bias {
        Some(bias) => {
            for ((value, &weight), &bias) in row.iter_mut().zip(&norm.weight).zip(bias) {
                *value = (*value - mean) * inverse * weight + bias;
            }
        }
        None => {
            for (value, &weight) in row.iter_mut().zip(&norm.weight) {
                *value = (*value - mean) * inverse * weight;
            }
        }
    });
}
