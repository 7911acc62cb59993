//! What a change did: two traces of the same text, before and after.

use crate::model::Trace;
use crate::model::error::Result;

use super::place::HeadPlace;

/// How one head's map changed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HeadDifference {
    /// The head.
    pub place: HeadPlace,
    /// The largest change of a weight, without sign.
    pub largest: f32,
    /// Where: (token that looks, token looked at).
    pub at: (usize, usize),
    /// The mean over the rows of half the sum of changes: the share of attention that moved
    /// (total variation distance, as Jain and Wallace 2019 compare maps).
    pub moved: f32,
}

/// How one token changed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TokenDifference {
    /// The token.
    pub token: usize,
    /// The largest change of a weight in its row, over all heads.
    pub largest: f32,
    /// 1 - cosine of its last hidden state, before and after; NaN when not kept.
    pub state: f32,
}

/// What a change did.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// Every head of the only stack (or encoder), layer by layer.
    pub heads: Vec<HeadDifference>,
    /// Every token.
    pub tokens: Vec<TokenDifference>,
    /// Cosine of the sentence vectors before and after, when hidden states were kept.
    pub sentence_cosine: Option<f32>,
    /// The largest change of a logit, when there is a head.
    pub largest_logit_change: Option<f32>,
}

/// Compares two traces of one text.
///
/// # Errors
/// Traces of different networks or of texts of different lengths.
pub fn difference(before: &Trace, after: &Trace) -> Result<Difference> {
    todo!()
}
