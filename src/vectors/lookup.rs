//! Finding words from what is typed: exact, other case, other Unicode form, prefix, typo.
//!
//! Prefixes are found in the rows sorted by their words' bytes; variants by the hash of a folded
//! form (lower case, no accents, compatibility characters replaced); typos by counting edits
//! against every word, which takes some ten milliseconds for 400,000 words.

mod edits;

use std::borrow::Cow;
use std::cmp::Ordering;
use std::hash::{Hash, Hasher};
use std::ops::Range;

use rayon::prelude::*;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use self::edits::EditCounter;
use super::vocabulary::Vocabulary;
use super::word_vectors::WordVectors;

/// Why a word is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The same bytes.
    Exact,
    /// The same but for upper and lower case.
    Case,
    /// The same but for accents or Unicode normal form.
    Unicode,
    /// It begins with what was typed, in the case typed or another.
    Prefix,
    /// It is one or two edits away.
    Typo,
}

impl Kind {
    /// The reason in one word.
    pub fn label(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Case => "case",
            Self::Unicode => "accents",
            Self::Prefix => "prefix",
            Self::Typo => "did you mean",
        }
    }
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
    /// How many words match: at least `items.len()`. Typos are counted only where they are offered.
    pub total: usize,
    /// By kind, then rank; typos by number of edits, then rank.
    pub items: Vec<Match>,
}

/// An index over the words of a vocabulary; 4 bytes a word, and 8 more for each that is not its own
/// folded form.
#[derive(Debug, Clone)]
pub struct Lookup {
    /// Rows sorted by the bytes of their words, then by row.
    sorted: Vec<u32>,
    /// Hash of the folded form and row, sorted, for words that differ from their folded form.
    folded: Vec<(u32, u32)>,
}

impl Lookup {
    /// Builds the index, in parallel.
    pub fn build(vectors: &WordVectors) -> Self {
        let vocabulary = vectors.vocabulary();
        let rows = 0..vocabulary.len() as u32;
        let mut sorted: Vec<u32> = rows.clone().collect();
        sorted.par_sort_unstable_by(|&left, &right| {
            let (left_word, right_word) = (vocabulary.word(left as usize), vocabulary.word(right as usize));
            left_word.cmp(right_word).then(left.cmp(&right))
        });
        let mut folded: Vec<(u32, u32)> = rows
            .into_par_iter()
            .filter_map(|row| {
                let word = vocabulary.word(row as usize);
                let form = fold(word);
                (form.as_bytes() != word).then(|| (hash(&form), row))
            })
            .collect();
        folded.par_sort_unstable();
        Self { sorted, folded }
    }

    /// The words that `typed` may stand for, at most `limit` of them.
    ///
    /// Typos are sought only where nothing equals `typed` and fewer than `limit` words begin with it.
    pub fn matches(&self, vectors: &WordVectors, typed: &str, limit: usize) -> Matches {
        if typed.is_empty() || vectors.is_empty() {
            return Matches::default();
        }
        let vocabulary = vectors.vocabulary();
        let mut items = self.variants(vocabulary, typed);
        let mut prefixes = self.with_prefix(vocabulary, typed);
        let seen = |items: &[Match], row: usize| items.iter().any(|item| item.row == row);
        let mut total = items.len();
        let whole = items.len();
        prefixes.retain(|&row| !seen(&items[..whole], row as usize));
        total += prefixes.len();
        keep_smallest(&mut prefixes, limit);
        items.extend(prefixes.into_iter().map(|row| Match { row: row as usize, kind: Kind::Prefix }));
        if items.len() < limit && items.first().is_none_or(|item| item.kind == Kind::Prefix) {
            let typos = typos(vocabulary, typed);
            let fresh: Vec<_> = typos.into_iter().filter(|&row| !seen(&items, row)).collect();
            total += fresh.len();
            items.extend(fresh.into_iter().map(|row| Match { row, kind: Kind::Typo }));
        }
        items.truncate(limit);
        Matches { total, items }
    }

