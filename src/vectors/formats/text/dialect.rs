//! How people write a row of numbers: what stands between the fields, how a fraction is marked, how a
//! line ends.

use std::borrow::Cow;

use super::number;

/// How the rows of a text file are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dialect {
    /// What stands between two fields.
    pub separator: Separator,
    /// Whether a fraction is marked by a comma.
    pub decimal_comma: bool,
    /// The byte that ends a line.
    pub line_end: u8,
}

/// What stands between two fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Separator {
    /// One blank, as word2vec, fastText and GloVe write it. Words may hold all else, tabs too.
    Blank,
    /// Any number of blanks and tabs.
    White,
    /// A comma, with or without blanks around it; words may stand in quotes.
    Comma,
    /// A semicolon, with or without blanks around it; words may stand in quotes.
    Semicolon,
    /// Blanks, tabs and commas, and brackets around all numbers.
    Brackets,
}

impl Dialect {
    /// What the tools write: one blank, a point, a newline.
    pub const PLAIN: Self = Self { separator: Separator::Blank, decimal_comma: false, line_end: b'\n' };

    /// All ways to write a row, the most usual first.
    pub fn all(line_end: u8) -> impl Iterator<Item = Self> {
        use Separator::{Blank, Brackets, Comma, Semicolon, White};
        [
            (Blank, false),
            (White, false),
            (Comma, false),
            (Semicolon, false),
            (Brackets, false),
            (Blank, true),
            (White, true),
            (Semicolon, true),
        ]
        .into_iter()
        .map(move |(separator, decimal_comma)| Self { separator, decimal_comma, line_end })
    }

    /// Whether rows are written as the tools write them, but for the end of a line.
    pub fn is_plain(self) -> bool {
        self.separator == Separator::Blank && !self.decimal_comma
    }

    /// A line without what ends it: the end itself, one 0x0D, and what may follow the last number.
    pub fn strip(self, line: &[u8]) -> &[u8] {
        let line = line.strip_suffix(&[self.line_end]).unwrap_or(line);
        let mut line = line.strip_suffix(b"\r").unwrap_or(line);
        while let Some((&last, shorter)) = line.split_last() {
            let goes = match self.separator {
                Separator::Blank => last == b' ',
                Separator::White | Separator::Comma | Separator::Semicolon => matches!(last, b' ' | b'\t'),
                Separator::Brackets => is_bracket_or_separator(last),
            };
            if !goes {
                break;
            }
            line = shorter;
        }
        let last = match self.separator {
            Separator::Comma => line.strip_suffix(b","),
            Separator::Semicolon => line.strip_suffix(b";"),
            _ => None,
        };
        last.unwrap_or(line)
    }

    /// The last field of a stripped line, and what comes before it and its separator; `None` when
    /// there is one field only.
    pub fn split_last(self, line: &[u8]) -> Option<(&[u8], &[u8])> {
        let is_separator = |byte: u8| match self.separator {
            Separator::Blank => byte == b' ',
            Separator::White => matches!(byte, b' ' | b'\t'),
            Separator::Comma => byte == b',',
            Separator::Semicolon => byte == b';',
            Separator::Brackets => is_bracket_or_separator(byte),
        };
        let at = line.iter().rposition(|&byte| is_separator(byte))?;
        let (before, field) = (&line[..at], &line[at + 1..]);
        match self.separator {
            Separator::Blank => Some((before, field)),
            Separator::Comma | Separator::Semicolon => Some((before.trim_ascii(), field.trim_ascii())),
            Separator::White | Separator::Brackets => {
                let end = before.iter().rposition(|&byte| !is_separator(byte)).map_or(0, |last| last + 1);
                // Nothing but separators before it: it is the first field.
                (end > 0).then_some((&before[..end], field))
            }
        }
    }

    /// The number that `field` spells.
    pub fn number(self, field: &[u8]) -> Option<f32> {
        if !self.decimal_comma {
            return number::parse(field);
        }
        let pointed: Vec<u8> = field.iter().map(|&byte| if byte == b',' { b'.' } else { byte }).collect();
        if field.contains(&b'.') { None } else { number::parse(&pointed) }
    }

    /// The word that stands before the numbers, out of its quotes.
    pub fn word(self, before: &[u8]) -> Cow<'_, [u8]> {
        match self.separator {
            Separator::Blank => Cow::Borrowed(before),
            Separator::White => Cow::Borrowed(before.trim_ascii()),
            Separator::Comma | Separator::Semicolon => unquoted(before.trim_ascii()),
            Separator::Brackets => {
                let end = before.iter().rposition(|&byte| !is_bracket_or_separator(byte));
                unquoted(before[..end.map_or(0, |last| last + 1)].trim_ascii())
            }
        }
    }
}

fn is_bracket_or_separator(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b',' | b';' | b'[' | b']' | b'(' | b')' | b'{' | b'}')
}

/// As csv quotes: double quotes around, and twice where one is meant (RFC 4180).
fn unquoted(word: &[u8]) -> Cow<'_, [u8]> {
    let inside = word.strip_prefix(b"\"").and_then(|word| word.strip_suffix(b"\""));
    let Some(inside) = inside else { return Cow::Borrowed(word) };
    if !inside.windows(2).any(|pair| pair == b"\"\"") {
        return Cow::Borrowed(inside);
    }
    let mut single = Vec::with_capacity(inside.len());
    let mut at = 0;
    while at < inside.len() {
        single.push(inside[at]);
        at += if inside[at..].starts_with(b"\"\"") { 2 } else { 1 };
    }
    Cow::Owned(single)
}
