//! One attention, from the stream to what it adds to the stream.
//!
//! softmax(scale q·k + bias + mask) v (Vaswani et al. 2017, eq. 1), a head at a time in parallel.

use ndarray::{Array2, Array3, ArrayView2, ArrayViewMut2, Axis, Zip, s};
use rayon::prelude::*;

use super::interventions::{HeadChange, Interventions};
use super::network::{Attention, AttentionPosition, Linear, Norm, Projections};
use super::normalisation::normalise_row;
use super::trace::{AttentionTrace, Keep};
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

/// Keys and values of earlier tokens, `[G, S, E]`.
#[derive(Debug, Clone, Default)]
pub struct KeyValueCache {
    /// Keys, after rotation.
    pub key: Option<Array3<f32>>,
    /// Values.
    pub value: Option<Array3<f32>>,
}

/// Runs `attention` for queries from `x` `[T, D]` and keys and values from `memory` `[S, D]`
/// (`x` itself for self-attention). Returns what it adds to the stream and its trace.
pub fn attend(
    attention: &Attention,
    x: ArrayView2<'_, f32>,
    memory: Option<ArrayView2<'_, f32>>,
    cache: Option<&mut KeyValueCache>,
    place: &Place<'_>,
    keep: Keep,
) -> (Array2<f32>, AttentionTrace) {
    let (mut query, mut key, mut value) = project(attention, x, memory);
    if let Some(norm) = &attention.query_norm {
        normalise_heads(norm, &mut query);
    }
    if let Some(norm) = &attention.key_norm {
        normalise_heads(norm, &mut key);
    }
    let everything = keep == Keep::Everything;
    let mut trace = AttentionTrace { input: everything.then(|| x.to_owned()), ..Default::default() };
    if let AttentionPosition::Rotary(_) = attention.position {
        trace.unrotated_query = everything.then(|| query.clone());
        trace.unrotated_key = everything.then(|| key.clone());
        rotate(attention, &mut query, place);
        rotate(attention, &mut key, place);
    }
    if let Some(cache) = cache {
        (key, value) = extend(cache, key, value);
    }
    let heads = attend_heads(attention, &query, &key, &value, place, everything);
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

fn normalise_heads(norm: &Norm, heads: &mut Array3<f32>) {
    for mut head in heads.axis_iter_mut(Axis(0)) {
        for row in head.axis_iter_mut(Axis(0)) {
            normalise_row(norm, row);
        }
    }
}

fn rotate(attention: &Attention, heads: &mut Array3<f32>, place: &Place<'_>) {
    let AttentionPosition::Rotary(rotary) = &attention.position else { return };
    for mut head in heads.axis_iter_mut(Axis(0)) {
        for (index, row) in head.axis_iter_mut(Axis(0)).enumerate() {
            if let Some(position) = place.interventions.position(place.past + index) {
                rotary.rotate(position, row);
            }
        }
    }
}

/// Appends the new keys and values to the cache and returns all of them.
fn extend(cache: &mut KeyValueCache, key: Array3<f32>, value: Array3<f32>) -> (Array3<f32>, Array3<f32>) {
    let append = |old: &Option<Array3<f32>>, new: Array3<f32>| match old {
        Some(old) => ndarray::concatenate(Axis(1), &[old.view(), new.view()])
            .expect("cached and new tensors differ only in their number of tokens"),
        None => new,
    };
    let (key, value) = (append(&cache.key, key), append(&cache.value, value));
    cache.key = Some(key.clone());
    cache.value = Some(value.clone());
    (key, value)
}

struct Heads {
    products: Array3<f32>,
    scores: Array3<f32>,
    weights: Array3<f32>,
    outputs: Array3<f32>,
}

fn attend_heads(
    attention: &Attention,
    query: &Array3<f32>,
    key: &Array3<f32>,
    value: &Array3<f32>,
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
        .for_each(|(head, mut products, mut scores, mut weights, output)| {
            let (key, value) =
                (key.index_axis(Axis(0), head / share), value.index_axis(Axis(0), head / share));
            matmul::multiply_transposed_here(query.index_axis(Axis(0), head), key, weights.view_mut());
            if everything {
                products.assign(&weights);
            }
            score(attention, head, &mut weights, place);
            if everything {
                scores.assign(&weights);
            }
            softmax_rows(&mut weights);
            let change = place.layer.and_then(|layer| place.interventions.heads.get(&(layer, head)));
            if change == Some(&HeadChange::Uniform) {
                spread_evenly(attention, &mut weights, place);
            }
            weigh_values(change, weights.view(), value, output);
        });
    Heads { products, scores, weights, outputs }
}

/// Turns q·k `[T, S]` into scores: scale, position bias, mask.
fn score(attention: &Attention, head: usize, scores: &mut ArrayViewMut2<'_, f32>, place: &Place<'_>) {
    let (tokens, keys) = scores.dim();
    let interventions = place.interventions;
    let relative = match &attention.position {
        AttentionPosition::Relative(bias) => Some(bias.by_offset(head, place.past + tokens, keys)),
        _ => None,
    };
    let first_offset = (place.past + tokens) as isize - 1;
    for (index, mut row) in scores.axis_iter_mut(Axis(0)).enumerate() {
        let query_index = place.past + index;
        for (key_index, score) in row.iter_mut().enumerate() {
            if is_masked(attention, query_index, key_index)
                || is_hidden(interventions, query_index, key_index)
            {
                *score = f32::NEG_INFINITY;
                continue;
            }
            *score *= attention.scale;
            let (Some(from), Some(to)) =
                (interventions.position(query_index), interventions.position(key_index))
            else {
                continue;
            };
            match (&attention.position, &relative) {
                (AttentionPosition::Alibi(slopes), _) => *score += slopes[head] * (to as f32 - from as f32),
                (_, Some(bias)) => {
                    let offset = to as isize - from as isize + first_offset;
                    *score += bias[offset as usize];
                }
                _ => {}
            }
        }
    }
}

/// Whether the network's own mask hides `key` from `query`.
fn is_masked(attention: &Attention, query: usize, key: usize) -> bool {
    (attention.causal && key > query) || attention.window.is_some_and(|window| key + window <= query)
}

fn is_hidden(interventions: &Interventions, query: usize, key: usize) -> bool {
    key != query && interventions.hidden_tokens.contains(&key)
}

/// Softmax of every row; minus infinity becomes exactly 0.
pub fn softmax_rows(scores: &mut ArrayViewMut2<'_, f32>) {
    for mut row in scores.axis_iter_mut(Axis(0)) {
        let largest = row.fold(f32::NEG_INFINITY, |largest, &score| largest.max(score));
        let mut sum = 0.0f64;
        for score in row.iter_mut() {
            *score = (*score - largest).exp();
            sum += f64::from(*score);
        }
        let inverse = (1.0 / sum) as f32;
        row.mapv_inplace(|weight| weight * inverse);
    }
}

/// Gives all keys that a query may see the same weight.
fn spread_evenly(attention: &Attention, weights: &mut ArrayViewMut2<'_, f32>, place: &Place<'_>) {
    for (index, mut row) in weights.axis_iter_mut(Axis(0)).enumerate() {
        let query = place.past + index;
        let open =
            |key: usize| !is_masked(attention, query, key) && !is_hidden(place.interventions, query, key);
        let count = (0..row.len()).filter(|&key| open(key)).count().max(1) as f32;
        for (key, weight) in row.iter_mut().enumerate() {
            *weight = if open(key) { 1.0 / count } else { 0.0 };
        }
    }
}

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
