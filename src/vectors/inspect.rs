//! What a vector file is made of and what is odd in it: the data of `info`.

use serde::Serialize;

use super::{Result, WordVectors};
use crate::progress::Progress;

/// What [`inspect`] found.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Inspection {
    /// What the vectors are called.
    pub name: String,
    /// The file, if they are not the shipped ones.
    pub path: Option<String>,
    /// Its layout.
    pub format: String,
    /// Its size in bytes.
    pub file_size: Option<u64>,
    /// Number of words.
    pub words: usize,
    /// Numbers in a row.
    pub dimensions: usize,
    /// How the numbers are kept, such as "f32, mapped".
    pub storage: String,
    /// Bytes in mapped files or in the program itself: shared and dropped by the system at will.
    pub mapped_bytes: u64,
    /// Bytes of private memory.
    pub private_bytes: u64,
    /// Whether words never seen get a vector.
    pub subwords: bool,
    /// Words that occurred in an earlier row.
    pub duplicates: Places,
    /// Words that are not UTF-8.
    pub broken_utf8: Places,
    /// Rows with a number that is NaN or infinite.
    pub not_finite: Places,
    /// Rows with nothing but zeros.
    pub zero: Places,
    /// Lines or records that were left out.
    pub skipped: u64,
    /// Byte offset and reason of the first of them.
    pub first_skipped: Vec<(u64, String)>,
    /// Remarks on the file as a whole.
    pub remarks: Vec<String>,
}

/// How many rows have some oddity, and where the first are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Places {
    /// How many.
    pub count: usize,
    /// The first of them (at most [`super::formats::Flaws::SHOWN`]).
    pub first: Vec<Place>,
}

/// A row and where it lies in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The row, counted from 0.
    pub row: usize,
    /// Its word, broken UTF-8 replaced.
    pub word: String,
    /// Byte offset of the row (of its line, in text) in the decompressed file, where known.
    pub byte: Option<u64>,
}

/// Looks at every word and every number.
///
/// Progress counts rows.
///
/// # Errors
/// [`super::VectorsError::Cancelled`].
pub fn inspect(vectors: &WordVectors, progress: &Progress) -> Result<Inspection> {
    let _ = (vectors, progress);
    todo!()
}
