//! Finding the words of questions in the vocabulary, by the rules of a protocol.

use std::borrow::Cow;
use std::collections::HashMap;

use super::protocol::CaseRule;
use super::questions::QuestionSet;
use crate::vectors::word_vectors::WordVectors;

/// Words by their spelling under a [`CaseRule`].
pub(super) struct Spelling<'a> {
    vectors: &'a WordVectors,
    rule: CaseRule,
    limit: usize,
    /// For rules that fold the vocabulary: the rows of each spelling that a question uses, rising.
    variants: HashMap<Vec<u8>, Vec<usize>>,
}

impl<'a> Spelling<'a> {
    /// Prepares to look up the words of `questions` among the first `limit` rows.
    pub(super) fn new(
        vectors: &'a WordVectors,
        rule: CaseRule,
        limit: usize,
        questions: &QuestionSet,
    ) -> Self {
        let mut variants: HashMap<Vec<u8>, Vec<usize>> = HashMap::new();
        if matches!(rule, CaseRule::Upper | CaseRule::UpperAscii) {
            let all = questions.sections.iter().flat_map(|section| &section.questions);
            for word in all.flat_map(|question| &question.words) {
                variants.entry(fold(rule, word.as_bytes()).into_owned()).or_default();
            }
            for (row, word) in vectors.vocabulary().iter().take(limit).enumerate() {
                if let Some(rows) = variants.get_mut(&*fold(rule, word)) {
                    rows.push(row);
                }
            }
        }
        Self { vectors, rule, limit, variants }
    }

    /// The row of a word of a question.
    pub(super) fn row(&self, word: &str) -> Option<usize> {
        let exact = |word: &str| self.vectors.vocabulary().row(word).filter(|&row| row < self.limit);
        match self.rule {
            CaseRule::LowerQuestion => exact(&word.to_lowercase()),
            CaseRule::AsWrittenElseLower => exact(word).or_else(|| exact(&word.to_lowercase())),
            CaseRule::Upper | CaseRule::UpperAscii => self.variants(word).first().copied(),
        }
    }

    /// All rows that are spelled as a word of a question, under a rule that folds the vocabulary.
    pub(super) fn variants(&self, word: &str) -> &[usize] {
        self.variants.get(&*fold(self.rule, word.as_bytes())).map_or(&[], Vec::as_slice)
    }

    /// Whether the rows `answer` and `expected` count as the same word.
    pub(super) fn same(&self, answer: usize, expected: usize) -> bool {
        let folded = |row| fold(self.rule, self.vectors.vocabulary().word(row));
        answer == expected || folded(answer) == folded(expected)
    }
}

/// What two words must have in common to be the same.
fn fold(rule: CaseRule, word: &[u8]) -> Cow<'_, [u8]> {
    match rule {
        CaseRule::LowerQuestion | CaseRule::AsWrittenElseLower => Cow::Borrowed(word),
        CaseRule::UpperAscii => Cow::Owned(word.to_ascii_uppercase()),
        CaseRule::Upper => match std::str::from_utf8(word) {
            Ok(text) => Cow::Owned(text.to_uppercase().into_bytes()),
            Err(_) => Cow::Owned(word.to_ascii_uppercase()),
        },
    }
}
