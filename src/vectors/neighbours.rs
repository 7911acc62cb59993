//! The nearest neighbours of a word or of an expression.

use super::error::Result;
use super::expression::{Evaluated, Expression};
use super::filter::Filter;
use super::search::{self, Answer, Objective, Query};
use super::word_vectors::WordVectors;
use crate::progress::Progress;

/// What neighbours and analogies have in common.
#[derive(Debug, Clone)]
pub struct Options {
    /// How many answers.
    pub count: usize,
    /// Whether the asked words may not be answers.
    pub exclude_query: bool,
    /// A further condition on the answers.
    pub filter: Filter,
}

impl Default for Options {
    fn default() -> Self {
        Self { count: 10, exclude_query: true, filter: Filter::default() }
    }
}

/// The rows with the largest cosine to `expression`; gensim's `most_similar` and fastText's `nn`.
///
/// # Errors
/// See [`Expression::evaluate`] and [`search::search`].
pub fn neighbours(
    vectors: &WordVectors,
    expression: &Expression,
    options: &Options,
    progress: &Progress,
) -> Result<Answer> {
    nearest(vectors, &expression.evaluate(vectors)?, options, progress)
}

/// As [`neighbours`], of an expression that was evaluated already.
///
/// # Errors
/// See [`search::search`].
pub fn nearest(
    vectors: &WordVectors,
    evaluated: &Evaluated,
    options: &Options,
    progress: &Progress,
) -> Result<Answer> {
    search::search(vectors, &question(evaluated, options), progress)
}

/// What [`nearest`] searches for.
pub fn question(evaluated: &Evaluated, options: &Options) -> Query {
    Query {
        vectors: evaluated.as_query(),
        objective: Objective::Cosine,
        excluded: if options.exclude_query { evaluated.rows.clone() } else { Vec::new() },
        filter: options.filter.clone(),
        count: options.count,
    }
}
