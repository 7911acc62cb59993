//! One attention, from the stream to what it adds to the stream.
//!
//! softmax(scale q·k + bias + mask) v (Vaswani et al. 2017, eq. 1), a head at a time in parallel.

use ndarray::{Array2, Array3, ArrayView2, ArrayView3, ArrayViewMut2, Axis, Zip, s};
use rayon::prelude::*;

use super::cache::KeyValueCache;
use super::interventions::{HeadChange, Interventions};
use super::network::{Attention, AttentionPosition, Linear, Projections, Rotary};
use super::normalisation::normalise;
use super::scores::Scorer;
use super::trace::{AttentionTrace, Keep};
use crate::elementary::softmax;
use crate::matmul;

/// Where an attention stands: its layer, and what a pass changes.
pub struct Place<'a> {
    /// The layer, for interventions by head; `None` where those do not apply (decoders).
    pub layer: Option<usize>,
    /// What the pass changes.
    pub interventions: &'a Interventions,
    /// Tokens before the first query token, whose keys and values come from a cache.
    pub past: usize,
}

/// Runs `attention` for queries from `x` `[T, D]` and keys and values from `memory` `[S, D]`
/// (`x` itself for self-attention). Returns what it adds to the stream and its trace; with a
/// `cache`, which is for passes that keep logits only, earlier tokens are attended to as well.
pub fn attend(
    attention: &Attention,
    x: ArrayView2<'_, f32>,
    memory: Option<ArrayView2<'_, f32>>,
    cache: Option<&mut KeyValueCache>,
    place: &Place<'_>,
    keep: Keep,
) -> (Array2<f32>, AttentionTrace) {
    let (mut query, mut key, value) = project(attention, x, memory);
    if let Some(norm) = &attention.query_norm {
        normalise(norm, &mut query);
    }
    if let Some(norm) = &attention.key_norm {
        normalise(norm, &mut key);
    }
    let everything = keep == Keep::Everything;
    let mut trace = AttentionTrace { input: everything.then(|| x.to_owned()), ..Default::default() };
    if let AttentionPosition::Rotary(rotary) = &attention.position {
        trace.unrotated_query = everything.then(|| query.clone());
        trace.unrotated_key = everything.then(|| key.clone());
        rotate(rotary, [&mut query, &mut key], place);
    }
    let heads = match cache {
        Some(cache) => {
            cache.append(&key, &value);
            attend_heads(attention, query.view(), cache.key(), cache.value(), place, everything)
        }
        None => attend_heads(attention, query.view(), key.view(), value.view(), place, everything),
    };
    let output = apply_linear(&attention.output, side_by_side(&heads.outputs).view());
    trace.weights = if keep == Keep::Logits { Array3::zeros((0, 0, 0)) } else { heads.weights };
    if everything {
        trace.products = Some(heads.products);
        trace.scores = Some(heads.scores);
        trace.query = Some(query);
        trace.key = Some(key);
        trace.value = Some(value);
        trace.head_outputs = Some(heads.outputs);
        trace.output = Some(output.clone());
    }
    (output, trace)
}

/// y = x Wᵀ + b for every row of `x` `[T, in]`.
pub fn apply_linear(linear: &Linear, x: ArrayView2<'_, f32>) -> Array2<f32> {
    let stored = linear.matrix();
    let mut y = Array2::zeros((x.nrows(), linear.outputs()));
    matmul::multiply_transposed(x, linear.out_in(&stored), y.view_mut());
    if let Some(bias) = &linear.bias {
        y += bias;
    }
    y
}

