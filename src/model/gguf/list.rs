//! A list of a GGUF header, left where it lies: a vocabulary of a hundred thousand tokens costs a
//! place each, and what nobody reads costs nothing.

use std::borrow::Cow;

use crate::mmap::Bytes;

/// A list of values of one type.
#[derive(Debug, Clone)]
pub struct List(Items);

#[derive(Debug, Clone)]
enum Items {
    /// Numbers and flags, by the type's number in the format.
    Fixed { kind: u32, bytes: Bytes },
    /// Texts, by where each begins and how long it is.
    Texts { bytes: Bytes, spans: Vec<(usize, usize)> },
    /// So many lists, which nothing asks for.
    Lists(usize),
}

/// The type of an f32.
const F32: u32 = 6;

/// Bytes of a value of a type of fixed size; `None` for texts, lists and types that are not known.
pub fn size_of(kind: u32) -> Option<usize> {
    match kind {
        0 | 1 | 7 => Some(1),
        2 | 3 => Some(2),
        4..=6 => Some(4),
        10..=12 => Some(8),
        _ => None,
    }
}

impl List {
    /// Values of a type of fixed size.
    pub fn fixed(kind: u32, bytes: Bytes) -> Self {
        Self(Items::Fixed { kind, bytes })
    }

    /// Texts in `bytes`, each (first byte, length) within them.
    pub fn texts(bytes: Bytes, spans: Vec<(usize, usize)>) -> Self {
        Self(Items::Texts { bytes, spans })
    }

    /// `count` lists.
    pub fn lists(count: usize) -> Self {
        Self(Items::Lists(count))
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        match &self.0 {
            Items::Fixed { kind, bytes } => bytes.len() / size_of(*kind).unwrap_or(1),
            Items::Texts { spans, .. } => spans.len(),
            Items::Lists(count) => *count,
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Value `index`, where it is a text; what is not UTF-8 in it is replaced.
    pub fn text(&self, index: usize) -> Option<Cow<'_, str>> {
        let Items::Texts { bytes, spans } = &self.0 else { return None };
        let &(start, length) = spans.get(index)?;
        Some(String::from_utf8_lossy(bytes.get(start..start.checked_add(length)?)?))
    }

    /// Value `index`, where it is an f32.
    pub fn float(&self, index: usize) -> Option<f32> {
        match &self.0 {
            Items::Fixed { kind: F32, bytes } => {
                bytes.as_chunks().0.get(index).map(|&b| f32::from_le_bytes(b))
            }
            _ => None,
        }
    }

    /// Value `index`, where it is an integer.
    pub fn integer(&self, index: usize) -> Option<i64> {
        let Items::Fixed { kind, bytes } = &self.0 else { return None };
        let size = size_of(*kind)?;
        let start = index.checked_mul(size)?;
        integer(*kind, bytes.get(start..start.checked_add(size)?)?)
    }
}

/// The integer that `bytes` of a type are; `None` for flags and fractions.
pub fn integer(kind: u32, bytes: &[u8]) -> Option<i64> {
    Some(match kind {
        0 => i64::from(*bytes.first()?),
        1 => i64::from(i8::from_le_bytes(bytes.try_into().ok()?)),
        2 => i64::from(u16::from_le_bytes(bytes.try_into().ok()?)),
        3 => i64::from(i16::from_le_bytes(bytes.try_into().ok()?)),
        4 => i64::from(u32::from_le_bytes(bytes.try_into().ok()?)),
        5 => i64::from(i32::from_le_bytes(bytes.try_into().ok()?)),
        10 => i64::try_from(u64::from_le_bytes(bytes.try_into().ok()?)).unwrap_or(i64::MAX),
        11 => i64::from_le_bytes(bytes.try_into().ok()?),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_where_they_lie() {
        let numbers = List::fixed(5, Bytes::from_vec([1i32, -2].map(i32::to_le_bytes).concat()));
        assert_eq!((numbers.len(), numbers.integer(1), numbers.integer(2)), (2, Some(-2), None));
        assert_eq!(numbers.text(0), None);
        let texts = List::texts(Bytes::from_static(b"abc"), vec![(0, 1), (1, 2), (2, 9)]);
        assert_eq!(texts.text(1).as_deref(), Some("bc"));
        assert_eq!((texts.text(2), texts.integer(0), texts.len()), (None, None, 3));
        assert_eq!((List::lists(4).len(), List::lists(4).text(0)), (4, None));
    }
}
