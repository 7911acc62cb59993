//! From any readable vectors to a file of another format.
//!
//! A row that the target cannot hold as it is (a word with a space in word2vec, with a newline in
//! text, broken UTF-8 in finalfusion) is left out and reported; nothing is changed silently.

use std::collections::HashSet;
use std::path::Path;

use super::error::{Result, VectorsError};
use super::formats::format::{Format, Writer};
use super::formats::parts::Flaws;
use super::formats::selection::{Row, Selection};
use super::word_vectors::WordVectors;
use crate::progress::Progress;

/// What is to be written.
#[derive(Debug, Clone)]
pub struct Wanted<'a> {
    /// The format.
    pub format: &'static Format,
    /// Whether to write one byte a number.
    pub int8: bool,
    /// Only so many rows, from the first on.
    pub first: Option<usize>,
    /// Only these words.
    pub only: Option<&'a HashSet<Vec<u8>>>,
}

impl Wanted<'_> {
    /// All rows, as `format` writes them.
    pub fn all(format: &'static Format) -> Self {
        Self { format, int8: false, first: None, only: None }
    }

    fn writer(&self) -> Result<&'static Writer> {
        let writer = self.format.write.as_ref();
        let writer = if self.int8 { writer.and_then(|writer| writer.int8) } else { writer };
        writer.ok_or_else(|| {
            let how = if self.int8 { " with one byte a number" } else { "" };
            VectorsError::Request(format!("{} files are not written{how}", self.format.name))
        })
    }
}

/// What [`convert`] did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Conversion {
    /// Rows written.
    pub written: usize,
    /// Rows left out because the target cannot hold their word or numbers.
    pub left_out: usize,
    /// Row and reason of the first of them (at most [`Flaws::SHOWN`]).
    pub first_left_out: Vec<(usize, String)>,
    /// What else did not come through, such as subwords and lines that could not be read.
    pub remarks: Vec<String>,
    /// Bytes written.
    pub size: u64,
}

/// Writes `vectors` to `path` as `wanted`; the file appears whole or not at all.
///
/// Numbers are written with the fewest digits that read back as the same f32. Progress counts rows.
///
/// # Errors
/// Whatever the system says on writing; [`VectorsError::Cancelled`]; no row that the format can hold.
pub fn convert(
    vectors: &WordVectors,
    wanted: &Wanted,
    path: &Path,
    progress: &Progress,
) -> Result<Conversion> {
    let writer = wanted.writer()?;
    let mut conversion = Conversion::default();
    let rows = choose(vectors, wanted, writer, &mut conversion);
    if rows.is_empty() {
        return Err(VectorsError::Request(match conversion.first_left_out.first() {
            Some((_, reason)) => format!("nothing to write to {}: {reason}", path.display()),
            None => format!("nothing to write to {}: there are no such words", path.display()),
        }));
    }
    if vectors.subwords().is_some() {
        let remark = "words only: the target has no place for subwords, so unseen words get no vector";
        conversion.remarks.push(remark.into());
    }
    conversion.remarks.extend(writer.remark.map(str::to_owned));
    tell_flaws(vectors.flaws(), &mut conversion.remarks);
    conversion.written = rows.len();
    progress.start(rows.len() as u64);
    let selection = Selection { vectors, rows: &rows, path, progress };
    conversion.size = (writer.write)(&selection)?;
    Ok(conversion)
}

/// What the source had and the vectors have not.
fn tell_flaws(flaws: &Flaws, remarks: &mut Vec<String>) {
    if flaws.skipped > 0 {
        let first = flaws
            .first_skipped
            .first()
            .map(|(byte, reason)| format!(" (the first at byte {byte}: {reason})"));
        let lines = if flaws.skipped == 1 { "1 line".into() } else { format!("{} lines", flaws.skipped) };
        remarks.push(format!("{lines} of the source could not be read{}", first.unwrap_or_default()));
    }
    remarks.extend(flaws.remarks.iter().cloned());
}

/// The rows that are wanted and that the format can hold.
fn choose(
    vectors: &WordVectors,
    wanted: &Wanted,
    writer: &Writer,
    conversion: &mut Conversion,
) -> Vec<usize> {
    let mut duplicates = vectors.vocabulary().duplicates().iter().copied().peekable();
    let mut rows = Vec::new();
    for index in 0..wanted.first.map_or(vectors.len(), |first| first.min(vectors.len())) {
        let is_duplicate = duplicates.next_if_eq(&(index as u32)).is_some();
        let word = vectors.vocabulary().word(index);
        if wanted.only.is_some_and(|only| !only.contains(word)) {
            continue;
        }
        match (writer.objection)(&Row { vectors, index, word, is_duplicate }) {
            None => rows.push(index),
            Some(reason) => {
                conversion.left_out += 1;
                if conversion.first_left_out.len() < Flaws::SHOWN {
                    conversion.first_left_out.push((index, reason.to_owned()));
                }
            }
        }
    }
    rows
}
