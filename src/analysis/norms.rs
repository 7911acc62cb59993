//! Norm-weighted attention: not how much a token is looked at, but how much comes from it.

use ndarray::Array2;

use super::place::{HeadPlace, Stack};
use crate::model::error::Result;
use crate::model::{Network, Trace};

/// ‖α f(x)‖ of one head, `[T, S]`: the length of what token j sends to token i through the head
/// (Kobayashi et al. 2020, eq. 5), with f(x) = (x Wᵥ + bᵥ) Wₒ restricted to the head. The output
/// bias belongs to no token and is left out.
///
/// # Errors
/// No such head; a trace that did not keep the values.
pub fn norm_weighted(network: &Network, trace: &Trace, place: HeadPlace) -> Result<Array2<f32>> {
    todo!()
}

/// ‖Σₕ α f(x)‖ over all heads of `layer`, `[T, S]` (Kobayashi et al. 2020, section 4.1).
///
/// # Errors
/// As [`norm_weighted`].
pub fn norm_weighted_layer(
    network: &Network,
    trace: &Trace,
    stack: Stack,
    layer: usize,
) -> Result<Array2<f32>> {
    todo!()
}

/// Scales every row to sum to 1, to compare lengths with weights; rows of 0 stay.
pub fn shares(lengths: &Array2<f32>) -> Array2<f32> {
    todo!()
}
