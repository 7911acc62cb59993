//! The numbers: one row of f32 a word, wherever and however they are stored.

use ndarray::Array2;

use crate::mmap::Bytes;
use crate::vectors::quantize::ProductQuantizedRows;

/// One row of numbers a word. Mapped kinds are read in place.
#[derive(Debug)]
#[non_exhaustive]
pub enum Rows {
    /// Little-endian f32, rows at a constant distance, at any alignment.
    Strided {
        /// Bytes from the first number of row 0 on; readers check that all rows lie within.
        bytes: Bytes,
        /// Bytes from one row to the next.
        stride: usize,
        /// Number of rows.
        rows: usize,
        /// Numbers in a row.
        dimensions: usize,
    },
    /// Little-endian f32, each row at an offset of its own, at any alignment (word2vec binary).
    Scattered {
        /// The whole file.
        bytes: Bytes,
        /// Byte offset of each row's first number; readers check that all rows lie within.
        offsets: Vec<u64>,
        /// Numbers in a row.
        dimensions: usize,
    },
    /// One i8 code a component and one scale a row: component = scale * code.
    Int8 {
        /// rows x dimensions codes.
        codes: Bytes,
        /// One scale a row.
        scales: Vec<f32>,
        /// Numbers in a row.
        dimensions: usize,
    },
    /// Product-quantised rows (fastText .ftz, finalfusion).
    ProductQuantized(ProductQuantizedRows),
    /// Rows that are multiplied by a number of their own (finalfusion stores unit rows and their
    /// lengths apart).
    Scaled {
        /// The rows before that.
        rows: Box<Rows>,
        /// One little-endian f32 a row, at any alignment; readers check that there are enough.
        scales: Bytes,
    },
    /// Rows in memory.
    Owned(Array2<f32>),
}

impl Rows {
    /// Number of rows.
    pub fn len(&self) -> usize {
        match self {
            Self::Strided { rows, .. } => *rows,
            Self::Scattered { offsets, .. } => offsets.len(),
            Self::Int8 { scales, .. } => scales.len(),
            Self::ProductQuantized(rows) => rows.len(),
            Self::Scaled { rows, .. } => rows.len(),
            Self::Owned(array) => array.nrows(),
        }
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Numbers in a row.
    pub fn dimensions(&self) -> usize {
        match self {
            Self::Strided { dimensions, .. }
            | Self::Scattered { dimensions, .. }
            | Self::Int8 { dimensions, .. } => *dimensions,
            Self::ProductQuantized(rows) => rows.dimensions(),
            Self::Scaled { rows, .. } => rows.dimensions(),
            Self::Owned(array) => array.ncols(),
        }
    }

    /// The bytes of a row's little-endian f32, for the kinds that store them as such.
    pub fn float_bytes(&self, row: usize) -> Option<&[u8]> {
        match self {
            Self::Strided { bytes, stride, dimensions, .. } => {
                Some(&bytes[row * stride..row * stride + 4 * dimensions])
            }
            Self::Scattered { bytes, offsets, dimensions } => {
                let start = offsets[row] as usize;
                Some(&bytes[start..start + 4 * dimensions])
            }
            Self::Owned(array) => array.row(row).to_slice().map(bytemuck::cast_slice),
            _ => None,
        }
    }

    /// Writes row `row` into `out`, which must have [`Rows::dimensions`] numbers.
    pub fn copy_row(&self, row: usize, out: &mut [f32]) {
        if let Some(bytes) = self.float_bytes(row) {
            bytemuck::cast_slice_mut(out).copy_from_slice(bytes);
            return;
        }
        match self {
            Self::Int8 { codes, scales, dimensions } => {
                let codes: &[i8] = bytemuck::cast_slice(&codes[row * dimensions..(row + 1) * dimensions]);
                for (value, &code) in out.iter_mut().zip(codes) {
                    *value = scales[row] * f32::from(code);
                }
            }
            Self::ProductQuantized(rows) => rows.copy_row(row, out),
            Self::Scaled { rows, scales } => {
                rows.copy_row(row, out);
                let scale: f32 = bytemuck::pod_read_unaligned(&scales[4 * row..4 * row + 4]);
                out.iter_mut().for_each(|value| *value *= scale);
            }
            Self::Owned(array) => {
                out.iter_mut().zip(array.row(row)).for_each(|(value, &number)| *value = number);
            }
            Self::Strided { .. } | Self::Scattered { .. } => unreachable!("stored as f32 bytes"),
        }
    }

    /// Row `row` as a vector of its own.
    pub fn to_vec(&self, row: usize) -> Vec<f32> {
        let mut out = vec![0.0; self.dimensions()];
        self.copy_row(row, &mut out);
        out
    }
}
