//! Word vectors, opened.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::formats::parts::{Flaws, Parts};
use super::norms::row_norms;
use super::planes::Planes;
use super::rows::Rows;
use super::subwords::model::SubwordModel;
use super::vocabulary::Vocabulary;

/// Word vectors, opened: a vocabulary, one row of numbers a word, and, where the file has them,
/// subwords that give a vector to words never seen.
///
/// Rows are in file order, by falling frequency in every common file: a row's index is its *rank*.
#[derive(Debug)]
pub struct WordVectors {
    name: String,
    path: Option<PathBuf>,
    format: String,
    vocabulary: Vocabulary,
    rows: Rows,
    subwords: Option<SubwordModel>,
    flaws: Flaws,
    norms: OnceLock<Vec<f32>>,
    /// The planes that were there when they were first asked for.
    found: OnceLock<Option<Planes>>,
    /// The planes that were made since.
    made: OnceLock<Planes>,
}

impl WordVectors {
    /// Puts together what a format's reader found. `path` is `None` for the shipped vectors.
    pub fn from_parts(name: impl Into<String>, path: Option<PathBuf>, parts: Parts) -> Self {
        let Parts { format, vocabulary, rows, subwords, flaws } = parts;
        debug_assert_eq!(vocabulary.len(), rows.len());
        let (norms, found, made) = (OnceLock::new(), OnceLock::new(), OnceLock::new());
        Self { name: name.into(), path, format, vocabulary, rows, subwords, flaws, norms, found, made }
    }

    /// What to call these vectors on the screen, such as `glove-6b-100d`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The file that they were read from.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// The layout of that file, as people call it.
    pub fn format(&self) -> &str {
        &self.format
    }

    /// Number of words, and of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no word at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Numbers in a row.
    pub fn dimensions(&self) -> usize {
        self.rows.dimensions()
    }

    /// The words.
    pub fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    /// The numbers.
    pub fn rows(&self) -> &Rows {
        &self.rows
    }

    /// The subwords, where the file has them.
    pub fn subwords(&self) -> Option<&SubwordModel> {
        self.subwords.as_ref()
    }

    /// What was odd in the file and did not stop its opening.
    pub fn flaws(&self) -> &Flaws {
        &self.flaws
    }

    /// The Euclidean length of every row; computed on first use, in parallel.
    pub fn norms(&self) -> &[f32] {
        self.norms.get_or_init(|| row_norms(&self.rows))
    }

    /// The rows in fewer bytes: what was made of them, else what `find` finds, which is called once.
    pub(super) fn planes_or_find(&self, find: impl FnOnce() -> Option<Planes>) -> Option<&Planes> {
        self.made.get().or_else(|| self.found.get_or_init(find).as_ref())
    }

    /// Keeps planes that were made of the rows.
    pub(super) fn keep_planes(&self, planes: Planes) {
        // Another thread may have made the same planes meanwhile.
        let _ = self.made.set(planes);
    }
}
