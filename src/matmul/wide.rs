//! The inner loops of a product on AVX-512: a tile of the result stays in registers while the inner
//! size runs.
//!
//! [`Wide`] is handed out only where the machine has the instructions, and its safe functions check
//! every size, so that who cuts a product into pieces needs no unsafe code. A number of a result does
//! not depend on the tile that it lies in.

use std::arch::x86_64::*;

use ndarray::{ArrayView2, ArrayViewMut2};

/// Numbers in one register.
const LANES: usize = 16;

/// Rows of a tile.
const ROWS: usize = 8;

/// Columns of a tile, and of a packed strip: 8 x 3 sums, 3 columns and a broadcast fill 28 of the 32
/// registers.
pub(super) const COLUMNS: usize = 3 * LANES;

/// Rows and columns that [`Wide::dots`] takes at a time.
const SIDE: usize = 4;

/// Proof that this machine has the instructions.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wide(());

/// A strip of the right operand, `[k, 16, 32 or 48]`, and what is added to each of its columns.
#[derive(Debug)]
pub(super) struct Strip {
    /// As many numbers as the longest strip had.
    numbers: Vec<f32>,
    bias: [f32; COLUMNS],
    inner: usize,
    columns: usize,
}

impl Strip {
    /// One to pack into.
    pub(super) const fn new() -> Self {
        Self { numbers: Vec::new(), bias: [0.0; COLUMNS], inner: 0, columns: 0 }
    }

    /// Registers that a row of it fills.
    fn vectors(&self) -> usize {
        self.columns.div_ceil(LANES)
    }
}

impl Wide {
    /// Where the machine has AVX-512 F.
    pub(super) fn detect() -> Option<Self> {
        is_x86_feature_detected!("avx512f").then_some(Self(()))
    }

    /// Copies `b` `[k, columns]`, at most 48 columns, into `strip`, with `bias` (one number a column,
    /// or none).
    pub(super) fn pack(self, b: ArrayView2<'_, f32>, bias: &[f32], strip: &mut Strip) {
        let (inner, columns) = b.dim();
        assert!(columns <= COLUMNS && bias.len() <= columns, "a strip of at most 48 columns");
        (strip.inner, strip.columns) = (inner, columns);
        strip.bias = [0.0; COLUMNS];
        strip.bias[..bias.len()].copy_from_slice(bias);
        let width = strip.vectors() * LANES;
        if strip.numbers.len() < inner * width {
            strip.numbers.resize(inner * width, 0.0);
        }
        if b.strides()[0] == 1 || inner == 1 {
            let step = b.strides()[1];
            // SAFETY: AVX-512 F was detected; the view has `columns` columns, `step` numbers apart, of
            // `inner` numbers that lie one after the other; the strip has `inner` rows of `width`.
            unsafe {
                transpose(
                    b.as_ptr(),
                    step,
                    [inner, columns],
                    (strip.numbers.as_mut_ptr(), width as isize, width),
                )
            }
            return;
        }
        for (row, packed) in b.rows().into_iter().zip(strip.numbers.chunks_exact_mut(width)) {
            let (numbers, padding) = packed.split_at_mut(columns);
            match row.to_slice() {
                Some(row) => numbers.copy_from_slice(row),
                None => numbers.iter_mut().zip(row).for_each(|(packed, &number)| *packed = number),
            }
            padding.fill(0.0);
        }
    }

    /// `out = a strip + bias`, or `out += a strip + bias`, for `a` `[m, k]` and `out` `[m, columns]`,
    /// whose rows are contiguous.
    pub(super) fn multiply(
        self,
        a: ArrayView2<'_, f32>,
        strip: &Strip,
        mut out: ArrayViewMut2<'_, f32>,
        adds: bool,
    ) {
        assert_eq!(a.ncols(), strip.inner, "inner sizes of a product");
        assert_eq!(out.dim(), (a.nrows(), strip.columns), "outer sizes of a product");
        assert!(strip.columns == 1 || out.strides()[1] == 1, "rows of the result are contiguous");
        let left = (a.as_ptr(), [a.strides()[0], a.strides()[1]]);
        let result = (out.as_mut_ptr(), out.strides()[0]);
        // SAFETY: AVX-512 F was detected; the views have `m` rows at these strides, those of `a` of as
        // many numbers as the strip has rows, those of `out` of as many as it has columns.
        unsafe { tiles(a.nrows(), left, strip, result, adds) }
    }

