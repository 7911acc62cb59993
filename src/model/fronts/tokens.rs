//! From token ids to the residual stream.

use ndarray::{Array2, Axis, s};

use super::trace::FrontTrace;
use crate::model::error::{ModelError, Result};
use crate::model::gradients::Gradients;
use crate::model::interventions::Interventions;
use crate::model::keep::Keep;
use crate::model::linear::{Linear, add};
use crate::model::normalisation::{Norm, normalise};
use crate::model::parameters::{Parameter, parameters_in};
use crate::model::positions::{Waves, sinusoid};
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
    /// Absolute positions that were learned, added.
    pub positions: Option<LearnedPositions>,
    /// Sines and cosines of the position, added (Vaswani et al. 2017, section 3.5).
    pub waves: Option<Waves>,
    /// `[types, D or less]`, of which the row of its type is added to every token (BERT's token types): row
    /// 0 in a single text.
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
        Self { table, scale: 1.0, positions: None, waves: None, segments: None, norm: None, projection: None }
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

    /// The stream `[T, D]` of `texts`, one after the other; the first token of each stands at position
    /// `past`. `types` has one a token, or none where all are 0.
    ///
    /// # Errors
    /// [`ModelError::Request`] for no ids, an id outside the vocabulary, a position or a type outside the
    /// table.
    pub fn embed(
        &self,
        texts: &[&[u32]],
        types: &[u32],
        past: usize,
        interventions: &Interventions,
        keep: Keep,
    ) -> Result<(Array2<f32>, FrontTrace)> {
        if texts.is_empty() || texts.iter().any(|ids| ids.is_empty()) {
            return Err(ModelError::Request("the text has no tokens: type at least one word".into()));
        }
        let ids: Vec<usize> = texts.iter().flat_map(|ids| ids.iter().map(|&id| id as usize)).collect();
        let mut tokens = gather(&self.table, ids.into_iter(), "token id")?;
        if self.scale != 1.0 {
            tokens.mapv_inplace(|value| value * self.scale);
        }
        let mut trace = FrontTrace::default();
        let looked_at = matches!(keep, Keep::Weights | Keep::Everything);
        trace.tokens = looked_at.then(|| tokens.clone());
        let mut sum = tokens;
        if let Some(positions) = self.added_positions(texts, sum.ncols(), past, interventions)? {
            sum += &positions;
            trace.positions = Some(positions).filter(|_| looked_at);
        }
        if let Some(segments) = &self.segments {
            let rows = gather(segments, rows_of_types(types, sum.nrows()).into_iter(), "token type")?;
            sum += &rows;
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

    /// What position adds to `texts`, `[T, D or less]`, where it adds something.
    fn added_positions(
        &self,
        texts: &[&[u32]],
        width: usize,
        past: usize,
        interventions: &Interventions,
    ) -> Result<Option<Array2<f32>>> {
        if self.positions.is_none() && self.waves.is_none() {
            return Ok(None);
        }
        let rows = texts.iter().map(|ids| ids.len()).sum();
        let (mut added, mut first) = (Array2::zeros((rows, width)), 0);
        for ids in texts {
            let mut of_text = added.slice_mut(s![first..first + ids.len(), ..]);
            first += ids.len();
            if let Some(learned) = &self.positions {
                for (row, out) in learned.rows(ids, past, interventions).zip(of_text.axis_iter_mut(Axis(0))) {
                    if let Some(row) = row {
                        copy_row(&learned.table, row, out.into_slice().unwrap_or(&mut []), "position")?;
                    }
                }
            }
            if let Some(waves) = self.waves {
                for (place, mut out) in of_text.axis_iter_mut(Axis(0)).enumerate() {
                    if let Some(position) = interventions.position(past + place) {
                        out += &sinusoid(position, width, waves);
                    }
                }
            }
        }
        Ok(Some(added))
    }

    /// Adds the gradients of the tables, given that of the stream `[T, D]`, for a pass in which
    /// nothing was changed. Returns that of the tokens' own vectors, `[T, D or less]`.
    ///
    /// # Panics
    /// When `trace` is not on a tape.
    pub fn backward(
        &self,
        texts: &[&[u32]],
        types: &[u32],
        trace: &FrontTrace,
        stream: Array2<f32>,
        gradients: &mut Gradients,
    ) -> Array2<f32> {
        let mut gradient = stream;
        if let Some(projection) = &self.projection {
            let before = trace.unprojected.as_ref().expect(TAPE);
            let mut inner = Array2::zeros(before.raw_dim());
            projection.backward(before.view(), gradient.view(), Some(&mut inner), gradients);
            gradient = inner;
        }
        if let Some(norm) = &self.norm {
            norm.backward(trace.sum.as_ref().expect(TAPE), &mut gradient, gradients);
        }
        if let Some(segments) = &self.segments {
            let rows = rows_of_types(types, gradient.nrows()).into_iter().map(Some);
            scatter(&gradient, rows, gradients.of_mut(segments));
        }
        if let Some(learned) = &self.positions {
            let unchanged = Interventions::default();
            let rows = texts.iter().flat_map(|ids| learned.rows(ids, 0, &unchanged));
            scatter(&gradient, rows, gradients.of_mut(&learned.table));
        }
        if self.scale != 1.0 {
            gradient *= self.scale;
        }
        let ids = texts.iter().flat_map(|ids| ids.iter().map(|&id| Some(id as usize)));
        scatter(&gradient, ids, gradients.of_mut(&self.table));
        gradient
    }
}

/// The row of the table of types for each of `tokens` tokens.
fn rows_of_types(types: &[u32], tokens: usize) -> Vec<usize> {
    let given = types.iter().map(|&kind| kind as usize);
    given.chain(std::iter::repeat(0)).take(tokens).collect()
}

const TAPE: &str = "the pass kept a tape";

/// Adds every row of `from` to that row of `table`, where it has one.
fn scatter(from: &Array2<f32>, rows: impl Iterator<Item = Option<usize>>, table: &mut [f32]) {
    let width = from.ncols();
    let from = from.as_slice().expect("an array that was just computed is contiguous");
    for (from, row) in from.chunks_exact(width).zip(rows) {
        if let Some(row) = row {
            add(from, &mut table[row * width..(row + 1) * width]);
        }
    }
}

impl LearnedPositions {
    /// The row of the table for every token of a text, where it has one.
    fn rows<'a>(
        &'a self,
        ids: &'a [u32],
        past: usize,
        interventions: &'a Interventions,
    ) -> impl Iterator<Item = Option<usize>> + 'a {
        let mut place = past;
        ids.iter().map(move |&id| {
            let position = interventions.position(place);
            if self.padding == Some(id) {
                // Without positions, it has none, too.
                return position.map(|_| self.first_row.saturating_sub(1));
            }
            place += 1;
            position.map(|position| self.first_row + position)
        })
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
