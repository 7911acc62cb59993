//! Singular values of what a head can read and write, whatever the text.

use ndarray::{Array2, ArrayView2, Axis};

use super::head_maps::head_maps;
use super::place::HeadPlace;
use crate::linalg;
use crate::model::Network;
use crate::model::error::{ModelError, Result};

/// The singular values of one head's two maps, falling; as many as the head size.
#[derive(Debug, Clone, PartialEq)]
pub struct HeadSpectrum {
    /// Of W_Qᵀ W_K `[D, D]`: which directions look for which.
    pub query_key: Vec<f64>,
    /// Of W_O W_V `[D, D]`: which directions are moved where.
    pub output_value: Vec<f64>,
}

/// The spectrum of one head's QK and OV circuits (Elhage et al. 2021), of the weights as stored:
/// without scale, biases, rotation and norms.
///
/// # Errors
/// No such head; weights that are not finite.
pub fn head_spectrum(network: &Network, place: HeadPlace) -> Result<HeadSpectrum> {
    let maps = head_maps(place.attention(network)?, place.head);
    let output = maps.output.t();
    Ok(HeadSpectrum {
        query_key: product_spectrum(maps.query.view(), maps.key.view())?,
        output_value: product_spectrum(output, maps.value.view())?,
    })
}

/// The singular values of aᵀ b for a and b `[E, D]`.
///
/// With aᵀ = P R and bᵀ = Q S (P and Q of orthonormal columns) it is P R Sᵀ Qᵀ, whose singular
/// values are those of R Sᵀ `[E, E]`: exact, at the cost of the head size, not of D.
fn product_spectrum(a: ArrayView2<'_, f32>, b: ArrayView2<'_, f32>) -> Result<Vec<f64>> {
    let (a, b) = (a.mapv(f64::from), b.mapv(f64::from));
    let small = if a.nrows() <= a.ncols() {
        triangular_factor(a).dot(&triangular_factor(b).t())
    } else {
        a.t().dot(&b)
    };
    let values = linalg::singular_values(small.view())
        .map_err(|error| ModelError::Request(format!("cannot take the spectrum of this head: {error}")))?;
    Ok(values.to_vec())
}

/// R of the QR decomposition of the transpose of `rows` `[E, D]`, by modified Gram-Schmidt, whose R
/// is as exact as Householder's even when its Q is not orthogonal (Björck 1967).
fn triangular_factor(mut rows: Array2<f64>) -> Array2<f64> {
    let count = rows.nrows();
    let mut factor = Array2::zeros((count, count));
    for i in 0..count {
        let (done, mut rest) = rows.view_mut().split_at(Axis(0), i + 1);
        let row = done.row(i);
        let length = row.dot(&row).sqrt();
        factor[[i, i]] = length;
        if length == 0.0 {
            continue;
        }
        let unit = row.mapv(|x| x / length);
        for (j, mut other) in rest.axis_iter_mut(Axis(0)).enumerate() {
            let along = unit.dot(&other);
            factor[[i, i + 1 + j]] = along;
            other.scaled_add(-along, &unit);
        }
    }
    factor
}
