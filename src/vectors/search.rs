//! The one function that looks at all rows, and what it answers.
//!
//! Every query is a handful of unit vectors whose cosines with a row are combined into a score by
//! an [`Objective`]. Scores are first computed in f32 over all rows, in parallel; the rows that
//! can be among the best within the rounding error are then scored again in f64. Answers are
//! sorted by falling score and then by rank, and are the same for any number of threads.

use std::time::Duration;

use super::filter::Filter;
use super::{Result, Rows, WordVectors};
use crate::progress::Progress;

/// How the cosines between a row and the query's unit vectors become a score.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Objective {
    /// The cosine with the one query vector: neighbours, and 3CosAdd.
    Cosine,
    /// 3CosMul (Levy and Goldberg 2014, eq. 4) as gensim computes it: the product of (1 + cos) / 2
    /// over the first `positive` vectors, divided by the product over the rest plus 1e-6.
    Product {
        /// How many of the query vectors are wanted rather than unwanted.
        positive: usize,
    },
    /// PairDirection (Levy and Goldberg 2014, eq. 2): the cosine between (row - c) and the offset
    /// b - a, all of unit vectors. Query vectors: the unit offset, then the unit c.
    PairDirection,
}

/// A question to all rows.
#[derive(Debug, Clone)]
pub struct Query {
    /// Unit vectors, one a row of the array.
    pub vectors: ndarray::Array2<f32>,
    /// How their cosines become a score.
    pub objective: Objective,
    /// Rows that must not be answers, usually those of the asked words.
    pub excluded: Vec<usize>,
    /// A further condition on the answers.
    pub filter: Filter,
    /// How many answers.
    pub count: usize,
}

/// One answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// The row, which is also the word's rank.
    pub row: usize,
    /// Its score.
    pub score: f64,
}

/// All answers, with what it took to find them.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// By falling score, then rising row.
    pub hits: Vec<Hit>,
    /// Rows looked at.
    pub scanned: usize,
    /// Rows scored again in f64.
    pub rescored: usize,
    /// Time from question to answer.
    pub elapsed: Duration,
}

/// The best rows for `query`. Rows that are zero or not finite are never answers.
///
/// # Errors
/// A query whose vectors have the wrong length or no direction; [`super::VectorsError::Cancelled`].
pub fn search(_vectors: &WordVectors, _query: &Query, _progress: &Progress) -> Result<Answer> {
    todo!()
}

/// The Euclidean length of every row; NaN or infinite where the row is not finite.
pub fn row_norms(_rows: &Rows) -> Vec<f32> {
    todo!()
}
