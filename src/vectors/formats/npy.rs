//! NumPy `.npy` (numpy/lib/format.py, versions 1 to 3) with a word list beside it.
//!
//! f32 in row order is used in place; f64, f16, big-endian numbers and Fortran order are converted.

use std::path::Path;

use super::format::{Format, Source};
use super::kept::Kept;
use super::parts::{Flaws, Parts};
use super::sink::Sink;
use super::word_list::{self, WordList};
use crate::mmap::Bytes;
use crate::progress::Progress;
use crate::vectors::error::{Result, VectorsError};
use crate::vectors::rows::Rows;
use crate::vectors::vocabulary::Vocabulary;

/// The first bytes of a `.npy` file.
const MAGIC: &[u8] = b"\x93NUMPY";

const NAME: &str = "NumPy";

/// The format, for the list of formats.
pub const FORMAT: Format = Format {
    name: NAME,
    id: "npy",
    about: "NumPy array with a word list beside it",
    endings: &["npy"],
    detect: |head| head.bytes.starts_with(MAGIC),
    reads_packed: false,
    read,
    write: None,
};

fn read(source: &Source, progress: &Progress) -> Result<Parts> {
    let npy = Npy::open(source.bytes, source.path)?;
    if npy.in_place() {
        return npy
            .into_parts()
            .ok_or_else(|| VectorsError::unsupported(source.path, "no array in place", "open it again"));
    }
    // Rows of another word list are other rows.
    let purpose = format!("npy-{:016x}", npy.list_hash);
    let kept = Kept { path: source.path, purpose: &purpose };
    kept.through_cache(NAME, npy.dimensions(), &mut |sink| npy.convert(sink, progress).map(|()| npy.flaws()))
}

/// How the numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Element {
    size: usize,
    big_endian: bool,
}

/// A `.npy` file whose header was read and found to fit.
#[derive(Debug)]
pub struct Npy {
    bytes: Bytes,
    element: Element,
    fortran_order: bool,
    rows: usize,
    dimensions: usize,
    start: usize,
    vocabulary: Vocabulary,
    list_hash: u64,
    flaws: Flaws,
}

impl Npy {
    /// Reads the header of `bytes`, the contents of `path`, and the word list beside it.
    ///
    /// # Errors
    /// [`VectorsError::Malformed`] for a header that does not parse or that the file's size
    /// contradicts; [`VectorsError::Unsupported`] for another kind of array, and without a word list.
    pub fn open(bytes: &Bytes, path: &Path) -> Result<Self> {
        let (header, start) = header(bytes, path)?;
        let element = element(header, path)?;
        let (rows, dimensions) = shape(header, path)?;
        let size = rows.checked_mul(dimensions).and_then(|count| count.checked_mul(element.size));
        let held = bytes.len() - start;
        if size.is_none_or(|size| size > held) {
            let expected = format!("{rows} x {dimensions} numbers of {} bytes", element.size);
            return Err(malformed(path, start, expected, format!("{held} bytes")));
        }
        let fortran_order = value(header, "fortran_order").is_some_and(|text| text.starts_with("True"));
        if rows == 0 {
            let what = format!("a NumPy array of no rows, of shape (0, {dimensions})");
            return Err(VectorsError::unsupported(
                path,
                what,
                "vectors are an array of shape (words, dimensions)",
            ));
        }
        let WordList { vocabulary, hash: list_hash, remark } = word_list::beside(path, rows)?;
        let mut flaws = Flaws::default();
        flaws.remarks.extend(remark);
        if element.size == 8 {
            flaws.remarks.push("its numbers have 64 bits and are rounded to 32".into());
        }
        let bytes = bytes.clone();
        Ok(Self { bytes, element, fortran_order, rows, dimensions, start, vocabulary, list_hash, flaws })
    }

    /// What was odd in the array or its word list.
    pub fn flaws(&self) -> Flaws {
        self.flaws.clone()
    }

    /// Numbers in a row.
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// Whether the numbers are used where they are.
    pub fn in_place(&self) -> bool {
        self.element == Element { size: 4, big_endian: false } && !self.fortran_order
    }

    /// The words and, for a file that is [`Npy::in_place`], the rows; `None` for others.
    pub fn into_parts(self) -> Option<Parts> {
        let (rows, dimensions) = (self.rows, self.dimensions);
        let data = self.bytes.slice(self.start..self.start + 4 * rows * dimensions);
        let bytes =
            data.filter(|_| self.element.size == 4 && !self.element.big_endian && !self.fortran_order)?;
        let rows = Rows::Strided { bytes, stride: 4 * dimensions, rows, dimensions };
        let (format, vocabulary, flaws) = (NAME.into(), self.vocabulary, self.flaws);
        Some(Parts { format, vocabulary, rows, subwords: None, flaws })
    }

