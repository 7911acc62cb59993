//! The few LAPACK routines that ndarray-linalg calls for this program, on top of faer.
//!
//! ndarray-linalg needs LAPACK at link time, and every stock way to get it asks for a Fortran
//! compiler, a system library or a download. The linker wants only the routines that are really
//! called, so they are defined here, with LAPACK's own names and calling convention:
//!
//! | routine              | what                             | who calls it              |
//! |:---------------------|:---------------------------------|:--------------------------|
//! | `dsyev_`, `ssyev_`   | symmetric eigen-decomposition    | `Eigh` through lax 0.18   |
//! | `dgesdd_`, `sgesdd_` | singular value decomposition     | `SVDDC` through lax 0.18  |
//!
//! Conventions (LAPACK Users' Guide, 3rd edition, section 5.1): every argument is a pointer;
//! matrices are column by column, `lda` elements from one column to the next; letters are read
//! without regard to case; `lwork = -1` only asks for the size of `work`, answered in `work[0]`;
//! `info` is 0, or -i when argument i is wrong, or positive when the iteration did not converge.
//!
//! faer allocates what it needs, so `work` and `iwork` are not used and one element is enough.
//! Everything is computed in f64, f32 input too, on a copy scaled by a power of two, so that
//! neither huge nor tiny entries overflow on the way. `jobz = 'O'` of `?gesdd` (overwrite the
//! input), which nobody here calls, is refused as a wrong argument 1.
//!
//! Absent with feature `openblas`, which links a system OpenBLAS instead; `tests/lapack.rs`
//! holds both to the same answers.

use std::ffi::{c_char, c_int};

use faer::{Mat, MatRef, Side};

const CONVERGED: c_int = 0;
/// `?gesdd` answers -4 (a wrong `A`) to a matrix with a NaN in it, since LAPACK 3.7.
const NOT_FINITE: c_int = -4;

/// The two element types of the routines.
trait Element: Copy {
    fn to_f64(self) -> f64;
    fn from_f64(value: f64) -> Self;
}

impl Element for f64 {
    fn to_f64(self) -> f64 {
        self
    }
    fn from_f64(value: f64) -> Self {
        value
    }
}

impl Element for f32 {
    fn to_f64(self) -> f64 {
        f64::from(self)
    }
    fn from_f64(value: f64) -> Self {
        value as f32
    }
}

/// A column-major matrix of the caller: `rows` x `columns`, `stride` elements between columns.
struct Foreign<T> {
    start: *mut T,
    rows: usize,
    columns: usize,
    stride: usize,
}

impl<T: Element> Foreign<T> {
    /// # Safety
    /// `start[row + column * stride]` must be valid and initialised for every element that
    /// `wanted` asks for, and for none else.
    unsafe fn read(&self, wanted: impl Fn(usize, usize) -> (usize, usize)) -> Mat<f64> {
        Mat::from_fn(self.rows, self.columns, |row, column| {
            let (row, column) = wanted(row, column);
            // SAFETY: the caller vouches for the elements that `wanted` names.
            unsafe { self.start.add(row + column * self.stride).read() }.to_f64()
        })
    }

    /// # Safety
    /// All `rows` x `columns` elements must be valid for writes.
    unsafe fn write(&self, value: impl Fn(usize, usize) -> f64) {
        for column in 0..self.columns {
            for row in 0..self.rows {
                // SAFETY: the caller vouches for all elements of the matrix.
                unsafe { self.start.add(row + column * self.stride).write(T::from_f64(value(row, column))) };
            }
        }
    }
}

/// Scales `matrix` by a power of two so that its largest entry lies near 1, and returns what
/// undoes that; `None` when an entry is not finite.
fn normalise(matrix: &mut Mat<f64>) -> Option<f64> {
    let columns = 0..matrix.ncols();
    let entries = |column: usize| matrix.col(column).iter().copied();
    if columns.clone().flat_map(entries).any(|entry| !entry.is_finite()) {
        return None;
    }
    let largest = columns.flat_map(entries).fold(0.0_f64, |largest, entry| largest.max(entry.abs()));
    if largest == 0.0 {
        return Some(1.0);
    }
    let exponent = largest.log2().floor().clamp(-1000.0, 1000.0) as i32;
    let scale = 2.0_f64.powi(-exponent);
    for column in 0..matrix.ncols() {
        matrix.col_mut(column).iter_mut().for_each(|entry| *entry *= scale);
    }
    Some(2.0_f64.powi(exponent))
}

