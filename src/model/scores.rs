//! From q·k to scores: scale, position bias, mask.

use std::ops::Range;

use ndarray::{Array1, ArrayViewMut2, Axis};

use super::attention::Place;
use super::interventions::Interventions;
use super::network::{Attention, AttentionPosition};
use crate::elementary::vectorised;

/// Scores the rows of one head's map.
pub struct Scorer<'a> {
    attention: &'a Attention,
    place: &'a Place<'a>,
    bias: Bias,
}

/// What position adds to a score.
enum Bias {
    None,
    /// A slope times the distance.
    Slope(f32),
    /// One number an offset from query to key; `values[zero]` is that of offset 0.
    ByOffset {
        values: Array1<f32>,
        zero: isize,
    },
}

impl<'a> Scorer<'a> {
    /// For the map `[tokens, keys]` of `head`.
    pub fn new(
        attention: &'a Attention,
        head: usize,
        place: &'a Place<'a>,
        tokens: usize,
        keys: usize,
    ) -> Self {
        let queries = place.past + tokens;
        let bias = match &attention.position {
            AttentionPosition::None | AttentionPosition::Rotary(_) => Bias::None,
            AttentionPosition::Alibi(slopes) => Bias::Slope(slopes[head]),
            AttentionPosition::Relative(bias) => {
                Bias::ByOffset { values: bias.by_offset(head, queries, keys), zero: queries as isize - 1 }
            }
        };
        Self { attention, place, bias }
    }

    /// Turns row `index` of q·k into scores in place; minus infinity where masked.
    pub fn score(&self, index: usize, row: &mut [f32]) {
        let query = self.place.past + index;
        let open = self.attention.open_keys(query, row.len());
        row[..open.start].fill(f32::NEG_INFINITY);
        row[open.end..].fill(f32::NEG_INFINITY);
        let scale = self.attention.scale;
        vectorised(|| row[open.clone()].iter_mut().for_each(|score| *score *= scale));
        self.add_bias(query, open, row);
        for &key in hidden(self.place.interventions, query, row.len()) {
            row[key] = f32::NEG_INFINITY;
        }
    }

    fn add_bias(&self, query: usize, open: Range<usize>, row: &mut [f32]) {
        let interventions = self.place.interventions;
        let Some(from) = interventions.position(query) else { return };
        let added = |key: usize| {
            let to = interventions.position(key)?;
            match &self.bias {
                Bias::None => None,
                Bias::Slope(slope) => Some(slope * (to as f32 - from as f32)),
                Bias::ByOffset { values, zero } => {
                    values.get((to as isize - from as isize + zero) as usize).copied()
                }
            }
        };
        if !matches!(self.bias, Bias::None) {
            for key in open {
                row[key] += added(key).unwrap_or(0.0);
            }
        }
    }

    /// Gives all keys that a query may see the same weight.
    pub fn spread_evenly(&self, mut weights: ArrayViewMut2<'_, f32>) {
        let keys = weights.ncols();
        for (index, mut row) in weights.axis_iter_mut(Axis(0)).enumerate() {
            let query = self.place.past + index;
            let mut open = vec![false; keys];
            open[self.attention.open_keys(query, keys)].fill(true);
            for &key in hidden(self.place.interventions, query, keys) {
                open[key] = false;
            }
            let count = open.iter().filter(|&&open| open).count().max(1) as f32;
            row.iter_mut()
                .zip(open)
                .for_each(|(weight, open)| *weight = if open { 1.0 / count } else { 0.0 });
        }
    }
}

/// The keys, of `keys`, that the pass hides from `query`.
fn hidden(interventions: &Interventions, query: usize, keys: usize) -> impl Iterator<Item = &usize> {
    interventions.hidden_tokens.iter().filter(move |&&key| key != query && key < keys)
}
