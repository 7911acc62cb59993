//! What a head does: how well it follows each of a few known patterns, and its label.

use ndarray::{Array2, ArrayView2};

use super::place::{HeadPlace, Stack};
use crate::model::Trace;
use crate::model::tokenizer::Tokens;

/// What a head mostly does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HeadKind {
    /// Looks at the token before.
    PreviousToken,
    /// Looks at the token after.
    NextToken,
    /// Looks at the first token, where attention rests that has nothing to do.
    FirstToken,
    /// Looks at the token itself and at the same token elsewhere.
    SameToken,
    /// Looks at special tokens (other than the first) and punctuation.
    Separator,
    /// Looks at what followed the same token earlier.
    Induction,
    /// None of these.
    Broad,
}

/// A label with how well it fits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HeadLabel {
    /// What the head mostly does.
    pub kind: HeadKind,
    /// The share of attention that follows the pattern, from 0 to 1; of a broad head its mean
    /// entropy as a share of the largest possible.
    pub score: f64,
}

/// How well a head follows one pattern.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PatternScore {
    /// The pattern.
    pub kind: HeadKind,
    /// The mean, over the tokens to which the pattern applies, of the weight on it; `None` when it
    /// applies to none.
    pub score: Option<f64>,
}

/// All figures of one head.
#[derive(Debug, Clone, PartialEq)]
pub struct HeadFigures {
    /// Which head.
    pub place: HeadPlace,
    /// What it mostly does.
    pub label: HeadLabel,
    /// How well it follows each pattern, in the order of [`HeadKind::PATTERNS`].
    pub patterns: Vec<PatternScore>,
    /// Mean entropy of its rows in nats.
    pub entropy: f64,
    /// Mean distance in tokens.
    pub mean_distance: f64,
    /// Mean weight on the first token.
    pub first_token_mass: f64,
    /// Mean weight on separators.
    pub separator_mass: f64,
}

impl HeadKind {
    /// All but [`HeadKind::Broad`].
    pub const PATTERNS: [Self; 6] = [
        Self::PreviousToken,
        Self::NextToken,
        Self::FirstToken,
        Self::SameToken,
        Self::Separator,
        Self::Induction,
    ];

    /// Its name on the screen and in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::PreviousToken => "previous token",
            Self::NextToken => "next token",
            Self::FirstToken => "first token",
            Self::SameToken => "same token",
            Self::Separator => "separator",
            Self::Induction => "induction",
            Self::Broad => "broad",
        }
    }
}

/// The label of one map `[T, S]`.
pub fn label(weights: ArrayView2<'_, f32>, tokens: &Tokens) -> HeadLabel {
    todo!()
}

/// The figures of all heads of the only stack (or the encoder), layer by layer.
pub fn all_heads(trace: &Trace, tokens: &Tokens) -> Vec<HeadFigures> {
    heads_of(trace, Stack::Text, tokens, tokens)
}

/// The figures of all heads of `stack`; `from` are the tokens that look and `to` those looked at.
/// Missing tokens (an image) are taken to be all different.
pub fn heads_of(trace: &Trace, stack: Stack, from: &Tokens, to: &Tokens) -> Vec<HeadFigures> {
    todo!()
}

/// `ids` twice over, to ask for induction heads on any text (Olsson et al. 2022 use random ids).
pub fn repeated(ids: &[u32]) -> Vec<u32> {
    [ids, ids].concat()
}

/// The pattern of a kind of head as `[T, S]` of 0 and 1.
pub fn pattern(kind: HeadKind, from: &Tokens, to: &Tokens, shape: (usize, usize)) -> Array2<f32> {
    todo!()
}
