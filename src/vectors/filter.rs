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
