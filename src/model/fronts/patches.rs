//! From an image to the residual stream.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, ArrayView3, ArrayViewMut2, Axis, CowArray, Ix2, s};

use super::resized::Stretch;
use super::trace::FrontTrace;
use crate::model::error::{ModelError, Result};
use crate::model::gradients::Gradients;
use crate::model::interventions::Interventions;
use crate::model::keep::Keep;
use crate::model::linear::{Linear, add_rows};
use crate::model::normalisation::{Norm, normalise};
use crate::model::parameters::{Parameter, parameters_in};

/// From an image to the residual stream. [`PatchEmbedding::new`] gives the usual one.
#[derive(Debug, Clone)]
pub struct PatchEmbedding {
    /// `[D, C, P, P]`, applied to patches side by side.
    pub projection: Linear,
    /// Side of a patch in pixels.
    pub patch: usize,
    /// Side of the images that it learned from, in pixels.
    pub image: usize,
    /// Colour channels.
    pub channels: usize,
    /// The tokens before the patches that have a position, D numbers each: the class token, and in DeiT
    /// one that learned from another network.
    pub leading: Vec<Parameter>,
    /// `[1, R, D]`: R tokens behind those, without position (Darcet et al. 2024).
    pub registers: Option<Parameter>,
    /// `[1, leading + patches, D]`.
    pub positions: Option<Parameter>,
    /// How the positions of the patches are stretched to images of other sizes; without it there are none.
    pub stretch: Option<Stretch>,
    /// A norm over the sum (CLIP).
    pub norm: Option<Norm>,
}

parameters_in!(PatchEmbedding: leading, registers, projection, positions, norm);

impl PatchEmbedding {
    /// Patches of `patch` pixels of images of `image` pixels, behind a class token, with a position each.
    pub fn new(
        projection: Linear,
        [channels, image, patch]: [usize; 3],
        class_token: Parameter,
        positions: Option<Parameter>,
    ) -> Self {
        let without = Self::without_class(projection, [channels, image, patch], positions);
        Self { leading: vec![class_token], ..without }
    }

    /// The same without a class token.
    pub fn without_class(
        projection: Linear,
        [channels, image, patch]: [usize; 3],
        positions: Option<Parameter>,
    ) -> Self {
        Self {
            projection,
            patch,
            image,
            channels,
            leading: Vec::new(),
            registers: None,
            positions,
            stretch: None,
            norm: None,
        }
    }

    /// The same with a norm over the sum.
    pub fn with_norm(mut self, norm: Norm) -> Self {
        self.norm = Some(norm);
        self
    }

    /// How many patches lie side by side in the images that it learned from.
    pub fn across(&self) -> usize {
        self.image / self.patch.max(1)
    }

    /// How many tokens come before the patches.
    pub fn before_patches(&self) -> usize {
        self.leading.len() + self.registers.as_ref().map_or(0, |registers| registers.shape()[1])
    }

    /// How many tokens an image has of the size that it learned from.
    pub fn tokens(&self) -> usize {
        self.before_patches() + self.across() * self.across()
    }

    /// Patches from top to bottom and from left to right of an image `[C, height, width]`.
    pub fn grid(&self, image: &ArrayView3<'_, f32>) -> (usize, usize) {
        let (_, height, width) = image.dim();
        match self.stretch {
            Some(_) => (height / self.patch.max(1), width / self.patch.max(1)),
            // Another size is refused when it is embedded.
            None => (self.across(), self.across()),
        }
    }

    /// How many tokens `image` has.
    pub fn tokens_of(&self, image: &ArrayView3<'_, f32>) -> usize {
        let (down, across) = self.grid(image);
        self.before_patches() + down * across
    }

