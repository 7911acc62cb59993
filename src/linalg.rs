//! Decompositions of small dense matrices, over ndarray-linalg.
//!
//! The LAPACK below it is our own shim (`src/lapack.rs`) or, with feature `openblas`, the
//! system's OpenBLAS; callers cannot tell. Signs of vectors are fixed here, so that the two, and
//! two runs, agree.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};
use ndarray_linalg::{Eigh, JobSvd, SVDDC, UPLO};

/// Result of everything in [`crate::linalg`].
pub type Result<T> = std::result::Result<T, LinalgError>;

/// Why a matrix could not be decomposed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LinalgError {
    /// An entry is NaN or infinite.
    #[error("cannot decompose a matrix with a number that is not finite (row {row}, column {column})")]
    NotFinite {
        /// Its row, from 0.
        row: usize,
        /// Its column, from 0.
        column: usize,
    },
    /// A symmetric matrix must be square.
    #[error("cannot take eigenvectors of a matrix of {rows} rows and {columns} columns: it must be square")]
    NotSquare {
        /// Its rows.
        rows: usize,
        /// Its columns.
        columns: usize,
    },
    /// LAPACK refused or did not converge.
    #[error("LAPACK: {0}")]
    Lapack(#[from] ndarray_linalg::error::LinalgError),
}

/// Eigenvalues and eigenvectors of a symmetric matrix.
#[derive(Debug, Clone)]
pub struct SymmetricEigen {
    /// Eigenvalues, falling.
    pub values: Array1<f64>,
    /// Unit eigenvectors, one a *row*, in the order of the values, each with [`fix_sign`].
    pub vectors: Array2<f64>,
}

/// The eigen-decomposition of a symmetric matrix (n x n), of which the lower triangle is read.
///
/// # Errors
/// A matrix that is not square or not finite; no convergence.
pub fn symmetric_eigen(matrix: ArrayView2<f64>) -> Result<SymmetricEigen> {
    let (rows, columns) = matrix.dim();
    if rows != columns {
        return Err(LinalgError::NotSquare { rows, columns });
    }
    check_finite(matrix)?;
    if rows == 0 {
        return Ok(SymmetricEigen { values: Array1::zeros(0), vectors: Array2::zeros((0, 0)) });
    }
    // Which triangle ndarray-linalg reads depends on the memory layout: give it both alike.
    let mirrored = Array2::from_shape_fn((rows, rows), |(i, j)| matrix[[i.max(j), i.min(j)]]);
    let (mut values, vectors) = mirrored.eigh(UPLO::Lower)?;
    // LAPACK gives rising values and vectors in columns.
    values.invert_axis(Axis(0));
    let mut vectors = vectors.reversed_axes();
    vectors.invert_axis(Axis(0));
    let mut vectors = vectors.as_standard_layout().into_owned();
    for mut vector in vectors.rows_mut() {
        let sign = fix_sign(vector.view());
        vector *= sign;
    }
    Ok(SymmetricEigen { values: values.as_standard_layout().into_owned(), vectors })
}

/// The singular values of a matrix of any shape, falling.
///
/// # Errors
/// A matrix that is not finite; no convergence.
pub fn singular_values(matrix: ArrayView2<f64>) -> Result<Array1<f64>> {
    check_finite(matrix)?;
    if matrix.is_empty() {
        return Ok(Array1::zeros(0));
    }
    Ok(matrix.svddc(JobSvd::None)?.1)
}

/// 1 or -1, whichever makes the entry of largest magnitude positive (the first of equals):
/// a vector's sign is free, and this choice depends on nothing but its direction.
pub fn fix_sign(vector: ArrayView1<f64>) -> f64 {
    let largest =
        vector.iter().fold(0.0_f64, |best, &entry| if entry.abs() > best.abs() { entry } else { best });
    if largest < 0.0 { -1.0 } else { 1.0 }
}

fn check_finite(matrix: ArrayView2<f64>) -> Result<()> {
    match matrix.indexed_iter().find(|(_, entry)| !entry.is_finite()) {
        Some(((row, column), _)) => Err(LinalgError::NotFinite { row, column }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    fn assert_close(found: &Array2<f64>, expected: &Array2<f64>) {
        assert_eq!(found.dim(), expected.dim());
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{found} is not {expected}");
    }

    #[test]
    fn eigenvalues_fall_and_vectors_are_rows_with_a_fixed_sign() {
        let eigen = symmetric_eigen(array![[2.0, 1.0], [1.0, 2.0]].view()).unwrap();
        let half = 0.5_f64.sqrt();
        assert_close(&eigen.values.insert_axis(Axis(0)), &array![[3.0, 1.0]]);
        assert!((eigen.vectors[[0, 0]] - half).abs() < 1e-15 && (eigen.vectors[[0, 1]] - half).abs() < 1e-15);
        assert!((eigen.vectors[[1, 0]].abs() - half).abs() < 1e-15);
        assert!((eigen.vectors[[1, 0]] + eigen.vectors[[1, 1]]).abs() < 1e-15);
    }

    #[test]
    fn only_the_lower_triangle_is_read() {
        let eigen = symmetric_eigen(array![[2.0, 99.0], [1.0, 2.0]].view()).unwrap();
        assert_close(&eigen.values.insert_axis(Axis(0)), &array![[3.0, 1.0]]);
    }

    #[test]
    fn a_view_with_odd_strides_decomposes_as_its_copy() {
        let wide = Array2::from_shape_fn((6, 8), |(i, j)| ((i * 7 + j * 3) % 11) as f64 - 5.0);
        let view = wide.slice(ndarray::s![..;2, 1..;3]);
        let viewed = singular_values(view).unwrap();
        assert_eq!(singular_values(view.to_owned().view()).unwrap(), viewed);
        // The squares sum to that of all entries (Frobenius).
        let whole: f64 = view.iter().map(|entry| entry * entry).sum();
        assert!((viewed.iter().map(|value| value * value).sum::<f64>() - whole).abs() < 1e-9 * whole);
    }

    #[test]
    fn what_cannot_be_decomposed_is_an_error() {
        let broken = array![[1.0, 0.0], [f64::NAN, 1.0]];
        let error = symmetric_eigen(broken.view()).unwrap_err();
        assert!(matches!(error, LinalgError::NotFinite { row: 1, column: 0 }), "{error}");
        assert!(matches!(singular_values(broken.view()), Err(LinalgError::NotFinite { .. })));
        let error = symmetric_eigen(Array2::zeros((2, 3)).view()).unwrap_err();
        assert!(matches!(error, LinalgError::NotSquare { rows: 2, columns: 3 }), "{error}");
    }

    #[test]
    fn empty_matrices_have_empty_decompositions() {
        assert_eq!(symmetric_eigen(Array2::zeros((0, 0)).view()).unwrap().values.len(), 0);
        assert_eq!(singular_values(Array2::zeros((0, 4)).view()).unwrap().len(), 0);
        assert_eq!(singular_values(Array2::zeros((3, 0)).view()).unwrap().len(), 0);
    }

    #[test]
    fn singular_values_of_a_tall_and_a_wide_matrix() {
        let tall = array![[3.0, 0.0], [0.0, 4.0], [0.0, 0.0]];
        assert_close(&singular_values(tall.view()).unwrap().insert_axis(Axis(0)), &array![[4.0, 3.0]]);
        assert_close(&singular_values(tall.t()).unwrap().insert_axis(Axis(0)), &array![[4.0, 3.0]]);
    }
}