    /// `out = a bᵀ + bias`, or `out += a bᵀ + bias`, for few rows `a` `[m, k]` and `b` `[n, k]`, the
    /// rows of both and of `out` `[m, n]` contiguous: nothing is packed, and `b` is read once.
    pub(super) fn dots(
        self,
        a: ArrayView2<'_, f32>,
        b: ArrayView2<'_, f32>,
        bias: &[f32],
        mut out: ArrayViewMut2<'_, f32>,
        adds: bool,
    ) {
        assert_eq!(a.ncols(), b.ncols(), "inner sizes of a product");
        assert_eq!(out.dim(), (a.nrows(), b.nrows()), "outer sizes of a product");
        assert!(bias.is_empty() || bias.len() == b.nrows(), "a bias for every column");
        let contiguous = |strides: &[isize], rows: usize| strides[1] == 1 || rows == 0;
        assert!(contiguous(a.strides(), a.nrows()) && contiguous(b.strides(), b.nrows()), "contiguous rows");
        assert!(b.nrows() == 1 || contiguous(out.strides(), a.nrows()), "rows of the result are contiguous");
        let own = Rows { first: a.as_ptr(), stride: a.strides()[0], count: a.nrows() };
        let others = Rows { first: b.as_ptr(), stride: b.strides()[0], count: b.nrows() };
        let result = (out.as_mut_ptr(), out.strides()[0]);
        // SAFETY: AVX-512 F was detected; the rows are those of the views, which have one length, and
        // so are the places of the result.
        unsafe { all_dot_products(a.ncols(), own, others, bias, result, adds) }
    }

    /// Copies `a` `[m, k]`, whose columns are contiguous, into `out`, whose rows are.
    pub(super) fn transpose(self, a: ArrayView2<'_, f32>, mut out: ArrayViewMut2<'_, f32>) {
        assert_eq!(a.dim(), out.dim(), "sizes of a copy");
        assert!(a.strides()[0] == 1 || a.nrows() < 2, "contiguous columns");
        assert!(out.strides()[1] == 1 || a.ncols() < 2, "contiguous rows");
        let (rows, columns) = a.dim();
        let result = (out.as_mut_ptr(), out.strides()[0], columns);
        // SAFETY: AVX-512 F was detected; both views have these sizes and strides.
        unsafe { transpose(a.as_ptr(), a.strides()[1], [rows, columns], result) }
    }
}

/// Rows of contiguous numbers, `stride` apart.
#[derive(Clone, Copy)]
struct Rows {
    first: *const f32,
    stride: isize,
    count: usize,
}

impl Rows {
    /// Four rows from `first`; the last one stands in for those behind it.
    fn four(self, first: usize) -> [*const f32; SIDE] {
        let last = self.count - 1;
        std::array::from_fn(|row| self.first.wrapping_offset((first + row).min(last) as isize * self.stride))
    }
}

/// [`tile`] after tile, down all `rows`.
///
/// # Safety
/// As of [`tile`], for all rows.
#[target_feature(enable = "avx512f")]
unsafe fn tiles(
    rows: usize,
    (a, strides): (*const f32, [isize; 2]),
    strip: &Strip,
    (out, out_stride): (*mut f32, isize),
    adds: bool,
) {
    for first in (0..rows).step_by(ROWS) {
        let a = a.wrapping_offset(first as isize * strides[0]);
        let out = out.wrapping_offset(first as isize * out_stride);
        // SAFETY: the caller keeps the contract of `tile`.
        unsafe { tile_of_size(ROWS.min(rows - first), (a, strides), strip, (out, out_stride), adds) }
    }
}

