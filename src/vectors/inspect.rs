//! What a vector file is made of and what is odd in it: the data of `info`.

use rayon::prelude::*;
use serde::Serialize;

use super::error::Result;
use super::formats::Flaws;
use super::rows::Rows;
use super::word_vectors::WordVectors;
use crate::mmap::Bytes;
use crate::progress::Progress;

/// Rows that one task looks at between two looks at the wish to stop.
const CHUNK: usize = 4096;

/// What [`inspect`] found.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Inspection {
    /// What the vectors are called.
    pub name: String,
    /// The file, if they are not the shipped ones.
    pub path: Option<String>,
    /// Its layout.
    pub format: String,
    /// Its size in bytes.
    pub file_size: Option<u64>,
    /// Number of words.
    pub words: usize,
    /// Numbers in a row.
    pub dimensions: usize,
    /// How the numbers are kept, such as "f32, mapped".
    pub storage: String,
    /// Bytes in mapped files or in the program itself: shared and dropped by the system at will.
    pub mapped_bytes: u64,
    /// Bytes of private memory.
    pub private_bytes: u64,
    /// Whether words never seen get a vector.
    pub subwords: bool,
    /// Words that occurred in an earlier row.
    pub duplicates: Places,
    /// Words that are not UTF-8.
    pub broken_utf8: Places,
    /// Rows with a number that is NaN or infinite.
    pub not_finite: Places,
    /// Rows with nothing but zeros.
    pub zero: Places,
    /// Lines or records that were left out.
    pub skipped: u64,
    /// Byte offset and reason of the first of them.
    pub first_skipped: Vec<(u64, String)>,
    /// Remarks on the file as a whole.
    pub remarks: Vec<String>,
}

/// How many rows have some oddity, and where the first are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Places {
    /// How many.
    pub count: usize,
    /// The first of them (at most [`super::formats::Flaws::SHOWN`]).
    pub first: Vec<Place>,
}

/// A row and where it lies in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The row, counted from 0.
    pub row: usize,
    /// Its word, broken UTF-8 replaced.
    pub word: String,
    /// Byte offset of the row (of its line, in text) in the decompressed file, where known.
    pub byte: Option<u64>,
}

/// Looks at every word and every number.
///
/// Progress counts rows.
///
/// # Errors
/// [`super::VectorsError::Cancelled`].
pub fn inspect(vectors: &WordVectors, progress: &Progress) -> Result<Inspection> {
    let file_size =
        vectors.path().and_then(|path| std::fs::metadata(path).ok()).map(|metadata| metadata.len());
    let flaws = vectors.flaws();
    let source = Source { vectors, file_size };
    let (not_finite, zero) = source.odd_rows(progress)?;
    let broken: Vec<usize> = (0..vectors.len())
        .into_par_iter()
        .filter(|&row| std::str::from_utf8(vectors.vocabulary().word(row)).is_err())
        .collect();
    let duplicates: Vec<usize> = vectors.vocabulary().duplicates().iter().map(|&row| row as usize).collect();
    let memory = Memory::of(vectors);
    Ok(Inspection {
        name: vectors.name().to_owned(),
        path: vectors.path().map(|path| path.display().to_string()),
        format: vectors.format().to_string(),
        file_size,
        words: vectors.len(),
        dimensions: vectors.dimensions(),
        storage: storage(vectors.rows()),
        mapped_bytes: memory.mapped,
        private_bytes: memory.private,
        subwords: vectors.subwords().is_some(),
        duplicates: source.places(&duplicates, Source::word_byte),
        broken_utf8: source.places(&broken, Source::word_byte),
        not_finite: source.places(&not_finite, Source::row_byte),
        zero: source.places(&zero, Source::row_byte),
        skipped: flaws.skipped,
        first_skipped: flaws.first_skipped.clone(),
        remarks: flaws.remarks.clone(),
    })
}