    /// The word itself and its variants in case and Unicode form, by kind, then rank.
    fn variants(&self, vocabulary: &Vocabulary, typed: &str) -> Vec<Match> {
        let form = fold(typed.as_bytes());
        let wanted = hash(&form);
        let start = self.folded.partition_point(|&(hash, _)| hash < wanted);
        let same_hash = self.folded[start..].iter().take_while(|&&(hash, _)| hash == wanted);
        let mut rows: Vec<usize> = same_hash
            .map(|&(_, row)| row as usize)
            .filter(|&row| fold(vocabulary.word(row)) == form)
            .collect();
        rows.extend(vocabulary.row(form.as_bytes()));
        rows.extend(vocabulary.row(typed));
        let mut found: Vec<Match> = rows
            .into_iter()
            .map(|row| Match { row, kind: variant_kind(vocabulary.word(row), typed) })
            .collect();
        found.sort_unstable_by_key(|item| (item.kind, item.row));
        found.dedup();
        found
    }

    /// Rows of words that begin with `typed`, as typed, in lower case, in upper case or capitalised.
    fn with_prefix(&self, vocabulary: &Vocabulary, typed: &str) -> Vec<u32> {
        let mut prefixes =
            vec![typed.to_owned(), typed.to_lowercase(), typed.to_uppercase(), capitalised(typed)];
        prefixes.sort_unstable();
        prefixes.dedup();
        prefixes
            .iter()
            .flat_map(|prefix| self.sorted[self.prefix_range(vocabulary, prefix.as_bytes())].iter().copied())
            .collect()
    }

    fn prefix_range(&self, vocabulary: &Vocabulary, prefix: &[u8]) -> Range<usize> {
        let start_of = |row: u32| {
            let word = vocabulary.word(row as usize);
            &word[..word.len().min(prefix.len())]
        };
        let start = self.sorted.partition_point(|&row| start_of(row).cmp(prefix) == Ordering::Less);
        let length = self.sorted[start..].partition_point(|&row| start_of(row) == prefix);
        start..start + length
    }
}

/// Words that `typed` may stand for, best first, found without an index.
pub fn suggestions(vectors: &WordVectors, typed: &str, limit: usize) -> Vec<String> {
    let vocabulary = vectors.vocabulary();
    let form = fold(typed.as_bytes());
    let mut rows: Vec<usize> = spellings(typed)
        .into_iter()
        .chain([form.clone().into_owned()])
        .filter(|variant| variant != typed)
        .filter_map(|variant| vocabulary.row(variant))
        .collect();
    rows.sort_unstable();
    rows.extend(typos(vocabulary, typed));
    if form != typed {
        rows.extend(typos(vocabulary, &form));
    }
    let mut words: Vec<String> = Vec::new();
    for row in rows {
        let word = vocabulary.display(row).into_owned();
        if words.len() < limit && !word.is_empty() && !words.contains(&word) {
            words.push(word);
        }
    }
    words
}

/// Other ways to write `typed`: in another case, and with blanks, underscores or hyphens between its parts.
fn spellings(typed: &str) -> Vec<String> {
    let parts: Vec<&str> = typed.split([' ', '_', '-']).filter(|part| !part.is_empty()).collect();
    let mut written = vec![typed.to_lowercase(), typed.to_uppercase(), capitalised(typed)];
    for joint in [" ", "_", "-", ""] {
        let joined = parts.join(joint);
        let title: Vec<String> = parts.iter().map(|part| capitalised(&part.to_lowercase())).collect();
        written.extend([title.join(joint), joined.to_lowercase(), joined.to_uppercase(), joined]);
    }
    written
}

/// Rows of words a few edits from `typed`, by number of edits, then rank. Of words with the same
/// spelling only the first row.
fn typos(vocabulary: &Vocabulary, typed: &str) -> Vec<usize> {
    let Some(counter) = EditCounter::new(typed) else { return Vec::new() };
    let mut found: Vec<(usize, usize)> = (0..vocabulary.len())
        .into_par_iter()
        .with_min_len(4096)
        .filter_map(|row| Some((counter.edits(vocabulary.word(row))?, row)))
        .collect();
    found.sort_unstable();
    found
        .into_iter()
        .map(|(_, row)| row)
        .filter(|&row| vocabulary.row(vocabulary.word(row)) == Some(row))
        .collect()
}

/// Leaves the `limit` smallest rows, rising.
fn keep_smallest(rows: &mut Vec<u32>, limit: usize) {
    if limit < rows.len() {
        rows.select_nth_unstable(limit);
        rows.truncate(limit);
    }
    rows.sort_unstable();
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

/// The form that variants share: compatibility characters replaced (NFKD), accents dropped, lower
/// case. Broken UTF-8 becomes U+FFFD, here only.
fn fold(word: &[u8]) -> Cow<'_, str> {
    let text = String::from_utf8_lossy(word);
    if text.is_ascii() && !text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return text;
    }
    Cow::Owned(
        text.nfkd().filter(|&character| !is_combining_mark(character)).flat_map(char::to_lowercase).collect(),
    )
}

