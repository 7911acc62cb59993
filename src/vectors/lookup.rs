//! Finding words from what is typed: exact, other case, other Unicode form, prefix, typo.

use super::WordVectors;

/// Why a word is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The same bytes.
    Exact,
    /// The same but for upper and lower case.
    Case,
    /// The same but for accents or Unicode normal form.
    Unicode,
    /// It begins with what was typed.
    Prefix,
    /// It is one or two edits away.
    Typo,
}

/// A word that is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Match {
    /// Its row.
    pub row: usize,
    /// Why it is offered.
    pub kind: Kind,
}

/// What is offered for a typed text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Matches {
    /// How many words match: at least `items.len()`.
    pub total: usize,
    /// By kind, then rank; typos by number of edits, then rank.
    pub items: Vec<Match>,
}

/// An index over the words of a vocabulary; 4 bytes a word, and 8 more for each that is not plain
/// lower-case ASCII.
#[derive(Debug, Clone)]
pub struct Lookup {}

impl Lookup {
    /// Builds the index, in parallel.
    pub fn build(_vectors: &WordVectors) -> Self {
        todo!()
    }

    /// The words that `typed` may stand for, at most `limit` of them.
    pub fn matches(&self, _vectors: &WordVectors, _typed: &str, _limit: usize) -> Matches {
        todo!()
    }
}

/// Words that `typed` may stand for, best first, found without an index.
pub fn suggestions(_vectors: &WordVectors, _typed: &str, _limit: usize) -> Vec<String> {
    todo!()
}
