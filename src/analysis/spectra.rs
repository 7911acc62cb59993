//! Singular values of what a head can read and write, whatever the text.

use super::place::HeadPlace;
use crate::model::Network;
use crate::model::error::Result;

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
    todo!()
}
