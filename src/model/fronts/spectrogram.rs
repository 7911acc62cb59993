//! From a spectrogram to the residual stream: patches of it that overlap.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, CowArray, Ix2, s};

use super::places::rows_of_places;
use super::trace::FrontTrace;
use crate::model::error::{ModelError, Result};
use crate::model::interventions::Interventions;
use crate::model::keep::Keep;
use crate::model::linear::Linear;
use crate::model::parameters::{Parameter, parameters_in};

/// Patches of the strengths of bands of pitch over time, as those of an image (Gong et al. 2021).
#[derive(Debug, Clone)]
pub struct SpectrogramPatches {
    /// `[D, 1, P, P]`: the first side is pitch, the second time.
    pub projection: Linear,
    /// Bands and steps of the spectrograms that it learned from.
    pub size: [usize; 2],
    /// Side of a patch.
    pub patch: usize,
    /// From patch to patch, in bands and in steps.
    pub strides: [usize; 2],
    /// The tokens before the patches, D numbers each.
    pub leading: Vec<Parameter>,
    /// `[1, leading + patches, D]`.
    pub positions: Parameter,
}

parameters_in!(SpectrogramPatches: leading, projection, positions);

impl SpectrogramPatches {
    /// Patches of `patch` numbers a side from low to high and from early to late.
    pub fn grid_of(size: [usize; 2], patch: usize, strides: [usize; 2]) -> [usize; 2] {
        [0, 1].map(|side| {
            let room = size[side].checked_sub(patch);
            room.map_or(0, |room| room / strides[side].max(1) + 1)
        })
    }

    /// As [`SpectrogramPatches::grid_of`].
    pub fn grid(&self) -> [usize; 2] {
        Self::grid_of(self.size, self.patch, self.strides)
    }

    /// How many tokens a spectrogram has.
    pub fn tokens(&self) -> usize {
        let [high, long] = self.grid();
        self.leading.len() + high * long
    }

    /// The positions as a table `[T, D]`.
    pub fn position_table(&self) -> CowArray<'_, f32, Ix2> {
        let table = self.positions.to_matrix();
        let shape = (self.tokens(), table.len() / self.tokens().max(1));
        table.into_shape_with_order(shape).expect("as many rows as tokens, by the binder")
    }

    /// The stream `[T, D]` of a spectrogram `[bands, steps]`: leading tokens, then the patches of the lowest
    /// bands from early to late, then those of the next.
    ///
    /// # Errors
    /// [`ModelError::Request`] for one of another size, or a position outside the table.
    pub fn embed(
        &self,
        sound: ArrayView2<'_, f32>,
        interventions: &Interventions,
        keep: Keep,
    ) -> Result<(Array2<f32>, FrontTrace)> {
        let (bands, steps) = sound.dim();
        if [bands, steps] != self.size {
            return Err(ModelError::Request(format!(
                "the model hears spectrograms of {} bands and {} steps, this one has {bands} and {steps}",
                self.size[0], self.size[1]
            )));
        }
        let [high, long] = self.grid();
        let mut numbers = Array2::zeros((high * long, self.patch * self.patch));
        for (index, mut row) in numbers.rows_mut().into_iter().enumerate() {
            let (low, early) = (index / long * self.strides[0], index % long * self.strides[1]);
            let patch = sound.slice(s![low..low + self.patch, early..early + self.patch]);
            row.assign(&Array1::from_iter(patch.iter().copied()));
        }
        let patches = self.projection.apply(numbers.view());
        let mut tokens = Array2::zeros((self.tokens(), patches.ncols()));
        for (token, mut row) in self.leading.iter().zip(tokens.rows_mut()) {
            row.assign(&ArrayView1::from(&*token.to_f32()));
        }
        tokens.slice_mut(s![self.leading.len().., ..]).assign(&patches);
        let table = self.position_table();
        let positions = rows_of_places(table.view(), self.positions.name(), tokens.nrows(), interventions)?;
        let sum = &tokens + &positions;
        let trace = FrontTrace::looked_at(keep, tokens, positions, &sum);
        Ok((sum, trace))
    }
}
