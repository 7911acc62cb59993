//! What a change did: two traces of the same text, before and after.

use ndarray::{Array2, ArrayView2};

use super::place::{HeadPlace, Stack};
use super::similarity::cosine;
use crate::model::Trace;
use crate::model::error::{ModelError, Result};
use crate::model::forward::sentence_vector;

/// How one head's map changed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HeadDifference {
    /// The head.
    pub place: HeadPlace,
    /// The largest change of a weight, without sign.
    pub largest: f32,
    /// Where: (token that looks, token looked at).
    pub at: (usize, usize),
    /// The mean over the rows of half the sum of changes: the share of attention that moved
    /// (total variation distance, as Jain and Wallace 2019 compare maps).
    pub moved: f32,
}

/// How one token changed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TokenDifference {
    /// The token.
    pub token: usize,
    /// The largest change of a weight in its row, over all heads.
    pub largest: f32,
    /// 1 - cosine of its last hidden state, before and after; NaN when not kept, or zero.
    pub state: f32,
}

/// What a change did.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// Every head of every attention, stack by stack and layer by layer.
    pub heads: Vec<HeadDifference>,
    /// Every token of the first stack's text.
    pub tokens: Vec<TokenDifference>,
    /// Cosine of the sentence vectors before and after, when hidden states were kept and neither is zero.
    pub sentence_cosine: Option<f32>,
    /// The largest change of a logit, when there is a head.
    pub largest_logit_change: Option<f32>,
}

impl Difference {
    /// The head with the largest change of a weight; `None` where no map changes.
    pub fn most_changed(&self) -> Option<&HeadDifference> {
        let most = self.heads.iter().max_by(|one, other| one.largest.total_cmp(&other.largest));
        most.filter(|most| most.largest > 0.0)
    }
}

/// Compares two traces of one text.
///
/// # Errors
/// Traces of different networks or of texts of different lengths.
pub fn difference(before: &Trace, after: &Trace) -> Result<Difference> {
    let mut heads = Vec::new();
    let mut largest_of_token = Vec::new();
    for stack in Stack::ALL {
        let of_rows = compare_stack(stack, before, after, &mut heads)?;
        if stack == Stack::Text {
            largest_of_token = of_rows;
        }
    }
    let states = before.hidden_states().last().zip(after.hidden_states().last());
    let states = states.filter(|(one, other)| one.dim() == other.dim());
    let tokens = largest_of_token.into_iter().enumerate();
    Ok(Difference {
        heads,
        tokens: tokens
            .map(|(token, largest)| TokenDifference { token, largest, state: state_change(states, token) })
            .collect(),
        sentence_cosine: states.and_then(|_| {
            let (one, other) = (sentence_vector(before)?, sentence_vector(after)?);
            Some(cosine(&one.mapv(f64::from), &other.mapv(f64::from))? as f32)
        }),
        largest_logit_change: largest_logit_change(before, after),
    })
}

/// Compares all heads of `stack`; the largest change of every row, over all of them.
fn compare_stack(
    stack: Stack,
    before: &Trace,
    after: &Trace,
    heads: &mut Vec<HeadDifference>,
) -> Result<Vec<f32>> {
    let layers = stack.layers(before);
    if layers != stack.layers(after) {
        return Err(unlike("they have different numbers of layers"));
    }
    let weights = |trace, layer| stack.trace(trace, layer).map(|attention| &attention.weights);
    let rows = (0..layers).find_map(|layer| weights(before, layer)).map_or(0, |weights| weights.dim().1);
    let mut largest_of_row = vec![0f32; rows];
    for layer in 0..layers {
        let Some((one, other)) = weights(before, layer).zip(weights(after, layer)) else { continue };
        if one.dim() != other.dim() || one.dim().1 != rows {
            return Err(unlike("their texts have different lengths, or their layers different heads"));
        }
        for (head, (one, other)) in one.outer_iter().zip(other.outer_iter()).enumerate() {
            heads.push(compare(HeadPlace { stack, layer, head }, one, other, &mut largest_of_row));
        }
    }
    Ok(largest_of_row)
}

/// Compares the maps of one head and notes the largest change of every row.
fn compare(
    place: HeadPlace,
    before: ArrayView2<'_, f32>,
    after: ArrayView2<'_, f32>,
    largest_of_token: &mut [f32],
) -> HeadDifference {
    let (mut largest, mut at, mut moved) = (0f32, (0, 0), 0.0);
    let rows = before.outer_iter().zip(after.outer_iter()).zip(largest_of_token);
    let count = rows.len();
    for (i, ((before, after), largest_of_row)) in rows.enumerate() {
        for (j, (before, after)) in before.iter().zip(after).enumerate() {
            let change = (after - before).abs();
            moved += f64::from(change);
            if change > largest {
                (largest, at) = (change, (i, j));
            }
            *largest_of_row = largest_of_row.max(change);
        }
    }
    HeadDifference { place, largest, at, moved: (0.5 * moved / count.max(1) as f64) as f32 }
}

fn state_change(states: Option<(&Array2<f32>, &Array2<f32>)>, token: usize) -> f32 {
    let Some((one, other)) = states.filter(|(one, _)| token < one.nrows()) else { return f32::NAN };
    let cosine = cosine(&one.row(token).mapv(f64::from), &other.row(token).mapv(f64::from));
    cosine.map_or(f32::NAN, |cosine| (1.0 - cosine) as f32)
}

fn largest_logit_change(before: &Trace, after: &Trace) -> Option<f32> {
    let (one, other) = before.logits.as_ref().zip(after.logits.as_ref())?;
    let alike = one.dim() == other.dim();
    alike.then(|| one.iter().zip(other).fold(0f32, |largest, (one, other)| largest.max((one - other).abs())))
}

fn unlike(why: &str) -> ModelError {
    ModelError::Request(format!("cannot compare these two passes: {why}"))
}
