//! What the first lines of a text file say about the rest.

use super::number;
use crate::vectors::formats::Format;

/// Lines that are looked at.
const SAMPLE_LINES: usize = 1000;

/// How a text file of vectors is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Numbers in a row.
    pub dimensions: usize,
    /// Rows that the header line announces; `None` without a header line.
    pub announced: Option<u64>,
    /// Byte offset of the first row.
    pub start: usize,
}

impl Shape {
    /// word2vec text with a header line, GloVe text without.
    pub fn format(&self) -> Format {
        if self.announced.is_some() { Format::Word2vecText } else { Format::GloveText }
    }
}

/// Why a file does not hold vectors as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotVectors {
    /// Lines without numbers at their end.
    Words,
    /// A word and a whole number a line: word2vec `-classes` output, or word counts.
    Classes,
    /// Tabs where spaces should be.
    Tabs,
    /// Bytes that are not text.
    Binary,
}

/// One line: its number of fields, and how many of the last fields are numbers.
struct Line {
    fields: usize,
    numbers: usize,
}

/// Learns the shape from `head`, the beginning of a file, or the `whole` of it.
///
/// The dimension is the most frequent number of trailing numeric fields (at least one field is left
/// for the word), so neither words with spaces in them nor broken rows mislead it. A header line is
/// two whole numbers, the second being that dimension.
pub fn learn(head: &[u8], whole: bool) -> Result<Shape, NotVectors> {
    let end = if whole {
        head.len()
    } else {
        head.iter().rposition(|&b| b == b'\n').map_or(head.len(), |at| at + 1)
    };
    let mut lines = head[..end].split_inclusive(|&byte| byte == b'\n').take(SAMPLE_LINES);
    let first = lines.next().unwrap_or_default();
    let header = header_fields(super::strip(first));
    let rest: Vec<Line> =
        lines.map(|line| examine(super::strip(line))).filter(|line| line.fields > 0).collect();

    if let Some((announced, dimensions)) = header {
        let fits = |line: &Line| line.numbers >= dimensions && line.fields > dimensions;
        // Of vectors of one number, every line may look like a header: then the count must be right.
        let certain = dimensions > 1 || !whole || rest.len() as u64 == announced;
        let believable = if rest.is_empty() { announced == 0 && whole } else { rest.iter().any(fits) };
        if dimensions > 0
            && certain
            && believable
            && most_frequent(&rest).is_none_or(|mode| mode >= dimensions)
        {
            return Ok(Shape { dimensions, announced: Some(announced), start: first.len() });
        }
    }
    let mut all = rest;
    all.push(examine(super::strip(first)));
    match most_frequent(&all) {
        Some(1) if all_whole_numbers(&head[..end]) => Err(NotVectors::Classes),
        Some(dimensions) => Ok(Shape { dimensions, announced: None, start: 0 }),
        None => Err(reason(&head[..end])),
    }
}

/// The most frequent number of trailing numbers, the smaller of two equally frequent ones; `None`
/// when most lines have none.
fn most_frequent(lines: &[Line]) -> Option<usize> {
    let mut runs: Vec<usize> =
        lines.iter().map(|line| line.numbers.min(line.fields.saturating_sub(1))).collect();
    runs.sort_unstable();
    let mut best = (0, 0);
    for group in runs.chunk_by(|a, b| a == b) {
        if group.len() > best.0 {
            best = (group.len(), group[0]);
        }
    }
    (best.1 > 0).then_some(best.1)
}

fn examine(line: &[u8]) -> Line {
    if line.is_empty() {
        return Line { fields: 0, numbers: 0 };
    }
    let fields = line.split(|&byte| byte == b' ');
    let numbers = fields.clone().rev().take_while(|field| number::parse(field).is_some()).count();
    Line { fields: fields.count(), numbers }
}

/// Two whole numbers: how many rows, and how many numbers in each.
fn header_fields(line: &[u8]) -> Option<(u64, usize)> {
    let mut fields = line.split(|&byte| byte == b' ');
    let (rows, dimensions) = (digits(fields.next()?)?, digits(fields.next()?)?);
    if fields.next().is_some() {
        return None;
    }
    Some((rows.parse().ok()?, dimensions.parse().ok()?))
}

fn digits(field: &[u8]) -> Option<&str> {
    let whole = !field.is_empty() && field.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(field).ok().filter(|_| whole)
}

fn all_whole_numbers(head: &[u8]) -> bool {
    head.split(|&byte| byte == b'\n')
        .take(SAMPLE_LINES)
        .map(super::strip)
        .filter(|line| !line.is_empty())
        .all(|line| {
            line.rsplit(|&byte| byte == b' ').next().is_some_and(|last| last.iter().all(u8::is_ascii_digit))
        })
}

fn reason(head: &[u8]) -> NotVectors {
    let sample = &head[..head.len().min(4096)];
    let control = sample.iter().filter(|&&byte| byte < 9 || (14..32).contains(&byte)).count();
    let tabbed = |line: &[u8]| {
        line.split(|&b| b == b'\t' || b == b' ')
            .skip(1)
            .filter(|field| number::parse(field).is_some())
            .count()
            > 2
    };
    if control * 50 > sample.len() {
        NotVectors::Binary
    } else if sample.contains(&b'\t') && sample.split(|&b| b == b'\n').take(3).any(tabbed) {
        NotVectors::Tabs
    } else {
        NotVectors::Words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(dimensions: usize, announced: Option<u64>, start: usize) -> Result<Shape, NotVectors> {
        Ok(Shape { dimensions, announced, start })
    }

    #[test]
    fn headers_are_told_from_rows() {
        assert_eq!(learn(b"2 3\na 1 2 3\nb 4 5 6\n", true), shape(3, Some(2), 4));
        assert_eq!(learn(b"a 1 2 3\nb 4 5 6\n", true), shape(3, None, 0));
        assert_eq!(learn(b"2 1\na 0.5\nb 0.25\n", true), shape(1, Some(2), 4));
        assert_eq!(learn(b"7 0.5\n8 0.25\n", true), shape(1, None, 0));
        // The first line is the row of the word "7", not a header of 7 rows.
        assert_eq!(learn(b"7 1\na 0.5\nb 0.25\n", true), shape(1, None, 0));
        assert_eq!(learn(b"0 5\n", true), shape(5, Some(0), 4));
    }

    #[test]
    fn words_with_spaces_and_broken_rows_do_not_mislead() {
        assert_eq!(learn(b". . . 1 2 3\nb 4 5 6\nat name@domain.com 1 2 3\n", true), shape(3, None, 0));
        assert_eq!(learn(b"a 1 2\nb 4 5 6\nc 4 5 6\nd 7 8 9\n", true), shape(3, None, 0));
        assert_eq!(learn(b"1 1 2 3\n2 4 5 6\n", true), shape(3, None, 0));
    }

    #[test]
    fn other_files_are_named() {
        assert_eq!(learn(b"the\nof\nand\n", true), Err(NotVectors::Words));
        assert_eq!(learn(b"the 3\nof 17\n", true), Err(NotVectors::Classes));
        assert_eq!(learn(b"the\t1\t2\t3\nof\t1\t2\t3\n", true), Err(NotVectors::Tabs));
        assert_eq!(learn(&[0, 1, 2, 3, 4, 5, 6, 7], true), Err(NotVectors::Binary));
        assert_eq!(learn(b"", true), Err(NotVectors::Words));
    }

    #[test]
    fn a_line_that_the_sample_cuts_is_left_out() {
        assert_eq!(learn(b"a 1 2 3\nb 4", false), shape(3, None, 0));
    }
}
