//! The making of one attention weight, step by step, with the numbers that the engine computed.

use ndarray::{Array3, ArrayView1, ArrayView2, Axis};

use super::place::{HeadPlace, not_kept};
use crate::elementary;
use crate::model::error::{ModelError, Result};
use crate::model::network::{Attention, AttentionPosition};
use crate::model::trace::AttentionTrace;
use crate::model::{Network, Trace};

/// Why a token cannot see another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mask {
    /// It comes later.
    Later,
    /// It is too far away for the window of the layer.
    OutsideWindow,
    /// It was hidden by an intervention.
    Hidden,
}

/// One attention weight and all that led to it: softmax(scale q·k + bias + mask) v
/// (Vaswani et al. 2017, eq. 1).
#[derive(Debug, Clone, PartialEq)]
pub struct CellSteps {
    /// The head.
    pub place: HeadPlace,
    /// The token that looks.
    pub from: usize,
    /// The token looked at.
    pub to: usize,
    /// Its query `[E]`, as used (rotated, where the family rotates).
    pub query: Vec<f32>,
    /// The other's key `[E]`, as used.
    pub key: Vec<f32>,
    /// Query and key before rotation, where there is one.
    pub unrotated: Option<(Vec<f32>, Vec<f32>)>,
    /// Component and its product qₑ kₑ, the largest magnitude first.
    pub products: Vec<(usize, f32)>,
    /// q·k.
    pub dot: f32,
    /// What it is multiplied by.
    pub scale: f32,
    /// dot x scale.
    pub scaled: f32,
    /// What position adds (ALiBi, T5); 0 elsewhere.
    pub position_bias: f32,
    /// c, where the sum becomes c tanh(sum / c).
    pub soft_cap: Option<f32>,
    /// Why it cannot be seen, if so.
    pub mask: Option<Mask>,
    /// scaled + bias, or minus infinity when masked.
    pub score: f32,
    /// The largest score of the row.
    pub row_maximum: f32,
    /// exp(score - maximum).
    pub exponential: f32,
    /// The sum of the row's exponentials.
    pub sum: f64,
    /// The weight: exponential / sum, unless an intervention spread the row evenly.
    pub weight: f32,
    /// Whether an intervention put another weight in place of exponential / sum.
    pub replaced: bool,
    /// The other's value `[E]`.
    pub value: Vec<f32>,
    /// weight x value `[E]`.
    pub weighted_value: Vec<f32>,
    /// The sum of the weighted values of the row `[E]`: the head's output at the token that looks.
    pub head_output: Vec<f32>,
}

impl CellSteps {
    /// The length of the other's value.
    pub fn value_length(&self) -> f32 {
        length(&self.value)
    }

    /// The length of what the weight lets through of it.
    pub fn weighted_value_length(&self) -> f32 {
        length(&self.weighted_value)
    }
}

fn length(vector: &[f32]) -> f32 {
    vector.iter().map(|value| value * value).sum::<f32>().sqrt()
}

/// The making of the weight with which token `from` sees token `to`.
///
/// # Errors
/// No such head or token; a trace that did not keep every stage.
pub fn explain(
    network: &Network,
    trace: &Trace,
    place: HeadPlace,
    from: usize,
    to: usize,
) -> Result<CellSteps> {
    let attention = place.attention(network)?;
    let found = place.trace(trace)?;
    let (_, rows, columns) = found.weights.dim();
    if from >= rows || to >= columns {
        return Err(ModelError::Request(format!(
            "there is no cell ({from}, {to}): the map has {rows} rows and {columns} columns"
        )));
    }
    let stages = Stages::of(found, place.head, attention.key_value_head(place.head))?;
    let (query, key, value) = (stages.query.row(from), stages.key.row(to), stages.value.row(to));
    let dot = found.product(attention.mask, place.head, from, to).ok_or_else(|| not_kept("queries"))?;
    let score = stages.scores[[from, to]];
    let weight = found.weights[[place.head, from, to]];
    let scaled = dot * attention.scale;
    let mut softmaxed = stages.scores.row(from).to_vec();
    let softmax = elementary::softmax(&mut softmaxed);
    let masked = score == f32::NEG_INFINITY;
    let cap = attention.soft_cap;
    let uncapped = cap.map_or(score, |cap| cap * (score / cap).atanh());
    Ok(CellSteps {
        place,
        from,
        to,
        query: query.to_vec(),
        key: key.to_vec(),
        unrotated: stages.unrotated(from, to),
        products: sorted_products(query, key),
        dot,
        scale: attention.scale,
        scaled,
        position_bias: if masked {
            0.0
        } else {
            position_bias(attention, place.head, from, to, scaled, uncapped)
        },
        soft_cap: cap,
        mask: masked.then(|| mask(attention, from, to)),
        score,
        row_maximum: softmax.maximum,
        exponential: elementary::exp(score - softmax.maximum),
        sum: softmax.sum,
        weight,
        replaced: softmaxed[to] != weight,
        value: value.to_vec(),
        weighted_value: value.mapv(|value| weight * value).to_vec(),
        head_output: stages.output.row(from).to_vec(),
    })
}

