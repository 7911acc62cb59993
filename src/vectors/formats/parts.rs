//! What a reader of vector files hands over.

use serde::{Deserialize, Serialize};

use crate::vectors::rows::Rows;
use crate::vectors::subwords::model::SubwordModel;
use crate::vectors::vocabulary::Vocabulary;

/// What a reader found in a file.
#[derive(Debug)]
pub struct Parts {
    /// Its layout, as people call it.
    pub format: String,
    /// Its words; as many as there are rows.
    pub vocabulary: Vocabulary,
    /// Its numbers.
    pub rows: Rows,
    /// Its subwords, where it has them.
    pub subwords: Option<SubwordModel>,
    /// What was odd and did not stop the reading.
    pub flaws: Flaws,
}

/// A row that is zero, not finite, or whose word is not UTF-8, and where it was in the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OddRow {
    /// The row.
    pub row: u64,
    /// Byte offset of its line or record in the decompressed source.
    pub byte: u64,
}

/// Oddities that a reader met and went past: counted, and the first few with their places.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flaws {
    /// Lines or records that were left out.
    pub skipped: u64,
    /// Byte offset and reason of the first of them (at most [`Flaws::SHOWN`]).
    pub first_skipped: Vec<(u64, String)>,
    /// Remarks on the file as a whole, such as bytes after its end.
    pub remarks: Vec<String>,
    /// Where the first odd rows were, if the rows are no longer at their place in the file
    /// (at most [`Flaws::ODD_ROWS`]).
    pub odd_rows: Vec<OddRow>,
}

impl Flaws {
    /// How many skipped places are kept.
    pub const SHOWN: usize = 20;

    /// How many places of odd rows are kept.
    pub const ODD_ROWS: usize = 200;

    /// Counts a skipped line or record at byte `offset`.
    pub fn skip(&mut self, offset: u64, reason: impl Into<String>) {
        self.skipped += 1;
        if self.first_skipped.len() < Self::SHOWN {
            self.first_skipped.push((offset, reason.into()));
        }
    }

    /// Notes the place of an odd row.
    pub fn odd_row(&mut self, odd: OddRow) {
        if self.odd_rows.len() < Self::ODD_ROWS {
            self.odd_rows.push(odd);
        }
    }

    /// Adds the flaws of the part of the file that follows.
    pub fn merge(&mut self, later: Self) {
        self.skipped += later.skipped;
        self.first_skipped.extend(later.first_skipped);
        self.first_skipped.truncate(Self::SHOWN);
        self.odd_rows.extend(later.odd_rows);
        self.odd_rows.truncate(Self::ODD_ROWS);
        self.remarks.extend(later.remarks);
    }
}