/// Queries `[H, T, E]`, keys and values `[G, S, E]`.
fn project(
    attention: &Attention,
    x: ArrayView2<'_, f32>,
    memory: Option<ArrayView2<'_, f32>>,
) -> (Array3<f32>, Array3<f32>, Array3<f32>) {
    let (heads, groups, size) = (attention.heads, attention.key_value_heads, attention.head_size);
    match &attention.projections {
        Projections::Separate { query, key, value } => {
            let source = memory.unwrap_or(x);
            (
                split_heads(apply_linear(query, x).view(), heads, size),
                split_heads(apply_linear(key, source).view(), groups, size),
                split_heads(apply_linear(value, source).view(), groups, size),
            )
        }
        Projections::FusedThirds(linear) => {
            let all = apply_linear(linear, x);
            let third = |i: usize| {
                split_heads(all.slice(s![.., i * heads * size..(i + 1) * heads * size]), heads, size)
            };
            (third(0), third(1), third(2))
        }
        Projections::FusedByHead(linear) => {
            let all = apply_linear(linear, x);
            let part = |i: usize| {
                let mut out = Array3::zeros((heads, x.nrows(), size));
                for (head, mut out) in out.axis_iter_mut(Axis(0)).enumerate() {
                    let start = (3 * head + i) * size;
                    out.assign(&all.slice(s![.., start..start + size]));
                }
                out
            };
            (part(0), part(1), part(2))
        }
    }
}

/// From `[T, heads x E]` to `[heads, T, E]`.
fn split_heads(x: ArrayView2<'_, f32>, heads: usize, size: usize) -> Array3<f32> {
    let mut out = Array3::zeros((heads, x.nrows(), size));
    for (head, mut out) in out.axis_iter_mut(Axis(0)).enumerate() {
        out.assign(&x.slice(s![.., head * size..(head + 1) * size]));
    }
    out
}

/// From `[H, T, E]` to `[T, H x E]`.
fn side_by_side(heads: &Array3<f32>) -> Array2<f32> {
    let (count, tokens, size) = heads.dim();
    let mut out = Array2::zeros((tokens, count * size));
    for (head, values) in heads.axis_iter(Axis(0)).enumerate() {
        out.slice_mut(s![.., head * size..(head + 1) * size]).assign(&values);
    }
    out
}

/// Turns the queries and keys of all heads to their tokens' positions.
fn rotate(rotary: &Rotary, rotated: [&mut Array3<f32>; 2], place: &Place<'_>) {
    let tokens = rotated[0].dim().1;
    let turns: Vec<_> = (0..tokens)
        .map(|index| place.interventions.position(place.past + index).map(|position| rotary.turn(position)))
        .collect();
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
    everything: bool,
) -> Heads {
    let (heads, tokens, size) = query.dim();
    let keys = key.dim().1;
    let kept = if everything { (heads, tokens, keys) } else { (heads, 0, 0) };
    let mut products = Array3::zeros(kept);
    let mut scores = Array3::zeros(kept);
    let mut weights = Array3::zeros((heads, tokens, keys));
    let mut outputs = Array3::zeros((heads, tokens, size));
    let share = heads / attention.key_value_heads;
    Zip::indexed(products.axis_iter_mut(Axis(0)))
        .and(scores.axis_iter_mut(Axis(0)))
        .and(weights.axis_iter_mut(Axis(0)))
        .and(outputs.axis_iter_mut(Axis(0)))
        .into_par_iter()
        .for_each(|(head, mut products, scores, mut weights, output)| {
            let (key, value) =
                (key.index_axis(Axis(0), head / share), value.index_axis(Axis(0), head / share));
            let query = query.index_axis(Axis(0), head);
            let scorer = Scorer::new(attention, head, place, tokens, keys);
            if everything {
                matmul::multiply_transposed_here(query, key, products.view_mut());
                weigh_keeping(&scorer, products.view(), scores, weights.view_mut());
            } else {
                matmul::multiply_transposed_here(query, key, weights.view_mut());
                weigh(&scorer, weights.view_mut());
            }
            let change = place.layer.and_then(|layer| place.interventions.heads.get(&(layer, head)));
            if change == Some(&HeadChange::Uniform) {
                scorer.spread_evenly(weights.view_mut());
            }
            weigh_values(change, weights.view(), value, output);
        });
    Heads { products, scores, weights, outputs }
}

/// Turns q·k `[T, S]` into weights in place.
fn weigh(scorer: &Scorer<'_>, mut weights: ArrayViewMut2<'_, f32>) {
    for (index, row) in weights.axis_iter_mut(Axis(0)).enumerate() {
        let row = row.into_slice().expect(ROWS);
        scorer.score(index, row);
        softmax(row);
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
        softmax(weights);
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
