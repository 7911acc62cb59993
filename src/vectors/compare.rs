//! Comparing words that are all given: similarity and the odd one out.

use super::{Result, WordVectors};

/// The cosine between two words.
///
/// # Errors
/// An unknown word, or one whose vector is zero or not finite.
pub fn similarity(_vectors: &WordVectors, _first: &str, _second: &str) -> Result<f64> {
    todo!()
}

/// Which of some words does not belong.
#[derive(Debug, Clone, PartialEq)]
pub struct OddOneOut {
    /// Index of the odd word among those asked.
    pub index: usize,
    /// For every asked word, in the order asked, the cosine with the mean of their unit vectors.
    pub cosines: Vec<f64>,
}

/// The word with the lowest cosine to the mean of all their unit vectors; gensim's `doesnt_match`.
///
/// # Errors
/// Fewer than three words, an unknown word, words that cancel out.
pub fn odd_one_out<W: AsRef<str>>(_vectors: &WordVectors, _words: &[W]) -> Result<OddOneOut> {
    todo!()
}
