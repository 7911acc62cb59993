//! Words that complete what was typed.

pub use crate::vectors::lookup::Kind as SuggestionKind;
use crate::vectors::lookup::Lookup;
use crate::vectors::word_vectors::WordVectors;

/// A word that was perhaps meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// Its row.
    pub row: usize,
    /// The word, for showing.
    pub word: String,
    /// Why it is suggested.
    pub kind: SuggestionKind,
}

/// All that completes what was typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Suggestions {
    /// The text that they complete.
    pub typed: String,
    /// Best first; not all of them.
    pub items: Vec<Suggestion>,
    /// How many words match in all.
    pub total: usize,
}

/// At most `limit` words that complete `typed`.
pub fn complete(vectors: &WordVectors, lookup: &Lookup, typed: &str, limit: usize) -> Suggestions {
    let matches = lookup.matches(vectors, typed.trim(), limit);
    let items = matches.items.iter().map(|found| Suggestion {
        row: found.row,
        word: vectors.vocabulary().display(found.row).into_owned(),
        kind: found.kind,
    });
    Suggestions { typed: typed.to_owned(), items: items.collect(), total: matches.total }
}
