//! The logit lens: what the network would predict if each layer were the last.

use ndarray::s;

use super::names::output_name;
use super::place::not_kept;
use crate::model::error::{ModelError, Result};
use crate::model::generate::{self, likeliest};
use crate::model::network::{LooksAt, Says};
use crate::model::normalisation::normalise;
use crate::model::{Model, Network, Trace};

/// What to look at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LensOptions {
    /// The token whose prediction is looked at; the last one when `None`.
    pub position: Option<usize>,
    /// How many candidates a layer.
    pub count: usize,
    /// A token id whose rank and probability are followed.
    pub watched: Option<u32>,
}

/// One predicted token (or class).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate {
    /// Its id.
    pub token: u32,
    /// Its logit.
    pub logit: f32,
    /// Its probability.
    pub probability: f32,
}

/// How the watched token stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Watched {
    /// Its id.
    pub token: u32,
    /// 1 for the likeliest.
    pub rank: usize,
    /// Its probability.
    pub probability: f32,
}

/// What one layer would predict.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerPrediction {
    /// 0 for the embedding, n for the stream after n blocks.
    pub after_blocks: usize,
    /// The likeliest, falling.
    pub candidates: Vec<Candidate>,
    /// The watched token, if one was asked for.
    pub watched: Option<Watched>,
}

/// One layer's prediction, with the names of what it predicts.
#[derive(Debug, Clone, PartialEq)]
pub struct LensRow {
    /// 0 for the embedding, n for the stream after n blocks.
    pub after_blocks: usize,
    /// The likeliest tokens (as they read) or classes, with their probabilities, best first.
    pub candidates: Vec<(String, f32)>,
}

/// The place whose prediction [`logit_lens`] shows when asked for `position` among `tokens`: a classifier
/// reads its first token, or its last, wherever one looks.
pub fn place(network: &Network, position: usize, tokens: usize) -> usize {
    network.head.as_ref().and_then(|head| head.only_row(tokens)).unwrap_or(position)
}

/// The `count` likeliest outputs of every layer at `position`, by name.
///
/// # Errors
/// As [`logit_lens`].
pub fn by_name(model: &Model, trace: &Trace, position: usize, count: usize) -> Result<Vec<LensRow>> {
    let options = LensOptions { position: Some(position), count, watched: None };
    let named = |candidate: &Candidate| (output_name(model, candidate.token), candidate.probability);
    let rows = logit_lens(&model.network, trace, &options)?;
    Ok(rows
        .iter()
        .map(|row| LensRow {
            after_blocks: row.after_blocks,
            candidates: row.candidates.iter().map(named).collect(),
        })
        .collect())
}

/// The predictions of every layer at one place, from the embedding to the output: final norm and
/// head applied to the residual stream (nostalgebraist 2020, "interpreting GPT: the logit lens"),
/// through the whole head (map, non-linearity, norm, projection) of masked models.
///
/// # Errors
/// A checkpoint without a head, or with one that reads a whole image; a place or token outside; a
/// trace that kept no hidden states.
pub fn logit_lens(network: &Network, trace: &Trace, options: &LensOptions) -> Result<Vec<LayerPrediction>> {
    let head = network.head.as_ref().ok_or_else(|| {
        ModelError::Request(
            "this checkpoint has no output matrix, so it predicts nothing; open one with a language head"
                .into(),
        )
    })?;
    if head.says != Says::OneOf {
        return Err(ModelError::Request(format!(
            "the outputs of {} are not one of several, so no layer has a likeliest one",
            network.family
        )));
    }
    let together = match head.looks_at {
        _ if head.second.is_some() => Some("two tokens"),
        LooksAt::Pooled { .. } => Some("all pixels"),
        LooksAt::Mean { .. } | LooksAt::FirstAndMean { .. } => Some("all tokens"),
        LooksAt::MeanOfFirst { .. } => Some("several tokens"),
        LooksAt::EachToken | LooksAt::FirstToken | LooksAt::LastToken => None,
    };
    if let Some(together) = together {
        return Err(ModelError::Request(format!(
            "the head of {} reads {together} together, so no single one predicts anything",
            network.family
        )));
    }
    let states = trace.hidden_states();
    let tokens = states.first().ok_or_else(|| not_kept("hidden states"))?.nrows();
    let position = place(network, options.position.unwrap_or(tokens.wrapping_sub(1)), tokens);
    if position >= tokens {
        return Err(ModelError::Request(format!("there is no token {position}: the text has {tokens}")));
    }
    if let Some(token) = options.watched.filter(|&token| token as usize >= network.outputs) {
        return Err(ModelError::Request(format!("there is no token id {token} among {}", network.outputs)));
    }
    // The last recorded state is after the final norm already, except in a ViT.
    let before_norm = network.last_stack().records_before_norm;
    let normed_from = if before_norm { states.len() } else { states.len() - 1 };
    let mut predictions = Vec::with_capacity(states.len());
    for (after_blocks, state) in states.iter().enumerate() {
        // A recurrent network's first streams may have another width than its head reads.
        if state.ncols() != network.last_stack().hidden {
            continue;
        }
        let mut row = state.slice(s![position..position + 1, ..]).to_owned();
        if let Some(norm) = network.final_norm().filter(|_| after_blocks < normed_from) {
            normalise(norm, &mut row);
        }
        let logits = head.logits(&row, false);
        predictions.push(prediction(after_blocks, &logits.row(0).to_vec(), options));
    }
    Ok(predictions)
}

fn prediction(after_blocks: usize, logits: &[f32], options: &LensOptions) -> LayerPrediction {
    let candidate = |found: &generate::Candidate| Candidate {
        token: found.id,
        logit: logits.get(found.id as usize).copied().unwrap_or(f32::NAN),
        probability: found.probability as f32,
    };
    LayerPrediction {
        after_blocks,
        candidates: likeliest(logits, options.count).iter().map(candidate).collect(),
        watched: options.watched.map(|token| watched(logits, token)),
    }
}

/// Rank (among equals by id) and probability of `token`.
fn watched(logits: &[f32], token: u32) -> Watched {
    let own = logits.get(token as usize).copied().unwrap_or(f32::NAN);
    let before = |&(id, &logit): &(usize, &f32)| logit > own || logit == own && id < token as usize;
    Watched {
        token,
        rank: 1 + logits.iter().enumerate().filter(before).count(),
        probability: probability(logits, token as usize) as f32,
    }
}

/// The softmax of `logits` at `index`.
pub(super) fn probability(logits: &[f32], index: usize) -> f64 {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = logits.iter().map(|&logit| f64::from(logit - largest).exp()).sum();
    logits.get(index).map_or(f64::NAN, |&logit| f64::from(logit - largest).exp() / sum)
}