/// Arguments of `?syev` by value, in LAPACK's order.
struct Syev<T> {
    jobz: u8,
    uplo: u8,
    n: c_int,
    a: *mut T,
    lda: c_int,
    w: *mut T,
    work: *mut T,
    lwork: c_int,
}

impl<T: Element> Syev<T> {
    /// # Safety
    /// As for `?syev`: `work` holds one element at least; unless `lwork` is -1, `a` holds
    /// `lda` x `n` elements of which the triangle `uplo` is initialised, and `w` holds `n`.
    unsafe fn run(self) -> c_int {
        let wrong = match () {
            () if !matches!(self.jobz, b'N' | b'V') => 1,
            () if !matches!(self.uplo, b'U' | b'L') => 2,
            () if self.n < 0 => 3,
            () if self.lda < self.n.max(1) => 5,
            () if self.lwork < 1 && self.lwork != -1 => 8,
            () => 0,
        };
        if wrong != 0 {
            return -wrong;
        }
        // SAFETY: `work` always holds one element.
        unsafe { self.work.write(T::from_f64(1.0)) };
        if self.lwork == -1 || self.n == 0 {
            return CONVERGED;
        }
        let n = self.n as usize;
        let a = Foreign { start: self.a, rows: n, columns: n, stride: self.lda as usize };
        let upper = self.uplo == b'U';
        // SAFETY: only elements of the triangle `uplo` are read.
        let mut matrix = unsafe {
            a.read(|row, column| if (row <= column) == upper { (row, column) } else { (column, row) })
        };
        // LAPACK's ?syev has no code for a NaN: its iteration does not converge.
        let Some(scale) = normalise(&mut matrix) else { return self.n };
        let value = |index: usize, values: &[f64]| values[index] * scale;
        let w = Foreign { start: self.w, rows: n, columns: 1, stride: n };
        if self.jobz == b'N' {
            let Ok(values) = matrix.self_adjoint_eigenvalues(Side::Lower) else { return self.n };
            // SAFETY: `w` holds n elements.
            unsafe { w.write(|row, _| value(row, &values)) };
        } else {
            let Ok(eigen) = matrix.self_adjoint_eigen(Side::Lower) else { return self.n };
            let values: Vec<f64> = eigen.S().column_vector().iter().copied().collect();
            // SAFETY: `w` holds n elements, and `a` lda x n with lda >= n.
            unsafe {
                w.write(|row, _| value(row, &values));
                a.write(|row, column| eigen.U()[(row, column)]);
            }
        }
        CONVERGED
    }
}

/// Arguments of `?gesdd` by value, in LAPACK's order (`iwork` is not used).
struct Gesdd<T> {
    jobz: u8,
    m: c_int,
    n: c_int,
    a: *mut T,
    lda: c_int,
    s: *mut T,
    u: *mut T,
    ldu: c_int,
    vt: *mut T,
    ldvt: c_int,
    work: *mut T,
    lwork: c_int,
}

