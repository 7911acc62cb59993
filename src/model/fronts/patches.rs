//! From an image to the residual stream.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, ArrayView3, Axis, CowArray, Ix2, s};

use super::trace::FrontTrace;
use crate::model::error::{ModelError, Result};
use crate::model::gradients::Gradients;
use crate::model::interventions::Interventions;
use crate::model::keep::Keep;
use crate::model::linear::{Linear, add_rows};
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

    /// The stream `[1 + patches, D]` of every normalised image `[C, side, side]`, one after the other:
    /// the class token, then the patches row by row.
    ///
    /// # Errors
    /// [`ModelError::Request`] for an image of another size, or a position outside the table.
    pub fn embed(
        &self,
        images: &[ArrayView3<'_, f32>],
        interventions: &Interventions,
        keep: Keep,
    ) -> Result<(Array2<f32>, FrontTrace)> {
        images.iter().try_for_each(|image| check_size(image, self.channels, self.image))?;
        let pixels = self.pixels_by_patch(images);
        let patches = self.projection.apply(pixels.view());
        let count = self.tokens();
        let mut tokens = Array2::zeros((images.len() * count, patches.ncols()));
        let class = self.class_token.to_f32();
        for (mut tokens, patches) in tokens
            .axis_chunks_iter_mut(Axis(0), count)
            .zip(patches.axis_chunks_iter(Axis(0), (count - 1).max(1)))
        {
            tokens.row_mut(0).assign(&ArrayView1::from(&*class));
            tokens.slice_mut(s![1.., ..]).assign(&patches);
        }
        let positions = self.positions_of(images.len(), interventions)?;
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

    fn positions_of(&self, images: usize, interventions: &Interventions) -> Result<Array2<f32>> {
        let table = self.position_table();
        let count = self.tokens();
        let mut positions = Array2::zeros((images * count, table.ncols()));
        for (index, mut row) in positions.axis_iter_mut(Axis(0)).enumerate() {
            if let Some(position) = interventions.position(index % count) {
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
        Ok(positions)
    }

    /// Adds the gradients of its parameters, given that of the stream `[T, D]`, for a pass in which
    /// nothing was changed.
    ///
    /// # Panics
    /// When `trace` is not on a tape.
    pub fn backward(&self, trace: &FrontTrace, stream: ArrayView2<'_, f32>, gradients: &mut Gradients) {
        let pixels = trace.pixels.as_ref().expect("the pass kept a tape");
        let count = self.tokens();
        let mut patches = Array2::zeros((pixels.nrows(), stream.ncols()));
        let mut of_patches = patches.axis_chunks_iter_mut(Axis(0), (count - 1).max(1));
        for image in stream.axis_chunks_iter(Axis(0), count) {
            let positions = gradients.of_mut(&self.positions);
            positions.iter_mut().zip(&image).for_each(|(sum, number)| *sum += number);
            add_rows(image.slice(s![..1, ..]), gradients.of_mut(&self.class_token));
            if let Some(mut of_patches) = of_patches.next() {
                of_patches.assign(&image.slice(s![1.., ..]));
            }
        }
        self.projection.backward(pixels.view(), patches.view(), None, gradients);
    }

    /// The pixels of every patch of every image, `[patches, C x P x P]`.
    fn pixels_by_patch(&self, images: &[ArrayView3<'_, f32>]) -> Array2<f32> {
        let (patch, across) = (self.patch, self.across());
        let mut flat = Array2::zeros((images.len() * across * across, self.channels * patch * patch));
        for (index, mut row) in flat.axis_iter_mut(Axis(0)).enumerate() {
            let (image, place) = (&images[index / (across * across)], index % (across * across));
            let (top, left) = (place / across * patch, place % across * patch);
            let pixels = image.slice(s![.., top..top + patch, left..left + patch]);
            row.assign(&Array1::from_iter(pixels.iter().copied()));
        }
        flat
    }
}

/// Whether an image has `channels` and is `side` pixels wide and high.
///
/// # Errors
/// [`ModelError::Request`] when it is not.
pub(super) fn check_size(image: &ArrayView3<'_, f32>, channels: usize, side: usize) -> Result<()> {
    let (expected, found) = ((channels, side, side), image.dim());
    if found == expected {
        return Ok(());
    }
    Err(ModelError::Request(format!(
        "the model looks at images of {} x {} x {} numbers, this one has {} x {} x {}",
        expected.0, expected.1, expected.2, found.0, found.1, found.2
    )))
}
