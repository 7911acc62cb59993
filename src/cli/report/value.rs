//! The values that an answer is made of.

pub use crate::numerals::{decimal as fixed, rounded};

/// One value of an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Text of our own.
    Text(String),
    /// A word from a vector file: bytes that need not be UTF-8.
    Word(Vec<u8>),
    /// A count, a rank, a size.
    Integer(u64),
    /// A difference of positions.
    Offset(i64),
    /// A similarity or another real number; shown with four decimals, written with six.
    Number(f64),
    /// Yes or no.
    Flag(bool),
    /// Several values.
    List(Vec<Value>),
    /// Nothing known.
    Nothing,
}

impl Value {
    /// A text value.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }
}

impl From<usize> for Value {
    fn from(number: usize) -> Self {
        Self::Integer(number as u64)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}
