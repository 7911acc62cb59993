//! From token ids to the residual stream.

use ndarray::{Array2, ArrayView1, Axis};

use super::trace::FrontTrace;
use crate::model::error::{ModelError, Result};
use crate::model::interventions::Interventions;
use crate::model::keep::Keep;
use crate::model::linear::Linear;
use crate::model::normalisation::{Norm, normalise};
use crate::model::parameters::{Parameter, parameters_in};
use crate::model::tensor::Tensor;

/// Learned absolute positions.
#[derive(Debug, Clone)]
pub struct LearnedPositions {
    /// `[positions, D]`.
    pub table: Parameter,
    /// The row of the first token (RoBERTa and OPT start at 2).
    pub first_row: usize,
    /// The id that stands at no place: it has the row before the first, and the tokens behind it are
    /// counted without it (RoBERTa's `create_position_ids_from_input_ids`).
    pub padding: Option<u32>,
}

parameters_in!(LearnedPositions: table);

/// From token ids to the residual stream. [`TokenEmbedding::new`] gives the usual one.
#[derive(Debug, Clone)]
pub struct TokenEmbedding {
    /// `[V, D or less]`.
    pub table: Parameter,
    /// What a token's row is multiplied by (Gemma: √D).
    pub scale: f32,
    /// Absolute positions, added.
    pub positions: Option<LearnedPositions>,
    /// `[types, D or less]`, of which row 0 is added to every token of a single text (BERT's token
    /// types).
    pub segments: Option<Parameter>,
    /// A norm over the sum.
    pub norm: Option<Norm>,
    /// From a smaller embedding to D (ALBERT, ELECTRA).
    pub projection: Option<Linear>,
}

parameters_in!(TokenEmbedding: table, positions, segments, norm, projection);

impl TokenEmbedding {
    /// A table and nothing else.
    pub fn new(table: Parameter) -> Self {
        Self { table, scale: 1.0, positions: None, segments: None, norm: None, projection: None }
    }

    /// The same with learned positions from row `first_row` of `table` on.
    pub fn with_positions(mut self, table: Parameter, first_row: usize) -> Self {
        self.positions = Some(LearnedPositions { table, first_row, padding: None });
        self
    }

    /// The same with a norm over the sum.
    pub fn with_norm(mut self, norm: Norm) -> Self {
        self.norm = Some(norm);
        self
    }

    /// The stream `[T, D]` of `ids`, the first of which stands at position `past`.
    ///
    /// # Errors
    /// [`ModelError::Request`] for no ids, an id outside the vocabulary, or a position outside the
    /// table.
    pub fn embed(
        &self,
        ids: &[u32],
        past: usize,
        interventions: &Interventions,
        keep: Keep,
    ) -> Result<(Array2<f32>, FrontTrace)> {
        if ids.is_empty() {
            return Err(ModelError::Request("the text has no tokens: type at least one word".into()));
        }
        let mut tokens = gather(&self.table, ids.iter().map(|&id| id as usize), "token id")?;
        if self.scale != 1.0 {
            tokens.mapv_inplace(|value| value * self.scale);
        }
        let positions = match &self.positions {
            Some(learned) => Some(learned.of(ids, tokens.ncols(), past, interventions)?),
            None => None,
        };
        let mut trace = FrontTrace::default();
        let looked_at = matches!(keep, Keep::Weights | Keep::Everything);
        trace.tokens = looked_at.then(|| tokens.clone());
        let mut sum = tokens;
        if let Some(positions) = positions {
            sum += &positions;
            trace.positions = Some(positions).filter(|_| looked_at);
        }
        if let Some(segments) = &self.segments {
            let mut row = vec![0.0; sum.ncols()];
            segments.row_to_f32(0, &mut row);
            sum += &ArrayView1::from(&row);
        }
        let on_tape = keep == Keep::Tape && self.norm.is_some();
        trace.sum = (looked_at || on_tape).then(|| sum.clone());
        if let Some(norm) = &self.norm {
            normalise(norm, &mut sum);
        }
        if let Some(projection) = &self.projection {
            let projected = projection.apply(sum.view());
            trace.unprojected = (keep == Keep::Tape).then_some(sum);
            sum = projected;
        }
        Ok((sum, trace))
    }
}

impl LearnedPositions {
    /// What position adds, `[T, D]`.
    fn of(
        &self,
        ids: &[u32],
        width: usize,
        past: usize,
        interventions: &Interventions,
    ) -> Result<Array2<f32>> {
        let mut added = Array2::zeros((ids.len(), width));
        let mut place = past;
        for (&id, row) in ids.iter().zip(added.axis_iter_mut(Axis(0))) {
            let row = row.into_slice().unwrap_or(&mut []);
            let position = interventions.position(place);
            if self.padding == Some(id) {
                // Without positions, it has none, too.
                if position.is_some() {
                    copy_row(&self.table, self.first_row.saturating_sub(1), row, "position")?;
                }
                continue;
            }
            if let Some(position) = position {
                copy_row(&self.table, self.first_row + position, row, "position")?;
            }
            place += 1;
        }
        Ok(added)
    }
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
