//! LAPACK, ours or the system's: through ndarray-linalg's API and by the routines' own names.
//! `cargo test --test lapack` and `cargo test --test lapack --features openblas` must both pass.

use std::ffi::{c_char, c_int};

use lexiscope::linalg;
use ndarray::{Array1, Array2, ArrayView2, ShapeBuilder, array};
use ndarray_linalg::{Eigh, JobSvd, SVDDC, UPLO};

unsafe extern "C" {
    fn dsyev_(
        jobz: *const c_char,
        uplo: *const c_char,
        n: *const c_int,
        a: *mut f64,
        lda: *const c_int,
        w: *mut f64,
        work: *mut f64,
        lwork: *const c_int,
        info: *mut c_int,
    );
    fn dgesdd_(
        jobz: *const c_char,
        m: *const c_int,
        n: *const c_int,
        a: *mut f64,
        lda: *const c_int,
        s: *mut f64,
        u: *mut f64,
        ldu: *const c_int,
        vt: *mut f64,
        ldvt: *const c_int,
        work: *mut f64,
        lwork: *const c_int,
        iwork: *mut c_int,
        info: *mut c_int,
    );
}

/// A fixed matrix that looks random: entries in -1..1 from a linear congruential generator.
fn sample(rows: usize, columns: usize) -> Array2<f64> {
    let mut state = 12345_u64;
    Array2::from_shape_simple_fn((rows, columns), || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    })
}

fn symmetric(n: usize) -> Array2<f64> {
    let matrix = sample(n, n);
    &matrix + &matrix.t()
}

fn distance(a: ArrayView2<f64>, b: ArrayView2<f64>) -> f64 {
    assert_eq!(a.dim(), b.dim());
    a.iter().zip(b.iter()).map(|(a, b)| (a - b).abs()).fold(0.0, larger_or_nan)
}

#[test]
fn the_second_difference_matrix_has_its_known_spectrum() {
    // Eigenvalues 2 - 2 cos(k pi / (n + 1)), k = 1..n (Strang, "The discrete cosine transform", 1999).
    let n = 40;
    let matrix = Array2::from_shape_fn((n, n), |(i, j)| match i.abs_diff(j) {
        0 => 2.0,
        1 => -1.0,
        _ => 0.0,
    });
    for triangle in [UPLO::Lower, UPLO::Upper] {
        let (values, vectors) = matrix.eigh(triangle).unwrap();
        for (k, &value) in values.iter().enumerate() {
            let value: f64 = value;
            let angle = (k + 1) as f64 * std::f64::consts::PI / (n + 1) as f64;
            assert!((value - (2.0 - 2.0 * angle.cos())).abs() < 1e-13);
        }
        let rebuilt = vectors.dot(&Array2::from_diag(&values)).dot(&vectors.t());
        assert!(distance(rebuilt.view(), matrix.view()) < 1e-13);
    }
}

#[test]
fn eigenvectors_are_orthonormal_in_both_layouts() {
    for n in [1, 2, 3, 17, 64, 130] {
        let row_major = symmetric(n);
        let mut column_major = Array2::zeros((n, n).f());
        column_major.assign(&row_major);
        for matrix in [row_major, column_major] {
            let (values, vectors) = matrix.eigh(UPLO::Upper).unwrap();
            assert!(values.windows(2).into_iter().all(|pair| pair[0] <= pair[1]));
            assert!(distance(vectors.t().dot(&vectors).view(), Array2::eye(n).view()) < 1e-12);
            let scaled = vectors.dot(&Array2::from_diag(&values));
            assert!(distance(matrix.dot(&vectors).view(), scaled.view()) < 1e-11);
        }
    }
}

#[test]
fn single_precision_gives_the_rounded_answer() {
    let matrix = symmetric(30);
    let (exact, _) = matrix.eigh(UPLO::Lower).unwrap();
    let (values, vectors) = matrix.mapv(|entry| entry as f32).eigh(UPLO::Lower).unwrap();
    assert!(exact.iter().zip(&values).all(|(a, &b)| (a - f64::from(b)).abs() < 1e-5));
    assert!(distance(vectors.t().dot(&vectors).mapv(f64::from).view(), Array2::eye(30).view()) < 1e-5);
    let singular: Array1<f32> = matrix.mapv(|entry| entry as f32).svddc(JobSvd::None).unwrap().1;
    let magnitudes = exact.iter().map(|value| value.abs()).fold(0.0, f64::max);
    assert!((f64::from(singular[0]) - magnitudes).abs() < 1e-5);
}

