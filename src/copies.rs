//! Copies of arrays, made on all threads: what a pass keeps is copied as fast as it was computed.

use std::mem::MaybeUninit;

use ndarray::{Array, ArrayBase, Data, Dimension};
use rayon::prelude::*;

/// Arrays with fewer numbers are copied by the caller: waking threads would cost more.
const PARALLEL_FROM: usize = 1 << 15;

/// Numbers that a thread copies at a time, about.
const PIECE: usize = 1 << 13;

/// A copy of `source` in standard order.
pub fn copy<S: Data<Elem = f32>, D: Dimension>(source: &ArrayBase<S, D>) -> Array<f32, D> {
    changed_copy(source, 1, |_| {})
}

/// A copy of `source` in standard order on which `change` was applied, piece by piece; each piece is
/// whole rows of `row` numbers, as many as there are.
pub fn changed_copy<S: Data<Elem = f32>, D: Dimension>(
    source: &ArrayBase<S, D>,
    row: usize,
    change: impl Fn(&mut [f32]) + Sync,
) -> Array<f32, D> {
    let Some(numbers) = source.as_slice() else {
        let mut copy = source.as_standard_layout().into_owned();
        change_pieces(copy.as_slice_mut().expect("standard order"), row, change);
        return copy;
    };
    let mut copy = Array::uninit(source.raw_dim());
    let places: &mut [MaybeUninit<f32>] = copy.as_slice_mut().expect("a new array is in standard order");
    let fill = |(places, numbers): (&mut [MaybeUninit<f32>], &[f32])| {
        for (place, &number) in places.iter_mut().zip(numbers) {
            place.write(number);
        }
        // SAFETY: places and numbers are equally many, so each place was written.
        change(unsafe { &mut *(std::ptr::from_mut(places) as *mut [f32]) });
    };
    if numbers.len() < PARALLEL_FROM {
        fill((places, numbers));
    } else {
        let piece = piece_of(row);
        places.par_chunks_mut(piece).zip(numbers.par_chunks(piece)).for_each(fill);
    }
    // SAFETY: places and numbers are equally many, and each piece was written over its whole length.
    unsafe { copy.assume_init() }
}

/// Applies `change` to all numbers, piece by piece; each piece is whole rows of `row` numbers.
pub fn change_pieces(numbers: &mut [f32], row: usize, change: impl Fn(&mut [f32]) + Sync) {
    if numbers.len() < PARALLEL_FROM {
        change(numbers);
    } else {
        numbers.par_chunks_mut(piece_of(row)).for_each(&change);
    }
}

/// The length of a piece of whole rows.
fn piece_of(row: usize) -> usize {
    (PIECE / row.max(1)).max(1) * row.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    #[test]
    fn copies_of_any_order_and_size_are_whole() {
        for (rows, columns) in [(0, 3), (5, 7), (90, 500)] {
            let source = Array2::from_shape_fn((rows, columns), |(r, c)| (r * columns + c) as f32);
            assert_eq!(copy(&source), source);
            let other_order = source.t().as_standard_layout().into_owned();
            assert_eq!(copy(&other_order.t()), source);
            let reversed = changed_copy(&source, columns, |piece| {
                piece.chunks_exact_mut(columns).for_each(<[f32]>::reverse);
            });
            for (row, expected) in reversed.rows().into_iter().zip(source.rows()) {
                assert!(row.iter().eq(expected.iter().rev()));
            }
        }
    }
}
