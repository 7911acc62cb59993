//! A product cut into pieces that stay in a core's cache.
//!
//! A strip of 48 columns of the right operand is packed once, and all rows of the left one pass by it
//! (Goto and van de Geijn 2008, with the roles of the operands changed: here the right one, the
//! weights, is the large one). Few rows are not worth a packing: they are multiplied with the
//! weights as they lie.

use std::cell::RefCell;

use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis, CowArray, Ix2, s};
use rayon::prelude::*;

use super::task::{Task, Threads};
use super::wide::{COLUMNS, Strip, Wide};

/// The inner size is cut here: a packed strip has at most 192 kB.
const INNER: usize = 1024;

/// Rows that one thread takes at a time.
const ROWS: usize = 512;

/// Up to so many rows the right operand is not packed, where its columns are contiguous.
const FEW_ROWS: usize = 24;

/// Rows that a thread copies at a time.
const COPIED_ROWS: usize = 64;

/// Columns that a thread takes at a time of a product of few rows.
const FEW_ROWS_COLUMNS: usize = 64;

/// Makes the product and says so, or says that it is not for this machine or these layouts.
pub(super) fn multiply(
    task: Task<'_>,
    a: ArrayView2<'_, f32>,
    b: ArrayView2<'_, f32>,
    out: ArrayViewMut2<'_, f32>,
) -> bool {
    let Some(wide) = Wide::detect() else { return false };
    if out.is_empty() || a.ncols() == 0 || out.strides()[1] != 1 && out.ncols() > 1 {
        return false;
    }
    let contiguous = |rows: &ArrayView2<'_, f32>| rows.strides()[1] == 1;
    if a.nrows() > FEW_ROWS {
        let rows = rows_contiguous(wide, task.threads, a);
        by_strips(wide, task, rows.view(), b, out);
    } else if contiguous(&a) && contiguous(&b.t()) {
        of_few_rows(wide, task, a, b.t(), out);
    } else {
        return false;
    }
    true
}

/// The same matrix; where its columns are contiguous and its rows are not, a copy.
fn rows_contiguous<'a>(wide: Wide, threads: Threads, a: ArrayView2<'a, f32>) -> CowArray<'a, f32, Ix2> {
    if a.strides()[1] == 1 || a.strides()[0] != 1 {
        return CowArray::from(a);
    }
    let mut copy = Array2::zeros(a.raw_dim());
    if threads == Threads::Caller {
        wide.transpose(a, copy.view_mut());
    } else {
        let pieces = copy.axis_chunks_iter_mut(Axis(0), COPIED_ROWS).into_par_iter();
        pieces.zip(a.axis_chunks_iter(Axis(0), COPIED_ROWS)).for_each(|(copy, a)| wide.transpose(a, copy));
    }
    CowArray::from(copy)
}

fn of_few_rows(
    wide: Wide,
    task: Task<'_>,
    a: ArrayView2<'_, f32>,
    b: ArrayView2<'_, f32>,
    mut out: ArrayViewMut2<'_, f32>,
) {
    let bias = |first: usize, columns: usize| task.bias.get(first..first + columns).unwrap_or(&[]);
    if task.threads == Threads::Caller {
        return wide.dots(a, b, task.bias, out, task.adds);
    }
    let pieces = out.axis_chunks_iter_mut(Axis(1), FEW_ROWS_COLUMNS).into_par_iter();
    pieces.zip(b.axis_chunks_iter(Axis(0), FEW_ROWS_COLUMNS)).enumerate().for_each(|(index, (out, b))| {
        wide.dots(a, b, bias(index * FEW_ROWS_COLUMNS, b.nrows()), out, task.adds);
    });
}

fn by_strips(
    wide: Wide,
    task: Task<'_>,
    a: ArrayView2<'_, f32>,
    b: ArrayView2<'_, f32>,
    mut out: ArrayViewMut2<'_, f32>,
) {
    let strip_of = |index: usize, out: ArrayViewMut2<'_, f32>, a: ArrayView2<'_, f32>| {
        STRIP.with_borrow_mut(|strip| multiply_strip(wide, task, a, b, index * COLUMNS, out, strip));
    };
    if task.threads == Threads::Caller {
        let strips = out.axis_chunks_iter_mut(Axis(1), COLUMNS).enumerate();
        return strips.for_each(|(index, out)| strip_of(index, out, a));
    }
    let pieces = out.axis_chunks_iter_mut(Axis(0), ROWS).into_par_iter();
    pieces.zip(a.axis_chunks_iter(Axis(0), ROWS)).for_each(|(mut out, a)| {
        let strips = out.axis_chunks_iter_mut(Axis(1), COLUMNS).into_par_iter().enumerate();
        strips.for_each(|(index, out)| strip_of(index, out, a));
    });
}

thread_local! {
    /// Where a thread packs strips: it does so for every head of every layer.
    static STRIP: RefCell<Strip> = const { RefCell::new(Strip::new()) };
}

/// The columns of the product from `column` on that `out` has.
fn multiply_strip(
    wide: Wide,
    task: Task<'_>,
    a: ArrayView2<'_, f32>,
    b: ArrayView2<'_, f32>,
    column: usize,
    mut out: ArrayViewMut2<'_, f32>,
    strip: &mut Strip,
) {
    let columns = column..column + out.ncols();
    for first in (0..a.ncols()).step_by(INNER) {
        let inner = first..a.ncols().min(first + INNER);
        let bias = if first == 0 { task.bias.get(columns.clone()).unwrap_or(&[]) } else { &[] };
        wide.pack(b.slice(s![inner.clone(), columns.clone()]), bias, strip);
        wide.multiply(a.slice(s![.., inner]), strip, out.view_mut(), task.adds || first > 0);
    }
}
