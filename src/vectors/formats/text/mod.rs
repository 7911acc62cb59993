//! word2vec text, fastText .vec and GloVe text, and tables that people make of them.
//!
//! A row is a line: the word, a blank, and the numbers with a blank between each. In what the tools
//! write, lines end at 0x0A and fields at 0x20 and at nothing else: words hold U+0085, U+00A0 and
//! tabs, and some of GloVe 840B hold blanks. So the last `dimensions` fields are the numbers, and all
//! before them is the word. Tables with tabs, commas, brackets and so on are read where the first
//! lines show it, see [`dialect`]. Lines that do not fit are counted, with their places, and left out.

pub mod dialect;
mod line;
pub mod number;
mod shape;

use std::fmt::Write;
use std::io::{BufRead, Read};
use std::path::Path;

use rayon::prelude::*;
pub use shape::{NotVectors, Shape, learn};

use self::dialect::Dialect;
use super::format::{Format, Head, Source, Writer};
use super::kept::Kept;
use super::parts::{Flaws, OddRow, Parts};
use super::selection::{Row, Selection};
use super::sink::Sink;
use crate::progress::Progress;
use crate::vectors::error::{Result, VectorsError};

/// Bytes that are parsed by one task.
const CHUNK: usize = 1 << 20;

/// Chunks that are parsed between two visits to the sink.
const BATCH: usize = 16;

/// No sane line is longer than this.
const LONGEST_LINE: usize = 1 << 28;

/// word2vec text, for the list of formats.
pub const WORD2VEC: Format = Format {
    name: "word2vec text",
    id: "word2vec-text",
    about: "word2vec text, with a header line",
    endings: &["vec"],
    detect: |head| learned(head).is_some_and(|shape| shape.announced.is_some()),
    reads_packed: true,
    read,
    write: Some(Writer { objection, write: |selection| write(selection, true), remark: None, int8: None }),
};

/// GloVe text, for the list of formats.
pub const GLOVE: Format = Format {
    name: "GloVe text",
    id: "glove",
    about: "GloVe text, without a header line",
    endings: &["txt"],
    detect: |head| learned(head).is_some_and(|shape| shape.announced.is_none()),
    reads_packed: true,
    read,
    write: Some(Writer { objection, write: |selection| write(selection, false), remark: None, int8: None }),
};

impl Shape {
    /// word2vec text with a header line, GloVe text without.
    fn format(&self) -> &'static str {
        if self.announced.is_some() { WORD2VEC.name } else { GLOVE.name }
    }
}

fn learned(head: &Head) -> Option<Shape> {
    learn(head.bytes, head.whole).ok()
}

fn read(source: &Source, progress: &Progress) -> Result<Parts> {
    let decoded = if source.is_plain() { None } else { Some(source.head(Head::LENGTH)?) };
    let head = Head::of(decoded.as_deref().unwrap_or(source.bytes), source.path);
    let Ok(shape) = learn(head.bytes, head.whole) else {
        return Err(VectorsError::unsupported(source.path, "no vectors as text", "open it again"));
    };
    let kept = Kept { path: source.path, purpose: &source.purpose() };
    let parts = kept.through_cache(shape.format(), shape.dimensions, &mut |sink| {
        if source.is_plain() {
            return parse_bytes(source.bytes, shape, sink, progress);
        }
        progress.start(source.bytes.len() as u64);
        parse_stream(&mut source.reader(progress), source.path, shape, sink, progress)
    })?;
    if parts.rows.is_empty() && shape.announced != Some(0) {
        let what = format!("no line holds a word and {} numbers", shape.dimensions);
        return Err(VectorsError::unsupported(source.path, what, "check that the file is whole"));
    }
    Ok(parts)
}

/// Why text cannot hold a row so that it reads back.
fn objection(row: &Row) -> Option<&'static str> {
    let has = |byte: u8| row.word.contains(&byte);
    if has(b'\n') {
        Some("text files cannot hold a word with a line break")
    } else if has(b' ') || has(b'\t') {
        Some("blanks and tabs end a word in text files, so that this word would not be read back")
    } else if row.word.starts_with(b"\xef\xbb\xbf") {
        Some("a byte order mark at the beginning of a word would not be read back from text files")
    } else {
        None
    }
}

