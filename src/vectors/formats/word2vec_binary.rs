//! word2vec binary (word2vec.c, `-binary 1`), used in place.
//!
//! ```text
//! <rows> <dimensions>\n           in ASCII digits
//! <word> 0x20 <f32 LE x dimensions> [0x0A]      as often as there are rows
//! ```
//!
//! word2vec.c and finalfusion write the newline after a row, gensim and Google do not; so newlines
//! at the beginning of a record are skipped. Words may be broken UTF-8 (word2vec.c cuts at 99 bytes).

use std::path::Path;

use super::format::{Format, Head, Source, Writer};
use super::parts::{Flaws, Parts};
use super::selection::{Row, Selection};
use crate::mmap::Bytes;
use crate::progress::Progress;
use crate::vectors::error::{Result, VectorsError};
use crate::vectors::rows::Rows;
use crate::vectors::vocabulary::{Span, Vocabulary};

const NAME: &str = "word2vec binary";

/// The format, for the list of formats.
pub const FORMAT: Format = Format {
    name: NAME,
    id: "word2vec-binary",
    about: "word2vec binary",
    endings: &["bin"],
    detect,
    reads_packed: false,
    read: |source: &Source, progress| read(source.bytes, source.path, progress),
    write: Some(Writer { objection, write, remark: None, int8: None }),
};

/// Records whose numbers are looked at to tell binary from text.
const SAMPLE_RECORDS: usize = 64;

/// A header, and records behind it whose numbers do not read as text. Text with a header that can
/// be read has been recognised before.
fn detect(head: &Head) -> bool {
    let Some(header) = Header::parse(head.bytes) else { return false };
    let records = &head.bytes[header.start..];
    let row_size = usize::try_from(header.dimensions).ok().and_then(|count| count.checked_mul(4));
    let numbers = row_size.map(|size| sample_of_numbers(records, size)).filter(|numbers| !numbers.is_empty());
    let sample = numbers.unwrap_or_else(|| records[..records.len().min(4096)].to_vec());
    let readable = sample.iter().filter(|&&byte| (b' '..=b'~').contains(&byte) || byte.is_ascii_whitespace());
    // Of random bytes 4 in 10 would be readable; of a handful, by chance, nearly all.
    let share = if sample.len() < 64 { 20 } else { 17 };
    sample.is_empty() || readable.count() * 20 < sample.len() * share
}

/// The bytes of the numbers of the first records.
fn sample_of_numbers(records: &[u8], row_size: usize) -> Vec<u8> {
    let mut numbers = Vec::new();
    let mut rest = records;
    for _ in 0..SAMPLE_RECORDS {
        let Some(blank) = rest.iter().take(LONGEST_WORD).position(|&byte| byte == b' ') else { break };
        let Some(row) = rest.get(blank + 1..(blank + 1).saturating_add(row_size)) else { break };
        numbers.extend_from_slice(row);
        rest = &rest[blank + 1 + row_size..];
    }
    numbers
}

fn objection(row: &Row) -> Option<&'static str> {
    if row.word.contains(&b' ') {
        Some("word2vec files cannot hold a word with a space")
    } else if row.word.contains(&b'\n') {
        Some("word2vec files cannot hold a word with a newline")
    } else {
        None
    }
}

/// Writes a newline after each row, as word2vec.c does.
fn write(selection: &Selection) -> Result<u64> {
    let mut file = selection.create(selection.path)?;
    let header = format!("{} {}\n", selection.rows.len(), selection.vectors.dimensions());
    file.write(header.as_bytes())?;
    selection.encoded(&mut file, |word, numbers, out| {
        out.extend_from_slice(word);
        out.push(b' ');
        out.extend_from_slice(bytemuck::cast_slice(numbers));
        out.push(b'\n');
    })?;
    Ok(file.commit()?)
}

/// No word is longer; word2vec.c itself cuts at 99 bytes.
pub const LONGEST_WORD: usize = 1 << 20;

/// Records between two looks at the wish to stop.
const CHUNK: usize = 65_536;

/// The header line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Rows that it announces.
    pub rows: u64,
    /// Numbers in a row that it announces.
    pub dimensions: u64,
    /// Byte offset of the first record.
    pub start: usize,
}

impl Header {
    /// Reads two whole numbers and the white space after each; `None` when the file begins otherwise.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let (rows, after) = whole_number(bytes, 0)?;
        let spaces = bytes[after..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let (dimensions, end) = whole_number(bytes, after + spaces)?;
        let ended = bytes.get(end).is_none_or(u8::is_ascii_whitespace);
        (spaces > 0 && ended).then(|| Self { rows, dimensions, start: (end + 1).min(bytes.len()) })
    }
}

fn whole_number(bytes: &[u8], start: usize) -> Option<(u64, usize)> {
    let digits = bytes.get(start..)?.iter().take(20).take_while(|byte| byte.is_ascii_digit()).count();
    let text = std::str::from_utf8(&bytes[start..start + digits]).ok()?;
    Some((text.parse().ok()?, start + digits))
}

