//! From q·k to scores: what position adds, scale, cap, mask.

use std::ops::Range;

use ndarray::{Array1, Array2, ArrayView2, ArrayViewMut2, Axis};

use super::description::{Attention, AttentionPosition, Shaping};
use super::disentangled::HeadTerms;
use crate::elementary::{softmax, tanh, vectorised};
use crate::model::interventions::Place;
use crate::model::parameters::Parameter;
use crate::model::positions::GridBias;

/// Scores the rows of one head's map.
pub(super) struct Scorer<'a> {
    attention: &'a Attention,
    place: &'a Place<'a>,
    bias: Bias<'a>,
    terms: Option<HeadTerms<'a>>,
    /// Whether all keys are hidden: then the weights are 0, as nothing is looked at.
    sees_nothing: bool,
}

/// What position adds to a score.
enum Bias<'a> {
    None,
    /// A slope times the distance.
    Slope(f32),
    /// A slope times the key's place.
    OfKey(f32),
    /// One number for every way from a patch to another, by the row of the table.
    OfWay(&'a GridBias, Vec<f32>),
    /// One number an offset from query to key; `values[zero]` is that of offset 0.
    ByOffset {
        values: Array1<f32>,
        zero: isize,
    },
}

impl<'a> Scorer<'a> {
    /// For the map `[tokens, keys]` of `head`; `terms` where position meets queries and keys.
    pub(super) fn new(
        attention: &'a Attention,
        head: usize,
        place: &'a Place<'a>,
        (tokens, keys): (usize, usize),
        terms: Option<HeadTerms<'a>>,
    ) -> Self {
        let queries = place.past + tokens;
        let bias = match &attention.position {
            AttentionPosition::None | AttentionPosition::Rotary(_) | AttentionPosition::Disentangled(_) => {
                Bias::None
            }
            AttentionPosition::Alibi(slopes) => Bias::Slope(slopes[head]),
            AttentionPosition::AlibiOfKeys(slopes) => Bias::OfKey(slopes[head]),
            AttentionPosition::Grid(bias) => {
                let table = bias.table.to_f32();
                let of_head = table.iter().skip(head).step_by(bias.heads().max(1)).copied();
                Bias::OfWay(bias, of_head.collect())
            }
            AttentionPosition::Relative(bias) => {
                Bias::ByOffset { values: bias.by_offset(head, queries, keys), zero: queries as isize - 1 }
            }
        };
        Self { attention, place, bias, terms, sees_nothing: place.hides_all(keys) }
    }

    /// Turns row `index` of scores into weights in place.
    pub(super) fn softmax(&self, index: usize, row: &mut [f32]) {
        let [sinks, reach] = self.attention.mask.open(self.place.past + index, row.len());
        if self.sees_nothing {
            row.fill(0.0);
        } else if sinks.is_empty() {
            row[..reach.start].fill(0.0);
            row[reach.end..].fill(0.0);
            softmax(&mut row[reach]);
        } else {
            softmax(row);
        }
    }

    /// Turns row `index` of q·k into scores in place; minus infinity where masked.
    pub(super) fn score(&self, index: usize, row: &mut [f32]) {
        let query = self.place.past + index;
        let [sinks, reach] = self.attention.mask.open(query, row.len());
        row[sinks.end..reach.start].fill(f32::NEG_INFINITY);
        row[reach.end..].fill(f32::NEG_INFINITY);
        for open in [sinks, reach] {
            self.score_open(index, open, row);
        }
        for key in self.place.hidden(query, row.len()) {
            row[key] = f32::NEG_INFINITY;
        }
    }

    fn score_open(&self, index: usize, open: Range<usize>, row: &mut [f32]) {
        self.add_terms(index, open.clone(), row);
        let scale = self.attention.scale;
        vectorised!(row[open.clone()].iter_mut().for_each(|score| *score *= scale));
        self.add_bias(self.place.past + index, open.clone(), row);
        if let Some(cap) = self.attention.soft_cap {
            vectorised!(row[open].iter_mut().for_each(|score| *score = cap * tanh(*score / cap)));
        }
    }

    /// Adds what queries and keys meet in the distance to q·k.
    fn add_terms(&self, index: usize, open: Range<usize>, row: &mut [f32]) {
        let place = self.place;
        let Some(terms) = &self.terms else { return };
        let Some(from) = place.position(place.past + index) else { return };
        for key in open {
            if let Some(to) = place.position(key) {
                row[key] += terms.at(index, key, from, to);
            }
        }
    }

    /// Adds what the distance alone says.
    fn add_bias(&self, query: usize, open: Range<usize>, row: &mut [f32]) {
        let place = self.place;
        let Some(from) = place.position(query) else { return };
        let added = |key: usize| {
            let to = place.position(key)?;
            match &self.bias {
                Bias::None => None,
                Bias::Slope(slope) => Some(slope * (to as f32 - from as f32)),
                Bias::OfKey(slope) => Some(self.attention.scale * bias_of_key(*slope, to)),
                Bias::OfWay(grid, values) => grid.row(from, to).and_then(|row| values.get(row)).copied(),
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
    pub(super) fn spread_evenly(&self, mut weights: ArrayViewMut2<'_, f32>) {
        let keys = weights.ncols();
        weights.fill(0.0);
        for (index, mut row) in weights.axis_iter_mut(Axis(0)).enumerate() {
            let query = self.place.past + index;
            let open = self.attention.mask.open(query, keys);
            let row = row.as_slice_mut().expect("rows of a map are contiguous");
            let seen = |key: &usize| open.iter().any(|range| range.contains(key));
            let hidden: Vec<usize> = self.place.hidden(query, keys).filter(seen).collect();
            let count = open.iter().map(|range| range.len()).sum::<usize>() - hidden.len();
            let share = 1.0 / count.max(1) as f32;
            open.into_iter().for_each(|range| row[range].fill(share));
            hidden.into_iter().for_each(|key| row[key] = 0.0);
        }
    }

    /// What [`Shaping`] makes of the map of `head`.
    pub(super) fn shaped(&self, shaping: &Shaping, head: usize, weights: ArrayView2<'_, f32>) -> Array2<f32> {
        let gain = |of: &Parameter| of.to_f32()[head];
        let (identity, softmax, centre) =
            (gain(&shaping.identity), gain(&shaping.softmax), gain(&shaping.centre));
        let mut shaped = Array2::zeros(weights.raw_dim());
        self.spread_evenly(shaped.view_mut());
        for (index, (shaped, weights)) in shaped.rows_mut().into_iter().zip(weights.rows()).enumerate() {
            let shaped = shaped.into_slice().expect("rows of a new array are contiguous");
            let weights = weights.to_slice().expect("rows of a map are contiguous");
            vectorised!({
                for (shaped, weight) in shaped.iter_mut().zip(weights) {
                    *shaped = softmax * weight - centre * *shaped;
                }
            });
            if let Some(itself) = shaped.get_mut(self.place.past + index) {
                *itself += identity;
            }
        }
        shaped
    }
}

/// Falcon's bias for a key at `place`, before it is scaled (`build_alibi_tensor` in transformers).
pub fn bias_of_key(slope: f32, place: usize) -> f32 {
    half::bf16::from_f32(slope * place as f32).to_f32()
}
