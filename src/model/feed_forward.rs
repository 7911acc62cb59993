//! One feed-forward part.

use ndarray::{Array2, ArrayView2};

use super::attention::apply_linear;
use super::network::FeedForward;
use super::trace::{FeedForwardTrace, Keep};

/// Runs `part` on `x` `[T, D]`; returns what it adds to the stream and its trace.
pub fn feed_forward(
    part: &FeedForward,
    x: ArrayView2<'_, f32>,
    keep: Keep,
) -> (Array2<f32>, FeedForwardTrace) {
    let everything = keep == Keep::Everything;
    let up = apply_linear(&part.up, x);
    let mut active = match &part.gate {
        Some(gate) => apply_linear(gate, x),
        None => up.clone(),
    };
    let before_activation = everything.then(|| active.clone());
    apply_in_parallel(part, &mut active);
    if part.gate.is_some() {
        active *= &up;
    }
    let output = apply_linear(&part.down, active.view());
    let trace = FeedForwardTrace {
        input: everything.then(|| x.to_owned()),
        before_activation,
        output: everything.then(|| output.clone()),
        activation: everything.then_some(active),
    };
    (output, trace)
}

fn apply_in_parallel(part: &FeedForward, values: &mut Array2<f32>) {
    use rayon::prelude::*;
    if let Some(values) = values.as_slice_mut() {
        values.par_chunks_mut(4096).for_each(|chunk| part.activation.apply_all(chunk));
    }
}
