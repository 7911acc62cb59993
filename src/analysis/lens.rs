//! The logit lens: what the network would predict if each layer were the last.

use crate::model::error::Result;
use crate::model::{Network, Trace};

/// What to look at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LensOptions {
    /// The token whose prediction is looked at; the last one when `None`.
    pub position: Option<usize>,
    /// How many candidates a layer.
    pub count: usize,
    /// A token id whose rank and probability are followed.
    pub watched: Option<u32>,
}

/// One predicted token (or class).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate {
    /// Its id.
    pub token: u32,
    /// Its logit.
    pub logit: f32,
    /// Its probability.
    pub probability: f32,
}

/// How the watched token stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Watched {
    /// Its id.
    pub token: u32,
    /// 1 for the likeliest.
    pub rank: usize,
    /// Its probability.
    pub probability: f32,
}

/// What one layer would predict.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerPrediction {
    /// 0 for the embedding, n for the stream after n blocks.
    pub after_blocks: usize,
    /// The likeliest, falling.
    pub candidates: Vec<Candidate>,
    /// The watched token, if one was asked for.
    pub watched: Option<Watched>,
}

/// The predictions of every layer at one place, from the embedding to the output: final norm and
/// head applied to the residual stream (nostalgebraist 2020, "interpreting GPT: the logit lens"),
/// through the whole head (map, non-linearity, norm, projection) of masked models.
///
/// # Errors
/// A checkpoint without a head; a place or token outside; a trace that kept no hidden states.
pub fn logit_lens(network: &Network, trace: &Trace, options: &LensOptions) -> Result<Vec<LayerPrediction>> {
    todo!()
}
