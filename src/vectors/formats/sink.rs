//! Where the rows of a file go that cannot be used in place: into memory, or into the cache.

use ndarray::Array2;

use crate::vectors::error::Result;
use crate::vectors::rows::Rows;
use crate::vectors::vocabulary::Vocabulary;

/// Takes rows, one at a time, in file order.
pub trait Sink: Send {
    /// Takes one row.
    ///
    /// # Errors
    /// Whatever the system says on writing.
    fn push(&mut self, word: &[u8], row: &[f32]) -> Result<()>;
}

/// Rows in memory.
#[derive(Debug)]
pub struct Memory {
    dimensions: usize,
    words: Vec<u8>,
    word_ends: Vec<usize>,
    values: Vec<f32>,
}

impl Memory {
    /// No rows yet, of `dimensions` numbers each.
    pub fn new(dimensions: usize) -> Self {
        Self { dimensions, words: Vec::new(), word_ends: Vec::new(), values: Vec::new() }
    }

    /// What was taken.
    pub fn into_parts(self) -> (Vocabulary, Rows) {
        let starts = std::iter::once(0).chain(self.word_ends.iter().copied());
        let words = starts.zip(&self.word_ends).map(|(start, &end)| &self.words[start..end]);
        let vocabulary = Vocabulary::from_words(words);
        let shape = (self.word_ends.len(), self.dimensions);
        let rows = Array2::from_shape_vec(shape, self.values).unwrap_or_else(|_| Array2::zeros(shape));
        (vocabulary, Rows::Owned(rows))
    }
}

impl Sink for Memory {
    fn push(&mut self, word: &[u8], row: &[f32]) -> Result<()> {
        debug_assert_eq!(row.len(), self.dimensions);
        self.words.extend_from_slice(word);
        self.word_ends.push(self.words.len());
        self.values.extend_from_slice(row);
        Ok(())
    }
}
