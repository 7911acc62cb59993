//! Which rows may be an answer.

use std::collections::HashSet;
use std::ops::Range;

/// A condition on the answers of a query. The default lets everything through.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Ranks (row indices) that may be answers.
    pub ranks: Option<Range<usize>>,
    /// A regular expression that the word's bytes must match.
    pub pattern: Option<regex::bytes::Regex>,
    /// The only words that may be answers.
    pub words: Option<HashSet<Vec<u8>>>,
}

impl Filter {
    /// The rows among the first `size` that may be answers by their rank.
    pub fn rows(&self, size: usize) -> Range<usize> {
        let ranks = self.ranks.clone().unwrap_or(0..size);
        let end = ranks.end.min(size);
        ranks.start.min(end)..end
    }

    /// Whether a word may be an answer, its rank apart.
    pub fn admits_word(&self, word: &[u8]) -> bool {
        self.words.as_ref().is_none_or(|words| words.contains(word))
            && self.pattern.as_ref().is_none_or(|pattern| pattern.is_match(word))
    }
}
