//! Norms over the last axis.

use ndarray::{Array, Dimension};
use rayon::prelude::*;

use super::gradients::Gradients;
use super::parameters::{Parameter, parameters_in};
use crate::copies::{change_pieces, changed_copy};
use crate::elementary::{sum, sum_of_shifted_products, sum_of_squares, vectorised};

/// Which normalisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NormKind {
    /// (x - mean) / sqrt(variance + eps) * scale + bias (Ba et al. 2016).
    Layer,
    /// x / sqrt(mean of squares + eps) * scale (Zhang and Sennrich 2019).
    Rms,
    /// x / (sqrt(mean of squares) + eps) * scale (the code of He and Hofmann 2024).
    RmsOutside,
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
    change_pieces(numbers, weight.len(), |rows| row.normalise_all(rows));
}

/// A copy of `x`, normalised.
pub fn normalised<D: Dimension>(norm: &Norm, x: &Array<f32, D>) -> Array<f32, D> {
    let weight = norm.weight.to_f32();
    let bias = norm.bias.as_ref().map(|bias| bias.to_f32());
    let row = Row { norm, weight: &weight, bias: bias.as_deref() };
    changed_copy(x, weight.len(), |rows| row.normalise_all(rows))
}

impl Norm {
    /// What a row is divided by, given its mean of squares (about its mean, for a layer norm).
    fn root(&self, squares: f64) -> f64 {
        let epsilon = f64::from(self.epsilon);
        match self.kind {
            NormKind::Layer | NormKind::Rms => (squares + epsilon).sqrt(),
            NormKind::RmsOutside => squares.sqrt() + epsilon,
        }
    }

    /// Adds the gradients of scale and shift, given that of the output, and turns that in place into
    /// the gradient of what was normalised, `x`; rows lie one after the other in both.
    pub fn backward<D: Dimension>(
        &self,
        x: &Array<f32, D>,
        gradient: &mut Array<f32, D>,
        gradients: &mut Gradients,
    ) {
        let weight = self.weight.to_f32();
        let width = weight.len();
        let x = x.as_slice().expect("what is on a tape is contiguous");
        let gradient = gradient.as_slice_mut().expect("an array that was just computed is contiguous");
        // The rows of one sum are the same for any number of threads.
        let length = ROWS_A_SUM * width;
        let sums: Vec<[Vec<f32>; 2]> = x
            .par_chunks(length)
            .zip(gradient.par_chunks_mut(length))
            .map(|(x, gradient)| {
                let mut sums = [vec![0.0; width], vec![0.0; width]];
                for (x, gradient) in x.chunks_exact(width).zip(gradient.chunks_exact_mut(width)) {
                    self.row_backward(&weight, x, gradient, &mut sums);
                }
                sums
            })
            .collect();
        let add = |total: &mut [f32], which: usize| {
            for sums in &sums {
                total.iter_mut().zip(&sums[which]).for_each(|(total, sum)| *total += sum);
            }
        };
        add(gradients.of_mut(&self.weight), 0);
        if let Some(bias) = &self.bias {
            add(gradients.of_mut(bias), 1);
        }
    }

    /// With y = (x - m) / r: the gradient of x is (g - mean g - y (mean of g y)) / r, where g is the
    /// gradient of y; m and its share are 0 in an RMS norm, and with eps outside the root r there
    /// stands for the root in the second share.
    fn row_backward(&self, weight: &[f32], x: &[f32], gradient: &mut [f32], sums: &mut [Vec<f32>; 2]) {
        let count = x.len() as f64;
        let is_layer = self.kind == NormKind::Layer;
        let mean = if is_layer { sum(x) / count } else { 0.0 };
        let squares = sum_of_squares(x, mean) / count;
        let inverse = 1.0 / self.root(squares);
        // What a change of the mean of squares does to the divisor, beside the plain root.
        let steepness = match self.kind {
            NormKind::RmsOutside if squares > 0.0 => 1.0 / (inverse * squares.sqrt()),
            NormKind::RmsOutside => 0.0,
            NormKind::Layer | NormKind::Rms => 1.0,
        };
        let (mean, inverse, offset) = (mean as f32, inverse as f32, self.offset);
        let [of_weight, of_bias] = sums;
        vectorised!({
            let sums = of_weight.iter_mut().zip(of_bias);
            for ((x, gradient), (of_weight, of_bias)) in x.iter().zip(&*gradient).zip(sums) {
                *of_weight += gradient * ((x - mean) * inverse);
                *of_bias += gradient;
            }
            gradient.iter_mut().zip(weight).for_each(|(gradient, weight)| *gradient *= weight + offset);
        });
        let of_mean = if is_layer { (sum(gradient) / count) as f32 } else { 0.0 };
        let along = sum_of_shifted_products(gradient, x, mean) * f64::from(inverse) / count * steepness;
        let along = along as f32;
        vectorised!({
            for (gradient, x) in gradient.iter_mut().zip(x) {
                let y = (x - mean) * inverse;
                *gradient = (*gradient - of_mean - y * along) * inverse;
            }
        });
    }
}

/// How many rows are summed before their sum joins the others.
const ROWS_A_SUM: usize = 64;

/// What every row is normalised with.
struct Row<'a> {
    norm: &'a Norm,
    weight: &'a [f32],
    bias: Option<&'a [f32]>,
}

impl Row<'_> {
    fn normalise_all(&self, rows: &mut [f32]) {
        rows.chunks_exact_mut(self.weight.len()).for_each(|row| self.normalise(row));
    }

    fn normalise(&self, row: &mut [f32]) {
        // Sums in f64: a norm's rounding error reaches every later layer.
        let count = row.len() as f64;
        let mean = match self.norm.kind {
            NormKind::Layer => sum(row) / count,
            NormKind::Rms | NormKind::RmsOutside => 0.0,
        };
        let squares = sum_of_squares(row, mean) / count;
        let inverse = (1.0 / self.norm.root(squares)) as f32;
        let (mean, offset) = (mean as f32, self.norm.offset);
        vectorised!(match self.bias {
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
