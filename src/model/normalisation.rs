//! Norms over the last axis.

use ndarray::{Array2, ArrayViewMut1, Axis};

use super::network::{Norm, NormKind};

/// Normalises every row of `x` in place.
pub fn normalise(norm: &Norm, x: &mut Array2<f32>) {
    for row in x.axis_iter_mut(Axis(0)) {
        normalise_row(norm, row);
    }
}

/// Normalises one row in place.
pub fn normalise_row(norm: &Norm, mut row: ArrayViewMut1<'_, f32>) {
    // Sums in f64: a norm's rounding error reaches every later layer.
    let count = row.len() as f64;
    let mean = match norm.kind {
        NormKind::Layer => row.iter().map(|&value| f64::from(value)).sum::<f64>() / count,
        NormKind::Rms => 0.0,
    };
    let squares: f64 = row.iter().map(|&value| (f64::from(value) - mean).powi(2)).sum();
    let inverse = (1.0 / (squares / count + f64::from(norm.epsilon)).sqrt()) as f32;
    let mean = mean as f32;
    match &norm.bias {
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
    }
}
