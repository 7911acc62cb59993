//! What the first lines of a text file say about the rest.

use super::dialect::{Dialect, Separator};
use super::line::Line;

/// Lines that are looked at.
const SAMPLE_LINES: usize = 1000;

/// Lines from which the dialect is chosen.
const DIALECT_LINES: usize = 64;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// How a text file of vectors is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Numbers in a row.
    pub dimensions: usize,
    /// Rows that the header line announces; `None` without a header line.
    pub announced: Option<u64>,
    /// Numbers in a row that the header line announces, where it is wrong.
    pub wrong_dimensions: Option<usize>,
    /// Whether the first line names the columns.
    pub names_columns: bool,
    /// Byte offset of the first row.
    pub start: usize,
    /// How the rows are written.
    pub dialect: Dialect,
}

/// Why a file does not hold vectors as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotVectors {
    /// Lines without numbers at their end.
    Words,
    /// A word and a whole number a line: word2vec `-classes` output, or word counts.
    Classes,
    /// Numbers without a word before them.
    NoWords,
    /// GloVe's `-model 0`: word vector and bias, context vector and bias.
    BothModels,
    /// Bytes that are not text.
    Binary,
}

/// Learns the shape from `head`, the beginning of a file, or the `whole` of it.
///
/// The dialect is the one under which most lines end in most numbers. The dimension is the most
/// frequent number of numbers at the end of a line (at least one field is left for the word), so
/// that neither words with blanks in them nor broken rows mislead it. A header line is two whole
/// numbers; where the rows have another dimension than it says, the rows are right.
pub fn learn(head: &[u8], whole: bool) -> Result<Shape, NotVectors> {
    let mark = if head.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
    let head = &head[mark..];
    let line_end = if head.contains(&b'\n') || !head.contains(&b'\r') { b'\n' } else { b'\r' };
    let end = match head.iter().rposition(|&byte| byte == line_end) {
        Some(last) if !whole => last + 1,
        _ => head.len(),
    };
    let mut lines = head[..end].split_inclusive(|&byte| byte == line_end);
    let first = lines.next().unwrap_or_default();
    let rest: Vec<&[u8]> = lines.take(SAMPLE_LINES).collect();
    let dialect =
        choose_dialect(if rest.is_empty() { std::slice::from_ref(&first) } else { &rest }, line_end);
    let examined = |lines: &[&'_ [u8]]| -> Vec<(usize, bool)> {
        let stripped = lines.iter().map(|line| dialect.strip(line)).filter(|line| !line.is_empty());
        stripped
            .map(|line| {
                let line = Line::examine(line, dialect);
                (line.numbers, line.lacks_a_word(dialect))
            })
            .collect()
    };
    let rows = examined(&rest);
    let after_first = mark + first.len();
    let shape = Shape {
        dimensions: 0,
        announced: None,
        wrong_dimensions: None,
        names_columns: false,
        start: mark,
        dialect,
    };

    if let Some((announced, dimensions)) = header(first)
        && dimensions > 0
        // Of vectors of one number, every line may look like a header: then the count must be right.
        && (dimensions > 1 || !whole || rows.len() as u64 == announced)
    {
        let shape = Shape { announced: Some(announced), start: after_first, ..shape };
        match most_frequent(&rows) {
            None if rows.is_empty() && announced == 0 && whole => return Ok(Shape { dimensions, ..shape }),
            None => {}
            Some(found) if found + 1 == dimensions && all_numeric(&rest, dialect) => {
                return Err(NotVectors::NoWords);
            }
            Some(found) if found == 2 * (dimensions + 1) => return Err(NotVectors::BothModels),
            Some(found) => {
                let wrong_dimensions = (found != dimensions).then_some(dimensions);
                return Ok(Shape { dimensions: found, wrong_dimensions, ..shape });
            }
        }
    }
    let mut all = examined(std::slice::from_ref(&first));
    let names_columns = !dialect.is_plain()
        && !rows.is_empty()
        && (all.iter().all(|(numbers, _)| *numbers == 0) || counts_columns(first, dialect));
    all.extend_from_slice(&rows);
    if all.iter().filter(|(_, lacks_a_word)| *lacks_a_word).count() * 2 > all.len() {
        return Err(NotVectors::NoWords);
    }
    match most_frequent(&all) {
        Some(1) if all_whole_numbers(&head[..end], dialect) => Err(NotVectors::Classes),
        Some(dimensions) => {
            let start = if names_columns { after_first } else { mark };
            Ok(Shape { dimensions, names_columns, start, ..shape })
        }
        None => Err(if is_text(head) { NotVectors::Words } else { NotVectors::Binary }),
    }
}

