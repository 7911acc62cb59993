//! Rows of length 1 as four bits a component and one scale a row: half the bytes of
//! [`int8`](super::int8), and some fifteen times its error.
//!
//! ```text
//! a row of n components, b = n / 2 rounded up:  byte k = (c[k] + 8) + 16 (c[b + k] + 8),  -7 <= c <= 7
//! ```
//!
//! Both halves of a byte so belong to neighbouring components, and a row of any length wastes at most
//! four bits (c[n] = 0 where n is odd).

use super::code_plane::{CodePlane, Coding};
use super::scales::{fit, to_unit};

/// The largest code.
const LARGEST: f64 = 7.0;

/// What is added to a code, so that its four bits are a number without a sign.
pub const RAISED_BY: i8 = 8;

/// What share of the largest component gets the largest code: with few codes, it is better to cut the
/// largest components than to make every step as wide as they ask. The best one of these is taken.
const CUTS: [f64; 8] = [1.0, 0.9, 0.8, 0.7, 0.62, 0.55, 0.48, 0.42];

/// Half a byte a component.
#[derive(Debug, Clone, Copy)]
pub struct Int4;

/// A plane of them.
pub type Int4Plane = CodePlane<Int4>;

impl Coding for Int4 {
    const NAME: &'static str = "int4";

    fn width(dimensions: usize) -> usize {
        dimensions.div_ceil(2)
    }

    fn encode(row: &[f32], codes: &mut [u8]) -> (f32, f32) {
        let Some(unit) = to_unit(row) else {
            write(|_| 0, row.len(), codes);
            return (f32::NAN, 0.0);
        };
        let largest = unit.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
        let whole =
            |value: f64, cut: f64| (value * (LARGEST / (largest * cut))).round().clamp(-LARGEST, LARGEST);
        // |x - s c|^2 = |x|^2 - (x c)^2 / (c c) for the best s.
        let kept = |cut: f64| {
            let (mut products, mut squares) = (0.0, 0.0);
            for &value in &unit {
                let whole = whole(value, cut);
                products += value * whole;
                squares += whole * whole;
            }
            products * products / squares
        };
        let cut = CUTS
            .into_iter()
            .map(|cut| (kept(cut), cut))
            .fold((0.0, 1.0), |best, one| if one.0 > best.0 { one } else { best });
        write(|index| whole(unit[index], cut.1) as i8, row.len(), codes);
        fit(&unit, unit.iter().map(|&value| whole(value, cut.1)))
    }
}

/// Writes the codes of a row of `dimensions` components, two a byte.
fn write(code: impl Fn(usize) -> i8, dimensions: usize, codes: &mut [u8]) {
    let half = codes.len();
    let raised = |index: usize| {
        let code = if index < dimensions { code(index) } else { 0 };
        (code + RAISED_BY) as u8
    };
    for (index, byte) in codes.iter_mut().enumerate() {
        *byte = raised(index) | raised(half + index) << 4;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vectors::kernels::noise::signed;
    use crate::vectors::norms::dot;

    fn decoded(codes: &[u8], dimensions: usize) -> Vec<f64> {
        let code = |byte: u8| f64::from(byte) - f64::from(RAISED_BY);
        let (low, high) = (codes.iter().map(|byte| byte & 15), codes.iter().map(|byte| byte >> 4));
        low.chain(high).map(code).take(dimensions).collect()
    }

    #[test]
    fn the_error_is_never_less_than_it_is_and_small_for_numbers_as_words_have_them() {
        let mut state = 3;
        for case in 0..400 {
            let dimensions = [50, 7, 1, 300, 64][case % 5];
            let size = [1.0, 1e-30, 1e30, 1e-42][case % 4];
            let mut row: Vec<f32> = (0..dimensions).map(|_| (signed(&mut state) * size) as f32).collect();
            if case % 7 == 0 {
                row[0] *= 1000.0;
            }
            let mut codes = vec![0; Int4::width(dimensions)];
            let (scale, error) = Int4::encode(&row, &mut codes);
            if scale.is_nan() {
                assert_eq!(dot(&row, &row), 0.0, "{row:?}");
                continue;
            }
            let length = dot(&row, &row).sqrt();
            let off =
                |(&value, code): (&f32, f64)| (f64::from(value) / length - f64::from(scale) * code).powi(2);
            let off = row.iter().zip(decoded(&codes, dimensions)).map(off).sum::<f64>().sqrt();
            assert!(off <= f64::from(error), "{off} {error} {row:?}");
            assert!(error < 0.2, "{error} of {row:?}");
        }
        let mut codes = [1; 1];
        for row in [[0.0, 0.0], [f32::NAN, 1.0], [f32::INFINITY, 0.0]] {
            assert!(Int4::encode(&row, &mut codes).0.is_nan());
            assert_eq!(codes, [0x88]);
        }
    }
}
