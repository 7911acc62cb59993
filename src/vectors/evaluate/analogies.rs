//! Asking all analogy questions at once.

use super::{Options, QuestionSet};
use crate::progress::Progress;
use crate::vectors::{Result, WordVectors};

/// Right answers among questions asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// Answered as expected.
    pub correct: usize,
    /// Questions that count.
    pub total: usize,
    /// Questions left out because a word is unknown.
    pub skipped: usize,
}

impl Count {
    /// The share of right answers, or `None` when nothing was asked.
    pub fn accuracy(&self) -> Option<f64> {
        (self.total > 0).then(|| self.correct as f64 / self.total as f64)
    }
}

/// The count of one section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Its name.
    pub name: String,
    /// Whether it asks for grammar.
    pub syntactic: bool,
    /// Its count.
    pub count: Count,
}

/// The result of an analogy evaluation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Evaluation {
    /// By section, in the order of the file.
    pub sections: Vec<Section>,
    /// Sections that are not syntactic.
    pub semantic: Count,
    /// Sections named `gram...`.
    pub syntactic: Count,
    /// All.
    pub total: Count,
}

/// Asks all questions.
///
/// # Errors
/// Cancelled.
pub fn analogies(
    _vectors: &WordVectors,
    _questions: &QuestionSet,
    _options: &Options,
    _progress: &Progress,
) -> Result<Evaluation> {
    todo!()
}
