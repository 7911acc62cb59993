//! The computation of one attention.

use ndarray::{Array2, Array3, ArrayView2, ArrayView3, ArrayViewMut2, Axis, Zip};
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
use crate::model::normalisation::normalise;
use crate::model::positions::Rotary;

/// Runs `attention` for queries from `x` `[T, D]` and keys and values from `memory` `[S, D]`
/// (`x` itself for self-attention). Returns what it makes of `x` and its trace; with a `cache`,
/// which is for passes that keep logits only, earlier tokens are attended to as well.
pub fn attend(
    attention: &Attention,
    x: ArrayView2<'_, f32>,
    memory: Option<ArrayView2<'_, f32>>,
    cache: Option<&mut KeyValueCache>,
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
        rotate(rotary, [&mut query, &mut key], place);
    }
    let heads = match cache {
        Some(cache) => {
            cache.append(&key, &value);
            attend_heads(attention, query.view(), cache.key(), cache.value(), place, keep)
        }
        None => attend_heads(attention, query.view(), key.view(), value.view(), place, keep),
    };
    let output = attention.output.apply(side_by_side(&heads.outputs).view());
    trace.weights = heads.weights;
    if keep.stages() {
        trace.products = everything.then_some(heads.products);
        trace.scores = (everything || attention.soft_cap.is_some()).then_some(heads.scores);
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
fn rotate(rotary: &Rotary, rotated: [&mut Array3<f32>; 2], place: &Place<'_>) {
    let tokens = rotated[0].dim().1.max(rotated[1].dim().1);
    let turns: Vec<_> =
        (0..tokens).map(|index| place.position(place.past + index).map(|at| rotary.turn(at))).collect();
    for heads in rotated {
        for mut head in heads.axis_iter_mut(Axis(0)) {
            for (row, turn) in head.axis_iter_mut(Axis(0)).zip(&turns) {
                if let Some(turn) = turn {
                    rotary.rotate(turn, row);
                }
            }
        }
    }
}

struct Heads {
    products: Array3<f32>,
    scores: Array3<f32>,
    weights: Array3<f32>,
    outputs: Array3<f32>,
}

fn attend_heads(
    attention: &Attention,
    query: ArrayView3<'_, f32>,
    key: ArrayView3<'_, f32>,
    value: ArrayView3<'_, f32>,
    place: &Place<'_>,
    keep: Keep,
) -> Heads {
    let (heads, tokens, size) = query.dim();
    let keys = key.dim().1;
    let keep_scores = keep == Keep::Everything || keep == Keep::Tape && attention.soft_cap.is_some();
    let kept = if keep_scores { (heads, tokens, keys) } else { (heads, 0, 0) };
    let mut products = Array3::zeros(kept);
    let mut scores = Array3::zeros(kept);
    // Where nobody looks at them, each head's weights live as long as its turn.
    let passing = keep == Keep::Logits;
    let mut weights = Array3::zeros(if passing { (heads, 0, 0) } else { (heads, tokens, keys) });
    let mut outputs = Array3::zeros((heads, tokens, size));
    let terms = terms(attention, keys.max(place.past + tokens), place);
    Zip::indexed(products.axis_iter_mut(Axis(0)))
        .and(scores.axis_iter_mut(Axis(0)))
        .and(weights.axis_iter_mut(Axis(0)))
        .and(outputs.axis_iter_mut(Axis(0)))
        .into_par_iter()
        .for_each(|(head, mut products, scores, weights, output)| {
            let mut own = Array2::zeros(if passing { (tokens, keys) } else { (0, 0) });
            let mut weights = if passing { own.view_mut() } else { weights };
            let shared = attention.key_value_head(head);
            let (key, value) = (key.index_axis(Axis(0), shared), value.index_axis(Axis(0), shared));
            let query = query.index_axis(Axis(0), head);
            let terms = terms.as_ref().map(|terms| terms.of_head(head, query, key));
            let scorer = Scorer::new(attention, head, place, (tokens, keys), terms);
            if keep_scores {
                matmul::multiply_transposed_here(query, key, products.view_mut());
                weigh_keeping(&scorer, products.view(), scores, weights.view_mut());
            } else {
                matmul::multiply_transposed_here(query, key, weights.view_mut());
                weigh(&scorer, weights.view_mut());
            }
            let change = place.change(head);
            if change == Some(&HeadChange::Uniform) {
                scorer.spread_evenly(weights.view_mut());
            }
            weigh_values(change, weights.view(), value, output);
        });
    Heads { products, scores, weights, outputs }
}

fn terms(attention: &Attention, tokens: usize, place: &Place<'_>) -> Option<Terms> {
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
        scorer.softmax(row);
    }
}

/// Turns q·k `[T, S]` into scores and weights, a row at a time while it is in the cache.
fn weigh_keeping(
    scorer: &Scorer<'_>,
    products: ArrayView2<'_, f32>,
    mut scores: ArrayViewMut2<'_, f32>,
    mut weights: ArrayViewMut2<'_, f32>,
) {
    let rows = products.axis_iter(Axis(0)).zip(scores.axis_iter_mut(Axis(0)));
    for (index, ((products, scores), weights)) in rows.zip(weights.axis_iter_mut(Axis(0))).enumerate() {
        let (scores, weights) = (scores.into_slice().expect(ROWS), weights.into_slice().expect(ROWS));
        scores.copy_from_slice(products.to_slice().expect(ROWS));
        scorer.score(index, scores);
        weights.copy_from_slice(scores);
        scorer.softmax(weights);
    }
}

const ROWS: &str = "rows of an array that was just made are contiguous";

/// Weights times values into `output`, with what the pass changes of this head.
fn weigh_values(
    change: Option<&HeadChange>,
    weights: ArrayView2<'_, f32>,
    value: ArrayView2<'_, f32>,
    mut output: ArrayViewMut2<'_, f32>,
) {
    matmul::multiply_here(weights, value, output.view_mut());
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
