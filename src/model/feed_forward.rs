//! One feed-forward part.

use ndarray::{Array2, ArrayView2, Zip};
use rayon::prelude::*;

use super::attention::apply_linear;
use super::network::{Activation, FeedForward};
use super::trace::{FeedForwardTrace, Keep};

/// Runs `part` on `x` `[T, D]`; returns what it adds to the stream and its trace.
pub fn feed_forward(
    part: &FeedForward,
    x: ArrayView2<'_, f32>,
    keep: Keep,
) -> (Array2<f32>, FeedForwardTrace) {
    let everything = keep == Keep::Everything;
    let up = apply_linear(&part.up, x);
    let (before, up) = match &part.gate {
        Some(gate) => (apply_linear(gate, x), Some(up)),
        None => (up, None),
    };
    let (before_activation, mut active) = activate(part.activation, before, everything);
    if let Some(up) = up {
        Zip::from(&mut active).and(&up).par_for_each(|active, &up| *active *= up);
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

/// Applies `activation` on all threads; `before` is kept where it is asked for.
fn activate(activation: Activation, before: Array2<f32>, keep: bool) -> (Option<Array2<f32>>, Array2<f32>) {
    const CHUNK: usize = 4096;
    const CONTIGUOUS: &str = "an array that was just computed is contiguous";
    if !keep {
        let mut active = before;
        let numbers = active.as_slice_mut().expect(CONTIGUOUS);
        numbers.par_chunks_mut(CHUNK).for_each(|chunk| activation.apply_all(chunk));
        return (None, active);
    }
    let mut active = Array2::zeros(before.raw_dim());
    let chunks = active.as_slice_mut().expect(CONTIGUOUS).par_chunks_mut(CHUNK);
    chunks.zip(before.as_slice().expect(CONTIGUOUS).par_chunks(CHUNK)).for_each(|(chunk, before)| {
        chunk.copy_from_slice(before);
        activation.apply_all(chunk);
    });
    (Some(before), active)
}
