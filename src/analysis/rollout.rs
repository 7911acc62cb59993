//! All heads, and all layers, in one map.

use ndarray::{Array2, Array3, Axis, Zip};

use super::place::Stack;
use crate::model::Trace;

/// The mean of the maps of all heads of `layer`, `[T, S]`; `None` when the trace has no such layer
/// or did not keep weights.
pub fn mean_over_heads(trace: &Trace, stack: Stack, layer: usize) -> Option<Array2<f32>> {
    let weights = &stack.trace(trace, layer)?.weights;
    (!weights.is_empty()).then(|| mean_of(weights).mapv(|weight| weight as f32))
}

/// Attention rollout up to and including `layer`, `[T, T]`: how much of each token of the text has
/// reached each place, if attention were all that mixes (Abnar and Zuidema 2020, section 3).
///
/// Rₗ = Aₗ Rₗ₋₁ with A = 0.5 (mean of the heads) + 0.5 I, rows scaled to sum to 1, R before the
/// first layer being I. Without `residual`, A is the mean of the heads alone. Of the only stack or
/// the encoder; `None` as for [`mean_over_heads`].
pub fn rollout(trace: &Trace, layer: usize, residual: bool) -> Option<Array2<f32>> {
    let mut rolled: Option<Array2<f64>> = None;
    for index in 0..=layer {
        let mixed = mixed(trace, index, residual)?;
        rolled = Some(match rolled {
            Some(before) => mixed.dot(&before),
            None => mixed,
        });
    }
    rolled.map(|rolled| rolled.mapv(|weight| weight as f32))
}

/// A of one layer, `[T, T]`, as [`rollout`] has it.
pub(super) fn mixed(trace: &Trace, layer: usize, residual: bool) -> Option<Array2<f64>> {
    let weights = &Stack::Text.trace(trace, layer)?.weights;
    if weights.is_empty() {
        return None;
    }
    let mut mixed = mean_of(weights);
    if residual {
        mixed *= 0.5;
        mixed.diag_mut().iter_mut().for_each(|weight| *weight += 0.5);
    }
    for mut row in mixed.axis_iter_mut(Axis(0)) {
        let sum = row.sum();
        if sum != 0.0 {
            row /= sum;
        }
    }
    Some(mixed)
}

fn mean_of(weights: &Array3<f32>) -> Array2<f64> {
    let (heads, rows, columns) = weights.dim();
    let mut sum = Array2::zeros((rows, columns));
    for head in weights.outer_iter() {
        Zip::from(&mut sum).and(head).for_each(|sum: &mut f64, &weight| *sum += f64::from(weight));
    }
    sum / heads.max(1) as f64
}
