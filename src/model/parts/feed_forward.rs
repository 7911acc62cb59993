//! The feed-forward part: down(act(up x)), or down(act(gate x) * up x).

use ndarray::{Array2, ArrayView2, ArrayViewD, Zip};
use rayon::prelude::*;

use crate::model::activation::Activation;
use crate::model::keep::Keep;
use crate::model::linear::Linear;
use crate::model::parameters::parameters_in;

/// One feed-forward part. D is the hidden size and F its own.
#[derive(Debug, Clone)]
pub struct FeedForward {
    /// `[F, D]`.
    pub up: Linear,
    /// `[F, D]`, for the gated kinds.
    pub gate: Option<Linear>,
    /// The non-linearity.
    pub activation: Activation,
    /// `[D, F]`.
    pub down: Linear,
}

parameters_in!(FeedForward: gate, up, down);

/// What one feed-forward part computed.
#[derive(Debug, Clone, Default)]
pub struct FeedForwardTrace {
    /// Before the non-linearity, `[T, F]` (the gate, in gated kinds).
    pub before_activation: Option<Array2<f32>>,
    /// up x `[T, F]`, in gated kinds; on a tape only.
    pub ungated: Option<Array2<f32>>,
    /// After the non-linearity (and times the ungated branch, in gated kinds), `[T, F]`.
    pub activation: Option<Array2<f32>>,
}

impl FeedForward {
    /// down(act(up x)).
    pub fn new(up: Linear, activation: Activation, down: Linear) -> Self {
        Self { up, gate: None, activation, down }
    }

    /// down(act(gate x) * up x) (Shazeer 2020).
    pub fn gated(gate: Linear, up: Linear, activation: Activation, down: Linear) -> Self {
        Self { up, gate: Some(gate), activation, down }
    }

    /// What it makes of `x` `[T, D]`, and its trace.
    pub fn run(&self, x: ArrayView2<'_, f32>, keep: Keep) -> (Array2<f32>, FeedForwardTrace) {
        let up = self.up.apply(x);
        let (before, up) = match &self.gate {
            Some(gate) => (gate.apply(x), Some(up)),
            None => (up, None),
        };
        let (before_activation, mut active) = activate(self.activation, before, keep.stages());
        if let Some(up) = &up {
            Zip::from(&mut active).and(up).par_for_each(|active, &up| *active *= up);
        }
        let output = self.down.apply(active.view());
        let trace = FeedForwardTrace {
            before_activation,
            ungated: up.filter(|_| keep == Keep::Tape),
            activation: keep.stages().then_some(active),
        };
        (output, trace)
    }

    /// How many numbers its trace has of `t` tokens.
    pub fn numbers_kept(&self, t: u64, keep: Keep) -> u64 {
        let gated = u64::from(self.gate.is_some() && keep == Keep::Tape);
        if keep.stages() { (2 + gated) * t * self.up.outputs() as u64 } else { 0 }
    }
}

impl FeedForwardTrace {
    /// Everything that was kept, by name.
    pub fn stages(&self) -> Vec<(&'static str, ArrayViewD<'_, f32>)> {
        let all = [
            ("before_activation", &self.before_activation),
            ("ungated", &self.ungated),
            ("activation", &self.activation),
        ];
        let kept = all.into_iter().filter_map(|(name, stage)| Some((name, stage.as_ref()?)));
        kept.map(|(name, stage)| (name, stage.view().into_dyn())).collect()
    }
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