/// [`tile`] of `rows` rows, 1 to 8.
///
/// # Safety
/// As of [`tile`].
#[target_feature(enable = "avx512f")]
#[inline]
unsafe fn tile_of_size(
    rows: usize,
    a: (*const f32, [isize; 2]),
    strip: &Strip,
    out: (*mut f32, isize),
    adds: bool,
) {
    macro_rules! of_size {
        ($($rows:literal)*) => {
            match (rows, strip.vectors()) {
                // SAFETY: the caller keeps the contract of `tile`.
                $(($rows, 1) => unsafe { tile::<$rows, 1>(a, strip, out, adds) },
                // SAFETY: as above.
                ($rows, 2) => unsafe { tile::<$rows, 2>(a, strip, out, adds) },
                // SAFETY: as above.
                ($rows, 3) => unsafe { tile::<$rows, 3>(a, strip, out, adds) },)*
                _ => {}
            }
        };
    }
    of_size!(1 2 3 4 5 6 7 8);
}

/// R rows of a result, times a strip whose rows fill V registers.
///
/// # Safety
/// The machine has AVX-512 F. At its strides (a row, a number), `a` is valid for R rows of
/// `strip.inner` numbers; `out`, at its stride of a row, for R rows of `strip.columns` that nothing
/// else reads or writes; the strip's columns fill V registers.
#[target_feature(enable = "avx512f")]
unsafe fn tile<const R: usize, const V: usize>(
    (a, [row_stride, stride]): (*const f32, [isize; 2]),
    strip: &Strip,
    (out, out_stride): (*mut f32, isize),
    adds: bool,
) {
    // Numbers that the packed strip is fetched ahead of their use.
    const AHEAD: usize = 8;
    // SAFETY: all reads and writes lie where the caller said; a prefetch may point anywhere.
    unsafe {
        for row in 0..R as isize {
            for vector in 0..V {
                _mm_prefetch::<_MM_HINT_T0>(
                    out.wrapping_offset(row * out_stride).wrapping_add(vector * LANES).cast(),
                );
            }
        }
        let mut sums = [[_mm512_setzero_ps(); V]; R];
        let (mut a, mut packed) = (a, strip.numbers.as_ptr());
        for _ in 0..strip.inner {
            let mut columns = [_mm512_setzero_ps(); V];
            for (vector, columns) in columns.iter_mut().enumerate() {
                *columns = _mm512_loadu_ps(packed.add(vector * LANES));
                _mm_prefetch::<_MM_HINT_T0>(packed.wrapping_add((AHEAD * V + vector) * LANES).cast());
            }
            packed = packed.add(V * LANES);
            for (row, sums) in sums.iter_mut().enumerate() {
                let number = _mm512_set1_ps(*a.offset(row as isize * row_stride));
                for (sum, &columns) in sums.iter_mut().zip(&columns) {
                    *sum = _mm512_fmadd_ps(number, columns, *sum);
                }
            }
            a = a.wrapping_offset(stride);
        }
        for (row, sums) in sums.iter().enumerate() {
            for (vector, &sum) in sums.iter().enumerate() {
                let mask = first_lanes(strip.columns - vector * LANES);
                let place = out.offset(row as isize * out_stride).add(vector * LANES);
                let mut sum = _mm512_add_ps(sum, _mm512_loadu_ps(strip.bias.as_ptr().add(vector * LANES)));
                if adds {
                    sum = _mm512_add_ps(sum, _mm512_maskz_loadu_ps(mask, place));
                }
                _mm512_mask_storeu_ps(place, mask, sum);
            }
        }
    }
}

/// The first `count` lanes, or all.
fn first_lanes(count: usize) -> __mmask16 {
    if count >= LANES { !0 } else { (1 << count) - 1 }
}