/// Reads a word2vec binary file: walks over its records once and uses them where they are.
///
/// Progress counts bytes.
///
/// # Errors
/// [`VectorsError::Malformed`] for a header that the file's size contradicts, and for a file that
/// is cut short, with the number of the record; cancelled.
pub fn read(bytes: &Bytes, path: &Path, progress: &Progress) -> Result<Parts> {
    let Some(header) = Header::parse(bytes) else {
        return Err(malformed(path, 0, "\"<rows> <dimensions>\" as the first line", "something else"));
    };
    let dimensions = usize::try_from(header.dimensions).ok().filter(|&count| count > 0);
    let row_size = dimensions.and_then(|count| count.checked_mul(4)).filter(|&size| size <= bytes.len());
    let (Some(dimensions), Some(row_size)) = (dimensions, row_size) else {
        let expected = format!("rows that fit into a file of {} bytes", bytes.len());
        let found = format!("{} rows of {} numbers announced", header.rows, header.dimensions);
        return Err(malformed(path, 0, &expected, &found));
    };
    let mut walk = Walk { bytes, path, row_size, announced: header.rows, at: header.start };
    progress.start(bytes.len() as u64);
    let possible = (bytes.len() - header.start) / (row_size + 1);
    let capacity = usize::try_from(header.rows).unwrap_or(usize::MAX).min(possible);
    let (mut spans, mut offsets) = (Vec::with_capacity(capacity), Vec::with_capacity(capacity));
    let mut reported = 0;
    for row in 0..header.rows {
        if row % CHUNK as u64 == 0 {
            progress.check()?;
            progress.advance((walk.at - reported) as u64);
            reported = walk.at;
        }
        let (span, offset) = walk.record(row)?;
        spans.push(span);
        offsets.push(offset);
    }
    let mut flaws = Flaws::default();
    let trailing = bytes[walk.at..].iter().filter(|byte| !byte.is_ascii_whitespace()).take(1).count();
    if trailing > 0 {
        let count = bytes.len() - walk.at;
        flaws.remarks.push(format!("{count} bytes follow the last row, from byte {} on", walk.at));
    }
    let vocabulary = Vocabulary::new(bytes.clone(), spans);
    let rows = Rows::Scattered { bytes: bytes.clone(), offsets, dimensions };
    Ok(Parts { format: NAME.into(), vocabulary, rows, subwords: None, flaws })
}

struct Walk<'a> {
    bytes: &'a [u8],
    path: &'a Path,
    row_size: usize,
    announced: u64,
    at: usize,
}

impl Walk<'_> {
    /// The word of the next record and the offset of its numbers.
    fn record(&mut self, row: u64) -> Result<(Span, u64)> {
        let start = self.at + self.bytes[self.at..].iter().take_while(|&&byte| byte == b'\n').count();
        let rest = &self.bytes[start..];
        let reach = &rest[..rest.len().min(LONGEST_WORD)];
        let Some(length) = reach.iter().position(|&byte| byte == b' ') else {
            return Err(self.cut_short(row, start, "a word and a space", reach.len() == LONGEST_WORD));
        };
        let numbers = start + length + 1;
        if self.bytes.len() - numbers < self.row_size {
            let what = format!("{} numbers", self.row_size / 4);
            return Err(self.cut_short(row, numbers, &what, false));
        }
        self.at = numbers + self.row_size;
        Ok((Span { start: start as u64, length: length as u32 }, numbers as u64))
    }

    fn cut_short(&self, row: u64, offset: usize, what: &str, endless: bool) -> VectorsError {
        let expected = format!("{what} for record {} of {}", row + 1, self.announced);
        let found = if endless {
            format!("{LONGEST_WORD} bytes without a space")
        } else {
            "the end of the file: it is cut short, fetch it again".into()
        };
        malformed(self.path, offset, &expected, &found)
    }
}

fn malformed(path: &Path, offset: usize, expected: &str, found: &str) -> VectorsError {
    VectorsError::Malformed {
        path: path.to_owned(),
        format: NAME,
        offset: offset as u64,
        expected: expected.into(),
        found: found.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(newline: bool) -> Vec<u8> {
        let mut file = b"2 2\n".to_vec();
        for (word, row) in [(&b"caf\xc3"[..], [1.0_f32, 2.0]), (b"</s>", [3.0, 4.0])] {
            file.extend_from_slice(word);
            file.push(b' ');
            file.extend_from_slice(bytemuck::cast_slice(&row));
            if newline {
                file.push(b'\n');
            }
        }
        file
    }

    fn read_vec(bytes: Vec<u8>) -> Result<Parts> {
        read(&Bytes::from_vec(bytes), Path::new("a.bin"), &Progress::unobserved())
    }

    #[test]
    fn the_newline_after_a_row_is_optional() {
        for newline in [true, false] {
            let parts = read_vec(file(newline)).unwrap();
            assert_eq!(parts.vocabulary.word(0), b"caf\xc3");
            assert_eq!(parts.vocabulary.row("</s>"), Some(1));
            assert_eq!(parts.rows.to_vec(0), [1.0, 2.0]);
            assert_eq!(parts.rows.to_vec(1), [3.0, 4.0]);
            assert_eq!(parts.flaws, Flaws::default());
        }
    }

    #[test]
    fn a_cut_is_reported_with_its_record() {
        let whole = file(false);
        for length in 0..whole.len() {
            let error = read_vec(whole[..length].to_vec()).unwrap_err().to_string();
            if length >= 4 + 5 + 8 {
                assert!(error.contains("record 2 of 2"), "{length}: {error}");
            } else if length >= 8 {
                assert!(error.contains("record 1 of 2"), "{length}: {error}");
            }
        }
    }

    #[test]
    fn absurd_headers_allocate_nothing() {
        for header in
            ["18446744073709551615 4\n", "1 4611686018427387904\n", "9 18446744073709551615\n", "5 0\n"]
        {
            let mut bytes = header.as_bytes().to_vec();
            bytes.extend_from_slice(&file(true)[4..]);
            assert!(matches!(read_vec(bytes), Err(VectorsError::Malformed { .. })), "{header}");
        }
    }

    #[test]
    fn trailing_bytes_are_a_remark() {
        let mut bytes = file(true);
        bytes.extend_from_slice(b"more");
        let parts = read_vec(bytes).unwrap();
        assert_eq!(parts.flaws.remarks.len(), 1);
    }
}
