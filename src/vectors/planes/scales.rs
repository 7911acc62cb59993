//! What one unit of a row's codes is worth, and how far the codes are off.

use std::ops::Range;

use crate::mmap::Bytes;
use crate::vectors::norms::dot;

/// A scale and an error for every row of a plane.
///
/// A row without direction (zero, or not finite) has a scale that is not a number.
#[derive(Debug, Clone)]
pub struct Scales {
    /// One little-endian f32 a row, at any alignment.
    scales: Bytes,
    errors: Bytes,
}

impl Scales {
    /// `None` when there are not as many of one as of the other.
    pub fn new(scales: Bytes, errors: Bytes) -> Option<Self> {
        let fits = scales.len().is_multiple_of(4) && scales.len() == errors.len();
        fits.then_some(Self { scales, errors })
    }

    /// As [`Scales::new`], of numbers in memory.
    pub fn of_floats(scales: &[f32], errors: &[f32]) -> Option<Self> {
        let bytes = |floats: &[f32]| Bytes::from_vec(bytemuck::cast_slice(floats).to_vec());
        Self::new(bytes(scales), bytes(errors))
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.scales.len() / 4
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What one unit of the codes of each of `rows` is worth, NaN where a row has no direction, and how
    /// far scale * codes is at most from the row of length 1.
    pub fn of(&self, rows: Range<usize>) -> impl ExactSizeIterator<Item = (f32, f32)> {
        let [scales, errors] = self.bytes(rows);
        let float = |&bytes: &[u8; 4]| f32::from_le_bytes(bytes);
        scales.iter().map(float).zip(errors.iter().map(float))
    }

    /// As [`Scales::of`]: the bytes of the scales, and those of the errors.
    pub fn bytes(&self, rows: Range<usize>) -> [&[[u8; 4]]; 2] {
        [&self.scales, &self.errors].map(|bytes| bytes[4 * rows.start..4 * rows.end].as_chunks().0)
    }
}

/// How far a row of length 1 is from itself once its components, its length and its scale are f32.
pub(super) const ROUNDING: f64 = 4.0 * f32::EPSILON as f64;

/// `row` brought to length 1; `None` where it has no direction.
pub(super) fn to_unit(row: &[f32]) -> Option<Vec<f64>> {
    let length = dot(row, row).sqrt();
    let has_direction = length > 0.0 && length.is_finite();
    has_direction.then(|| row.iter().map(|&value| f64::from(value) / length).collect())
}

/// The scale that fits integers best to a row of length 1, by least squares, and how far that is off,
/// rounded up.
pub(super) fn fit(unit: &[f64], whole: impl Iterator<Item = f64> + Clone) -> (f32, f32) {
    let (mut products, mut squares) = (0.0, 0.0);
    for (value, whole) in unit.iter().zip(whole.clone()) {
        products += value * whole;
        squares += whole * whole;
    }
    let scale = (products / squares) as f32;
    let off = unit.iter().zip(whole).map(|(value, whole)| (value - f64::from(scale) * whole).powi(2));
    (scale, ((off.sum::<f64>().sqrt() + ROUNDING) * (1.0 + 1e-6)) as f32)
}
