//! Word pairs with a human judgement of their similarity: SimLex-999, WordSim-353, MEN.

use std::path::Path;

use crate::vectors::{Result, WordVectors};

/// Two words and how similar people found them.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    /// The words.
    pub words: [String; 2],
    /// The judgement, on the scale of the set.
    pub judgement: f64,
}

/// A set of word pairs.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PairSet {
    /// The pairs.
    pub pairs: Vec<Pair>,
}

impl PairSet {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// As [`PairSet::parse`], and when the file cannot be read.
    pub fn read(_path: &Path) -> Result<Self> {
        todo!()
    }

    /// Reads pairs from `text`: two words and a number a line, `#` begins a comment line, one line
    /// of column names is passed over. `path` is for messages only.
    ///
    /// # Errors
    /// A line of another shape, with its number; no pair at all.
    pub fn parse(_text: &str, _path: &Path) -> Result<Self> {
        todo!()
    }
}

/// How well cosines agree with human judgement.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairsEvaluation {
    /// Spearman's rank correlation, ties by average rank; `None` below two pairs or without spread.
    pub spearman: Option<f64>,
    /// Pearson's correlation; `None` as for Spearman.
    pub pearson: Option<f64>,
    /// Pairs compared.
    pub pairs: usize,
    /// Pairs left out because a word is unknown.
    pub missing: usize,
}

/// Compares the cosines of all pairs with their judgements. A word is looked up as written and,
/// where that is unknown, in lower case.
pub fn word_pairs(_vectors: &WordVectors, _pairs: &PairSet) -> PairsEvaluation {
    todo!()
}
