//! From token ids or an image to the residual stream.

use ndarray::{Array1, Array2, ArrayView3, Axis, s};

use super::attention::apply_linear;
use super::error::{ModelError, Result};
use super::interventions::Interventions;
use super::network::{Network, PatchEmbedding, TokenEmbedding};
use super::normalisation::normalise;
use super::trace::EmbeddingTrace;
use super::weights::Tensor;

/// The stream `[T, D]` of `ids`, the first of which stands at position `past`.
///
/// # Errors
/// [`ModelError::Request`] for no ids, an id outside the vocabulary, or a text longer than the
/// position table.
pub fn embed_tokens(
    network: &Network,
    embedding: &TokenEmbedding,
    ids: &[u32],
    past: usize,
    interventions: &Interventions,
) -> Result<(Array2<f32>, EmbeddingTrace)> {
    if ids.is_empty() {
        return Err(ModelError::Request("the text has no tokens: type at least one word".into()));
    }
    if let Some(maximum) = network.maximum_tokens
        && past + ids.len() > maximum
    {
        return Err(ModelError::Request(format!(
            "the text has {} tokens, but this model has positions for {maximum}; shorten it",
            past + ids.len()
        )));
    }
    let mut tokens = gather(&embedding.table, ids.iter().map(|&id| id as usize), "token id")?;
    if embedding.scale != 1.0 {
        tokens.mapv_inplace(|value| value * embedding.scale);
    }
    let mut sum = tokens.clone();
    let mut added = None;
    if let Some(learned) = &embedding.positions {
        let mut table = Array2::zeros(sum.raw_dim());
        for (index, row) in table.axis_iter_mut(Axis(0)).enumerate() {
            if let Some(position) = interventions.position(past + index) {
                copy_row(
                    &learned.table,
                    learned.first_row + position,
                    row.into_slice().unwrap_or(&mut []),
                    "position",
                )?;
            }
        }
        sum += &table;
        added = Some(table);
    }
    if let Some(segment) = &embedding.segment {
        sum += segment;
    }
    let trace = EmbeddingTrace { tokens: Some(tokens), positions: added, sum: Some(sum.clone()) };
    if let Some(norm) = &embedding.norm {
        normalise(norm, &mut sum);
    }
    if let Some(projection) = &embedding.projection {
        sum = apply_linear(projection, sum.view());
    }
    Ok((sum, trace))
}

fn gather(table: &Tensor, rows: impl ExactSizeIterator<Item = usize>, what: &str) -> Result<Array2<f32>> {
    let width = table.shape()[1..].iter().product();
    let mut out = Array2::zeros((rows.len(), width));
    for (row, out) in rows.zip(out.axis_iter_mut(Axis(0))) {
        copy_row(table, row, out.into_slice().unwrap_or(&mut []), what)?;
    }
    Ok(out)
}

fn copy_row(table: &Tensor, row: usize, out: &mut [f32], what: &str) -> Result<()> {
    if row >= table.shape()[0] {
        return Err(ModelError::Request(format!(
            "{what} {row} is outside the {} rows of {}",
            table.shape()[0],
            table.name()
        )));
    }
    table.row_to_f32(row, out);
    Ok(())
}

/// The stream `[1 + patches, D]` of a normalised image `[C, side, side]`: the class token, then the
/// patches row by row.
///
/// # Errors
/// [`ModelError::Request`] for an image of another size.
pub fn embed_patches(
    embedding: &PatchEmbedding,
    image: ArrayView3<'_, f32>,
    interventions: &Interventions,
) -> Result<(Array2<f32>, EmbeddingTrace)> {
    let expected = (embedding.channels, embedding.image, embedding.image);
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
    let (patch, across) = (embedding.patch, embedding.image / embedding.patch);
    let mut flat = Array2::zeros((across * across, embedding.channels * patch * patch));
    for (index, mut row) in flat.axis_iter_mut(Axis(0)).enumerate() {
        let (top, left) = (index / across * patch, index % across * patch);
        let pixels = image.slice(s![.., top..top + patch, left..left + patch]);
        row.assign(&Array1::from_iter(pixels.iter().copied()));
    }
    let patches = apply_linear(&embedding.projection, flat.view());
    let mut tokens = Array2::zeros((1 + patches.nrows(), patches.ncols()));
    tokens.row_mut(0).assign(&embedding.class_token);
    tokens.slice_mut(s![1.., ..]).assign(&patches);
    let mut positions = Array2::zeros(tokens.raw_dim());
    for (index, mut row) in positions.axis_iter_mut(Axis(0)).enumerate() {
        if let Some(position) = interventions.position(index) {
            row.assign(&embedding.positions.row(position));
        }
    }
    let sum = &tokens + &positions;
    let trace = EmbeddingTrace { tokens: Some(tokens), positions: Some(positions), sum: Some(sum.clone()) };
    Ok((sum, trace))
}
