//! Which rows may be an answer: the condition, and how people write it.

use std::collections::HashSet;
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::error::{Result, VectorsError};

/// A condition on the answers of a query. The default lets everything through.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Ranks (row indices) that may be answers.
    pub ranks: Option<Range<usize>>,
    /// A regular expression that the word's bytes must match.
    pub pattern: Option<regex::bytes::Regex>,
    /// The only words that may be answers.
    pub words: Option<Arc<HashSet<Vec<u8>>>>,
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

/// A filter as it was written, which can be shown again.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FilterSettings {
    /// Rows (ranks from 0), end excluded.
    pub ranks: Option<Range<usize>>,
    /// A regular expression.
    pub pattern: Option<String>,
    /// The only words that may be answers; a single `@file` names a list with one word a line.
    pub words: Option<Vec<String>>,
}

impl FilterSettings {
    /// Whether everything may be an answer.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The conditions in one line, such as `rank 1-5000, matches ^[a-z]+$`; ranks from 1.
    pub fn describe(&self) -> String {
        let ranks = self.ranks.as_ref().map(|ranks| match ranks.end {
            usize::MAX => format!("rank {} and on", ranks.start + 1),
            end => format!("rank {}-{end}", ranks.start + 1),
        });
        let pattern = self.pattern.as_ref().map(|pattern| format!("matches {pattern}"));
        let words = self.words.as_ref().map(|words| match words.as_slice() {
            [only] => format!("among {only}"),
            many => format!("among {} words", many.len()),
        });
        [ranks, pattern, words].into_iter().flatten().collect::<Vec<_>>().join(", ")
    }

    /// The condition.
    ///
    /// # Errors
    /// A regular expression or a list of words that cannot be read.
    pub fn build(&self) -> Result<Filter> {
        let words = match self.words.as_deref() {
            None => None,
            Some([only]) if only.starts_with('@') => Some(Arc::new(read_words(Path::new(&only[1..]))?)),
            Some(words) => Some(Arc::new(words.iter().map(|word| word.clone().into_bytes()).collect())),
        };
        let pattern = self.pattern.as_deref().map(read_pattern).transpose();
        Ok(Filter { ranks: self.ranks.clone(), pattern: pattern.map_err(VectorsError::Request)?, words })
    }
}

/// The condition that was built last, for as long as nobody asks for another: a key that is typed compiles
/// no expression and reads no list.
#[derive(Debug, Default)]
pub struct KeptFilter(Mutex<Option<(FilterSettings, Filter)>>);

impl KeptFilter {
    /// The condition of `settings`; a list of words is as it was when it was first read.
    ///
    /// # Errors
    /// As [`FilterSettings::build`].
    pub fn build(&self, settings: &FilterSettings) -> Result<Filter> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, filter)) = &*kept
            && of == settings
        {
            return Ok(filter.clone());
        }
        let filter = settings.build()?;
        *kept = Some((settings.clone(), filter.clone()));
        Ok(filter)
    }
}

/// What [`read_ranks`] understands, for messages.
pub const RANKS: &str = "write 1-5000, 1..5000, 5000 (the first 5000) or 1000.., where rank 1 is the most \
                         frequent word";

/// Ranks as people write them, counted from 1 and with both ends, as rows: `1-5000`, `1..5000`,
/// `..5000` or `5000` (the first 5000), `1000..` or `1000-`. Digits may be grouped by commas.
///
/// # Errors
/// What is wrong with the text, in a few words; [`RANKS`] says what to write.
pub fn read_ranks(text: &str) -> std::result::Result<Range<usize>, String> {
    let ends = text.split_once("..").map(|(from, to)| (from, to.strip_prefix('=').unwrap_or(to)));
    let (from, to) = ends.or_else(|| text.split_once('-')).unwrap_or(("", text));
    let number = |text: &str, otherwise: usize| match text.trim() {
        "" => Some(otherwise),
        digits => digits.replace(',', "").parse::<usize>().ok(),
    };
    let nothing = from.trim().is_empty() && to.trim().is_empty();
    match (number(from, 1), number(to, usize::MAX)) {
        (Some(_), Some(_)) if nothing => Err("not a range of ranks".into()),
        (Some(0), Some(_)) => Err("ranks are counted from 1".into()),
        (Some(from), Some(to)) if from > to => Err("the smaller rank goes first".into()),
        (Some(from), Some(to)) => Ok(from - 1..to),
        _ => Err("not a range of ranks".into()),
    }
}

/// A regular expression over the bytes of words.
///
/// # Errors
/// What is wrong with it, in one line.
pub fn read_pattern(text: &str) -> std::result::Result<regex::bytes::Regex, String> {
    regex::bytes::Regex::new(text).map_err(|error| {
        // The library draws the place over several lines; the last one says what is wrong.
        let message = error.to_string();
        message.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
    })
}

/// The words of a list, one a line.
///
/// # Errors
/// A file that cannot be read, or that has no word.
pub fn read_words(path: &Path) -> Result<HashSet<Vec<u8>>> {
    let text = std::fs::read(path).map_err(VectorsError::io("read the word list", path))?;
    let lines = text.split(|&byte| byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let words: HashSet<Vec<u8>> = lines.filter(|line| !line.is_empty()).map(<[u8]>::to_vec).collect();
    if words.is_empty() {
        let message = format!("{}: the word list is empty; write one word a line", path.display());
        return Err(VectorsError::Request(message));
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_count_from_one_and_include_both_ends() {
        for text in ["1..5000", "..5000", "1..=5000", "1-5000", "5000", " 1 - 5,000 ", "-5000"] {
            assert_eq!(read_ranks(text), Ok(0..5000), "{text}");
        }
        assert_eq!(read_ranks("1000.."), Ok(999..usize::MAX));
        assert_eq!(read_ranks("1000-"), Ok(999..usize::MAX));
        assert_eq!(read_ranks("7..7"), Ok(6..7));
    }

    #[test]
    fn a_list_is_read_once_for_as_long_as_it_is_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let list = folder.path().join("list");
        std::fs::write(&list, "king\nqueen\n").unwrap();
        let settings = |path: &Path| FilterSettings {
            words: Some(vec![format!("@{}", path.display())]),
            pattern: Some("^k".into()),
            ..FilterSettings::default()
        };
        let kept = KeptFilter::default();
        let first = kept.build(&settings(&list)).unwrap();
        std::fs::remove_file(&list).unwrap();
        let second = kept.build(&settings(&list)).unwrap();
        assert!(Arc::ptr_eq(first.words.as_ref().unwrap(), second.words.as_ref().unwrap()));
        assert!(second.admits_word(b"king") && !second.admits_word(b"queen") && !second.admits_word(b"kin"));
        assert!(kept.build(&settings(&folder.path().join("other"))).is_err());
        assert!(kept.build(&FilterSettings::default()).unwrap().admits_word(b"queen"));
        assert!(kept.build(&settings(&list)).is_err(), "it is read again");
    }

    #[test]
    fn ranges_without_a_rank_are_refused() {
        for text in ["", "..", "-", "0", "0..5", "9..3", "9-3", "a..b", "1..2..3", "-1..5", "1...5", "1-2-3"]
        {
            assert!(read_ranks(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_bad_pattern_is_refused_in_one_line() {
        let reason = read_pattern("king(").unwrap_err();
        assert_eq!(reason.lines().count(), 1, "{reason}");
        assert!(reason.contains("unclosed group"), "{reason}");
    }
}
