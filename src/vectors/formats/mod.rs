//! The layouts of vector files, one file a format, and what a reader hands over.

pub mod compression;
mod computed;
pub mod container;
pub(crate) mod cursor;
pub mod detect;
pub mod fasttext;
pub mod finalfusion;
pub mod int8;
pub mod npy;
pub mod sink;
pub mod text;
pub mod word2vec_binary;

use std::fmt;

use serde::{Deserialize, Serialize};
use sink::OddRow;

use super::{Rows, SubwordModel, Vocabulary};

/// The layout of a vector file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Format {
    /// word2vec binary.
    Word2vecBinary,
    /// word2vec text: a header line, then a word and its numbers a line (fastText .vec too).
    Word2vecText,
    /// GloVe text: as word2vec text, without the header line.
    GloveText,
    /// fastText .bin (v11, v12, and the old layout without a magic number).
    FastText,
    /// fastText .ftz: product-quantised, possibly pruned.
    FastTextQuantized,
    /// finalfusion .fifu.
    Finalfusion,
    /// NumPy .npy with a word list beside it.
    Npy,
    /// Our own container, on top of safetensors.
    Safetensors,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Word2vecBinary => "word2vec binary",
            Self::Word2vecText => "word2vec text",
            Self::GloveText => "GloVe text",
            Self::FastText => "fastText",
            Self::FastTextQuantized => "quantised fastText",
            Self::Finalfusion => "finalfusion",
            Self::Npy => "NumPy",
            Self::Safetensors => "safetensors",
        })
    }
}

/// What a reader found in a file.
#[derive(Debug)]
pub struct Parts {
    /// Its layout.
    pub format: Format,
    /// Its words; as many as there are rows.
    pub vocabulary: Vocabulary,
    /// Its numbers.
    pub rows: Rows,
    /// Its subwords, where it has them.
    pub subwords: Option<SubwordModel>,
    /// What was odd and did not stop the reading.
    pub flaws: Flaws,
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