/// Copies a matrix `[rows, columns]` whose columns are contiguous and `step` apart to `out`, whose
/// rows are contiguous: out = (first number, stride of a row, numbers that a row has room for, which
/// are set to 0 behind the matrix's columns).
///
/// # Safety
/// The machine has AVX-512 F; `from` is valid for those numbers, and `out` for its rows.
#[target_feature(enable = "avx512f")]
unsafe fn transpose(
    from: *const f32,
    step: isize,
    [rows, columns]: [usize; 2],
    (out, out_stride, room): (*mut f32, isize, usize),
) {
    for column in (0..columns).step_by(LANES) {
        let used = LANES.min(columns - column);
        for first in (0..rows).step_by(LANES) {
            let count = LANES.min(rows - first);
            let mut block = [_mm512_setzero_ps(); LANES];
            // SAFETY: the numbers lie where the caller said, and the masks leave out what is behind.
            unsafe {
                for (index, numbers) in block.iter_mut().enumerate().take(used) {
                    let place = from.offset((column + index) as isize * step).add(first);
                    *numbers = _mm512_maskz_loadu_ps(first_lanes(count), place);
                }
                for (index, &numbers) in transposed(block).iter().enumerate().take(count) {
                    let place = out.offset((first + index) as isize * out_stride).add(column);
                    _mm512_mask_storeu_ps(place, first_lanes(room - column), numbers);
                }
            }
        }
    }
}

/// A matrix of 16 rows, its columns as rows.
#[target_feature(enable = "avx512f")]
#[inline]
fn transposed(rows: [__m512; LANES]) -> [__m512; LANES] {
    let low = |a, b| _mm512_castpd_ps(_mm512_unpacklo_pd(_mm512_castps_pd(a), _mm512_castps_pd(b)));
    let high = |a, b| _mm512_castpd_ps(_mm512_unpackhi_pd(_mm512_castps_pd(a), _mm512_castps_pd(b)));
    // quads[4 g + c]: of rows 4 g to 4 g + 3, in quarter q of the register, column 4 q + c.
    let mut quads = rows;
    for four in quads.as_chunks_mut::<4>().0 {
        let [a, b, c, d] = *four;
        let (ab, ab_high) = (_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));
        let (cd, cd_high) = (_mm512_unpacklo_ps(c, d), _mm512_unpackhi_ps(c, d));
        *four = [low(ab, cd), high(ab, cd), low(ab_high, cd_high), high(ab_high, cd_high)];
    }
    let mut columns = rows;
    for c in 0..4 {
        let [a, b, d, e] = [quads[c], quads[4 + c], quads[8 + c], quads[12 + c]];
        let (even, odd) = (_mm512_shuffle_f32x4::<0x88>(a, b), _mm512_shuffle_f32x4::<0xdd>(a, b));
        let (other_even, other_odd) =
            (_mm512_shuffle_f32x4::<0x88>(d, e), _mm512_shuffle_f32x4::<0xdd>(d, e));
        columns[c] = _mm512_shuffle_f32x4::<0x88>(even, other_even);
        columns[4 + c] = _mm512_shuffle_f32x4::<0x88>(odd, other_odd);
        columns[8 + c] = _mm512_shuffle_f32x4::<0xdd>(even, other_even);
        columns[12 + c] = _mm512_shuffle_f32x4::<0xdd>(odd, other_odd);
    }
    columns
}