    /// Hands all rows, converted to f32, to `sink`. Progress counts rows.
    ///
    /// # Errors
    /// Cancelled, or what the sink says.
    pub fn convert(&self, sink: &mut dyn Sink, progress: &Progress) -> Result<()> {
        progress.start(self.rows as u64);
        let mut row = vec![0.0; self.dimensions];
        for index in 0..self.rows {
            for (column, value) in row.iter_mut().enumerate() {
                *value = self.number(index, column);
            }
            sink.push(self.vocabulary.word(index), &row)?;
            if index % 1024 == 1023 {
                progress.check()?;
                progress.advance(1024);
            }
        }
        Ok(())
    }

    fn number(&self, row: usize, column: usize) -> f32 {
        let index =
            if self.fortran_order { column * self.rows + row } else { row * self.dimensions + column };
        let start = self.start + index * self.element.size;
        let mut field = [0; 8];
        let bytes = &mut field[..self.element.size];
        bytes.copy_from_slice(&self.bytes[start..start + self.element.size]);
        if self.element.big_endian {
            bytes.reverse();
        }
        let bits = u64::from_le_bytes(field);
        match self.element.size {
            2 => half_to_f32(bits as u16),
            4 => f32::from_bits(bits as u32),
            _ => f64::from_bits(bits) as f32,
        }
    }
}

/// IEEE 754 binary16 to f32, which holds all of its values.
fn half_to_f32(bits: u16) -> f32 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f32::from(bits & 0x3ff));
    sign * match exponent {
        0 => fraction * 2.0_f32.powi(-24),
        31 if fraction == 0.0 => f32::INFINITY,
        31 => f32::NAN,
        _ => (1024.0 + fraction) * 2.0_f32.powi(exponent - 25),
    }
}

/// The header's text, a Python dictionary, and the offset of the numbers.
fn header<'a>(bytes: &'a Bytes, path: &Path) -> Result<(&'a str, usize)> {
    let short =
        |length: usize| malformed(path, 6, format!("a header of {length} bytes"), "the end of the file");
    let version = *bytes.get(6).ok_or_else(|| short(10))?;
    let (start, length): (usize, usize) = match (version, &bytes[..]) {
        (1, [_, _, _, _, _, _, _, _, a, b, ..]) => (10, usize::from(u16::from_le_bytes([*a, *b]))),
        (2 | 3, [_, _, _, _, _, _, _, _, a, b, c, d, ..]) => {
            (12, u32::from_le_bytes([*a, *b, *c, *d]) as usize)
        }
        (1..=3, _) => return Err(short(12)),
        _ => return Err(malformed(path, 6, "version 1, 2 or 3", version)),
    };
    let text = bytes.get(start..start.saturating_add(length)).ok_or_else(|| short(length))?;
    let text = std::str::from_utf8(text).map_err(|error| {
        malformed(path, start + error.valid_up_to(), "text in the header", "something that is not UTF-8")
    })?;
    Ok((text, start + length))
}

/// What follows `'key':` in the header.
fn value<'a>(header: &'a str, key: &str) -> Option<&'a str> {
    let quoted = [format!("'{key}'"), format!("\"{key}\"")];
    let after = quoted.iter().find_map(|key| header.split_once(key.as_str()))?.1;
    Some(after.trim_start().strip_prefix(':')?.trim_start())
}

fn element(header: &str, path: &Path) -> Result<Element> {
    let text = value(header, "descr").ok_or_else(|| malformed(path, 10, "a key 'descr'", header))?;
    let name = text.trim_start_matches(['\'', '"']).split(['\'', '"']).next().unwrap_or_default();
    let big_endian = name.starts_with('>');
    let size = match name.trim_start_matches(['<', '>', '=', '|']) {
        "f2" => 2,
        "f4" => 4,
        "f8" => 8,
        _ => {
            return Err(VectorsError::Unsupported {
                path: path.to_owned(),
                what: format!("a NumPy array of \"{name}\""),
                advice: "lexiscope reads f2, f4 and f8; convert it with array.astype(\"<f4\")".into(),
            });
        }
    };
    Ok(Element { size, big_endian })
}

fn shape(header: &str, path: &Path) -> Result<(usize, usize)> {
    let text = value(header, "shape").ok_or_else(|| malformed(path, 10, "a key 'shape'", header))?;
    let inside = text.strip_prefix('(').and_then(|text| text.split_once(')')).map(|(inside, _)| inside);
    let inside = inside.ok_or_else(|| malformed(path, 10, "a shape, such as (400000, 50)", text))?;
    let axes: Option<Vec<usize>> = inside
        .split(',')
        .map(str::trim)
        .filter(|axis| !axis.is_empty())
        .map(|axis| axis.parse().ok())
        .collect();
    match axes.as_deref() {
        Some(&[rows, dimensions]) if dimensions > 0 => Ok((rows, dimensions)),
        _ => Err(VectorsError::Unsupported {
            path: path.to_owned(),
            what: format!("a NumPy array of shape ({inside})"),
            advice: "vectors are an array of shape (words, dimensions)".into(),
        }),
    }
}

