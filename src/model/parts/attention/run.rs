//! The computation of one attention.

use std::ops::Range;

use ndarray::{Array2, Array3, ArrayView2, ArrayView3, ArrayViewMut2, Axis, s};
use rayon::prelude::*;

use super::cache::KeyValueCache;
use super::description::{Attention, AttentionPosition, HeadNorm};
use super::disentangled::Terms;
use super::projections::{side_by_side, split_heads};
use super::scores::Scorer;
use super::trace::AttentionTrace;
use crate::matmul;
use crate::model::interventions::{HeadChange, Place};
use crate::model::keep::Keep;
use crate::model::normalisation::{normalise, normalised};
use crate::model::positions::Rotary;
use crate::model::sequences::Sequences;

/// The texts of a pass, in the rows of queries and in those of keys.
#[derive(Debug, Clone, Copy)]
pub struct Texts<'a> {
    /// Of the stream that attends.
    pub queries: &'a Sequences,
    /// Of the stream that is looked at; as many texts.
    pub keys: &'a Sequences,
}

/// Runs `attention` for queries from `x` `[T, D]` and keys and values from `memory` `[S, D]`
/// (`x` itself for self-attention). Returns what it makes of `x` and its trace; with a `cache`,
/// which is for passes over one text that keep logits only, earlier tokens are attended to as well.
pub fn attend(
    attention: &Attention,
    x: ArrayView2<'_, f32>,
    memory: Option<ArrayView2<'_, f32>>,
    cache: Option<&mut KeyValueCache>,
    texts: Texts<'_>,
    place: &Place<'_>,
    keep: Keep,
) -> (Array2<f32>, AttentionTrace) {
    let everything = keep == Keep::Everything;
    let mut trace = AttentionTrace::default();
    let [mut query, mut key, value] = attention.projections.project(x, memory, attention.sizes());
    trace.unnormed_query = normalise_heads(attention.query_norm.as_ref(), &mut query, keep);
    trace.unnormed_key = normalise_heads(attention.key_norm.as_ref(), &mut key, keep);
    if let AttentionPosition::Rotary(rotary) = &attention.position {
        trace.unrotated_query = everything.then(|| query.clone());
        trace.unrotated_key = everything.then(|| key.clone());
        rotate(rotary, [(&mut query, texts.queries), (&mut key, texts.keys)], place);
    }
    let pass = HeadsPass { attention, place, keep };
    let heads = match cache {
        Some(cache) => {
            cache.append(&key, &value);
            let keys = Sequences::one(cache.key().dim().1);
            pass.run([query.view(), cache.key(), cache.value()], Texts { keys: &keys, ..texts })
        }
        None => pass.run([query.view(), key.view(), value.view()], texts),
    };
    let output = attention.join(side_by_side(&heads.outputs));
    trace.weights = heads.weights;
    if keep.stages() {
        trace.scores = (everything || attention.soft_cap.is_some()).then_some(heads.scores);
        trace.shaped = attention.shaping.is_some().then_some(heads.shaped);
        trace.query = Some(query);
        trace.key = Some(key);
        trace.value = Some(value);
        trace.head_outputs = Some(heads.outputs);
    }
    (output, trace)
}

/// Normalises the heads `[heads, T, E]`; returns them as they were where a tape needs that.
fn normalise_heads(norm: Option<&HeadNorm>, heads: &mut Array3<f32>, keep: Keep) -> Option<Array3<f32>> {
    let norm = norm?;
    let before = (keep == Keep::Tape).then(|| heads.clone());
    match norm {
        HeadNorm::EachHead(norm) => normalise(norm, heads),
        HeadNorm::OfEach(norms) => {
            for (norm, mut head) in norms.iter().zip(heads.outer_iter_mut()) {
                let normed = normalised(norm, &head.to_owned());
                head.assign(&normed);
            }
        }
        HeadNorm::AllHeads(norm) => {
            let (count, _, size) = heads.dim();
            let mut together = side_by_side(heads);
            normalise(norm, &mut together);
            *heads = split_heads(together.view(), count, size);
        }
    }
    before
}

/// Turns the queries and keys of all heads to their tokens' positions.
fn rotate(rotary: &Rotary, rotated: [(&mut Array3<f32>, &Sequences); 2], place: &Place<'_>) {
    let longest = rotated[0].1.longest().max(rotated[1].1.longest());
    let rotary = &*rotary.of_pass(place.past + longest);
    let turns: Vec<_> =
        (0..longest).map(|index| place.position(place.past + index).map(|at| rotary.turn(at))).collect();
    for (heads, sequences) in rotated {
        rotate_rows(rotary, heads, sequences, &turns);
    }
}

