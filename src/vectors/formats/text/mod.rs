//! word2vec text, fastText .vec and GloVe text.
//!
//! A row is a line: the word, a space, and the numbers with a space between each. Lines end at
//! 0x0A and fields at 0x20 and at nothing else: words hold U+0085, U+00A0 and tabs, and some of
//! GloVe 840B hold spaces. So the last `dimensions` fields are the numbers, and all before them is
//! the word. Lines that do not fit are counted, with their places, and left out.

pub mod number;
mod shape;

use std::io::{BufRead, Read};
use std::path::Path;

use rayon::prelude::*;
pub use shape::{NotVectors, Shape, learn};

use super::Flaws;
use super::sink::{OddRow, Sink};
use crate::progress::Progress;
use crate::vectors::{Result, VectorsError};

/// Bytes that are parsed by one task.
const CHUNK: usize = 1 << 20;

/// Chunks that are parsed between two visits to the sink.
const BATCH: usize = 16;

/// No sane line is longer than this.
const LONGEST_LINE: usize = 1 << 28;

/// A line without what ends it: 0x0A, one 0x0D, and spaces.
fn strip(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let mut line = line.strip_suffix(b"\r").unwrap_or(line);
    while let Some(shorter) = line.strip_suffix(b" ") {
        line = shorter;
    }
    line
}

/// What a task made of one chunk.
#[derive(Debug, Default)]
struct Chunk {
    words: Vec<u8>,
    word_ends: Vec<usize>,
    values: Vec<f32>,
    flaws: Flaws,
    odd: Vec<(usize, u64)>,
}

/// Parses the text in `bytes`, which lie in memory or are mapped, into `sink`.
///
/// Progress counts bytes.
///
/// # Errors
/// Cancelled, or what the sink says.
pub fn parse_bytes(bytes: &[u8], shape: Shape, sink: &mut dyn Sink, progress: &Progress) -> Result<Flaws> {
    progress.start(bytes.len() as u64);
    let mut parser = Parser::new(shape, sink);
    let mut at = shape.start;
    while at < bytes.len() {
        progress.check()?;
        let end = line_end(bytes, at.saturating_add(BATCH * CHUNK));
        parser.batch(&bytes[at..end], at as u64)?;
        progress.advance((end - at) as u64);
        at = end;
    }
    parser.finish()
}

/// As [`parse_bytes`], for text that comes out of a decompressor. The reader reports progress.
///
/// # Errors
/// As [`parse_bytes`], and what the reader says.
pub fn parse_stream(
    reader: &mut dyn Read,
    path: &Path,
    shape: Shape,
    sink: &mut dyn Sink,
    progress: &Progress,
) -> Result<Flaws> {
    let mut parser = Parser::new(shape, sink);
    let mut buffer = Vec::new();
    let mut offset = 0;
    let mut start = shape.start;
    loop {
        progress.check()?;
        let kept = buffer.len();
        let wanted = (BATCH * CHUNK) as u64;
        let read =
            reader.take(wanted).read_to_end(&mut buffer).map_err(VectorsError::io("decompress", path))?;
        let last = (read as u64) < wanted;
        let end = match buffer[kept..].iter().rposition(|&byte| byte == b'\n') {
            _ if last => buffer.len(),
            Some(newline) => kept + newline + 1,
            None if buffer.len() < LONGEST_LINE => continue,
            None => return Err(endless_line(path, shape, offset)),
        };
        parser.batch(buffer.get(start..end).unwrap_or_default(), offset + start as u64)?;
        start = 0;
        offset += end as u64;
        buffer.drain(..end);
        if last {
            return parser.finish();
        }
    }
}

fn endless_line(path: &Path, shape: Shape, offset: u64) -> VectorsError {
    VectorsError::Malformed {
        path: path.to_owned(),
        format: shape.format(),
        offset,
        expected: "the end of a line".into(),
        found: format!("{LONGEST_LINE} bytes without one"),
    }
}

/// The end of the line that holds byte `at`, or of the text.
fn line_end(bytes: &[u8], at: usize) -> usize {
    let Some(mut rest) = bytes.get(at..) else { return bytes.len() };
    // Reading from a slice cannot fail; this is the standard library's fast search for one byte.
    at + rest.skip_until(b'\n').unwrap_or_default()
}

