//! Norm-weighted attention: not how much a token is looked at, but how much comes from it.

use std::ops::Range;

use ndarray::{Array1, Array2, Array3, ArrayView1, Axis, Zip, s};

use super::head_maps::output_map;
use super::place::{HeadPlace, Stack, not_kept};
use crate::matmul;
use crate::model::error::Result;
use crate::model::network::Attention;
use crate::model::{Network, Trace};

/// How many tokens are looked at together: bounds the memory to this x H x D numbers.
const TOKENS_AT_ONCE: usize = 32;

/// ‖α f(x)‖ of one head, `[T, S]`: the length of what token j sends to token i through the head
/// (Kobayashi et al. 2020, eq. 5), with f(x) = (x Wᵥ + bᵥ) Wₒ restricted to the head. The output
/// bias belongs to no token and is left out.
///
/// # Errors
/// No such head; a trace that did not keep the values.
pub fn norm_weighted(network: &Network, trace: &Trace, place: HeadPlace) -> Result<Array2<f32>> {
    let attention = place.attention(network)?;
    let found = place.trace(trace)?;
    let value = found.value.as_ref().ok_or_else(|| not_kept("values"))?;
    let moved = moved(attention, value, place.head, 0..value.dim().1);
    let lengths =
        moved.map_axis(Axis(1), |row| row.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>().sqrt());
    let mut weights = found.weights.index_axis(Axis(0), place.head).to_owned();
    for mut row in weights.axis_iter_mut(Axis(0)) {
        Zip::from(&mut row).and(&lengths).for_each(|weight, &length| *weight *= length as f32);
    }
    Ok(weights)
}

/// ‖Σₕ α f(x)‖ over all heads of `layer`, `[T, S]` (Kobayashi et al. 2020, section 4.1).
///
/// # Errors
/// As [`norm_weighted`].
pub fn norm_weighted_layer(
    network: &Network,
    trace: &Trace,
    stack: Stack,
    layer: usize,
) -> Result<Array2<f32>> {
    let place = HeadPlace { stack, layer, head: 0 };
    let attention = place.attention(network)?;
    let found = place.trace(trace)?;
    let value = found.value.as_ref().ok_or_else(|| not_kept("values"))?;
    let (heads, rows, columns) = found.weights.dim();
    let mut lengths = Array2::zeros((rows, columns));
    for start in (0..columns).step_by(TOKENS_AT_ONCE) {
        let tokens = start..(start + TOKENS_AT_ONCE).min(columns);
        let moved: Vec<Array2<f32>> =
            (0..heads).map(|head| moved(attention, value, head, tokens.clone())).collect();
        for token in tokens {
            let products = inner_products(&moved, token - start);
            let mut column = lengths.column_mut(token);
            Zip::indexed(&mut column).par_for_each(|i, length: &mut f32| {
                let weights = found.weights.slice(s![.., i, token]);
                *length = quadratic_form(&products, weights).max(0.0).sqrt() as f32;
            });
        }
    }
    Ok(lengths)
}

/// Scales every row to sum to 1, to compare lengths with weights; rows of 0 stay.
pub fn shares(lengths: &Array2<f32>) -> Array2<f32> {
    let mut shares = lengths.clone();
    for mut row in shares.axis_iter_mut(Axis(0)) {
        let sum: f64 = row.iter().map(|&length| f64::from(length)).sum();
        if sum != 0.0 {
            row.mapv_inplace(|length| (f64::from(length) / sum) as f32);
        }
    }
    shares
}

/// f(x) without the weight for `tokens`: their values through the head's part of the output map,
/// `[tokens, D]`.
fn moved(attention: &Attention, value: &Array3<f32>, head: usize, tokens: Range<usize>) -> Array2<f32> {
    let output = output_map(attention, head);
    let value = value.slice(s![attention.key_value_head(head), tokens, ..]);
    let mut moved = Array2::zeros((value.nrows(), output.nrows()));
    matmul::multiply_transposed(value, output.view(), moved.view_mut());
    moved
}

/// The products of what the heads move of one token, `[H, H]`: with them the length of any weighted
/// sum costs H² instead of H D.
fn inner_products(moved: &[Array2<f32>], token: usize) -> Array2<f64> {
    let vectors: Vec<Array1<f64>> = moved.iter().map(|moved| moved.row(token).mapv(f64::from)).collect();
    Array2::from_shape_fn((vectors.len(), vectors.len()), |(g, h)| vectors[g].dot(&vectors[h]))
}

fn quadratic_form(products: &Array2<f64>, weights: ArrayView1<'_, f32>) -> f64 {
    let row = |g: usize| -> f64 { products.row(g).iter().zip(weights).map(|(p, &w)| p * f64::from(w)).sum() };
    weights.iter().enumerate().map(|(g, &weight)| f64::from(weight) * row(g)).sum()
}
