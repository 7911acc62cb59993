//! A question to all rows, and its answer.

use std::time::Duration;

use super::objective::Objective;
use crate::vectors::filter::Filter;

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
    /// What they were looked at in.
    pub plane: &'static str,
    /// Time from question to answer.
    pub elapsed: Duration,
}
