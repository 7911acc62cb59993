//! Norms over the last axis.

use ndarray::{Array, Dimension};
use rayon::prelude::*;

use super::parameters::{Parameter, parameters_in};
use crate::elementary::{sum, sum_of_squares, vectorised};

/// Rows of at least this many numbers together are normalised on all threads.
const PARALLEL_FROM: usize = 1 << 15;

/// Which normalisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NormKind {
    /// (x - mean) / sqrt(variance + eps) * scale + bias (Ba et al. 2016).
    Layer,
    /// x / sqrt(mean of squares + eps) * scale (Zhang and Sennrich 2019).
    Rms,
}

/// A normalisation over the last axis.
#[derive(Debug, Clone)]
pub struct Norm {
    /// Which.
    pub kind: NormKind,
    /// One number a component; with [`Norm::offset`] the scale.
    pub weight: Parameter,
    /// What is added to the weight: 1 in families that store scale - 1 (Gemma), else 0.
    pub offset: f32,
    /// Shift a component.
    pub bias: Option<Parameter>,
    /// Keeps the root away from zero.
    pub epsilon: f32,
}

parameters_in!(Norm: weight, bias);

/// Normalises every row (of the last axis) of `x` in place; its rows lie one after the other.
pub fn normalise<D: Dimension>(norm: &Norm, x: &mut Array<f32, D>) {
    let weight = norm.weight.to_f32();
    let bias = norm.bias.as_ref().map(|bias| bias.to_f32());
    let row = Row { norm, weight: &weight, bias: bias.as_deref() };
    let numbers = x.as_slice_mut().expect("an array that was just computed is contiguous");
    if numbers.len() < PARALLEL_FROM {
        numbers.chunks_exact_mut(weight.len()).for_each(|numbers| row.normalise(numbers));
    } else {
        numbers.par_chunks_exact_mut(weight.len()).for_each(|numbers| row.normalise(numbers));
    }
}

/// A copy of `x`, normalised.
pub fn normalised<D: Dimension>(norm: &Norm, x: &Array<f32, D>) -> Array<f32, D> {
    let mut x = x.clone();
    normalise(norm, &mut x);
    x
}

/// What every row is normalised with.
struct Row<'a> {
    norm: &'a Norm,
    weight: &'a [f32],
    bias: Option<&'a [f32]>,
}

impl Row<'_> {
    fn normalise(&self, row: &mut [f32]) {
        // Sums in f64: a norm's rounding error reaches every later layer.
        let count = row.len() as f64;
        let mean = match self.norm.kind {
            NormKind::Layer => sum(row) / count,
            NormKind::Rms => 0.0,
        };
        let squares = sum_of_squares(row, mean);
        let inverse = (1.0 / (squares / count + f64::from(self.norm.epsilon)).sqrt()) as f32;
        let (mean, offset) = (mean as f32, self.norm.offset);
        vectorised(|| match self.bias {
            Some(bias) => {
                for ((value, &weight), &bias) in row.iter_mut().zip(self.weight).zip(bias) {
                    *value = (*value - mean) * inverse * (weight + offset) + bias;
                }
            }
            None => {
                for (value, &weight) in row.iter_mut().zip(self.weight) {
                    *value = (*value - mean) * inverse * (weight + offset);
                }
            }
        });
    }
}
