//! All heads, and all layers, in one map.

use ndarray::{Array2, Array3, Axis, Zip};

use super::place::Stack;
use crate::model::Trace;

/// The mean of the maps of all heads of `layer`, `[T, S]`; `None` when the trace has no such layer
/// or did not keep weights.
pub fn mean_over_heads(trace: &Trace, stack: Stack, layer: usize) -> Option<Array2<f32>> {
    todo!()
}

/// Attention rollout up to and including `layer`, `[T, T]`: how much of each token of the text has
/// reached each place, if attention were all that mixes (Abnar and Zuidema 2020, section 3).
///
/// Rₗ = Aₗ Rₗ₋₁ with A = 0.5 (mean of the heads) + 0.5 I, rows scaled to sum to 1, R before the
/// first layer being I. Without `residual`, A is the mean of the heads alone. Of the only stack or
/// the encoder; `None` as for [`mean_over_heads`].
pub fn rollout(trace: &Trace, layer: usize, residual: bool) -> Option<Array2<f32>> {
    todo!()
}
