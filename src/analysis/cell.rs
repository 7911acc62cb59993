//! The making of one attention weight, step by step, with the numbers that the engine computed.

use super::place::HeadPlace;
use crate::model::error::Result;
use crate::model::{Network, Trace};

/// Why a token cannot see another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mask {
    /// It comes later.
    Later,
    /// It is too far back for the window of the layer.
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
    todo!()
}