fn storage(rows: &Rows) -> String {
    let of = |bytes: &Bytes| match (bytes.is_mapped(), bytes.is_private()) {
        (true, _) => "mapped",
        (_, true) => "in memory",
        _ => "part of the program",
    };
    match rows {
        Rows::Strided { bytes, .. } | Rows::Scattered { bytes, .. } => format!("f32, {}", of(bytes)),
        Rows::Int8 { codes, .. } => format!("int8 with a scale a row, {}", of(codes)),
        Rows::ProductQuantized(rows) => {
            let parts = rows.codebook().parts();
            format!(
                "product-quantised, {parts} bytes a row, {}",
                rows.stored().first().map_or("", |codes| of(codes))
            )
        }
        Rows::Scaled { rows, .. } => format!("{}, with a length a row", storage(rows)),
        Rows::Owned(_) => "f32, in memory".into(),
    }
}

/// The vectors and what is known of their file.
struct Source<'a> {
    vectors: &'a WordVectors,
    file_size: Option<u64>,
}

impl Source<'_> {
    /// Rows with a number that is not finite, and rows of zeros.
    fn odd_rows(&self, progress: &Progress) -> Result<(Vec<usize>, Vec<usize>)> {
        let (rows, count) = (self.vectors.rows(), self.vectors.len());
        progress.start(count as u64);
        let chunks: Result<Vec<_>> = (0..count.div_ceil(CHUNK))
            .into_par_iter()
            .map(|chunk| {
                progress.check()?;
                let range = chunk * CHUNK..((chunk + 1) * CHUNK).min(count);
                let mut numbers = vec![0.0; rows.dimensions()];
                let (mut not_finite, mut zero) = (Vec::new(), Vec::new());
                for row in range.clone() {
                    rows.copy_row(row, &mut numbers);
                    if numbers.iter().any(|number| !number.is_finite()) {
                        not_finite.push(row);
                    } else if numbers.iter().all(|&number| number == 0.0) {
                        zero.push(row);
                    }
                }
                progress.advance(range.len() as u64);
                Ok((not_finite, zero))
            })
            .collect();
        let (not_finite, zero): (Vec<_>, Vec<_>) = chunks?.into_iter().unzip();
        Ok((not_finite.concat(), zero.concat()))
    }

    fn places(&self, rows: &[usize], byte: fn(&Self, usize) -> Option<u64>) -> Places {
        let first = rows.iter().take(Flaws::SHOWN).map(|&row| {
            let word = self.vectors.vocabulary().display(row).into_owned();
            Place { row, word, byte: byte(self, row) }
        });
        Places { count: rows.len(), first: first.collect() }
    }

    /// Where a row's numbers lie in the file.
    fn row_byte(&self, row: usize) -> Option<u64> {
        self.noted(row).or_else(|| self.numbers_byte(self.vectors.rows(), row))
    }

    fn numbers_byte(&self, rows: &Rows, row: usize) -> Option<u64> {
        match rows {
            Rows::Strided { bytes, stride, .. } => self.in_file(bytes, (row * stride) as u64),
            Rows::Scattered { bytes, offsets, .. } => self.in_file(bytes, offsets[row]),
            Rows::Int8 { codes, dimensions, .. } => self.in_file(codes, (row * dimensions) as u64),
            Rows::Scaled { rows, .. } => self.numbers_byte(rows, row),
            Rows::ProductQuantized(_) | Rows::Owned(_) => None,
        }
    }

    /// Where a row's word lies in the file.
    fn word_byte(&self, row: usize) -> Option<u64> {
        let vocabulary = self.vectors.vocabulary();
        self.noted(row).or_else(|| self.in_file(vocabulary.bytes(), vocabulary.span(row).start))
    }

    /// What the reader noted of a row that is no longer at its place in the file.
    fn noted(&self, row: usize) -> Option<u64> {
        let odd = self.vectors.flaws().odd_rows.iter().find(|odd| odd.row == row as u64)?;
        Some(odd.byte)
    }

    /// The offset in the vectors' own file, unless `bytes` are those of another (a cache, a word list).
    fn in_file(&self, bytes: &Bytes, offset: u64) -> Option<u64> {
        let (start, whole) = bytes.place();
        (bytes.is_mapped() && Some(whole as u64) == self.file_size).then_some(start as u64 + offset)
    }
}

