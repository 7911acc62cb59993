//! One line of text: its word and its numbers.

use std::borrow::Cow;

use super::dialect::Dialect;
use super::number;

/// How many numbers stand at the end of a line, and what stands before them.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    /// Numbers after the first field.
    pub numbers: usize,
    /// Fields, the first of which is the word, or its beginning.
    pub fields: usize,
    /// What stands before the numbers.
    pub before: &'a [u8],
}

impl<'a> Line<'a> {
    /// Counts the numbers of a stripped line.
    pub fn examine(line: &'a [u8], dialect: Dialect) -> Self {
        let (mut before, mut numbers) = (line, 0);
        while let Some((rest, field)) = dialect.split_last(before)
            && dialect.number(field).is_some()
        {
            (before, numbers) = (rest, numbers + 1);
        }
        let mut fields = numbers + usize::from(!line.is_empty());
        let mut rest = before;
        while let Some((shorter, _)) = dialect.split_last(rest) {
            (rest, fields) = (shorter, fields + 1);
        }
        Self { numbers, fields, before }
    }

    /// Whether the line is numbers throughout, and the first is none that a word would be.
    pub fn lacks_a_word(&self, dialect: Dialect) -> bool {
        let first = dialect.word(self.before);
        self.fields == self.numbers + 1 && dialect.number(&first).is_some() && !is_whole(&first)
    }
}

fn is_whole(field: &[u8]) -> bool {
    field.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'+'))
}

/// Appends the last `dimensions` fields of `line` to `values` and returns the word before them; on
/// an error `values` stays as it was.
pub fn parse<'a>(
    line: &'a [u8],
    dialect: Dialect,
    dimensions: usize,
    values: &mut Vec<f32>,
) -> Result<Cow<'a, [u8]>, String> {
    if dialect.is_plain() {
        return parse_plain(line, dimensions, values).map(Cow::Borrowed);
    }
    let length = values.len();
    let mut before = line;
    for found in 0..dimensions {
        let Some((rest, field)) = dialect.split_last(before) else {
            values.truncate(length);
            return Err(too_few(dimensions, found + usize::from(!before.is_empty())));
        };
        let Some(value) = dialect.number(field) else {
            values.truncate(length);
            return Err(no_number(field, dimensions - found, dimensions));
        };
        values.push(value);
        before = rest;
    }
    values[length..].reverse();
    if let Some((_, field)) = dialect.split_last(before)
        && dialect.number(field).is_some()
        && starts_like_a_number(field)
        && (!is_whole(field) || line_is_whole(line, before))
    {
        values.truncate(length);
        return Err(too_many(dimensions));
    }
    Ok(dialect.word(before))
}

fn line_is_whole(line: &[u8], before: &[u8]) -> bool {
    !line[before.len()..].iter().any(|byte| matches!(byte, b'.' | b'e' | b'E'))
}

/// A number in digits; `nan` and `inf` are words, too.
fn starts_like_a_number(field: &[u8]) -> bool {
    field.iter().find(|byte| !matches!(byte, b'-' | b'+' | b'.')).is_some_and(u8::is_ascii_digit)
}

fn too_few(dimensions: usize, fields: usize) -> String {
    format!("{dimensions} numbers expected, the line has {fields} fields")
}

fn too_many(dimensions: usize) -> String {
    format!("more numbers than the {dimensions} of the other lines")
}

fn no_number(field: &[u8], number: usize, dimensions: usize) -> String {
    let shown: String = String::from_utf8_lossy(field).chars().take(40).collect();
    format!("number {number} of {dimensions} is no number: \"{shown}\"")
}

/// [`parse`] for lines as the tools write them, in one walk from the left.
fn parse_plain<'a>(line: &'a [u8], dimensions: usize, values: &mut Vec<f32>) -> Result<&'a [u8], String> {
    let blanks = line.iter().filter(|&&byte| byte == b' ').count();
    let Some(in_word) = blanks.checked_sub(dimensions) else {
        return Err(too_few(dimensions, blanks + 1));
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
            return Err(no_number(field, index + 1, dimensions));
        };
        values.push(value);
        at += 1 + size;
    }
    let word = &line[..word_end];
    if in_word > 0
        && let Some(field) = word.rsplit(|&byte| byte == b' ').next()
        && starts_like_a_number(field)
        && number::parse(field).is_some()
        && (!is_whole(field) || line_is_whole(line, word))
    {
        values.truncate(length);
        return Err(too_many(dimensions));
    }
    Ok(word)
}