impl<T: Element> Gesdd<T> {
    /// # Safety
    /// As for `?gesdd`: `work` holds one element at least; unless `lwork` is -1, `a` holds
    /// `lda` x `n` initialised elements, `s` min(m, n), and `u` and `vt`, where `jobz` asks for
    /// them, `ldu` x (m or min(m, n)) and `ldvt` x n.
    unsafe fn run(self) -> c_int {
        let smaller = self.m.min(self.n);
        let vectors = matches!(self.jobz, b'A' | b'S');
        let least_ldvt = match self.jobz {
            b'A' => self.n,
            b'S' => smaller,
            _ => 1,
        };
        let wrong = match () {
            () if !vectors && self.jobz != b'N' => 1,
            () if self.m < 0 => 2,
            () if self.n < 0 => 3,
            () if self.lda < self.m.max(1) => 5,
            () if self.ldu < 1 || (vectors && self.ldu < self.m) => 8,
            () if self.ldvt < least_ldvt.max(1) => 10,
            () if self.lwork < 1 && self.lwork != -1 => 12,
            () => 0,
        };
        if wrong != 0 {
            return -wrong;
        }
        // SAFETY: `work` always holds one element.
        unsafe { self.work.write(T::from_f64(1.0)) };
        if self.lwork == -1 || smaller == 0 {
            return CONVERGED;
        }
        let (m, n) = (self.m as usize, self.n as usize);
        let a = Foreign { start: self.a, rows: m, columns: n, stride: self.lda as usize };
        // SAFETY: `a` holds lda x n elements with lda >= m.
        let mut matrix = unsafe { a.read(|row, column| (row, column)) };
        let Some(scale) = normalise(&mut matrix) else { return NOT_FINITE };
        let s = Foreign { start: self.s, rows: smaller as usize, columns: 1, stride: smaller as usize };
        if !vectors {
            let Ok(values) = matrix.singular_values() else { return 1 };
            // SAFETY: `s` holds min(m, n) elements.
            unsafe { s.write(|row, _| values[row] * scale) };
            return CONVERGED;
        }
        let decomposition = if self.jobz == b'A' { matrix.svd() } else { matrix.thin_svd() };
        let Ok(decomposition) = decomposition else { return 1 };
        let (left, right): (MatRef<f64>, MatRef<f64>) = (decomposition.U(), decomposition.V());
        let values = decomposition.S().column_vector();
        let u = Foreign { start: self.u, rows: m, columns: left.ncols(), stride: self.ldu as usize };
        let vt = Foreign { start: self.vt, rows: right.ncols(), columns: n, stride: self.ldvt as usize };
        // SAFETY: `s` holds min(m, n) elements; `u` ldu x (m or min(m, n)) with ldu >= m, and
        // `vt` ldvt x n with ldvt >= n or min(m, n): just the shapes of faer's factors.
        unsafe {
            s.write(|row, _| values[row] * scale);
            u.write(|row, column| left[(row, column)]);
            vt.write(|row, column| right[(column, row)]);
        }
        CONVERGED
    }
}

fn letter(value: c_char) -> u8 {
    (value as u8).to_ascii_uppercase()
}

macro_rules! syev {
    ($name:ident, $element:ty) => {
        /// Eigenvalues in rising order and, for `jobz = 'V'`, eigenvectors of a symmetric matrix.
        ///
        /// # Safety
        /// All pointers must be valid as LAPACK's documentation of the routine says.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name(
            jobz: *const c_char,
            uplo: *const c_char,
            n: *const c_int,
            a: *mut $element,
            lda: *const c_int,
            w: *mut $element,
            work: *mut $element,
            lwork: *const c_int,
            info: *mut c_int,
        ) {
            // SAFETY: the caller keeps LAPACK's contract, which is that of `Syev::run`.
            unsafe {
                let (jobz, uplo) = (letter(*jobz), letter(*uplo));
                *info = Syev { jobz, uplo, n: *n, a, lda: *lda, w, work, lwork: *lwork }.run();
            }
        }
    };
}

syev!(dsyev_, f64);
syev!(ssyev_, f32);

macro_rules! gesdd {
    ($name:ident, $element:ty) => {
        /// Singular values in falling order and, for `jobz` 'S' or 'A', the thin or whole factors.
        ///
        /// # Safety
        /// All pointers must be valid as LAPACK's documentation of the routine says.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name(
            jobz: *const c_char,
            m: *const c_int,
            n: *const c_int,
            a: *mut $element,
            lda: *const c_int,
            s: *mut $element,
            u: *mut $element,
            ldu: *const c_int,
            vt: *mut $element,
            ldvt: *const c_int,
            work: *mut $element,
            lwork: *const c_int,
            _iwork: *mut c_int,
            info: *mut c_int,
        ) {
            // SAFETY: the caller keeps LAPACK's contract, which is that of `Gesdd::run`.
            unsafe {
                let (jobz, ldu, ldvt, lwork) = (letter(*jobz), *ldu, *ldvt, *lwork);
                *info = Gesdd { jobz, m: *m, n: *n, a, lda: *lda, s, u, ldu, vt, ldvt, work, lwork }.run();
            }
        }
    };
}

gesdd!(dgesdd_, f64);
gesdd!(sgesdd_, f32);