/// Hands batches to the tasks, and what they made to the sink, in order.
struct Parser<'a> {
    shape: Shape,
    sink: &'a mut dyn Sink,
    parsed: Vec<Chunk>,
    flaws: Flaws,
    rows: u64,
}

impl<'a> Parser<'a> {
    fn new(shape: Shape, sink: &'a mut dyn Sink) -> Self {
        Self { shape, sink, parsed: Vec::new(), flaws: Flaws::default(), rows: 0 }
    }

    /// Parses whole lines, the first of which lies at byte `offset`, while the sink takes those
    /// of the batch before.
    fn batch(&mut self, lines: &[u8], offset: u64) -> Result<()> {
        let chunks = split(lines, offset);
        let dimensions = self.shape.dimensions;
        let before = std::mem::take(&mut self.parsed);
        let (parsed, stored) = rayon::join(
            || chunks.into_par_iter().map(|(chunk, at)| parse_chunk(chunk, at, dimensions)).collect(),
            || self.store(before),
        );
        self.parsed = parsed;
        stored
    }

    fn store(&mut self, chunks: Vec<Chunk>) -> Result<()> {
        let dimensions = self.shape.dimensions;
        for chunk in chunks {
            let mut start = 0;
            for (&end, row) in chunk.word_ends.iter().zip(chunk.values.chunks_exact(dimensions)) {
                self.sink.push(&chunk.words[start..end], row)?;
                start = end;
            }
            for (row, byte) in chunk.odd {
                self.flaws.odd_row(OddRow { row: self.rows + row as u64, byte });
            }
            self.flaws.merge(chunk.flaws);
            self.rows += chunk.word_ends.len() as u64;
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Flaws> {
        let last = std::mem::take(&mut self.parsed);
        self.store(last)?;
        if let Some(announced) = self.shape.announced.filter(|&announced| announced != self.rows) {
            let remark = format!("the header announces {announced} rows, there are {}", self.rows);
            self.flaws.remarks.push(remark);
        }
        Ok(self.flaws)
    }
}

/// Cuts `lines` into chunks that end where a line does, each with its byte offset in the file.
fn split(lines: &[u8], offset: u64) -> Vec<(&[u8], u64)> {
    let mut chunks = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let end = line_end(lines, at.saturating_add(CHUNK));
        chunks.push((&lines[at..end], offset + at as u64));
        at = end;
    }
    chunks
}

fn parse_chunk(lines: &[u8], offset: u64, dimensions: usize) -> Chunk {
    let mut chunk = Chunk::default();
    let mut at = 0;
    while at < lines.len() {
        let end = line_end(lines, at);
        let line = strip(&lines[at..end]);
        let byte = offset + at as u64;
        at = end;
        if line.is_empty() {
            continue;
        }
        match parse_line(line, dimensions, &mut chunk.values) {
            Ok(word) => {
                let row = &chunk.values[chunk.values.len() - dimensions..];
                let zero = row.iter().all(|&value| value == 0.0);
                if zero || row.iter().any(|value| !value.is_finite()) || std::str::from_utf8(word).is_err() {
                    chunk.odd.push((chunk.word_ends.len(), byte));
                }
                chunk.words.extend_from_slice(word);
                chunk.word_ends.push(chunk.words.len());
            }
            Err(reason) => chunk.flaws.skip(byte, reason),
        }
    }
    chunk
}

/// Appends the last `dimensions` fields of `line` to `values` and returns the word before them;
/// on an error `values` stays as it was.
fn parse_line<'a>(line: &'a [u8], dimensions: usize, values: &mut Vec<f32>) -> Result<&'a [u8], String> {
    let spaces = line.iter().filter(|&&byte| byte == b' ').count();
    let Some(in_word) = spaces.checked_sub(dimensions) else {
        return Err(format!("{dimensions} numbers expected, the line has {} fields", spaces + 1));
    };
    let mut word_end = 0;
    for (index, field) in line.split(|&byte| byte == b' ').take(in_word + 1).enumerate() {
        word_end += field.len() + usize::from(index > 0);
    }
    let length = values.len();
    values.reserve(dimensions);
    let mut at = word_end;
    for index in 0..dimensions {
        let rest = &line[at + 1..];
        let Some((value, size)) = number::parse_first(rest) else {
            values.truncate(length);
            let field = rest.split(|&byte| byte == b' ').next().unwrap_or_default();
            let shown: String = String::from_utf8_lossy(field).chars().take(40).collect();
            return Err(format!("number {} of {dimensions} is no number: \"{shown}\"", index + 1));
        };
        values.push(value);
        at += 1 + size;
    }
    Ok(&line[..word_end])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vectors::Rows;
    use crate::vectors::formats::sink::Memory;

    fn parse(text: &[u8]) -> (Vec<Vec<u8>>, Vec<Vec<f32>>, Flaws) {
        let shape = learn(text, true).unwrap();
        let mut sink = Memory::new(shape.dimensions);
        let flaws = parse_bytes(text, shape, &mut sink, &Progress::unobserved()).unwrap();
        let (vocabulary, rows): (_, Rows) = sink.into_parts();
        let words: Vec<Vec<u8>> = vocabulary.iter().map(<[u8]>::to_vec).collect();
        let numbers = (0..rows.len()).map(|row| rows.to_vec(row)).collect();

        let mut streamed = Memory::new(shape.dimensions);
        let mut reader = text;
        let path = Path::new("text");
        let same = parse_stream(&mut reader, path, shape, &mut streamed, &Progress::unobserved()).unwrap();
        assert_eq!(same, flaws);
        assert!(streamed.into_parts().0.iter().eq(words.iter().map(Vec::as_slice)));
        (words, numbers, flaws)
    }

    #[test]
    fn words_keep_every_byte_but_the_separator() {
        let text =
            "a\u{85}b 1 2\n\u{a0} 3 4\n. . . 5 6\nt\tt 7 8\n 9 10\n<\u{feff}> -1e-3 .5 \r\n".as_bytes();
        let (words, numbers, flaws) = parse(text);
        let expected = ["a\u{85}b", "\u{a0}", ". . .", "t\tt", "", "<\u{feff}>"];
        assert_eq!(words, expected.map(|word| word.as_bytes().to_vec()));
        assert_eq!(numbers[4..], [vec![9.0, 10.0], vec![-0.001, 0.5]]);
        assert_eq!(flaws, Flaws::default());
    }

    #[test]
    fn bad_rows_are_counted_with_their_places() {
        let (words, _, flaws) = parse(b"3 2\na 1 2\nb 1\nc 1 x\n\nd 3 4\n\xff 0 0\ne nan 1");
        assert_eq!(words, [&b"a"[..], b"d", b"\xff", b"e"].map(<[u8]>::to_vec));
        assert_eq!(flaws.skipped, 2);
        assert_eq!(flaws.first_skipped[0], (10, "2 numbers expected, the line has 2 fields".into()));
        assert_eq!(flaws.first_skipped[1], (14, "number 2 of 2 is no number: \"x\"".into()));
        assert_eq!(flaws.odd_rows, [OddRow { row: 2, byte: 27 }, OddRow { row: 3, byte: 33 }]);
        assert_eq!(flaws.remarks, ["the header announces 3 rows, there are 4"]);
    }

    #[test]
    fn chunks_do_not_show() {
        let mut text = String::new();
        let rows = 3 * CHUNK / 20;
        for row in 0..rows {
            text += &format!("word{row} {}.25 -{row}\n", row % 7);
        }
        let (words, numbers, flaws) = parse(text.as_bytes());
        assert_eq!((words.len(), flaws.skipped), (rows, 0));
        assert!((0..rows).all(|row| words[row] == format!("word{row}").as_bytes()));
        assert!((0..rows).all(|row| numbers[row] == [(row % 7) as f32 + 0.25, -(row as f32)]));
    }

    #[test]
    fn cancelling_stops_the_parse() {
        let progress = Progress::unobserved();
        progress.cancel();
        let shape = learn(b"a 1\n.5 1.5\n", true).unwrap();
        let outcome = parse_bytes(b"a 1\n", shape, &mut Memory::new(1), &progress);
        assert!(matches!(outcome, Err(VectorsError::Cancelled(_))));
    }
}
