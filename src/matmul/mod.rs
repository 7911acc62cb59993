//! Products of matrices: on our own loops where the machine has AVX-512, else on faer's.

#[cfg(target_arch = "x86_64")]
mod blocked;
mod task;
#[cfg(target_arch = "x86_64")]
mod wide;

use std::cell::RefCell;
use std::ops::Range;

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use ndarray::{Array2, ArrayView1, ArrayView2, ArrayViewMut2, Axis};
use rayon::prelude::*;

use self::task::{Task, Threads};

/// Rows of weights that are made together: a strip of our own loops, which a core's cache holds.
const ROWS_AT_A_TIME: usize = 48;

/// Multiplications with fewer of these run on one thread: starting more would cost more.
const PARALLEL_FROM: usize = 1 << 18;

/// `out = a bᵀ` for `a` `[m, k]`, `b` `[n, k]`, `out` `[m, n]`, on all threads when it is worth it.
pub fn multiply_transposed(a: ArrayView2<'_, f32>, b: ArrayView2<'_, f32>, out: ArrayViewMut2<'_, f32>) {
    multiply(a, b.reversed_axes(), out);
}

/// As [`multiply_transposed`], on the calling thread.
pub fn multiply_transposed_here(a: ArrayView2<'_, f32>, b: ArrayView2<'_, f32>, out: ArrayViewMut2<'_, f32>) {
    run(Task::new(false, Threads::Caller), a, b.reversed_axes(), out);
}

/// `out = a b` for `a` `[m, k]`, `b` `[k, n]`, `out` `[m, n]`, on the calling thread.
pub fn multiply_here(a: ArrayView2<'_, f32>, b: ArrayView2<'_, f32>, out: ArrayViewMut2<'_, f32>) {
    run(Task::new(false, Threads::Caller), a, b, out);
}

/// `out = a b`, on all threads when it is worth it.
pub fn multiply(a: ArrayView2<'_, f32>, b: ArrayView2<'_, f32>, out: ArrayViewMut2<'_, f32>) {
    run(Task::new(false, threads(a, b)), a, b, out);
}

/// `out += a b`, on all threads when it is worth it.
pub fn add_product(a: ArrayView2<'_, f32>, b: ArrayView2<'_, f32>, out: ArrayViewMut2<'_, f32>) {
    run(Task::new(true, threads(a, b)), a, b, out);
}

/// `out += a b`, on the calling thread.
pub fn add_product_here(a: ArrayView2<'_, f32>, b: ArrayView2<'_, f32>, out: ArrayViewMut2<'_, f32>) {
    run(Task::new(true, Threads::Caller), a, b, out);
}

/// `x weightᵀ + bias` for `x` `[m, k]`, `weight` `[n, k]` and `bias`, of `n` numbers or none.
pub fn linear(x: ArrayView2<'_, f32>, weight: ArrayView2<'_, f32>, bias: &[f32]) -> Array2<f32> {
    let mut out = Array2::uninit((x.nrows(), weight.nrows()));
    {
        // SAFETY: the same numbers at the same places; what is multiplied replaces them and is not
        // added, so none is read before it is written.
        let view = unsafe { out.raw_view_mut().cast::<f32>().deref_into_view_mut() };
        run(Task { adds: false, bias, threads: threads(x, weight.t()) }, x, weight.reversed_axes(), view);
    }
    // SAFETY: every number was written.
    unsafe { out.assume_init() }
}

/// As [`linear`] for `outputs` rows of weights that `write_rows` makes when they are needed, a few at a
/// time, into rows one after the other: weights that are stored in fewer bytes than f32 are read as they
/// lie.
pub fn linear_of_rows(
    x: ArrayView2<'_, f32>,
    outputs: usize,
    write_rows: impl Fn(Range<usize>, &mut [f32]) + Sync,
    bias: &[f32],
) -> Array2<f32> {
    let mut out = Array2::zeros((x.nrows(), outputs));
    let inner = x.ncols();
    let pieces = out.axis_chunks_iter_mut(Axis(1), ROWS_AT_A_TIME).into_par_iter().enumerate();
    pieces.for_each(|(piece, out)| {
        let rows = piece * ROWS_AT_A_TIME..piece * ROWS_AT_A_TIME + out.ncols();
        MADE_ROWS.with_borrow_mut(|made| {
            let length = rows.len() * inner;
            if made.len() < length {
                made.resize(length, 0.0);
            }
            let made = &mut made[..length];
            write_rows(rows.clone(), made);
            let weight = ArrayView2::from_shape((rows.len(), inner), &*made).expect("whole rows");
            let task = Task { adds: false, bias: bias.get(rows).unwrap_or(&[]), threads: Threads::Caller };
            run(task, x, weight.reversed_axes(), out);
        });
    });
    out
}