#[test]
fn huge_and_tiny_entries_neither_overflow_nor_vanish() {
    for scale in [1e300, 1e-300] {
        let eigen = linalg::symmetric_eigen((symmetric(8) * scale).view()).unwrap();
        let reference = linalg::symmetric_eigen(symmetric(8).view()).unwrap();
        for (found, expected) in eigen.values.iter().zip(&reference.values) {
            assert!((found / scale - expected).abs() < 1e-12);
        }
        let singular = linalg::singular_values((sample(5, 8) * scale).view()).unwrap();
        let reference = linalg::singular_values(sample(5, 8).view()).unwrap();
        assert!(
            singular.iter().zip(&reference).all(|(found, expected)| (found / scale - expected).abs() < 1e-12)
        );
    }
}

#[test]
fn singular_factors_rebuild_the_matrix_in_every_shape_and_layout() {
    for (rows, columns) in [(1, 1), (1, 5), (5, 1), (12, 7), (7, 12), (60, 60), (200, 30)] {
        let row_major = sample(rows, columns);
        let mut column_major = Array2::zeros((rows, columns).f());
        column_major.assign(&row_major);
        let smaller = rows.min(columns);
        for matrix in [row_major, column_major] {
            let (left, values, right) = matrix.svddc(JobSvd::Some).unwrap();
            let (left, right) = (left.unwrap(), right.unwrap());
            assert_eq!((left.dim(), right.dim()), ((rows, smaller), (smaller, columns)));
            assert!(
                values.windows(2).into_iter().all(|pair| pair[0] >= pair[1]) && values[smaller - 1] >= 0.0
            );
            let rebuilt = left.dot(&Array2::from_diag(&values)).dot(&right);
            assert!(distance(rebuilt.view(), matrix.view()) < 1e-12);
            assert!(distance(left.t().dot(&left).view(), Array2::eye(smaller).view()) < 1e-12);

            let (left, whole, right) = matrix.svddc(JobSvd::All).unwrap();
            let (left, right) = (left.unwrap(), right.unwrap());
            assert!(distance(left.dot(&left.t()).view(), Array2::eye(rows).view()) < 1e-12);
            assert!(distance(right.dot(&right.t()).view(), Array2::eye(columns).view()) < 1e-12);
            assert!(values.iter().zip(&whole).all(|(a, b)| (a - b).abs() < 1e-12));

            let (_, only, _) = matrix.svddc(JobSvd::None).unwrap();
            assert!(values.iter().zip(&only).all(|(a, b)| (a - b).abs() < 1e-12));
        }
    }
}

#[test]
fn the_hilbert_matrix_has_its_known_singular_values() {
    // Singular values of the 3 x 3 Hilbert matrix: 1.408318927..., 0.122327066..., 0.002687340...
    let hilbert = Array2::from_shape_fn((3, 3), |(i, j)| 1.0 / (i + j + 1) as f64);
    let values = hilbert.svddc(JobSvd::None).unwrap().1;
    let known = [1.408_318_927_123_654, 0.122_327_065_853_906, 0.002_687_340_355_773];
    assert!(values.iter().zip(known).all(|(value, known)| (value - known).abs() < 1e-13), "{values}");
}

/// `dsyev_` on `a` (n = 2) with the given scalars; the answer is `info`, and `w` and `work[0]`.
fn call_dsyev(letters: [u8; 2], n: c_int, a: &mut [f64], lda: c_int, lwork: c_int) -> (c_int, [f64; 2], f64) {
    let (mut w, mut work, mut info) = ([0.0; 2], [0.0; 512], 77);
    assert!(a.len() >= 2 * lda.max(2) as usize && lwork <= 512);
    let [jobz, uplo] = letters.map(|letter| letter as c_char);
    // SAFETY: every array is at least as long as LAPACK asks for n <= 2.
    unsafe {
        dsyev_(&jobz, &uplo, &n, a.as_mut_ptr(), &lda, w.as_mut_ptr(), work.as_mut_ptr(), &lwork, &mut info);
    }
    (info, w, work[0])
}

#[test]
fn dsyev_honours_the_leading_dimension_and_lower_case_letters() {
    // Columns are three apart; the third row and the upper triangle belong to somebody else.
    let mut a = [2.0, 1.0, -7.0, f64::NAN, 2.0, -7.0];
    let (info, w, _) = call_dsyev([b'v', b'l'], 2, &mut a, 3, 512);
    assert_eq!(info, 0);
    assert!((w[0] - 1.0).abs() < 1e-15 && (w[1] - 3.0).abs() < 1e-15);
    assert_eq!((a[2], a[5]), (-7.0, -7.0));
    assert!((a[3] - a[4]).abs() < 1e-15 && (a[3].abs() - 0.5_f64.sqrt()).abs() < 1e-15);
}

