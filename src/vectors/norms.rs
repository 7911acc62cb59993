//! Lengths of rows, and the products that they are made of.

use std::ops::Range;

use rayon::prelude::*;

use super::kernels::Kernel;
use super::rows::Rows;

/// Rows that one task scans between two looks at the cancel flag.
const BLOCK: usize = 2048;

/// Squared lengths between these are known to [`kernels::relative_error`]: no product that matters
/// has underflowed or overflowed.
pub(super) const TRUSTED_SQUARES: Range<f32> = 1e-24..1e30;

/// The Euclidean length of every row; NaN or infinite where the row is not finite.
pub fn row_norms(rows: &Rows) -> Vec<f32> {
    let kernel = Kernel::detect();
    let dimensions = rows.dimensions();
    let mut norms = vec![0.0; rows.len()];
    norms.par_chunks_mut(BLOCK).enumerate().for_each(|(block, norms)| {
        let mut buffer = vec![0.0; dimensions];
        for (index, norm) in norms.iter_mut().enumerate() {
            let row = block * BLOCK + index;
            let squared = kernel.dots(row_bytes(rows, row, &mut buffer), &[], &mut []);
            *norm = if TRUSTED_SQUARES.contains(&squared) {
                squared.sqrt()
            } else {
                rows.copy_row(row, &mut buffer);
                dot(&buffer, &buffer).sqrt() as f32
            };
        }
    });
    norms
}

/// The bytes of a row's f32, decoded into `buffer` where they are not stored as such.
pub(super) fn row_bytes<'a>(rows: &'a Rows, row: usize, buffer: &'a mut [f32]) -> &'a [u8] {
    match rows.float_bytes(row) {
        Some(bytes) => bytes,
        None => {
            rows.copy_row(row, buffer);
            bytemuck::cast_slice(buffer)
        }
    }
}

pub(super) fn dot(left: &[f32], right: &[f32]) -> f64 {
    left.iter().zip(right).map(|(&left, &right)| f64::from(left) * f64::from(right)).sum()
}
