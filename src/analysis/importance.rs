//! What is lost when a head is switched off.

use ndarray::Array2;

use crate::model::Network;
use crate::model::error::Result;
use crate::model::forward::Input;
use crate::progress::Progress;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// 1 - cosine of the sentence vectors, for networks without a head.
    SentenceVector,
    /// The fall of the probability of what was likeliest at a token (the last when `None`).
    TopProbability(Option<usize>),
    /// The rise of the mean loss in nats over the text, for causal networks.
    Loss,
}

/// How much every head matters for one text.
#[derive(Debug, Clone, PartialEq)]
pub struct Importance {
    /// What was measured.
    pub measure: Measure,
    /// The value with all heads on: 1, the top probability or the loss.
    pub baseline: f64,
    /// The change `[layers, heads]` without each head; positive where the head helps. Layers with
    /// fewer heads than others end in NaN.
    pub changes: Array2<f64>,
}

impl Measure {
    /// What suits `network`.
    pub fn of(network: &Network) -> Self {
        if network.head.is_some() { Self::TopProbability(None) } else { Self::SentenceVector }
    }
}

impl Importance {
    /// (layer, head, change), the largest change first; ties in order.
    pub fn ranked(&self) -> Vec<(usize, usize, f64)> {
        todo!()
    }
}

/// Runs `network` once for every head of its only stack (or encoder) with that head's output set
/// to zero, and measures what changes (Michel et al. 2019, section 3.1). Progress counts heads.
///
/// # Errors
/// As [`crate::model::forward::forward`]; a measure that the network does not allow.
pub fn head_importance(
    network: &Network,
    input: &Input<'_>,
    measure: Measure,
    progress: &Progress,
) -> Result<Importance> {
    todo!()
}