thread_local! {
    /// Where a thread makes rows of weights: it does so thousands of times a token.
    static MADE_ROWS: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

/// How `a b` is shared among threads: by the size alone, so that the numbers are the same everywhere.
fn threads(a: ArrayView2<'_, f32>, b: ArrayView2<'_, f32>) -> Threads {
    if a.nrows() * a.ncols() * b.ncols() < PARALLEL_FROM { Threads::Caller } else { Threads::All }
}

fn run(task: Task<'_>, a: ArrayView2<'_, f32>, b: ArrayView2<'_, f32>, mut out: ArrayViewMut2<'_, f32>) {
    assert_eq!(a.ncols(), b.nrows(), "inner sizes of a product");
    assert_eq!((a.nrows(), b.ncols()), out.dim(), "outer sizes of a product");
    #[cfg(target_arch = "x86_64")]
    if blocked::multiply(task, a, b, out.view_mut()) {
        return;
    }
    let accumulate = if task.adds { Accum::Add } else { Accum::Replace };
    let parallelism = if task.threads == Threads::All { Par::rayon(0) } else { Par::Seq };
    matmul(as_faer_mut(&mut out), accumulate, as_faer(&a), as_faer(&b), 1.0, parallelism);
    if !task.bias.is_empty() {
        out += &ArrayView1::from(task.bias);
    }
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

    /// The product in f64.
    fn plain(a: ArrayView2<'_, f32>, b: ArrayView2<'_, f32>) -> Array2<f32> {
        a.mapv(f64::from).dot(&b.mapv(f64::from)).mapv(|sum| sum as f32)
    }

    fn assert_close(found: ArrayView2<'_, f32>, expected: &Array2<f32>, what: &str) {
        let worst = (&found - expected).iter().map(|d| d.abs()).fold(0.0, f32::max);
        assert!(
            worst <= 1e-5 * (1.0 + expected.iter().map(|x| x.abs()).fold(0.0, f32::max)),
            "{what}: {worst}"
        );
    }

    /// Few rows and many, inner sizes on either side of a cut, columns of every rest of a strip.
    const SIZES: [(usize, usize, usize); 12] = [
        (1, 5, 3),
        (1, 40, 130),
        (3, 17, 4),
        (7, 64, 9),
        (24, 33, 50),
        (25, 1, 1),
        (26, 16, 15),
        (31, 1030, 16),
        (40, 50, 47),
        (130, 70, 65),
        (64, 2100, 97),
        (600, 20, 48),
    ];

    #[test]
    fn equals_the_plain_product_for_every_layout() {
        for (m, k, n) in SIZES {
            let (a, b) = (numbers(m, k, 1), numbers(k, n, 2));
            let expected = plain(a.view(), b.view());
            let (a_turned, b_turned) =
                (a.t().as_standard_layout().into_owned(), b.t().as_standard_layout().into_owned());
            let wide_a = numbers(m, k + 5, 3);
            let mut spread = Array2::zeros((m, 2 * k));
            spread.slice_mut(s![.., ..;2]).assign(&a);
            for (left, layout) in
                [(a.view(), "rows"), (a_turned.t(), "columns"), (spread.slice(s![.., ..;2]), "spread")]
            {
                for (right, other) in [(b.view(), "rows"), (b_turned.t(), "columns")] {
                    let what = format!("{m} x {k} x {n}, {layout} by {other}");
                    let mut out = Array2::from_elem((m, n + 3), f32::NAN);
                    multiply(left, right, out.slice_mut(s![.., 1..n + 1]));
                    assert_close(out.slice(s![.., 1..n + 1]), &expected, &what);
                    assert!(
                        out.column(0).iter().chain(out.slice(s![.., n + 1..])).all(|x| x.is_nan()),
                        "{what}"
                    );
                    let mut here = Array2::from_elem((m, n), f32::NAN);
                    multiply_here(left, right, here.view_mut());
                    assert_close(here.view(), &expected, &what);
                    for add in [add_product, add_product_here] {
                        add(left, right, here.view_mut());
                    }
                    assert_close(here.view(), &(&expected * 3.0), &what);
                }
            }
            let part = wide_a.slice(s![.., 2..k + 2]);
            let mut turned = Array2::zeros((n, m));
            multiply_transposed(part, b_turned.view(), turned.view_mut().reversed_axes());
            assert_close(turned.t(), &plain(part, b.view()), "a result whose columns are contiguous");
            let bias: Vec<f32> = (0..n).map(|column| column as f32 - 2.0).collect();
            let shifted = &expected + &ArrayView1::from(&bias);
            assert_close(linear(a.view(), b_turned.view(), &bias).view(), &shifted, "rows with a bias");
            assert_close(linear(a.view(), b.t(), &bias).view(), &shifted, "columns with a bias");
            assert_close(linear(a.view(), b.t(), &[]).view(), &expected, "no bias");
            let rows = |rows: Range<usize>, out: &mut [f32]| {
                let part = b_turned.slice(s![rows, ..]);
                out.iter_mut().zip(part).for_each(|(out, &number)| *out = number);
            };
            assert_close(linear_of_rows(a.view(), n, rows, &bias).view(), &shifted, "rows made on the way");
            assert_close(linear_of_rows(a.view(), n, rows, &[]).view(), &expected, "rows without a bias");
        }
    }

    #[test]
    fn numbers_that_are_none_stay_where_they_are() {
        for rows in [4, 40] {
            let (mut a, b) = (numbers(rows, 30, 1), numbers(50, 30, 2));
            a[[2, 7]] = f32::NAN;
            let mut out = Array2::zeros((rows, 50));
            multiply_transposed(a.view(), b.view(), out.view_mut());
            for (index, row) in out.rows().into_iter().enumerate() {
                assert_eq!(row.iter().all(|number| number.is_nan()), index == 2);
                assert_eq!(row.iter().any(|number| number.is_nan()), index == 2);
            }
        }
    }

    #[test]
    fn any_number_of_threads_gives_the_same_bits() {
        let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        for (m, k, n) in [(5, 600, 700), (520, 130, 200)] {
            let (a, b) = (numbers(m, k, 1), numbers(n, k, 2));
            let one = pool(1).install(|| linear(a.view(), b.view(), &[]));
            let three = pool(3).install(|| linear(a.view(), b.view(), &[]));
            assert_eq!(one, three);
        }
    }

    #[test]
    fn empty_sizes_make_empty_or_no_sums() {
        for (m, k, n) in [(0, 4, 3), (3, 4, 0), (30, 0, 3), (2, 0, 3)] {
            let found = linear(Array2::zeros((m, k)).view(), Array2::zeros((n, k)).view(), &vec![1.5; n]);
            assert_eq!(found, Array2::from_elem((m, n), 1.5));
        }
    }
}