/// Whether the beginning of a file has no more control characters than text has.
fn is_text(head: &[u8]) -> bool {
    let sample = &head[..head.len().min(4096)];
    let control = sample.iter().filter(|&&byte| byte < 9 || (14..32).contains(&byte)).count();
    control * 50 <= sample.len()
}

/// The dialect under which the lines hold most numbers.
fn choose_dialect(lines: &[&[u8]], line_end: u8) -> Dialect {
    let mut lines = lines.iter().filter(|line| !line.trim_ascii().is_empty());
    let lines: Vec<&[u8]> = lines.by_ref().take(DIALECT_LINES).copied().collect();
    let bracketed = lines.iter().filter(|line| line.iter().any(|byte| matches!(byte, b'[' | b'('))).count();
    let mut best = (0, Dialect { line_end, ..Dialect::PLAIN });
    for dialect in Dialect::all(line_end) {
        if dialect.separator == Separator::Brackets && bracketed * 2 <= lines.len() {
            continue;
        }
        let numbers: Vec<(usize, bool)> =
            lines.iter().map(|line| (Line::examine(dialect.strip(line), dialect).numbers, false)).collect();
        let mode = most_frequent(&numbers).unwrap_or(0);
        let simple = |line: &&&[u8]| {
            let before = Line::examine(dialect.strip(line), dialect).before;
            !before.iter().any(|byte| matches!(byte, b' ' | b'\t' | b',' | b';'))
        };
        let score = mode * numbers.iter().filter(|(count, _)| *count >= mode).count();
        if score > best.0 {
            best = (score, dialect);
        }
        if dialect.is_plain() && mode > 1 && lines.iter().filter(simple).count() * 4 > lines.len() * 3 {
            break;
        }
    }
    let dialect = best.1;
    // Lines that begin with a blank, or words that end in one: blanks are there to align.
    let padded = lines.iter().filter(|line| {
        let before = Line::examine(dialect.strip(line), dialect).before;
        before.first().is_some_and(|&byte| matches!(byte, b' ' | b'\t'))
            || before.last().is_some_and(|&byte| matches!(byte, b' ' | b'\t'))
    });
    if dialect.separator == Separator::Blank && padded.count() * 2 > lines.len() {
        return Dialect { separator: Separator::White, ..dialect };
    }
    dialect
}

/// The most frequent number of numbers, the smaller of two equally frequent ones; `None` when most
/// lines have none.
fn most_frequent(lines: &[(usize, bool)]) -> Option<usize> {
    let mut counts: Vec<usize> = lines.iter().map(|(numbers, _)| *numbers).collect();
    counts.sort_unstable();
    let mut best = (0, 0);
    for group in counts.chunk_by(|a, b| a == b) {
        if group.len() > best.0 {
            best = (group.len(), group[0]);
        }
    }
    (best.1 > 0).then_some(best.1)
}

/// Two whole numbers: how many rows, and how many numbers in each.
fn header(line: &[u8]) -> Option<(u64, usize)> {
    let text = std::str::from_utf8(line.trim_ascii()).ok()?;
    let mut fields = text.split([' ', '\t']).filter(|field| !field.is_empty());
    let (rows, dimensions) = (fields.next()?, fields.next()?);
    let whole = |field: &str| field.bytes().all(|byte| byte.is_ascii_digit());
    if fields.next().is_some() || !whole(rows) || !whole(dimensions) {
        return None;
    }
    Some((rows.parse().ok()?, dimensions.parse().ok()?))
}

/// Whether a line is `,0,1,2`: what pandas writes above a table without names.
fn counts_columns(line: &[u8], dialect: Dialect) -> bool {
    let fields: Vec<&[u8]> = dialect.strip(line).split(|byte| matches!(byte, b',' | b';' | b'\t')).collect();
    fields.len() > 1
        && fields[0].trim_ascii().is_empty()
        && fields[1..].iter().enumerate().all(|(index, field)| *field == index.to_string().as_bytes())
}

fn all_numeric(lines: &[&[u8]], dialect: Dialect) -> bool {
    lines.iter().map(|line| dialect.strip(line)).filter(|line| !line.is_empty()).all(|line| {
        let line = Line::examine(line, dialect);
        line.fields == line.numbers + 1 && dialect.number(&dialect.word(line.before)).is_some()
    })
}

