//! A plane, whatever its codes are.

use std::marker::PhantomData;
use std::ops::Range;

use rayon::prelude::*;

use super::scales::Scales;
use crate::mmap::Bytes;
use crate::vectors::rows::Rows;

/// Longer rows would leave i32 in too few steps; none are known.
pub const MOST_DIMENSIONS: usize = 4096;

/// How a row becomes codes.
pub trait Coding {
    /// What its planes are called in the cache.
    const NAME: &'static str;

    /// Bytes that the codes of a row take.
    fn width(dimensions: usize) -> usize;

    /// Writes the codes of `row` brought to length 1, and returns what one unit of them is worth and how
    /// far that is off, rounded up. A row without direction gets codes 0 and a scale that is not a number.
    fn encode(row: &[f32], codes: &mut [u8]) -> (f32, f32);
}

/// Every row of some vectors, brought to length 1: component = scale * code, and how far that is off.
#[derive(Debug, Clone)]
pub struct CodePlane<C> {
    dimensions: usize,
    /// Rows x width bytes.
    codes: Bytes,
    scales: Scales,
    coding: PhantomData<C>,
}

impl<C: Coding> CodePlane<C> {
    /// A plane of what was stored; `None` when the sizes do not fit together.
    pub fn new(dimensions: usize, codes: Bytes, scales: Scales) -> Option<Self> {
        let fits = (1..=MOST_DIMENSIONS).contains(&dimensions)
            && Some(codes.len()) == scales.len().checked_mul(C::width(dimensions));
        fits.then_some(Self { dimensions, codes, scales, coding: PhantomData })
    }

    /// The plane of any rows, in memory.
    ///
    /// # Panics
    /// When rows have no numbers, or more than [`MOST_DIMENSIONS`].
    pub fn encoded(rows: &Rows) -> Self {
        let Encoded { codes, scales, errors } = Encoded::of::<C>(rows, 0..rows.len());
        let scales = Scales::of_floats(&scales, &errors).expect("an error for every scale");
        Self::new(rows.dimensions(), Bytes::from_vec(codes), scales).expect("sizes fit together")
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.scales.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Numbers in a row.
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// The codes of `rows`, one row after the other, as they are stored.
    pub fn bytes(&self, rows: Range<usize>) -> &[u8] {
        let width = C::width(self.dimensions);
        &self.codes[rows.start * width..rows.end * width]
    }

    /// What the codes are worth, and how far they are off.
    pub fn scales(&self) -> &Scales {
        &self.scales
    }
}

/// Codes of some rows, their scales and their errors.
pub(super) struct Encoded {
    pub codes: Vec<u8>,
    pub scales: Vec<f32>,
    pub errors: Vec<f32>,
}

impl Encoded {
    /// What a coding makes of each of the rows in `range`.
    pub(super) fn of<C: Coding>(rows: &Rows, range: Range<usize>) -> Self {
        let width = C::width(rows.dimensions());
        let mut codes = vec![0; range.len() * width];
        let (mut scales, mut errors) = (vec![0.0; range.len()], vec![0.0; range.len()]);
        let numbers = scales.par_iter_mut().zip(&mut errors);
        codes.par_chunks_exact_mut(width).zip(numbers).zip(range).for_each_init(
            || vec![0.0; rows.dimensions()],
            |row, ((codes, (scale, error)), index)| {
                rows.copy_row(index, row);
                (*scale, *error) = C::encode(row, codes);
            },
        );
        Self { codes, scales, errors }
    }
}
