//! From any readable vectors to a file of another format.
//!
//! A row that the target cannot hold as it is (a word with a space in word2vec, with a newline in
//! text, broken UTF-8 in finalfusion) is left out and reported; nothing is changed silently.

mod finalfusion;

use std::fmt::Write;
use std::path::Path;

use rayon::prelude::*;

use super::formats::Flaws;
use super::formats::container::{ContainerWriter, Int8ContainerWriter, Pairs};
use super::{Result, VectorsError, WordVectors};
use crate::files::AtomicFile;
use crate::progress::Progress;

/// Rows that are made into bytes by one task.
const CHUNK: usize = 1024;

/// Tasks between two visits to the file.
const BATCH: usize = 16;

/// What [`convert`] can write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Target {
    /// word2vec binary, with a newline after each row as word2vec.c writes it.
    Word2vecBinary,
    /// word2vec text: with a header line.
    Word2vecText,
    /// GloVe text: no header line.
    GloveText,
    /// Our container, f32.
    Safetensors,
    /// Our container, int8 codes and a scale a row.
    SafetensorsInt8,
    /// finalfusion: simple vocabulary, unit rows, norms.
    Finalfusion,
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
    /// What else the target does not carry over, such as subwords.
    pub remarks: Vec<String>,
    /// Bytes written.
    pub size: u64,
}

/// Writes `vectors` to `path` as `target`; the file appears whole or not at all.
///
/// Numbers are written with the fewest digits that read back as the same f32. Progress counts rows.
///
/// # Errors
/// Whatever the system says on writing; [`VectorsError::Cancelled`]; no row that `target` can hold.
pub fn convert(
    vectors: &WordVectors,
    target: Target,
    path: &Path,
    progress: &Progress,
) -> Result<Conversion> {
    let mut conversion = Conversion::default();
    let rows = choose(vectors, target, &mut conversion);
    if rows.is_empty() {
        return Err(VectorsError::Request(match conversion.first_left_out.first() {
            Some((_, reason)) => format!("nothing to write to {}: {reason}", path.display()),
            None => format!("nothing to write to {}: there are no words", path.display()),
        }));
    }
    if vectors.subwords().is_some() {
        let remark = "words only: the target has no place for subwords, so unseen words get no vector";
        conversion.remarks.push(remark.into());
    }
    conversion.written = rows.len();
    progress.start(rows.len() as u64);
    let work = Work { vectors, rows: &rows, path, progress };
    conversion.size = match target {
        Target::Word2vecBinary => work.word2vec_binary(),
        Target::Word2vecText => work.text(true),
        Target::GloveText => work.text(false),
        Target::Safetensors => work.container(),
        Target::SafetensorsInt8 => {
            conversion.remarks.push("numbers are rounded to int8 with one scale a row".into());
            work.int8_container()
        }
        Target::Finalfusion => finalfusion::write(&work),
    }?;
    Ok(conversion)
}

/// The rows that `target` can hold.
fn choose(vectors: &WordVectors, target: Target, conversion: &mut Conversion) -> Vec<usize> {
    let mut duplicates = vectors.vocabulary().duplicates().iter().copied().peekable();
    let mut rows = Vec::with_capacity(vectors.len());
    for row in 0..vectors.len() {
        let duplicate = duplicates.next_if_eq(&(row as u32)).is_some();
        match objection(vectors, row, duplicate, target) {
            None => rows.push(row),
            Some(reason) => {
                conversion.left_out += 1;
                if conversion.first_left_out.len() < Flaws::SHOWN {
                    conversion.first_left_out.push((row, reason.to_owned()));
                }
            }
        }
    }
    rows
}

/// Why `target` cannot hold a row.
fn objection(vectors: &WordVectors, row: usize, duplicate: bool, target: Target) -> Option<&'static str> {
    let word = vectors.vocabulary().word(row);
    let has = |byte: u8| word.contains(&byte);
    match target {
        Target::Word2vecBinary if has(b' ') => Some("word2vec files cannot hold a word with a space"),
        Target::Word2vecBinary if has(b'\n') => Some("word2vec files cannot hold a word with a newline"),
        Target::Word2vecText if has(b' ') => Some("word2vec files cannot hold a word with a space"),
        Target::Word2vecText | Target::GloveText if has(b'\n') => {
            Some("text files cannot hold a word with a newline")
        }
        Target::Finalfusion if std::str::from_utf8(word).is_err() => {
            Some("finalfusion files hold UTF-8 only, and this word is broken")
        }
        Target::Finalfusion if duplicate => Some("finalfusion files hold a word once, and it came before"),
        Target::SafetensorsInt8 if vectors.rows().to_vec(row).iter().any(|number| !number.is_finite()) => {
            Some("int8 cannot hold numbers that are not finite")
        }
        _ => None,
    }
}

