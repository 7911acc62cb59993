//! The layouts of vector files, one file a format, and what a reader hands over.

mod computed;
pub mod container;
pub(crate) mod cursor;
pub mod fasttext;
pub mod finalfusion;
pub mod int8;

use std::fmt;

use super::{Rows, SubwordModel, Vocabulary};

/// The layout of a vector file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flaws {
    /// Lines or records that were left out.
    pub skipped: u64,
    /// Byte offset and reason of the first of them (at most [`Flaws::SHOWN`]).
    pub first_skipped: Vec<(u64, String)>,
    /// Remarks on the file as a whole, such as bytes after its end.
    pub remarks: Vec<String>,
}

impl Flaws {
    /// How many skipped places are kept.
    pub const SHOWN: usize = 20;

    /// Counts a skipped line or record at byte `offset`.
    pub fn skip(&mut self, offset: u64, reason: impl Into<String>) {
        self.skipped += 1;
        if self.first_skipped.len() < Self::SHOWN {
            self.first_skipped.push((offset, reason.into()));
        }
    }
}
