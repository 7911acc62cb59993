//! Words that complete what was typed.

use std::ops::Range;

use crate::vectors::expression::{quoted, word_at};
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
    /// The text that was typed.
    pub typed: String,
    /// The bytes of it that they stand for: all of it, or one word of an expression.
    pub range: Range<usize>,
    /// Best first; not all of them.
    pub items: Vec<Suggestion>,
    /// How many words match in all.
    pub total: usize,
}

impl Suggestions {
    /// What was typed with `word` in its place, and the byte behind it.
    pub fn completed(&self, word: &str) -> (String, usize) {
        let whole = self.range == (0..self.typed.len());
        let word = if whole { word.to_owned() } else { quoted(word) };
        let (before, behind) = (&self.typed[..self.range.start], &self.typed[self.range.end..]);
        (format!("{before}{word}{behind}"), before.len() + word.len())
    }
}

/// At most `limit` words that complete the word at `cursor`, a byte of `typed`.
pub fn complete(
    vectors: &WordVectors,
    lookup: &Lookup,
    typed: &str,
    cursor: usize,
    limit: usize,
) -> Suggestions {
    let range = word_at(typed, cursor);
    let wanted = typed[range.clone()].trim_ascii().trim_matches('"');
    let matches = lookup.matches(vectors, wanted, limit);
    let items = matches.items.iter().map(|found| Suggestion {
        row: found.row,
        word: vectors.vocabulary().display(found.row).into_owned(),
        kind: found.kind,
    });
    Suggestions { typed: typed.to_owned(), range, items: items.collect(), total: matches.total }
}