fn all_whole_numbers(head: &[u8], dialect: Dialect) -> bool {
    head.split(|&byte| byte == dialect.line_end)
        .take(SAMPLE_LINES)
        .map(|line| dialect.strip(line))
        .filter(|line| !line.is_empty())
        .all(|line| {
            let last = dialect.split_last(line).map_or(line, |(_, field)| field);
            last.iter().all(u8::is_ascii_digit)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(dimensions: usize, announced: Option<u64>, start: usize) -> Result<Shape, NotVectors> {
        let (wrong_dimensions, names_columns, dialect) = (None, false, Dialect::PLAIN);
        Ok(Shape { dimensions, announced, wrong_dimensions, names_columns, start, dialect })
    }

    fn told(text: &[u8]) -> (usize, Separator, bool) {
        let shape = learn(text, true).unwrap();
        (shape.dimensions, shape.dialect.separator, shape.dialect.decimal_comma)
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
        assert_eq!(learn(b"4 3\n12 1 2 3\n5 2 1 3\n7 3 1 1\n9 1 1 1\n", true), shape(3, Some(4), 4));
    }

    #[test]
    fn rows_are_right_where_the_header_is_wrong() {
        let found = learn(b"2 2\na 1 2 3\nb 4 5 6\n", true).unwrap();
        assert_eq!((found.dimensions, found.wrong_dimensions, found.announced), (3, Some(2), Some(2)));
        let found = learn(b"2 4\na 1 2 3\nb 4 5 6\n", true).unwrap();
        assert_eq!((found.dimensions, found.wrong_dimensions), (3, Some(4)));
        assert_eq!(learn(b"2 1\na .1 .2 .3 .4\nb .1 .2 .3 .4\n", true), Err(NotVectors::BothModels));
    }

    #[test]
    fn words_with_spaces_and_broken_rows_do_not_mislead() {
        assert_eq!(learn(b". . . 1 2 3\nb 4 5 6\nat name@domain.com 1 2 3\n", true), shape(3, None, 0));
        assert_eq!(learn(b"a 1 2\nb 4 5 6\nc 4 5 6\nd 7 8 9\n", true), shape(3, None, 0));
        assert_eq!(learn(b"1 1 2 3\n2 4 5 6\n", true), shape(3, None, 0));
    }

    #[test]
    fn every_dialect_is_told() {
        use Separator::{Blank, Brackets, Comma, Semicolon, White};
        assert_eq!(told(b"a 0.1 0.2\nb 0.3 0.4\n"), (2, Blank, false));
        assert_eq!(told(b"a  0.1  0.2\nb  0.3  0.4\n"), (2, White, false));
        assert_eq!(told(b"a\t0.1 0.2\nb\t0.3 0.4\n"), (2, White, false));
        assert_eq!(told(b"a 0.1 0.2\t\nb 0.3 0.4\t\n"), (2, White, false));
        assert_eq!(told(b" a 0.1 0.2\n b 0.3 0.4\n"), (2, White, false));
        assert_eq!(told(b"New York\t0.1\t0.2\nb\t0.3\t0.4\n"), (2, White, false));
        assert_eq!(told(b"a,0.1,0.2\nb,0.3,0.4\n"), (2, Comma, false));
        assert_eq!(told(b"a, 0.1, 0.2\nb, 0.3, 0.4\n"), (2, Comma, false));
        assert_eq!(told(b"a;0,1;0,2\nb;0,3;0,4\n"), (2, Semicolon, true));
        assert_eq!(told(b"a 0,1 0,2\nb 0,3 0,4\n"), (2, Blank, true));
        assert_eq!(told(b"a [0.1, 0.2]\nb [0.3, 0.4]\n"), (2, Brackets, false));
        assert_eq!(told(b"a [0.1 0.2]\nb [0.3 0.4]\n"), (2, Brackets, false));
        assert_eq!(told(b"a 0.1 0.2\rb 0.3 0.4\r"), (2, Blank, false));
        assert_eq!(learn(b"word,x,y\na,0.1,0.2\nb,0.3,0.4\n", true).unwrap().start, 9);
        assert_eq!(learn(b",0,1\na,0.1,0.2\nb,0.3,0.4\n", true).unwrap().start, 5);
        assert_eq!(learn(b"\xef\xbb\xbfa 1 2\nb 3 4\n", true), shape(2, None, 3));
    }

    #[test]
    fn other_files_are_named() {
        assert_eq!(learn(b"the\nof\nand\n", true), Err(NotVectors::Words));
        assert_eq!(learn(b"the 3\nof 17\n", true), Err(NotVectors::Classes));
        assert_eq!(learn(b"0.1 0.2 0.3\n-0.4 0.5 0.6\n", true), Err(NotVectors::NoWords));
        assert_eq!(learn(b"2 3\n1 2 3\n4 5 6\n", true), Err(NotVectors::NoWords));
        assert_eq!(learn(&[0, 1, 2, 3, 4, 5, 6, 7], true), Err(NotVectors::Binary));
        assert_eq!(learn(b"", true), Err(NotVectors::Words));
    }

    #[test]
    fn a_line_that_the_sample_cuts_is_left_out() {
        assert_eq!(learn(b"a 1 2 3\nb 4", false), shape(3, None, 0));
    }
}
