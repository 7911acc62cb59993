//! The feed-forward part: down(act(up x)), or down(act(gate x) * up x).

use ndarray::{Array2, ArrayView2, ArrayViewD, Zip};
use rayon::prelude::*;

use crate::copies::{change_pieces, changed_copy};
use crate::model::activation::Activation;
use crate::model::gradients::Gradients;
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

    /// Adds the gradients of its parameters, given that of its output `[T, D]`, and returns that of
    /// `x`, which it saw.
    ///
    /// # Panics
    /// When `trace` is not on a tape.
    pub fn backward(
        &self,
        x: ArrayView2<'_, f32>,
        trace: &FeedForwardTrace,
        output: ArrayView2<'_, f32>,
        gradients: &mut Gradients,
    ) -> Array2<f32> {
        let active = trace.activation.as_ref().expect(TAPE);
        let before = trace.before_activation.as_ref().expect(TAPE);
        let mut inner = Array2::zeros(active.raw_dim());
        self.down.backward(active.view(), output, Some(&mut inner), gradients);
        let mut input = Array2::zeros(x.raw_dim());
        let Some(gate) = &self.gate else {
            multiply_by_slope(self.activation, before, &mut inner);
            self.up.backward(x, inner.view(), Some(&mut input), gradients);
            return input;
        };
        let mut of_up = before.clone();
        self.activation.apply_all(of_up.as_slice_mut().expect(CONTIGUOUS));
        of_up *= &inner;
        self.up.backward(x, of_up.view(), Some(&mut input), gradients);
        inner *= trace.ungated.as_ref().expect(TAPE);
        multiply_by_slope(self.activation, before, &mut inner);
        gate.backward(x, inner.view(), Some(&mut input), gradients);
        input
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

const TAPE: &str = "the pass kept a tape";
const CONTIGUOUS: &str = "an array that was just computed is contiguous";

/// Turns the gradient of what an activation made into that of what it saw.
fn multiply_by_slope(activation: Activation, before: &Array2<f32>, gradient: &mut Array2<f32>) {
    let before = before.as_slice().expect(CONTIGUOUS).par_chunks(CHUNK);
    let gradient = gradient.as_slice_mut().expect(CONTIGUOUS).par_chunks_mut(CHUNK);
    gradient.zip(before).for_each(|(gradient, before)| activation.multiply_by_slope(before, gradient));
}

/// How many numbers a thread takes at a time.
const CHUNK: usize = 4096;

/// Applies `activation` on all threads; `before` is kept where it is asked for.
fn activate(activation: Activation, before: Array2<f32>, keep: bool) -> (Option<Array2<f32>>, Array2<f32>) {
    if !keep {
        let mut active = before;
        change_pieces(active.as_slice_mut().expect(CONTIGUOUS), 1, |piece| activation.apply_all(piece));
        return (None, active);
    }
    let active = changed_copy(&before, 1, |piece| activation.apply_all(piece));
    (Some(before), active)
}