fn malformed(path: &Path, offset: usize, expected: impl Into<String>, found: impl ToString) -> VectorsError {
    VectorsError::Malformed {
        path: path.to_owned(),
        format: NAME,
        offset: offset as u64,
        expected: expected.into(),
        found: found.to_string().chars().take(120).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vectors::formats::sink::Memory;

    fn npy(version: u8, descr: &str, order: &str, shape: &str, data: &[u8]) -> Vec<u8> {
        let dictionary = format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}\n");
        let mut file = MAGIC.to_vec();
        file.extend_from_slice(&[version, 0]);
        let length = dictionary.len() as u32;
        file.extend_from_slice(&length.to_le_bytes()[..if version == 1 { 2 } else { 4 }]);
        file.extend_from_slice(dictionary.as_bytes());
        file.extend_from_slice(data);
        file
    }

    fn read(file: Vec<u8>, words: &str) -> Result<(Vocabulary, Vec<Vec<f32>>)> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("vocab.txt"), words).unwrap();
        let npy = Npy::open(&Bytes::from_vec(file), &folder.path().join("a.npy"))?;
        let (vocabulary, rows) = if npy.in_place() {
            let parts = npy.into_parts().unwrap();
            (parts.vocabulary, parts.rows)
        } else {
            let mut sink = Memory::new(npy.dimensions());
            npy.convert(&mut sink, &Progress::unobserved())?;
            sink.into_parts()
        };
        let rows = (0..rows.len()).map(|row| rows.to_vec(row)).collect();
        Ok((vocabulary, rows))
    }

    #[test]
    fn every_version_type_and_order_gives_the_same_rows() {
        let rows = vec![vec![1.0_f32, -2.5, 0.125], vec![4.0, 5.0, -6.0]];
        let f4: Vec<u8> = rows.iter().flatten().flat_map(|value| value.to_le_bytes()).collect();
        let big: Vec<u8> = rows.iter().flatten().flat_map(|value| value.to_be_bytes()).collect();
        let f8: Vec<u8> = rows.iter().flatten().flat_map(|value| f64::from(*value).to_le_bytes()).collect();
        let f2: Vec<u8> = [0x3c00_u16, 0xc100, 0x3000, 0x4400, 0x4500, 0xc600]
            .iter()
            .flat_map(|bits| bits.to_le_bytes())
            .collect();
        let columns = [1.0_f32, 4.0, -2.5, 5.0, 0.125, -6.0];
        let fortran: Vec<u8> = columns.iter().flat_map(|value| value.to_le_bytes()).collect();
        for file in [
            npy(1, "<f4", "False", "(2, 3)", &f4),
            npy(2, "<f4", "False", "(2, 3)", &f4),
            npy(3, "<f4", "False", "(2,3)", &f4),
            npy(1, ">f4", "False", "(2, 3)", &big),
            npy(1, "<f8", "False", "(2, 3)", &f8),
            npy(1, "<f2", "False", "(2, 3)", &f2),
            npy(1, "<f4", "True", "(2, 3)", &fortran),
        ] {
            let (vocabulary, found) = read(file, "the\nof").unwrap();
            assert_eq!(found, rows);
            assert_eq!(vocabulary.row("of"), Some(1));
        }
    }

    #[test]
    fn half_precision_covers_its_range() {
        let found = [0x0001_u16, 0x03ff, 0x7bff, 0x7c00, 0xfc00].map(half_to_f32);
        assert_eq!(found, [5.960_464_5e-8, 6.097_555e-5, 65504.0, f32::INFINITY, f32::NEG_INFINITY]);
        assert!(half_to_f32(0x7e00).is_nan());
    }

    #[test]
    fn counts_after_the_words_are_not_part_of_them() {
        let (vocabulary, _) = read(npy(1, "<f4", "False", "(2, 1)", &[0; 8]), "the 100\r\nof 7\r\n").unwrap();
        assert_eq!(vocabulary.iter().collect::<Vec<_>>(), [b"the".as_slice(), b"of"]);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let file = |shape: &str| npy(1, "<f4", "False", shape, &[0; 24]);
        assert!(read(file("(2, 3)"), "the\nof\nand").unwrap_err().to_string().contains("has 3 words"));
        assert!(read(file("(18446744073709551615, 4)"), "the").is_err());
        assert!(read(file("(4611686018427387904, 4)"), "the").is_err());
        assert!(read(file("(6,)"), "the").unwrap_err().to_string().contains("shape (6,)"));
        assert!(read(file("(0, 4611686018427387904)"), "").unwrap_err().to_string().contains("no rows"));
        assert!(read(npy(1, "<i8", "False", "(1, 3)", &[0; 24]), "the").is_err());
        let whole = file("(2, 3)");
        for length in 6..whole.len() {
            assert!(read(whole[..length].to_vec(), "the\nof").is_err(), "{length}");
        }
    }
}
