//! Analogy question files: four words a line, `: name` begins a section.

use std::path::Path;

use super::{bad_line, nothing_in, read_text};
use crate::vectors::Result;

/// What a line of a question file should be.
const EXPECTED: &str = "four words such as \"man king woman queen\", or \": \" and the name of a section";

/// One question a : b :: c : d.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The words a, b, c and the expected answer d.
    pub words: [String; 4],
}

/// A section of a question file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuestionSection {
    /// Its name, as after the colon.
    pub name: String,
    /// Its questions.
    pub questions: Vec<Question>,
}

impl QuestionSection {
    /// Whether the section asks for grammar: the Google set names these `gram...`.
    pub fn is_syntactic(&self) -> bool {
        self.name.starts_with("gram")
    }
}

/// A set of analogy questions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QuestionSet {
    /// Its sections.
    pub sections: Vec<QuestionSection>,
}

impl QuestionSet {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// As [`QuestionSet::parse`], and when the file cannot be read.
    pub fn read(path: &Path) -> Result<Self> {
        Self::parse(&read_text(path)?, path)
    }

    /// Reads questions from `text`; `path` is for messages only.
    ///
    /// # Errors
    /// A line that does not have four words, with its number; no question at all.
    pub fn parse(text: &str, path: &Path) -> Result<Self> {
        let mut sections: Vec<QuestionSection> = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim_start_matches('\u{feff}').trim();
            if let Some(name) = line.strip_prefix(':') {
                sections.push(QuestionSection { name: name.trim().to_owned(), questions: Vec::new() });
                continue;
            }
            let words: Vec<&str> = line.split_whitespace().collect();
            let question = match words[..] {
                [] => continue,
                [a, b, c, d] => Question { words: [a, b, c, d].map(str::to_owned) },
                _ => return Err(bad_line(path, index + 1, EXPECTED, line)),
            };
            if sections.is_empty() {
                sections.push(QuestionSection { name: "questions".into(), questions: Vec::new() });
            }
            if let Some(section) = sections.last_mut() {
                section.questions.push(question);
            }
        }
        let set = Self { sections };
        if set.is_empty() { Err(nothing_in(path, EXPECTED)) } else { Ok(set) }
    }

    /// Number of questions.
    pub fn len(&self) -> usize {
        self.sections.iter().map(|section| section.questions.len()).sum()
    }

    /// Whether there is no question.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_and_questions() {
        let text = "\u{feff}: family\r\nboy girl king queen\r\n\n: gram8-plural\ncat cats dog dogs\nhand hands rat rats\n";
        let set = QuestionSet::parse(text, Path::new("q.txt")).unwrap();
        assert_eq!(set.len(), 3);
        assert_eq!(set.sections[0].name, "family");
        assert_eq!(set.sections[0].questions[0].words, ["boy", "girl", "king", "queen"]);
        assert!(!set.sections[0].is_syntactic() && set.sections[1].is_syntactic());
    }

    #[test]
    fn a_bad_line_is_named() {
        let error = QuestionSet::parse(": family\nking queen\n", Path::new("q.txt")).unwrap_err().to_string();
        assert!(
            error.contains("q.txt") && error.contains("line 2") && error.contains("four words"),
            "{error}"
        );
        let empty = QuestionSet::parse(": family\n", Path::new("q.txt")).unwrap_err().to_string();
        assert!(empty.contains("nothing"), "{empty}");
    }
}
