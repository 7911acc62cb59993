//! Rows of length 1 as one i8 code a component and one scale a row.

use std::ops::Range;

use rayon::prelude::*;

use super::code_plane::{CodePlane, Coding};
use super::scales::{ROUNDING, Scales, fit, to_unit};
use crate::vectors::rows::Rows;

/// The largest code.
const LARGEST: f64 = 127.0;

/// One byte a component.
#[derive(Debug, Clone, Copy)]
pub struct Int8;

/// A plane of them.
pub type Int8Plane = CodePlane<Int8>;

impl Coding for Int8 {
    const NAME: &'static str = "int8";

    fn width(dimensions: usize) -> usize {
        dimensions
    }

    fn encode(row: &[f32], codes: &mut [u8]) -> (f32, f32) {
        let Some(unit) = to_unit(row) else {
            codes.fill(0);
            return (f32::NAN, 0.0);
        };
        let largest = unit.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
        let per_unit = LARGEST / largest;
        let codes: &mut [i8] = bytemuck::cast_slice_mut(codes);
        for (code, value) in codes.iter_mut().zip(&unit) {
            *code = (value * per_unit).round() as i8;
        }
        fit(&unit, codes.iter().map(|&code| f64::from(code)))
    }
}

impl Int8Plane {
    /// The plane that rows of codes are already: only their lengths are computed. `None` of other rows.
    pub fn of_codes(rows: &Rows) -> Option<Self> {
        let Rows::Int8 { codes, scales, dimensions } = rows else { return None };
        let unit = |(codes, &scale): (&[u8], &f32)| {
            let codes: &[i8] = bytemuck::cast_slice(codes);
            let squares: i64 = codes.iter().map(|&code| i64::from(code).pow(2)).sum();
            // What a row is, and whether it is one, is decided by its numbers in f32.
            let ends = [codes.iter().max(), codes.iter().min()];
            let is_finite = ends.iter().flatten().all(|&&code| (scale * f32::from(code)).is_finite());
            let is_lossless = scale.abs() >= f32::MIN_POSITIVE || scale == 0.0;
            match squares > 0 && scale != 0.0 && is_finite && is_lossless {
                true => Some(scale.signum() / (squares as f64).sqrt() as f32),
                false => (scale == 0.0 || squares == 0 || !is_finite).then_some(f32::NAN),
            }
        };
        let chunks = codes.par_chunks_exact(*dimensions).zip(scales);
        let scales: Vec<f32> = chunks.map(unit).collect::<Option<_>>()?;
        let errors = vec![ROUNDING as f32; scales.len()];
        Self::new(*dimensions, codes.clone(), Scales::of_floats(&scales, &errors)?)
    }

    /// The codes of `rows`, one row after the other.
    pub fn codes(&self, rows: Range<usize>) -> &[i8] {
        bytemuck::cast_slice(self.bytes(rows))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mmap::Bytes;
    use crate::vectors::kernels::noise::signed;
    use crate::vectors::norms::dot;

    fn off(row: &[f32], codes: &[i8], scale: f32) -> f64 {
        let length = dot(row, row).sqrt();
        let one = |(&value, &code): (&f32, &i8)| {
            (f64::from(value) / length - f64::from(scale) * f64::from(code)).powi(2)
        };
        row.iter().zip(codes).map(one).sum::<f64>().sqrt()
    }

    #[test]
    fn the_error_is_never_less_than_it_is() {
        let mut state = 3;
        for case in 0..400 {
            let size = [1.0, 1e-30, 1e30, 1e-42][case % 4];
            let mut row: Vec<f32> = (0..50).map(|_| (signed(&mut state) * size) as f32).collect();
            if case % 7 == 0 {
                row[3] *= 1000.0;
            }
            let mut codes = vec![0; row.len()];
            let (scale, error) = Int8::encode(&row, bytemuck::cast_slice_mut(&mut codes));
            assert!(scale.is_finite(), "{row:?}");
            assert!(off(&row, &codes, scale) <= f64::from(error), "{row:?}");
            assert!(f64::from(error) < 0.5, "{error} of {row:?}");
        }
        let mut codes = [1; 2];
        for row in [[0.0, 0.0], [f32::NAN, 1.0], [f32::INFINITY, 0.0]] {
            assert!(Int8::encode(&row, &mut codes).0.is_nan());
            assert_eq!(codes, [0, 0]);
        }
    }

    #[test]
    fn rows_of_codes_are_a_plane_already() {
        let codes: Vec<i8> = vec![3, -4, 0, 0, 127, 127, 1, 2];
        let rows = Rows::Int8 {
            codes: Bytes::from_vec(bytemuck::cast_slice(&codes).to_vec()),
            scales: vec![0.5, 2.0, 0.0, -1.0],
            dimensions: 2,
        };
        let plane = Int8Plane::of_codes(&rows).unwrap();
        let scales: Vec<(f32, f32)> = plane.scales().of(0..4).collect();
        assert_eq!((plane.len(), scales[0].0), (4, 0.2));
        assert!(scales[1].0.is_nan() && scales[2].0.is_nan());
        for row in [0, 3] {
            let found = off(&rows.to_vec(row), plane.codes(row..row + 1), scales[row].0);
            assert!(found <= f64::from(scales[row].1), "{found}");
        }
        assert!(Int8Plane::of_codes(&Rows::Owned(ndarray::Array2::zeros((1, 2)))).is_none());
    }
}
