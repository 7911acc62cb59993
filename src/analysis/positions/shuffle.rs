//! The same words in another order: what a network makes of it, with positions and without.

use super::streams;
use super::words::{spelling, words_of};
use crate::analysis::similarity::cosine;
use crate::model::error::Result;
use crate::model::forward::sentence_vector;
use crate::model::interventions::PositionChange;
use crate::model::tokenizer::Tokens;
use crate::model::{Model, Trace};
use crate::progress::Progress;
use crate::random::Random;

/// What telling the words in another order does.
#[derive(Debug, Clone, PartialEq)]
pub struct ShuffleExperiment {
    /// The words in the other order.
    pub shuffled: String,
    /// Cosine of the two sentences' vectors; NaN where one of them has no direction.
    pub with_positions: f64,
    /// The same, with positions removed from both passes.
    pub without_positions: f64,
    /// Whether a causal mask still tells the tokens their order (Haviv et al. 2022).
    pub causal: bool,
}

/// The words of `text` in the order that follows from `seed`, tokens of a word kept together, added tokens left where they
/// are; `trace` is of the pass over `tokens` as they stand, and `memory_limit` in bytes holds for each
/// of three more. `None` for fewer than two words.
///
/// # Errors
/// As [`crate::model::forward::forward`].
pub fn shuffle(
    model: &Model,
    tokens: &Tokens,
    text: &str,
    trace: &Trace,
    (seed, memory_limit): (u64, u64),
    progress: &Progress,
) -> Result<Option<ShuffleExperiment>> {
    let words = words_of(tokens);
    if words.len() < 2 {
        return Ok(None);
    }
    let order = Random::new(seed).permutation(words.len());
    let mut moved = order.iter().flat_map(|&word| words[word].clone());
    let in_a_word = |index: &usize| words.iter().any(|word| word.contains(index));
    let ids: Vec<u32> = (0..tokens.len())
        .map(|index| if in_a_word(&index) { moved.next().unwrap_or(index) } else { index })
        .filter_map(|index| tokens.ids.get(index).copied())
        .collect();
    let run = |ids: &[u32], positions| streams::run(model, ids, positions, memory_limit, progress);
    let other = run(&ids, PositionChange::Keep)?;
    let bare = run(&tokens.ids, PositionChange::Remove)?;
    let other_bare = run(&ids, PositionChange::Remove)?;
    let spelt: Vec<&str> = order.iter().filter_map(|&word| spelling(tokens, text, &words[word])).collect();
    Ok(Some(ShuffleExperiment {
        shuffled: spelt.join(" "),
        with_positions: likeness(trace, &other),
        without_positions: likeness(&bare, &other_bare),
        causal: model.network.is_causal(),
    }))
}

/// The cosine of two passes' sentence vectors; NaN where there is none.
fn likeness(one: &Trace, other: &Trace) -> f64 {
    let vectors = sentence_vector(one).zip(sentence_vector(other));
    vectors.and_then(|(one, other)| cosine(&one.mapv(f64::from), &other.mapv(f64::from))).unwrap_or(f64::NAN)
}

/// The seed of the order that is shown unless another is asked for.
pub const USUAL_ORDER: u64 = 1;

/// A permutation of `0..count` that looks random and is always the same.
pub fn shuffled(count: usize) -> Vec<usize> {
    Random::new(USUAL_ORDER).permutation(count)
}