#[test]
fn dsyev_answers_a_workspace_query_and_touches_nothing_else() {
    let mut a = [2.0, 1.0, 1.0, 2.0];
    let (info, w, size) = call_dsyev([b'V', b'U'], 2, &mut a, 2, -1);
    assert_eq!((info, w, a), (0, [0.0; 2], [2.0, 1.0, 1.0, 2.0]));
    assert!((1.0..=512.0).contains(&size));
    let (info, w, _) = call_dsyev([b'V', b'U'], 2, &mut a, 2, size as c_int);
    assert!(info == 0 && (w[1] - 3.0).abs() < 1e-15);
}

#[test]
fn dsyev_names_the_wrong_argument() {
    let mut a = [2.0, 1.0, 1.0, 2.0];
    assert_eq!(call_dsyev([b'X', b'U'], 2, &mut a, 2, 512).0, -1);
    assert_eq!(call_dsyev([b'V', b'X'], 2, &mut a, 2, 512).0, -2);
    assert_eq!(call_dsyev([b'V', b'U'], -1, &mut a, 2, 512).0, -3);
    assert_eq!(call_dsyev([b'V', b'U'], 2, &mut a, 1, 512).0, -5);
    assert_eq!(call_dsyev([b'V', b'U'], 2, &mut a, 2, 0).0, -8);
    assert_eq!(call_dsyev([b'V', b'U'], 0, &mut a, 1, 512).0, 0);
    assert_eq!(a, [2.0, 1.0, 1.0, 2.0]);
}

#[test]
fn a_nan_never_becomes_a_number() {
    let broken = array![[f64::NAN, 1.0], [1.0, 2.0]];
    assert!(broken.svddc(JobSvd::None).is_err());
    assert!(matches!(linalg::symmetric_eigen(broken.view()), Err(linalg::LinalgError::NotFinite { .. })));
    // OpenBLAS 0.3.21 answers such a `dsyev` with numbers and info = 0, as LAPACK leaves it open.
    #[cfg(not(feature = "openblas"))]
    assert!(broken.eigh(UPLO::Lower).is_err());
}

/// `dgesdd_` on a 2 x 3 matrix, singular values only unless `jobz` says otherwise.
fn call_dgesdd(jobz: u8, [m, n, lda, ldu, ldvt, lwork]: [c_int; 6]) -> (c_int, [f64; 2], f64) {
    let mut a = [3.0, 0.0, 0.0, 4.0, 0.0, 0.0, 0.0, 0.0, 0.0];
    let (mut s, mut u, mut vt) = ([0.0; 2], [0.0; 9], [0.0; 9]);
    let (mut work, mut iwork, mut info) = ([0.0; 2048], [0; 64], 77);
    assert!(lwork <= 2048);
    let jobz = jobz as c_char;
    // SAFETY: every array is at least as long as LAPACK asks for m = 2, n = 3.
    unsafe {
        dgesdd_(
            &jobz,
            &m,
            &n,
            a.as_mut_ptr(),
            &lda,
            s.as_mut_ptr(),
            u.as_mut_ptr(),
            &ldu,
            vt.as_mut_ptr(),
            &ldvt,
            work.as_mut_ptr(),
            &lwork,
            iwork.as_mut_ptr(),
            &mut info,
        );
    }
    (info, s, work[0])
}

#[test]
fn dgesdd_keeps_the_calling_convention() {
    let (info, s, _) = call_dgesdd(b'n', [2, 3, 2, 1, 1, 2048]);
    assert_eq!((info, s), (0, [4.0, 3.0]));
    let (info, s, size) = call_dgesdd(b'A', [2, 3, 2, 2, 3, -1]);
    assert!(info == 0 && s == [0.0; 2] && (1.0..=2048.0).contains(&size));
    assert_eq!(call_dgesdd(b'A', [2, 3, 2, 2, 3, size as c_int]).1, [4.0, 3.0]);

    assert_eq!(call_dgesdd(b'X', [2, 3, 2, 2, 3, 2048]).0, -1);
    assert_eq!(call_dgesdd(b'A', [-1, 3, 2, 2, 3, 2048]).0, -2);
    assert_eq!(call_dgesdd(b'A', [2, -1, 2, 2, 3, 2048]).0, -3);
    assert_eq!(call_dgesdd(b'A', [2, 3, 1, 2, 3, 2048]).0, -5);
    assert_eq!(call_dgesdd(b'A', [2, 3, 2, 1, 3, 2048]).0, -8);
    assert_eq!(call_dgesdd(b'A', [2, 3, 2, 2, 2, 2048]).0, -10);
    assert_eq!(call_dgesdd(b'S', [2, 3, 2, 2, 1, 2048]).0, -10);
    assert_eq!(call_dgesdd(b'A', [2, 3, 2, 2, 3, 0]).0, -12);
}

/// The larger of two, or NaN where one is: `max` would pass over it.
fn larger_or_nan(one: f64, other: f64) -> f64 {
    if one.is_nan() || one >= other { one } else { other }
}
