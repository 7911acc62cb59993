//! What several answers are made of.

use std::time::Duration;

use crate::vectors::search::{Answer, Hit};
use crate::vectors::word_vectors::WordVectors;

/// How many of the largest components and shares are told.
pub(super) const EXTREMES: usize = 6;

/// One word of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Neighbour {
    /// Its row, which is also its rank by frequency (0 is the most frequent).
    pub row: usize,
    /// The word, for showing.
    pub word: String,
    /// Cosine, or the score of the method that was asked for.
    pub score: f64,
}

/// A point of the two-dimensional map.
#[derive(Debug, Clone, PartialEq)]
pub struct MapPoint {
    /// The word.
    pub word: String,
    /// Its row, or `None` for a query that is no row.
    pub row: Option<usize>,
    /// Horizontal coordinate, in units of the vectors.
    pub x: f64,
    /// Vertical coordinate, upwards.
    pub y: f64,
}

/// What it took to be certain of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Certificate {
    /// Rows looked at.
    pub scanned: usize,
    /// Rows scored again in f64.
    pub rescored: usize,
    /// What they were looked at in: f32, or codes of fewer bytes.
    pub plane: &'static str,
    /// Time from question to answer.
    pub elapsed: Duration,
}

impl From<&Answer> for Certificate {
    fn from(answer: &Answer) -> Self {
        let &Answer { scanned, rescored, plane, elapsed, .. } = answer;
        Self { scanned, rescored, plane, elapsed }
    }
}

pub(super) fn listed(vectors: &WordVectors, hits: &[Hit]) -> Vec<Neighbour> {
    let word = |row| vectors.vocabulary().display(row).into_owned();
    hits.iter().map(|hit| Neighbour { row: hit.row, word: word(hit.row), score: hit.score }).collect()
}

/// The row scaled to length 1; as it is where it is zero or not finite.
pub(super) fn unit_row(vectors: &WordVectors, row: usize) -> Vec<f32> {
    let mut values = vectors.rows().to_vec(row);
    let norm = values.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>().sqrt();
    if norm > 0.0 {
        values.iter_mut().for_each(|value| *value = (f64::from(*value) / norm) as f32);
    }
    values
}