/// What is written, and where to.
struct Work<'a> {
    vectors: &'a WordVectors,
    rows: &'a [usize],
    path: &'a Path,
    progress: &'a Progress,
}

impl Work<'_> {
    fn word2vec_binary(&self) -> Result<u64> {
        let mut file = AtomicFile::create(self.path, self.vectors.path())?;
        file.write(self.header().as_bytes())?;
        self.encoded(&mut file, |word, numbers, out| {
            out.extend_from_slice(word);
            out.push(b' ');
            out.extend_from_slice(bytemuck::cast_slice(numbers));
            out.push(b'\n');
        })?;
        Ok(file.commit()?)
    }

    fn text(&self, header: bool) -> Result<u64> {
        let mut file = AtomicFile::create(self.path, self.vectors.path())?;
        if header {
            file.write(self.header().as_bytes())?;
        }
        self.encoded(&mut file, |word, numbers, out| {
            out.extend_from_slice(word);
            let mut text = String::with_capacity(12 * numbers.len());
            for number in numbers {
                // The debug form has a point or an exponent, so that no row is taken for a header.
                // Writing to a string cannot fail.
                let _ = write!(text, " {number:?}");
            }
            out.extend_from_slice(text.as_bytes());
            out.push(b'\n');
        })?;
        Ok(file.commit()?)
    }

    fn header(&self) -> String {
        format!("{} {}\n", self.rows.len(), self.vectors.dimensions())
    }

    fn container(&self) -> Result<u64> {
        let mut writer = ContainerWriter::create(
            self.path,
            self.vectors.path(),
            self.vectors.dimensions(),
            self.metadata(),
        )?;
        self.one_by_one(|word, numbers| writer.push(word, numbers))?;
        writer.finish()
    }

    fn int8_container(&self) -> Result<u64> {
        let mut writer = Int8ContainerWriter::create(
            self.path,
            self.vectors.path(),
            self.vectors.dimensions(),
            self.metadata(),
        )?;
        self.one_by_one(|word, numbers| writer.push(word, numbers))?;
        writer.finish()
    }

    fn metadata(&self) -> Pairs {
        vec![("name".into(), self.vectors.name().to_owned())]
    }

    /// Hands every row to `take`, in order.
    fn one_by_one(&self, mut take: impl FnMut(&[u8], &[f32]) -> Result<()>) -> Result<()> {
        let mut numbers = vec![0.0; self.vectors.dimensions()];
        for (index, &row) in self.rows.iter().enumerate() {
            self.vectors.rows().copy_row(row, &mut numbers);
            take(self.vectors.vocabulary().word(row), &numbers)?;
            if index % CHUNK == 0 {
                self.progress.check()?;
            }
            self.progress.advance(1);
        }
        Ok(())
    }

    /// Makes every row into bytes, in parallel, and writes them in order.
    fn encoded(
        &self,
        file: &mut AtomicFile,
        encode: impl Fn(&[u8], &[f32], &mut Vec<u8>) + Sync,
    ) -> Result<()> {
        for batch in self.rows.chunks(BATCH * CHUNK) {
            self.progress.check()?;
            let parts: Vec<Vec<u8>> = batch
                .par_chunks(CHUNK)
                .map(|rows| {
                    let mut out = Vec::new();
                    let mut numbers = vec![0.0; self.vectors.dimensions()];
                    for &row in rows {
                        self.vectors.rows().copy_row(row, &mut numbers);
                        encode(self.vectors.vocabulary().word(row), &numbers, &mut out);
                    }
                    out
                })
                .collect();
            for part in parts {
                file.write(&part)?;
            }
            self.progress.advance(batch.len() as u64);
        }
        Ok(())
    }
}
