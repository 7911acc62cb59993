//! Products of matrices, on top of faer's kernels.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use ndarray::{ArrayView2, ArrayViewMut2};

/// Multiplications with fewer of these run on one thread: starting more would cost more.
const PARALLEL_FROM: usize = 1 << 18;

/// `out = a bᵀ` for `a` `[m, k]`, `b` `[n, k]`, `out` `[m, n]`, on all threads when it is worth it.
pub fn multiply_transposed(a: ArrayView2<'_, f32>, b: ArrayView2<'_, f32>, out: ArrayViewMut2<'_, f32>) {
    multiply(a, b.reversed_axes(), out);
}

/// As [`multiply_transposed`], on the calling thread.
pub fn multiply_transposed_here(a: ArrayView2<'_, f32>, b: ArrayView2<'_, f32>, out: ArrayViewMut2<'_, f32>) {
    multiply_with(a, b.reversed_axes(), out, Accum::Replace, Par::Seq);
}

/// `out = a b` for `a` `[m, k]`, `b` `[k, n]`, `out` `[m, n]`, on the calling thread.
pub fn multiply_here(a: ArrayView2<'_, f32>, b: ArrayView2<'_, f32>, out: ArrayViewMut2<'_, f32>) {
    multiply_with(a, b, out, Accum::Replace, Par::Seq);
}

/// `out = a b`, on all threads when it is worth it.
pub fn multiply(a: ArrayView2<'_, f32>, b: ArrayView2<'_, f32>, out: ArrayViewMut2<'_, f32>) {
    multiply_with(a, b, out, Accum::Replace, parallelism(a, b));
}

/// `out += a b`, on all threads when it is worth it.
pub fn add_product(a: ArrayView2<'_, f32>, b: ArrayView2<'_, f32>, out: ArrayViewMut2<'_, f32>) {
    multiply_with(a, b, out, Accum::Add, parallelism(a, b));
}

/// `out += a b`, on the calling thread.
pub fn add_product_here(a: ArrayView2<'_, f32>, b: ArrayView2<'_, f32>, out: ArrayViewMut2<'_, f32>) {
    multiply_with(a, b, out, Accum::Add, Par::Seq);
}

/// How `a b` is shared among threads: by the size alone, so that the numbers are the same everywhere.
fn parallelism(a: ArrayView2<'_, f32>, b: ArrayView2<'_, f32>) -> Par {
    if a.nrows() * a.ncols() * b.ncols() < PARALLEL_FROM { Par::Seq } else { Par::rayon(0) }
}

fn multiply_with(
    a: ArrayView2<'_, f32>,
    b: ArrayView2<'_, f32>,
    mut out: ArrayViewMut2<'_, f32>,
    accumulate: Accum,
    parallelism: Par,
) {
    assert_eq!(a.ncols(), b.nrows(), "inner sizes of a product");
    assert_eq!((a.nrows(), b.ncols()), out.dim(), "outer sizes of a product");
    matmul(as_faer_mut(&mut out), accumulate, as_faer(&a), as_faer(&b), 1.0, parallelism);
}

fn as_faer<'a>(array: &'a ArrayView2<'_, f32>) -> MatRef<'a, f32> {
    let (rows, columns) = array.dim();
    let strides = array.strides();
    // SAFETY: an ndarray view points to valid numbers at every index within its dimensions, at
    // these strides, for as long as it is borrowed.
    unsafe { MatRef::from_raw_parts(array.as_ptr(), rows, columns, strides[0], strides[1]) }
}

fn as_faer_mut<'a>(array: &'a mut ArrayViewMut2<'_, f32>) -> MatMut<'a, f32> {
    let (rows, columns) = array.dim();
    let (row_stride, column_stride) = (array.strides()[0], array.strides()[1]);
    // SAFETY: as in `as_faer`; the mutable borrow makes it the only access.
    unsafe { MatMut::from_raw_parts_mut(array.as_mut_ptr(), rows, columns, row_stride, column_stride) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, s};

    fn numbers(rows: usize, columns: usize, seed: usize) -> Array2<f32> {
        Array2::from_shape_fn((rows, columns), |(r, c)| ((r * 31 + c * 17 + seed) % 23) as f32 / 7.0 - 1.5)
    }

    #[test]
    fn equals_the_plain_product_for_every_layout() {
        for (m, k, n) in [(1, 5, 3), (7, 64, 9), (130, 70, 65)] {
            let (a, b) = (numbers(m, k, 1), numbers(n, k, 2));
            let expected = a.dot(&b.t());
            let mut out = Array2::zeros((m, n));
            multiply_transposed(a.view(), b.view(), out.view_mut());
            assert!((&out - &expected).iter().all(|d| d.abs() < 1e-4));
            let stored_other_way = b.t().as_standard_layout().into_owned();
            let mut wide = Array2::zeros((m, n + 3));
            multiply_transposed(a.view(), stored_other_way.t(), wide.slice_mut(s![.., 1..n + 1]));
            assert!((&wide.slice(s![.., 1..n + 1]) - &expected).iter().all(|d| d.abs() < 1e-4));
            assert!(wide.column(0).iter().all(|&x| x == 0.0));
            let mut here = Array2::zeros((m, n));
            multiply_here(a.view(), b.t(), here.view_mut());
            assert!((&here - &expected).iter().all(|d| d.abs() < 1e-4));
            for add in [add_product, add_product_here] {
                add(a.view(), b.t(), here.view_mut());
            }
            assert!((&here - &(&expected * 3.0)).iter().all(|d| d.abs() < 3e-4));
        }
    }
}
