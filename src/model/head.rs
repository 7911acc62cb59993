//! From the residual stream to logits.

use ndarray::{Array2, s};

use super::activation::Activation;
use super::keep::Keep;
use super::linear::Linear;
use super::normalisation::{Norm, normalise};
use super::parameters::parameters_in;
use crate::elementary::tanh;

/// From the residual stream to logits. [`Head::new`] gives the usual one.
#[derive(Debug, Clone)]
pub struct Head {
    /// A map, non-linearity and norm before the projection (masked language models).
    pub transform: Option<Transform>,
    /// `[V, D]`, often the token table itself.
    pub projection: Linear,
    /// What the stream is multiplied by first (T5 with a tied table: 1/√D).
    pub scale: f32,
    /// Logits z become c tanh(z/c) (Gemma 2).
    pub soft_cap: Option<f32>,
    /// Whether only the first token is looked at (ViT's class token).
    pub first_token_only: bool,
}

parameters_in!(Head: transform, projection);

/// norm(act(dense x)).
#[derive(Debug, Clone)]
pub struct Transform {
    /// The map.
    pub dense: Linear,
    /// The non-linearity.
    pub activation: Activation,
    /// The norm.
    pub norm: Norm,
}

parameters_in!(Transform: dense, norm);

/// What the head computed; on a tape only.
#[derive(Debug, Clone, Default)]
pub struct HeadTrace {
    /// The rows of the stream that it looked at, `[T or 1, D]`.
    pub input: Option<Array2<f32>>,
    /// Before the transform's non-linearity, where there is one.
    pub before_activation: Option<Array2<f32>>,
    /// After it, before the norm.
    pub activation: Option<Array2<f32>>,
    /// What the projection saw.
    pub projected: Option<Array2<f32>>,
}

impl Head {
    /// A projection and nothing else.
    pub fn new(projection: Linear) -> Self {
        Self { transform: None, projection, scale: 1.0, soft_cap: None, first_token_only: false }
    }

    /// V, or the number of classes.
    pub fn outputs(&self) -> usize {
        self.projection.outputs()
    }

    /// The logits `[T, V]` of the stream `x` `[T, D]`; of its last row only, where `last_only`.
    pub fn logits(&self, x: &Array2<f32>, last_only: bool) -> Array2<f32> {
        self.run(x, last_only, Keep::Logits).0
    }

    /// As [`Head::logits`], with its trace.
    pub fn run(&self, x: &Array2<f32>, last_only: bool, keep: Keep) -> (Array2<f32>, HeadTrace) {
        let rows = match (self.first_token_only, last_only) {
            (true, _) => x.slice(s![..1, ..]),
            (false, true) => x.slice(s![-1.., ..]),
            (false, false) => x.view(),
        };
        let on_tape = |rows: &Array2<f32>| (keep == Keep::Tape).then(|| rows.clone());
        let mut rows = rows.to_owned();
        let mut trace = HeadTrace { input: on_tape(&rows), ..HeadTrace::default() };
        if let Some(Transform { dense, activation, norm }) = &self.transform {
            rows = dense.apply(rows.view());
            trace.before_activation = on_tape(&rows);
            rows.mapv_inplace(|value| activation.apply(value));
            trace.activation = on_tape(&rows);
            normalise(norm, &mut rows);
        }
        if self.scale != 1.0 {
            rows.mapv_inplace(|value| value * self.scale);
        }
        let mut logits = self.projection.apply(rows.view());
        if let Some(cap) = self.soft_cap {
            logits.mapv_inplace(|logit| cap * tanh(logit / cap));
        }
        trace.projected = (keep == Keep::Tape).then_some(rows);
        (logits, trace)
    }

    /// How many numbers its trace and its logits have of `tokens` tokens of `hidden` numbers.
    pub fn numbers_kept(&self, tokens: u64, hidden: u64, keep: Keep) -> u64 {
        let rows = if self.first_token_only { 1 } else { tokens };
        let inner = self.transform.as_ref().map_or(0, |transform| 2 * transform.dense.outputs() as u64);
        let tape = if keep == Keep::Tape { 2 * hidden + inner } else { 0 };
        rows * (tape + self.outputs() as u64)
    }
}
