//! A word taken apart into its n-grams.

use crate::progress::Progress;
use crate::vectors::error::Result;
use crate::vectors::subwords;
use crate::vectors::word_vectors::WordVectors;

/// How many other n-grams of the same bucket are named.
const SHARERS: usize = 3;

/// One n-gram of a word, as the inspector shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct NgramShare {
    /// The n-gram with the word's brackets, for showing.
    pub ngram: String,
    /// Its bucket, when the model has one for it.
    pub bucket: Option<u64>,
    /// Other n-grams that fell into the same bucket.
    pub collisions: Vec<String>,
    /// Its share of the word's vector: (its row . the vector) / (the vector's squared length) / number of n-grams.
    pub share: f64,
}

/// A word taken apart.
#[derive(Debug, Clone, PartialEq)]
pub struct SubwordReport {
    /// The word.
    pub word: String,
    /// Whether the file has a row of its own for it.
    pub in_vocabulary: bool,
    /// Its n-grams in the order of the tool that made the file.
    pub ngrams: Vec<NgramShare>,
}

/// The n-grams of `word`; those that share a bucket with one of them are looked for among the first
/// `words` words.
///
/// # Errors
/// Vectors without subwords; cancelled.
pub fn take_apart(
    vectors: &WordVectors,
    word: &str,
    words: usize,
    progress: &Progress,
) -> Result<SubwordReport> {
    let inspection = subwords::inspect(vectors, word.as_bytes())?;
    let collisions = subwords::collisions(vectors, word.as_bytes(), words, SHARERS, progress)?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let ngrams = inspection
        .ngrams
        .iter()
        .zip(&collisions.sharers)
        .map(|(inspected, sharers)| NgramShare {
            ngram: text(&inspected.ngram.bytes),
            bucket: inspected.ngram.bucket,
            collisions: sharers.iter().map(|sharer| text(&sharer.bytes)).collect(),
            share: inspected.share.unwrap_or(0.0),
        })
        .collect();
    Ok(SubwordReport { word: word.to_owned(), in_vocabulary: inspection.row.is_some(), ngrams })
}
