//! Analogy question files: four words a line, `: name` begins a section.

use std::path::Path;

use crate::vectors::Result;

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
    pub fn read(_path: &Path) -> Result<Self> {
        todo!()
    }

    /// Reads questions from `text`; `path` is for messages only.
    ///
    /// # Errors
    /// A line that does not have four words, with its number; no question at all.
    pub fn parse(_text: &str, _path: &Path) -> Result<Self> {
        todo!()
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