    /// The positions as a table, `[leading + patches, D]`, where there are some.
    pub fn position_table(&self) -> Option<CowArray<'_, f32, Ix2>> {
        let table = self.positions.as_ref()?.to_matrix();
        let rows = self.leading.len() + self.across() * self.across();
        let shape = (rows, table.len() / rows);
        Some(table.into_shape_with_order(shape).expect("as many rows as tokens, by the binder"))
    }

    /// The stream of every normalised image `[C, height, width]`, one after the other: leading tokens,
    /// registers, then the patches row by row.
    ///
    /// # Errors
    /// [`ModelError::Request`] for an image of another size, or a position outside the table.
    pub fn embed(
        &self,
        images: &[ArrayView3<'_, f32>],
        interventions: &Interventions,
        keep: Keep,
    ) -> Result<(Array2<f32>, FrontTrace)> {
        images.iter().try_for_each(|image| self.check(image))?;
        let pixels = self.pixels_by_patch(images);
        let patches = self.projection.apply(pixels.view());
        let count: usize = images.iter().map(|image| self.tokens_of(image)).sum();
        let mut tokens = Array2::zeros((count, patches.ncols()));
        let mut positions = Array2::zeros(tokens.raw_dim());
        let (mut first, mut first_patch) = (0, 0);
        for image in images {
            let end = first + self.tokens_of(image);
            let of_image = end - first - self.before_patches();
            let mut rows = tokens.slice_mut(s![first..end, ..]);
            self.write_before_patches(&mut rows);
            let patches = patches.slice(s![first_patch..first_patch + of_image, ..]);
            rows.slice_mut(s![self.before_patches().., ..]).assign(&patches);
            let of_image_positions = positions.slice_mut(s![first..end, ..]);
            self.write_positions(self.grid(image), interventions, of_image_positions)?;
            (first, first_patch) = (end, first_patch + of_image);
        }
        let mut sum = &tokens + &positions;
        let mut trace = FrontTrace::default();
        let looked_at = matches!(keep, Keep::Weights | Keep::Everything);
        if looked_at {
            trace.tokens = Some(tokens);
            trace.positions = self.positions.as_ref().map(|_| positions);
        }
        trace.sum = (looked_at || keep == Keep::Tape && self.norm.is_some()).then(|| sum.clone());
        if let Some(norm) = &self.norm {
            normalise(norm, &mut sum);
        }
        trace.pixels = (keep == Keep::Tape).then_some(pixels);
        Ok((sum, trace))
    }

    fn check(&self, image: &ArrayView3<'_, f32>) -> Result<()> {
        let (channels, height, width) = image.dim();
        let whole = [height, width].iter().all(|side| *side > 0 && side.is_multiple_of(self.patch.max(1)));
        match self.stretch {
            Some(_) if whole && channels == self.channels => Ok(()),
            Some(_) => Err(ModelError::Request(format!(
                "the model looks at images of {} channels whose sides are multiples of {}, this one has \
                 {channels} x {height} x {width}",
                self.channels, self.patch
            ))),
            None => check_size(image, self.channels, self.image),
        }
    }

    fn write_before_patches(&self, rows: &mut ArrayViewMut2<'_, f32>) {
        for (token, mut row) in self.leading.iter().zip(rows.rows_mut()) {
            row.assign(&ArrayView1::from(&*token.to_f32()));
        }
        if let Some(registers) = &self.registers {
            let numbers = registers.to_f32();
            let each = numbers.chunks_exact(rows.ncols());
            for (register, mut row) in each.zip(rows.rows_mut().into_iter().skip(self.leading.len())) {
                row.assign(&ArrayView1::from(register));
            }
        }
    }

    /// Positions for one image of `grid` patches; a token that is told another place has that of its table
    /// row, or of the patch there.
    fn write_positions(
        &self,
        grid: (usize, usize),
        interventions: &Interventions,
        mut rows: ArrayViewMut2<'_, f32>,
    ) -> Result<()> {
        let (Some(table), Some(positions)) = (self.position_table(), &self.positions) else { return Ok(()) };
        let leading = self.leading.len();
        let registers = self.before_patches() - leading;
        let own = table.slice(s![leading.., ..]);
        let learned = (self.across(), self.across());
        let stretched = match self.stretch {
            Some(stretch) if grid != learned => Some(stretch.apply(own, learned, grid)),
            _ => None,
        };
        let patches = stretched.as_ref().map_or(own, |stretched| stretched.view());
        for (index, mut row) in rows.rows_mut().into_iter().enumerate() {
            if (leading..leading + registers).contains(&index) {
                continue;
            }
            let Some(place) = interventions.position(index) else { continue };
            let place = if place < leading { place } else { place.saturating_sub(registers).max(leading) };
            match place.checked_sub(leading) {
                None => row.assign(&table.row(place)),
                Some(patch) if patch < patches.nrows() => row.assign(&patches.row(patch)),
                Some(patch) => {
                    return Err(ModelError::Request(format!(
                        "position {} is outside the {} rows of {}",
                        patch + leading,
                        patches.nrows() + leading,
                        positions.name()
                    )));
                }
            }
        }
        Ok(())
    }

    /// Adds the gradients of its parameters, given that of the stream of `images` `[T, D]`, for a pass in
    /// which nothing was changed.
    ///
    /// # Panics
    /// When `trace` is not on a tape.
    pub fn backward(
        &self,
        images: &[ArrayView3<'_, f32>],
        trace: &FrontTrace,
        mut stream: Array2<f32>,
        gradients: &mut Gradients,
    ) {
        const TAPE: &str = "the pass kept a tape";
        let pixels = trace.pixels.as_ref().expect(TAPE);
        if let Some(norm) = &self.norm {
            norm.backward(trace.sum.as_ref().expect(TAPE), &mut stream, gradients);
        }
        let mut patches = Array2::zeros((pixels.nrows(), stream.ncols()));
        let (mut first, mut first_patch) = (0, 0);
        for image in images {
            let end = first + self.tokens_of(image);
            let of_image = stream.slice(s![first..end, ..]);
            let of_patches = of_image.slice(s![self.before_patches().., ..]);
            for (token, gradient) in self.leading.iter().zip(of_image.rows()) {
                add_rows(gradient.insert_axis(Axis(0)), gradients.of_mut(token));
            }
            if let Some(registers) = &self.registers {
                let of_registers = of_image.slice(s![self.leading.len()..self.before_patches(), ..]);
                let sums = gradients.of_mut(registers);
                sums.iter_mut().zip(&of_registers).for_each(|(sum, number)| *sum += number);
            }
            self.add_to_positions(self.grid(image), of_image, of_patches, gradients);
            let next = first_patch + of_patches.nrows();
            patches.slice_mut(s![first_patch..next, ..]).assign(&of_patches);
            (first, first_patch) = (end, next);
        }
        self.projection.backward(pixels.view(), patches.view(), None, gradients);
    }

    fn add_to_positions(
        &self,
        grid: (usize, usize),
        of_image: ArrayView2<'_, f32>,
        of_patches: ArrayView2<'_, f32>,
        gradients: &mut Gradients,
    ) {
        let Some(positions) = &self.positions else { return };
        let learned = (self.across(), self.across());
        let of_patches = match self.stretch {
            Some(stretch) if grid != learned => stretch.backward(of_patches, learned, grid).into(),
            _ => CowArray::from(of_patches),
        };
        let leading = of_image.slice(s![..self.leading.len(), ..]);
        let all = leading.iter().chain(&of_patches);
        gradients.of_mut(positions).iter_mut().zip(all).for_each(|(sum, number)| *sum += number);
    }

    /// The pixels of every patch of every image, `[patches, C x P x P]`.
    fn pixels_by_patch(&self, images: &[ArrayView3<'_, f32>]) -> Array2<f32> {
        let patch = self.patch;
        let count: usize = images.iter().map(|image| self.tokens_of(image) - self.before_patches()).sum();
        let mut flat = Array2::zeros((count, self.channels * patch * patch));
        let mut rows = flat.rows_mut().into_iter();
        for image in images {
            let (down, across) = self.grid(image);
            let places = (0..down).flat_map(|y| (0..across).map(move |x| (y * patch, x * patch)));
            for ((top, left), mut row) in places.zip(&mut rows) {
                let pixels = image.slice(s![.., top..top + patch, left..left + patch]);
                row.assign(&Array1::from_iter(pixels.iter().copied()));
            }
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
