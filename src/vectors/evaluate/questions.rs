//! Analogy question files: four words a line, `: name` begins a section.

use std::path::Path;

use super::text_file::{bad_line, lines, nothing_in, read_text};
use crate::vectors::error::Result;

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
    /// Number, from 1, and text of the lines that are no question and were left out, as gensim does.
    pub skipped: Vec<(usize, String)>,
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
    /// No question at all, with the first line that is none.
    pub fn parse(text: &str, path: &Path) -> Result<Self> {
        let mut sections: Vec<QuestionSection> = Vec::new();
        let mut skipped = Vec::new();
        for (index, line) in lines(text).enumerate() {
            if line.starts_with('#') {
                continue;
            }
            if let Some(name) = line.strip_prefix(':') {
                sections.push(QuestionSection { name: name.trim().to_owned(), questions: Vec::new() });
                continue;
            }
            let words: Vec<&str> = line.split_whitespace().collect();
            let question = match words[..] {
                [] => continue,
                [a, b, c, d] => Question { words: [a, b, c, d].map(str::to_owned) },
                _ => {
                    skipped.push((index + 1, line.to_owned()));
                    continue;
                }
            };
            if sections.is_empty() {
                sections.push(QuestionSection { name: "questions".into(), questions: Vec::new() });
            }
            if let Some(section) = sections.last_mut() {
                section.questions.push(question);
            }
        }
        let set = Self { sections, skipped };
        match set.skipped.first() {
            _ if !set.is_empty() => Ok(set),
            Some((line, text)) => Err(bad_line(path, *line, EXPECTED, text)),
            None => Err(nothing_in(path, EXPECTED)),
        }
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
        let text = "# comment\n: family\nking queen\nboy girl king queen\nnew york usa paris france\n";
        let set = QuestionSet::parse(text, Path::new("q.txt")).unwrap();
        assert_eq!((set.len(), set.skipped.iter().map(|line| line.0).collect::<Vec<_>>()), (1, vec![3, 5]));
        let error = QuestionSet::parse(": family\nking queen\n", Path::new("q.txt")).unwrap_err().to_string();
        assert!(
            error.contains("q.txt") && error.contains("line 2") && error.contains("four words"),
            "{error}"
        );
        let empty = QuestionSet::parse(": family\n", Path::new("q.txt")).unwrap_err().to_string();
        assert!(empty.contains("nothing"), "{empty}");
    }
}