/// The products of all rows of `a` with all rows of `b`, all of `inner` numbers.
///
/// # Safety
/// The machine has AVX-512 F; the rows are valid, and `out`, at its stride of a row, for a number for
/// each product that nothing else reads or writes; `bias` is empty or has a number for each row of `b`.
#[target_feature(enable = "avx512f")]
unsafe fn all_dot_products(
    inner: usize,
    a: Rows,
    b: Rows,
    bias: &[f32],
    (out, out_stride): (*mut f32, isize),
    adds: bool,
) {
    for column in (0..b.count).step_by(SIDE) {
        let others = b.four(column);
        let mask = first_lanes(SIDE.min(b.count - column));
        for row in (0..a.count).step_by(SIDE) {
            let (own, rows) = (a.four(row), SIDE.min(a.count - row));
            // SAFETY: the rows and the places of the result are what the caller said; the masks leave
            // out what is behind.
            unsafe {
                let sums = match rows {
                    1 => dot_products::<1>(inner, own, others),
                    2 => dot_products::<2>(inner, own, others),
                    3 => dot_products::<3>(inner, own, others),
                    _ => dot_products::<4>(inner, own, others),
                };
                let shift = if bias.is_empty() {
                    _mm512_setzero_ps()
                } else {
                    _mm512_maskz_loadu_ps(mask, bias.as_ptr().add(column))
                };
                let mut totals = [0.0_f32; SIDE * SIDE];
                _mm512_storeu_ps(totals.as_mut_ptr(), sums);
                for index in 0..rows {
                    let sum = _mm512_maskz_loadu_ps(mask, totals.as_ptr().add(index * SIDE));
                    let mut sum = _mm512_add_ps(sum, shift);
                    let place = out.offset((row + index) as isize * out_stride).add(column);
                    if adds {
                        sum = _mm512_add_ps(sum, _mm512_maskz_loadu_ps(mask, place));
                    }
                    _mm512_mask_storeu_ps(place, mask, sum);
                }
            }
        }
    }
}

/// The products of the first R of `a` with all of `b`, that of `a[r]` and `b[c]` in lane 4 r + c.
///
/// # Safety
/// The machine has AVX-512 F; all are valid for `inner` numbers.
#[target_feature(enable = "avx512f")]
#[inline]
unsafe fn dot_products<const R: usize>(inner: usize, a: [*const f32; SIDE], b: [*const f32; SIDE]) -> __m512 {
    let mut sums = [[_mm512_setzero_ps(); SIDE]; SIDE];
    for first in (0..inner).step_by(LANES) {
        let mask = first_lanes(inner - first);
        let mut others = [_mm512_setzero_ps(); SIDE];
        // SAFETY: the mask leaves out what is behind the end of the rows.
        unsafe {
            for (others, b) in others.iter_mut().zip(b) {
                *others = _mm512_maskz_loadu_ps(mask, b.add(first));
            }
            for (sums, a) in sums.iter_mut().zip(a).take(R) {
                let numbers = _mm512_maskz_loadu_ps(mask, a.add(first));
                for (sum, &others) in sums.iter_mut().zip(&others) {
                    *sum = _mm512_fmadd_ps(numbers, others, *sum);
                }
            }
        }
    }
    totals_of(sums)
}

/// The sum of the lanes of each of sixteen registers: that of `sums[r][c]` in lane 4 r + c.
#[target_feature(enable = "avx512f")]
#[inline]
fn totals_of(sums: [[__m512; SIDE]; SIDE]) -> __m512 {
    let pairs = |a, b| _mm512_add_ps(_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));
    // In every quarter, what that quarter of the four registers adds up to.
    let quarters = sums.map(|[a, b, c, d]| {
        let (ab, cd) = (_mm512_castps_pd(pairs(a, b)), _mm512_castps_pd(pairs(c, d)));
        _mm512_add_ps(
            _mm512_castpd_ps(_mm512_unpacklo_pd(ab, cd)),
            _mm512_castpd_ps(_mm512_unpackhi_pd(ab, cd)),
        )
    });
    let halves = |a, b| _mm512_add_ps(_mm512_shuffle_f32x4::<0x44>(a, b), _mm512_shuffle_f32x4::<0xee>(a, b));
    let [a, b, c, d] = quarters;
    let (ab, cd) = (halves(a, b), halves(c, d));
    _mm512_add_ps(_mm512_shuffle_f32x4::<0x88>(ab, cd), _mm512_shuffle_f32x4::<0xdd>(ab, cd))
}