/// Turns every row of all heads by the turn at its place in its text.
pub(super) fn rotate_rows(
    rotary: &Rotary,
    heads: &mut Array3<f32>,
    sequences: &Sequences,
    turns: &[Option<Vec<(f32, f32)>>],
) {
    heads.axis_iter_mut(Axis(0)).into_par_iter().for_each(|mut head| {
        for (row, place) in head.axis_iter_mut(Axis(0)).zip(sequences.places()) {
            if let Some(turn) = &turns[place] {
                rotary.rotate(turn, row.into_slice().expect(ROWS));
            }
        }
    });
}

struct Heads {
    scores: Array3<f32>,
    weights: Array3<f32>,
    shaped: Array3<f32>,
    outputs: Array3<f32>,
}

/// All heads of one attention.
struct HeadsPass<'a> {
    attention: &'a Attention,
    place: &'a Place<'a>,
    keep: Keep,
}

/// What one head writes; maps that are not kept have no rows.
struct HeadMut<'a> {
    scores: ArrayViewMut2<'a, f32>,
    weights: ArrayViewMut2<'a, f32>,
    shaped: ArrayViewMut2<'a, f32>,
    output: ArrayViewMut2<'a, f32>,
}

impl HeadsPass<'_> {
    /// For queries `[H, T, E]`, keys and values `[G, S, E]`. Maps are `[H, T, columns]` with as many
    /// columns as the longest text has keys.
    fn run(&self, inputs: [ArrayView3<'_, f32>; 3], texts: Texts<'_>) -> Heads {
        let (attention, keep) = (self.attention, self.keep);
        let (heads, tokens, size) = inputs[0].dim();
        let keys = texts.keys.longest();
        let map = |kept: bool| Array3::zeros(if kept { (heads, tokens, keys) } else { (heads, 0, 0) });
        let keep_scores = keep == Keep::Everything || keep == Keep::Tape && attention.soft_cap.is_some();
        let mut all = Heads {
            scores: map(keep_scores),
            // Where nobody looks at them, each head's weights live as long as its turn.
            weights: map(keep != Keep::Logits),
            shaped: map(keep.stages() && attention.shaping.is_some()),
            outputs: Array3::zeros((heads, tokens, size)),
        };
        let terms = terms(attention, keys.max(self.place.past + texts.queries.longest()), self.place);
        let scores = all.scores.axis_iter_mut(Axis(0)).into_par_iter();
        let weights = all.weights.axis_iter_mut(Axis(0)).into_par_iter();
        let shaped = all.shaped.axis_iter_mut(Axis(0)).into_par_iter();
        let outputs = all.outputs.axis_iter_mut(Axis(0)).into_par_iter();
        let each = scores.zip(weights).zip(shaped).zip(outputs);
        each.enumerate().for_each(|(head, (((scores, weights), shaped), output))| {
            let written = HeadMut { scores, weights, shaped, output };
            self.run_head(head, inputs, texts, terms.as_ref(), written);
        });
        all
    }

    fn run_head(
        &self,
        head: usize,
        [query, key, value]: [ArrayView3<'_, f32>; 3],
        texts: Texts<'_>,
        terms: Option<&Terms>,
        mut written: HeadMut<'_>,
    ) {
        let shared = self.attention.key_value_head(head);
        let (query, key) = (query.index_axis(Axis(0), head), key.index_axis(Axis(0), shared));
        let value = value.index_axis(Axis(0), shared);
        for (rows, keys) in texts.queries.ranges().zip(texts.keys.ranges()) {
            let columns = keys.len();
            let mut of_text = HeadMut {
                scores: part(&mut written.scores, &rows, columns),
                weights: part(&mut written.weights, &rows, columns),
                shaped: part(&mut written.shaped, &rows, columns),
                output: written.output.slice_mut(s![rows.clone(), ..]),
            };
            let query = query.slice(s![rows, ..]);
            let (key, value) = (key.slice(s![keys.clone(), ..]), value.slice(s![keys, ..]));
            let terms = terms.map(|terms| terms.of_head(head, query, key));
            let scorer = Scorer::new(self.attention, head, self.place, (query.nrows(), columns), terms);
            self.run_text(head, &scorer, [query, key, value], &mut of_text);
        }
    }

    fn run_text(
        &self,
        head: usize,
        scorer: &Scorer<'_>,
        [query, key, value]: [ArrayView2<'_, f32>; 3],
        written: &mut HeadMut<'_>,
    ) {
        let passing = written.weights.nrows() < query.nrows();
        let mut own = Array2::zeros(if passing { (query.nrows(), key.nrows()) } else { (0, 0) });
        let mut weights = if passing { own.view_mut() } else { written.weights.view_mut() };
        if written.scores.nrows() == query.nrows() {
            self.multiply_seen([query, key], written.scores.view_mut());
            weigh_keeping(scorer, written.scores.view_mut(), weights.view_mut());
        } else {
            self.multiply_seen([query, key], weights.view_mut());
            weigh(scorer, weights.view_mut());
        }
        let change = self.place.change(head);
        if change == Some(&HeadChange::Uniform) {
            scorer.spread_evenly(weights.view_mut());
        }
        let output = written.output.view_mut();
        match &self.attention.shaping {
            None => self.weigh_values(change, weights.view(), value, output),
            Some(shaping) => {
                let shaped = scorer.shaped(shaping, head, weights.view());
                self.weigh_values(change, shaped.view(), value, output);
                if written.shaped.nrows() == shaped.nrows() {
                    written.shaped.assign(&shaped);
                }
            }
        }
    }

    /// Queries and the keys that they may see, of a map of this size.
    fn blocks(&self, (queries, keys): (usize, usize)) -> impl Iterator<Item = (Range<usize>, Range<usize>)> {
        self.attention.mask.blocks(self.place.past, queries, keys)
    }

    /// q·k `[T, S]` of what queries may see; the rest is left as it is.
    fn multiply_seen(&self, [query, key]: [ArrayView2<'_, f32>; 2], mut products: ArrayViewMut2<'_, f32>) {
        for (rows, keys) in self.blocks(products.dim()) {
            let (query, key) = (query.slice(s![rows.clone(), ..]), key.slice(s![keys.clone(), ..]));
            matmul::multiply_transposed_here(query, key, products.slice_mut(s![rows, keys]));
        }
    }

    /// Weights times values into `output`, with what the pass changes of this head.
    fn weigh_values(
        &self,
        change: Option<&HeadChange>,
        weights: ArrayView2<'_, f32>,
        value: ArrayView2<'_, f32>,
        mut output: ArrayViewMut2<'_, f32>,
    ) {
        for (rows, keys) in self.blocks(weights.dim()) {
            let weights = weights.slice(s![rows.clone(), keys.clone()]);
            matmul::multiply_here(weights, value.slice(s![keys, ..]), output.slice_mut(s![rows, ..]));
        }
        match change {
            Some(HeadChange::Zero) => output.fill(0.0),
            Some(HeadChange::Mean) => {
                if let Some(mean) = output.mean_axis(Axis(0)) {
                    output.axis_iter_mut(Axis(0)).for_each(|mut row| row.assign(&mean));
                }
            }
            Some(HeadChange::Uniform) | None => {}
        }
    }
}

/// The rows of one text and its columns, of a map that may not be kept.
fn part<'a>(
    map: &'a mut ArrayViewMut2<'_, f32>,
    rows: &Range<usize>,
    columns: usize,
) -> ArrayViewMut2<'a, f32> {
    if map.nrows() == 0 { map.slice_mut(s![0..0, 0..0]) } else { map.slice_mut(s![rows.clone(), ..columns]) }
}

pub(super) fn terms(attention: &Attention, tokens: usize, place: &Place<'_>) -> Option<Terms> {
    match &attention.position {
        AttentionPosition::Disentangled(position) => Some(position.terms(tokens, place)),
        _ => None,
    }
}

/// Turns q·k `[T, S]` into weights in place.
fn weigh(scorer: &Scorer<'_>, mut weights: ArrayViewMut2<'_, f32>) {
    for (index, row) in weights.axis_iter_mut(Axis(0)).enumerate() {
        let row = row.into_slice().expect(ROWS);
        scorer.score(index, row);
        scorer.softmax(index, row);
    }
}

/// Turns q·k `[T, S]` into scores in place, and these into weights, a row at a time while it is in the
/// cache.
fn weigh_keeping(
    scorer: &Scorer<'_>,
    mut scores: ArrayViewMut2<'_, f32>,
    mut weights: ArrayViewMut2<'_, f32>,
) {
    let rows = scores.axis_iter_mut(Axis(0)).zip(weights.axis_iter_mut(Axis(0)));
    for (index, (scores, weights)) in rows.enumerate() {
        let (scores, weights) = (scores.into_slice().expect(ROWS), weights.into_slice().expect(ROWS));
        scorer.score(index, scores);
        weights.copy_from_slice(scores);
        scorer.softmax(index, weights);
    }
}

const ROWS: &str = "rows of an array that was just made are contiguous";
