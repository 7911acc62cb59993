//! Analogies a : b :: c : ?, and why an answer is the answer.

use super::neighbours::Options;
use super::resolve::Resolved;
use super::search::{Answer, Hit};
use super::{Result, WordVectors};
use crate::progress::Progress;

/// How an analogy is scored (Levy and Goldberg 2014).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Method {
    /// The cosine with b - a + c of unit vectors; gensim's `most_similar`, word2vec's `word-analogy`.
    #[default]
    CosAdd,
    /// cos(b) * cos(c) / cos(a), shifted to be positive; gensim's `most_similar_cosmul`.
    CosMul,
    /// The cosine between (answer - c) and (b - a).
    PairDirection,
}

impl Method {
    /// All methods, in the order to show them.
    pub const ALL: [Self; 3] = [Self::CosAdd, Self::CosMul, Self::PairDirection];

    /// The name in the literature: `3CosAdd`, `3CosMul`, `PairDirection`.
    pub fn name(self) -> &'static str {
        match self {
            Self::CosAdd => "3CosAdd",
            Self::CosMul => "3CosMul",
            Self::PairDirection => "PairDirection",
        }
    }
}

/// The answers of an analogy.
#[derive(Debug, Clone)]
pub struct AnalogyAnswer {
    /// How it was scored.
    pub method: Method,
    /// The asked words a, b, c.
    pub asked: [Resolved; 3],
    /// The answers.
    pub answer: Answer,
}

/// What one term of a sum adds to the score of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct TermShare {
    /// The word, or the literal as written.
    pub label: String,
    /// Its weight in the sum, signed.
    pub weight: f64,
    /// Its cosine with the answer.
    pub cosine: f64,
    /// weight * (term . answer) / |sum|: the shares of all terms add up to the score.
    pub share: f64,
}

/// What one dimension adds to the score of an answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DimensionShare {
    /// The dimension, from 0.
    pub dimension: usize,
    /// The product of both unit vectors there: over all dimensions they add up to the score.
    pub share: f64,
}

/// Why an answer of b - a + c is one.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// The answer that is explained.
    pub row: usize,
    /// Its 3CosAdd score.
    pub score: f64,
    /// The shares of + b, - a and + c, in this order.
    pub terms: Vec<TermShare>,
    /// All dimensions, by falling size of their share.
    pub dimensions: Vec<DimensionShare>,
    /// The best answers when the asked words may win.
    pub with_asked: Vec<Hit>,
    /// The answer's 1-based rank for b - a alone, the asked words left out.
    pub rank_for_offset: Option<usize>,
    /// The answer's 1-based rank among the neighbours of c, the asked words left out: how far one
    /// gets without any analogy.
    pub rank_for_c: Option<usize>,
}

/// The best answers to a : b :: c : ?.
///
/// # Errors
/// An unknown word; a word without direction; cancelled.
pub fn solve(
    _vectors: &WordVectors,
    _a: &str,
    _b: &str,
    _c: &str,
    _method: Method,
    _options: &Options,
    _progress: &Progress,
) -> Result<AnalogyAnswer> {
    todo!()
}

/// Why `row` answers a : b :: c : ? under 3CosAdd; `options` as for [`solve`].
///
/// # Errors
/// As [`solve`].
pub fn explain(
    _vectors: &WordVectors,
    _a: &str,
    _b: &str,
    _c: &str,
    _row: usize,
    _options: &Options,
    _progress: &Progress,
) -> Result<Explanation> {
    todo!()
}