fn write(selection: &Selection, header: bool) -> Result<u64> {
    let mut file = selection.create(selection.path)?;
    if header {
        let header = format!("{} {}\n", selection.rows.len(), selection.vectors.dimensions());
        file.write(header.as_bytes())?;
    }
    selection.encoded(&mut file, |word, numbers, out| {
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

/// What a person is told of text that holds no vectors, and what to do.
pub fn refusal(reason: NotVectors, head: &[u8]) -> (String, String) {
    let (what, advice) = match reason {
        NotVectors::Classes => (
            "each line holds a word and one whole number: word counts, or the classes of word2vec -classes"
                .to_owned(),
            "give the vectors themselves (word2vec writes them without -classes)",
        ),
        NotVectors::NoWords => (
            "its lines hold numbers only, without a word before them".to_owned(),
            "put the words, one a line, into metadata.tsv beside it, or save the numbers as .npy with a \
             word list",
        ),
        NotVectors::BothModels => (
            "its rows have twice as many numbers as its header says, and two more: GloVe's -model 0, with \
             word vectors, context vectors and biases"
                .to_owned(),
            "write it with -model 2 (the sum of both) or -model 1 (word vectors)",
        ),
        NotVectors::Binary => (
            "an unknown binary format".to_owned(),
            "lexiscope reads word2vec, GloVe, fastText, finalfusion, NumPy and its own safetensors",
        ),
        NotVectors::Words if matches!(head.trim_ascii_start().first(), Some(b'{' | b'[')) => (
            "it looks like JSON".to_owned(),
            "write the vectors as text, one word and its numbers a line, or as .npy with a word list",
        ),
        NotVectors::Words => (
            format!("{}: a list of words or running text, not vectors", unnumbered(head)),
            "give a file with a word and its numbers on each line, or a binary vector file",
        ),
    };
    (what, advice.to_owned())
}

/// Where the first lines of text should have numbers and have none.
fn unnumbered(head: &[u8]) -> String {
    let line =
        head.split(|&byte| byte == b'\n').enumerate().skip(1).find(|(_, line)| !line.trim_ascii().is_empty());
    let last = line.and_then(|(index, line)| {
        let mut fields = line.trim_ascii().split(u8::is_ascii_whitespace);
        Some((index + 1, fields.rfind(|field| !field.is_empty())?))
    });
    match last {
        Some((line, field)) => {
            let shown: String = String::from_utf8_lossy(field).chars().take(40).collect();
            format!("its lines do not end in numbers (line {line} ends in \"{}\")", shown.escape_debug())
        }
        None => "its lines do not end in numbers".to_owned(),
    }
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
        let end = line_end(bytes, at.saturating_add(BATCH * CHUNK), shape.dialect);
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
    let action = "decompress";
    let mut parser = Parser::new(shape, sink);
    let mut buffer = Vec::new();
    let mut offset = 0;
    let mut start = shape.start;
    loop {
        progress.check()?;
        let kept = buffer.len();
        let wanted = (BATCH * CHUNK) as u64;
        let read = reader.take(wanted).read_to_end(&mut buffer).map_err(VectorsError::io(action, path))?;
        let last = (read as u64) < wanted;
        let end = match buffer[kept..].iter().rposition(|&byte| byte == shape.dialect.line_end) {
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
fn line_end(bytes: &[u8], at: usize, dialect: Dialect) -> usize {
    let Some(mut rest) = bytes.get(at..) else { return bytes.len() };
    // Reading from a slice cannot fail; this is the standard library's fast search for one byte.
    at + rest.skip_until(dialect.line_end).unwrap_or_default()
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
        let shape = self.shape;
        let chunks = split(lines, offset, shape.dialect);
        let before = std::mem::take(&mut self.parsed);
        let (parsed, stored) = rayon::join(
            || chunks.into_par_iter().map(|(chunk, at)| parse_chunk(chunk, at, shape)).collect(),
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
        if let Some(wrong) = self.shape.wrong_dimensions {
            let right = self.shape.dimensions;
            let remark = format!("the header announces {wrong} numbers a row, the rows have {right}");
            self.flaws.remarks.push(remark);
        }
        if self.shape.names_columns {
            self.flaws.remarks.push("the first line names the columns and is no row".into());
        }
        Ok(self.flaws)
    }
}

/// Cuts `lines` into chunks that end where a line does, each with its byte offset in the file.
fn split(lines: &[u8], offset: u64, dialect: Dialect) -> Vec<(&[u8], u64)> {
    let mut chunks = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let end = line_end(lines, at.saturating_add(CHUNK), dialect);
        chunks.push((&lines[at..end], offset + at as u64));
        at = end;
    }
    chunks
}

fn parse_chunk(lines: &[u8], offset: u64, shape: Shape) -> Chunk {
    let Shape { dimensions, dialect, .. } = shape;
    let mut chunk = Chunk::default();
    let mut at = 0;
    while at < lines.len() {
        let end = line_end(lines, at, dialect);
        let line = dialect.strip(&lines[at..end]);
        let byte = offset + at as u64;
        at = end;
        if line.is_empty() {
            continue;
        }
        match line::parse(line, dialect, dimensions, &mut chunk.values) {
            Ok(word) => {
                let row = &chunk.values[chunk.values.len() - dimensions..];
                let zero = row.iter().all(|&value| value == 0.0);
                if zero || row.iter().any(|value| !value.is_finite()) || std::str::from_utf8(&word).is_err() {
                    chunk.odd.push((chunk.word_ends.len(), byte));
                }
                chunk.words.extend_from_slice(&word);
                chunk.word_ends.push(chunk.words.len());
            }
            Err(reason) => chunk.flaws.skip(byte, reason),
        }
    }
    chunk
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
