//! Comparing words that are all given: similarity and the odd one out.

use super::error::{Result, VectorsError};
use super::expression::{Evaluated, Term};
use super::search;
use super::word_vectors::WordVectors;

/// The cosine between two words.
///
/// # Errors
/// An unknown word, or one whose vector is zero or not finite.
pub fn similarity(vectors: &WordVectors, first: &str, second: &str) -> Result<f64> {
    let (left, right) = (Term::word(vectors, first, 1.0)?, Term::word(vectors, second, 1.0)?);
    Ok(search::cosine(&left.vector, &right.vector).unwrap_or(0.0))
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
pub fn odd_one_out<W: AsRef<str>>(vectors: &WordVectors, words: &[W]) -> Result<OddOneOut> {
    if words.len() < 3 {
        let message = format!("finding the odd one out takes three words or more, not {}", words.len());
        return Err(VectorsError::Request(message));
    }
    let terms =
        words.iter().map(|word| Term::word(vectors, word.as_ref(), 1.0)).collect::<Result<Vec<_>>>()?;
    let mean = Evaluated::from_terms(terms)?;
    let cosines: Vec<f64> =
        mean.terms.iter().map(|term| search::cosine(&term.vector, &mean.vector).unwrap_or(0.0)).collect();
    let index = (1..cosines.len())
        .fold(0, |lowest, index| if cosines[index] < cosines[lowest] { index } else { lowest });
    Ok(OddOneOut { index, cosines })
}