fn variant_kind(word: &[u8], typed: &str) -> Kind {
    if word == typed.as_bytes() {
        Kind::Exact
    } else if String::from_utf8_lossy(word).to_lowercase() == typed.to_lowercase() {
        Kind::Case
    } else {
        Kind::Unicode
    }
}

fn hash(form: &str) -> u32 {
    let mut hasher = std::hash::DefaultHasher::new();
    form.hash(&mut hasher);
    hasher.finish() as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vectors::Rows;
    use crate::vectors::formats::{Flaws, Parts};

    fn vectors(words: &[&[u8]]) -> WordVectors {
        let parts = Parts {
            format: "word2vec binary".into(),
            vocabulary: Vocabulary::from_words(words),
            rows: Rows::Owned(ndarray::Array2::ones((words.len(), 2))),
            subwords: None,
            flaws: Flaws::default(),
        };
        WordVectors::from_parts("words", None, parts)
    }

    fn found(words: &[&[u8]], typed: &str, limit: usize) -> (usize, Vec<(usize, Kind)>) {
        let vectors = vectors(words);
        let matches = Lookup::build(&vectors).matches(&vectors, typed, limit);
        (matches.total, matches.items.iter().map(|item| (item.row, item.kind)).collect())
    }

    #[test]
    fn the_kinds_come_in_order() {
        let words: [&[u8]; 7] =
            [b"kings", b"KING", b"kingdom", "k\u{ed}ng".as_bytes(), b"king", b"queen", b"Kingston"];
        let (total, items) = found(&words, "king", 10);
        use Kind::{Case, Exact, Prefix, Unicode};
        assert_eq!(items, [(4, Exact), (1, Case), (3, Unicode), (0, Prefix), (2, Prefix), (6, Prefix)]);
        assert_eq!(total, 6);
        assert_eq!(found(&words, "king", 2), (6, vec![(4, Exact), (1, Case)]));
    }

    #[test]
    fn composed_and_decomposed_forms_are_one() {
        let composed = "caf\u{e9}";
        let (_, items) = found(&[b"cafe", composed.as_bytes()], "cafe\u{301}", 5);
        assert_eq!(items, [(0, Kind::Unicode), (1, Kind::Unicode)]);
    }

    #[test]
    fn typos_by_edits_then_rank() {
        let words: [&[u8]; 5] = [b"kingdoms", b"freedom", b"kingdom", b"kingdom", b"kindom"];
        let (_, items) = found(&words, "kigndom", 10);
        assert_eq!(items[0], (2, Kind::Typo), "one transposition");
        assert_eq!(items.iter().map(|item| item.0).collect::<Vec<_>>(), [2, 4, 0]);
        assert_eq!(suggestions(&vectors(&words), "Kigndom", 2), ["kingdom", "kindom"]);
        let words: [&[u8]; 3] = [b"Barack_Obama", b"New_York", b"Los_Angeles"];
        for (typed, meant) in [
            ("Barak_Obama", "Barack_Obama"),
            ("New York", "New_York"),
            ("new york", "New_York"),
            ("los-angeles", "Los_Angeles"),
        ] {
            assert_eq!(suggestions(&vectors(&words), typed, 3), [meant], "{typed}");
        }
    }

    #[test]
    fn odd_words_and_texts_do_no_harm() {
        let words: [&[u8]; 6] =
            [b"", b"\xff\xfe", b"a\x1b[31m", b"\x85", "\u{65e5}\u{672c}".as_bytes(), b"\xff"];
        for typed in ["", "\u{fffd}", "\x1b", "\u{65e5}", "a", "\u{65e5}\u{672c}\u{8a9e}", "zz zz"] {
            let (total, items) = found(&words, typed, 3);
            assert!(total >= items.len() && items.len() <= 3);
            suggestions(&vectors(&words), typed, 3);
        }
        assert_eq!(found(&words, "\u{65e5}", 3).1, [(4, Kind::Prefix)]);
        assert_eq!(found(&[], "a", 3), (0, vec![]));
    }
}