/// Bytes held, each counted once however many tables share it.
#[derive(Debug, Default)]
struct Memory {
    mapped: u64,
    private: u64,
}

impl Memory {
    fn of(vectors: &WordVectors) -> Self {
        let mut memory = Self { mapped: 0, private: vectors.vocabulary().table_bytes() };
        let mut held = vec![vectors.vocabulary().bytes()];
        memory.add_rows(vectors.rows(), &mut held);
        if let Some(subwords) = vectors.subwords() {
            memory.add_rows(subwords.matrix(), &mut held);
        }
        let mut ranges: Vec<(usize, usize, bool)> = held
            .iter()
            .map(|bytes| (bytes.as_ptr() as usize, bytes.as_ptr() as usize + bytes.len(), bytes.is_private()))
            .collect();
        ranges.sort_unstable();
        let mut counted = 0;
        for (start, end, private) in ranges {
            let new = end.saturating_sub(start.max(counted)) as u64;
            if private {
                memory.private += new
            } else {
                memory.mapped += new
            }
            counted = counted.max(end);
        }
        memory
    }

    fn add_rows<'a>(&mut self, rows: &'a Rows, held: &mut Vec<&'a Bytes>) {
        match rows {
            Rows::Strided { bytes, .. } => held.push(bytes),
            Rows::Scattered { bytes, offsets, .. } => {
                held.push(bytes);
                self.private += size_of_val(&offsets[..]) as u64;
            }
            Rows::Int8 { codes, scales, .. } => {
                held.push(codes);
                self.private += size_of_val(&scales[..]) as u64;
            }
            Rows::ProductQuantized(rows) => held.extend(rows.stored()),
            Rows::Scaled { rows, scales } => {
                held.push(scales);
                self.add_rows(rows, held);
            }
            Rows::Owned(array) => self.private += 4 * array.len() as u64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vectors::formats::{Parts, word2vec_binary};

    #[test]
    fn oddities_are_found_with_their_places() {
        let mut file = b"5 2\n".to_vec();
        let rows: [(&[u8], [f32; 2]); 5] = [
            (b"a", [1.0, 2.0]),
            (b"caf\xc3", [0.0, 3.0]),
            (b"a", [0.0, -0.0]),
            (b"b", [f32::NAN, 0.0]),
            (b"c", [0.0, f32::INFINITY]),
        ];
        let mut starts = Vec::new();
        for (word, row) in rows {
            starts.push(file.len() as u64);
            file.extend_from_slice(word);
            file.push(b' ');
            file.extend_from_slice(bytemuck::cast_slice(&row));
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.bin");
        std::fs::write(&path, &file).unwrap();
        let bytes = Bytes::map(&path).unwrap();
        let parts: Parts = word2vec_binary::read(&bytes, &path, &Progress::unobserved()).unwrap();
        let vectors = WordVectors::from_parts("a", Some(path), parts);
        let found = inspect(&vectors, &Progress::unobserved()).unwrap();
        let rows_of =
            |places: &Places| places.first.iter().map(|place| (place.row, place.byte)).collect::<Vec<_>>();
        assert_eq!(rows_of(&found.duplicates), [(2, Some(starts[2]))]);
        assert_eq!(rows_of(&found.broken_utf8), [(1, Some(starts[1]))]);
        assert_eq!(rows_of(&found.zero), [(2, Some(starts[2] + 2))]);
        assert_eq!(rows_of(&found.not_finite), [(3, Some(starts[3] + 2)), (4, Some(starts[4] + 2))]);
        assert_eq!(found.mapped_bytes, file.len() as u64);
        assert_eq!(found.file_size, Some(file.len() as u64));
        assert_eq!(found.storage, "f32, mapped");
        assert!(found.private_bytes >= 5 * (8 + 16));
    }
}