/// The kept stages of one head.
struct Stages<'a> {
    query: ArrayView2<'a, f32>,
    key: ArrayView2<'a, f32>,
    unrotated_query: Option<ArrayView2<'a, f32>>,
    unrotated_key: Option<ArrayView2<'a, f32>>,
    value: ArrayView2<'a, f32>,
    scores: ArrayView2<'a, f32>,
    output: ArrayView2<'a, f32>,
}

impl<'a> Stages<'a> {
    fn of(found: &'a AttentionTrace, head: usize, shared: usize) -> Result<Self> {
        let part = |stage: &'a Option<Array3<f32>>, index: usize| {
            stage.as_ref().filter(|stage| index < stage.dim().0).map(|stage| stage.index_axis(Axis(0), index))
        };
        let kept = |stage, index, what: &str| part(stage, index).ok_or_else(|| not_kept(what));
        Ok(Self {
            query: kept(&found.query, head, "queries")?,
            key: kept(&found.key, shared, "keys")?,
            unrotated_query: part(&found.unrotated_query, head),
            unrotated_key: part(&found.unrotated_key, shared),
            value: kept(&found.value, shared, "values")?,
            scores: kept(&found.scores, head, "scores")?,
            output: kept(&found.head_outputs, head, "outputs of the heads")?,
        })
    }

    fn unrotated(&self, from: usize, to: usize) -> Option<(Vec<f32>, Vec<f32>)> {
        Some((self.unrotated_query?.row(from).to_vec(), self.unrotated_key?.row(to).to_vec()))
    }
}

fn sorted_products(query: ArrayView1<'_, f32>, key: ArrayView1<'_, f32>) -> Vec<(usize, f32)> {
    let mut products: Vec<(usize, f32)> = query.iter().zip(key).map(|(q, k)| q * k).enumerate().collect();
    products.sort_by(|one, other| other.1.abs().total_cmp(&one.1.abs()));
    products
}

/// What the network's own position method adds; where a pass told tokens other places, what the
/// score (before a soft cap) shows that it added.
fn position_bias(attention: &Attention, head: usize, from: usize, to: usize, scaled: f32, score: f32) -> f32 {
    let own = match &attention.position {
        AttentionPosition::Alibi(slopes) => {
            slopes.get(head).map_or(0.0, |slope| slope * (to as f32 - from as f32))
        }
        AttentionPosition::Relative(bias) => bias.value(head, to as isize - from as isize),
        AttentionPosition::Disentangled(_)
        | AttentionPosition::AlibiOfKeys(_)
        | AttentionPosition::Grid(_) => return score - scaled,
        AttentionPosition::None | AttentionPosition::Rotary(_) => return 0.0,
    };
    // A score behind a soft cap is known to a few digits less.
    let slack = if attention.soft_cap.is_some() { 1e-4 * score.abs().max(1.0) } else { 0.0 };
    if (scaled + own - score).abs() <= slack { own } else { score - scaled }
}

fn mask(attention: &Attention, from: usize, to: usize) -> Mask {
    if attention.mask.sees(from, to) {
        Mask::Hidden
    } else if attention.is_causal() && to > from {
        Mask::Later
    } else {
        Mask::OutsideWindow
    }
}
