//! From an image to the residual stream.

use ndarray::{Array1, Array2, ArrayView1, ArrayView3, Axis, CowArray, Ix2, s};

use super::trace::FrontTrace;
use crate::model::error::{ModelError, Result};
use crate::model::interventions::Interventions;
use crate::model::keep::Keep;
use crate::model::linear::Linear;
use crate::model::parameters::{Parameter, parameters_in};

/// From an image to the residual stream.
#[derive(Debug, Clone)]
pub struct PatchEmbedding {
    /// `[D, C, P, P]`, applied to patches side by side.
    pub projection: Linear,
    /// Side of a patch in pixels.
    pub patch: usize,
    /// Side of the image in pixels.
    pub image: usize,
    /// Colour channels.
    pub channels: usize,
    /// The first token, D numbers.
    pub class_token: Parameter,
    /// `[1, 1 + patches, D]`.
    pub positions: Parameter,
}

parameters_in!(PatchEmbedding: class_token, projection, positions);

impl PatchEmbedding {
    /// How many patches lie side by side.
    pub fn across(&self) -> usize {
        self.image / self.patch.max(1)
    }

    /// How many tokens an image has.
    pub fn tokens(&self) -> usize {
        1 + self.across() * self.across()
    }

    /// The positions as a table, `[1 + patches, D]`.
    pub fn position_table(&self) -> CowArray<'_, f32, Ix2> {
        let table = self.positions.to_matrix();
        let shape = (self.tokens(), table.len() / self.tokens());
        table.into_shape_with_order(shape).expect("as many rows as tokens, by the binder")
    }

    /// The stream `[1 + patches, D]` of a normalised image `[C, side, side]`: the class token, then
    /// the patches row by row.
    ///
    /// # Errors
    /// [`ModelError::Request`] for an image of another size, or a position outside the table.
    pub fn embed(
        &self,
        image: ArrayView3<'_, f32>,
        interventions: &Interventions,
        keep: Keep,
    ) -> Result<(Array2<f32>, FrontTrace)> {
        let expected = (self.channels, self.image, self.image);
        if image.dim() != expected {
            return Err(ModelError::Request(format!(
                "the model looks at images of {} x {} x {} numbers, this one has {} x {} x {}",
                expected.0,
                expected.1,
                expected.2,
                image.dim().0,
                image.dim().1,
                image.dim().2
            )));
        }
        let pixels = self.pixels_by_patch(image);
        let patches = self.projection.apply(pixels.view());
        let mut tokens = Array2::zeros((1 + patches.nrows(), patches.ncols()));
        tokens.row_mut(0).assign(&ArrayView1::from(&*self.class_token.to_f32()));
        tokens.slice_mut(s![1.., ..]).assign(&patches);
        let mut positions = Array2::zeros(tokens.raw_dim());
        let table = self.position_table();
        for (index, mut row) in positions.axis_iter_mut(Axis(0)).enumerate() {
            if let Some(position) = interventions.position(index) {
                if position >= table.nrows() {
                    return Err(ModelError::Request(format!(
                        "position {position} is outside the {} rows of {}",
                        table.nrows(),
                        self.positions.name()
                    )));
                }
                row.assign(&table.row(position));
            }
        }
        let sum = &tokens + &positions;
        let mut trace = FrontTrace::default();
        if matches!(keep, Keep::Weights | Keep::Everything) {
            trace.tokens = Some(tokens);
            trace.positions = Some(positions);
            trace.sum = Some(sum.clone());
        }
        trace.pixels = (keep == Keep::Tape).then_some(pixels);
        Ok((sum, trace))
    }

    /// The pixels of every patch, `[patches, C x P x P]`.
    fn pixels_by_patch(&self, image: ArrayView3<'_, f32>) -> Array2<f32> {
        let (patch, across) = (self.patch, self.across());
        let mut flat = Array2::zeros((across * across, self.channels * patch * patch));
        for (index, mut row) in flat.axis_iter_mut(Axis(0)).enumerate() {
            let (top, left) = (index / across * patch, index % across * patch);
            let pixels = image.slice(s![.., top..top + patch, left..left + patch]);
            row.assign(&Array1::from_iter(pixels.iter().copied()));
        }
        flat
    }
}
