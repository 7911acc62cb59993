//! A query vector in integers of 15 bits.

/// The largest integer: 128 times the largest i8, so that both of its halves are i8.
const LARGEST: f64 = 127.0 * 128.0;

/// The largest magnitude of a code of a row.
const LARGEST_CODE: f64 = 128.0;

/// A unit vector q as integers p with q = p / scale, and how far that is off.
#[derive(Debug, Clone, PartialEq)]
pub struct CodedQuery {
    /// p.
    pub(super) integers: Vec<i16>,
    /// p = 128 high + low; both are padded with zeros to a multiple of [`PADDING`].
    pub(super) high: Vec<i8>,
    pub(super) low: Vec<i8>,
    /// The sum of p: what codes that were raised by 1 add to a product, modulo 2^32.
    pub(super) sum: i32,
    scale: f64,
    error: f64,
}

/// The halves are padded to a multiple of this.
pub(super) const PADDING: usize = 64;

impl CodedQuery {
    /// The integers for `vector`, whose length is `length`.
    pub fn new(vector: &[f32], length: f64) -> Self {
        let unit = |&value: &f32| f64::from(value) / length;
        let largest = vector.iter().map(unit).fold(0.0, |largest: f64, value| largest.max(value.abs()));
        // No product with codes may leave i32: |c p| <= |c| |p|, and rounding adds half a unit a number.
        let dimensions = vector.len().max(1) as f64;
        let longest = f64::from(i32::MAX) / (LARGEST_CODE * dimensions.sqrt()) - dimensions.sqrt();
        let scale = (LARGEST / largest.max(f64::MIN_POSITIVE)).min(longest).max(1.0);
        let integers: Vec<i16> = vector.iter().map(|value| (unit(value) * scale).round() as i16).collect();
        let off = |(value, &integer): (&f32, &i16)| (unit(value) - f64::from(integer) / scale).powi(2);
        let error = vector.iter().zip(&integers).map(off).sum::<f64>().sqrt();
        let padded = integers.len().next_multiple_of(PADDING);
        let (mut high, mut low) = (vec![0; padded], vec![0; padded]);
        for ((high, low), &integer) in high.iter_mut().zip(&mut low).zip(&integers) {
            let upper = (integer + 64).div_euclid(128);
            (*high, *low) = (upper as i8, (integer - 128 * upper) as i8);
        }
        let sum = integers.iter().map(|&integer| i32::from(integer)).fold(0, i32::wrapping_add);
        Self { integers, high, low, sum, scale, error }
    }

    /// What one unit of p is worth.
    pub fn unit(&self) -> f64 {
        1.0 / self.scale
    }

    /// |q - p / scale|.
    pub fn error(&self) -> f64 {
        self.error
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn halves_make_the_integers_and_the_error_is_that_of_the_vector(
            vector in prop::collection::vec(-2.0f32..2.0, 1..400),
        ) {
            let length = vector.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>().sqrt();
            prop_assume!(length > 0.0);
            let coded = CodedQuery::new(&vector, length);
            for (index, &integer) in coded.integers.iter().enumerate() {
                prop_assert_eq!(128 * i32::from(coded.high[index]) + i32::from(coded.low[index]), i32::from(integer));
            }
            let product = 128.0 * coded.integers.iter().map(|&p| f64::from(p).abs()).sum::<f64>();
            let norm = coded.integers.iter().map(|&p| f64::from(p).powi(2)).sum::<f64>().sqrt();
            prop_assert!(128.0 * (vector.len() as f64).sqrt() * norm < f64::from(i32::MAX) || product < f64::from(i32::MAX));
            let off: f64 = vector.iter().zip(&coded.integers)
                .map(|(&x, &p)| (f64::from(x) / length - f64::from(p) * coded.unit()).powi(2)).sum();
            prop_assert!((coded.error() - off.sqrt()).abs() < 1e-12);
            prop_assert!(coded.error() < 1e-3 * (vector.len() as f64).sqrt());
        }
    }
}
