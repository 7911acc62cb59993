//! The values that an answer is made of.

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

/// `number` to six decimals: what f32 vectors can be trusted for. Minus zero becomes zero.
pub fn rounded(number: f64) -> f64 {
    (number * 1e6).round() / 1e6 + 0.0
}

/// `number` with so many decimals, as `format!` writes it; what rounds to zero has no sign.
pub fn fixed(number: f64, decimals: usize) -> String {
    let text = format!("{number:.decimals$}");
    match text.strip_prefix('-') {
        Some(rest) if rest.bytes().all(|byte| matches!(byte, b'0' | b'.')) => rest.to_owned(),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_rounds_to_zero_has_no_sign() {
        assert_eq!(fixed(-0.00004, 4), "0.0000");
        assert_eq!(fixed(-0.0, 0), "0");
        assert_eq!(fixed(-0.00005001, 4), "-0.0001");
        assert_eq!(fixed(-10.0, 2), "-10.00");
        assert_eq!(fixed(10.254, 3), "10.254");
        assert_eq!(fixed(f64::NEG_INFINITY, 2), "-inf");
    }

    proptest! {
        #[test]
        fn all_else_is_what_format_writes(number in any::<f64>(), decimals in 0usize..8) {
            let (found, plain) = (fixed(number, decimals), format!("{number:.decimals$}"));
            let is_zero = plain.parse::<f64>() == Ok(0.0);
            prop_assert!(found == plain || is_zero && plain.strip_prefix('-') == Some(found.as_str()));
        }
    }
}
