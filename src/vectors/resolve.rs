//! From a typed word to a vector: the vocabulary first, subwords second.

use super::error::{Result, VectorsError};
use super::lookup;
use super::word_vectors::WordVectors;

/// How many suggestions an unknown word gets.
const SUGGESTIONS: usize = 5;

/// Where a word's vector comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// The word has a row of its own.
    Vocabulary,
    /// The word was never seen; its vector is made of its n-grams.
    Subwords,
}

/// A word with its vector.
#[derive(Debug, Clone, PartialEq)]
pub struct Resolved {
    /// The word as asked.
    pub word: String,
    /// Its row, when it is in the vocabulary.
    pub row: Option<usize>,
    /// Its vector as the file has it, not normalised.
    pub vector: Vec<f32>,
    /// Where the vector comes from.
    pub origin: Origin,
}

/// Whether [`resolve`] finds a vector.
pub fn is_known(vectors: &WordVectors, word: &str) -> bool {
    let of_subwords = || vectors.subwords().and_then(|model| model.vector(word.as_bytes()));
    vectors.vocabulary().row(word).is_some() || of_subwords().is_some()
}

/// The vector of `word`: its row, else the mean of its subwords.
///
/// # Errors
/// [`VectorsError::EmptyQuery`]; [`VectorsError::UnknownWord`] with suggestions when the word has
/// neither a row nor a known n-gram.
pub fn resolve(vectors: &WordVectors, word: &str) -> Result<Resolved> {
    if word.is_empty() {
        return Err(VectorsError::EmptyQuery);
    }
    if let Some(row) = vectors.vocabulary().row(word) {
        let vector = vectors.rows().to_vec(row);
        return Ok(Resolved { word: word.to_owned(), row: Some(row), vector, origin: Origin::Vocabulary });
    }
    if let Some(vector) = vectors.subwords().and_then(|model| model.vector(word.as_bytes())) {
        return Ok(Resolved { word: word.to_owned(), row: None, vector, origin: Origin::Subwords });
    }
    Err(VectorsError::UnknownWord {
        word: word.to_owned(),
        size: vectors.len(),
        suggestions: lookup::suggestions(vectors, word, SUGGESTIONS),
    })
}
