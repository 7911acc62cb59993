//! What position does to a text.

use super::shuffle::{ShuffleExperiment, USUAL_ORDER, shuffle};
use super::streams;
use super::words::{TwoPlaces, two_places};
use crate::model::Model;
use crate::model::error::Result;
use crate::model::interventions::PositionChange;
use crate::model::tokenizer::Tokens;
use crate::progress::Progress;

/// What is found in a text.
#[derive(Debug, Clone, PartialEq)]
pub struct PositionExperiments {
    /// The text.
    pub text: String,
    /// The words in another order; `None` for fewer than two words.
    pub shuffle: Option<ShuffleExperiment>,
    /// Every word that stands at two places, the one that changes most first.
    pub places: Vec<TwoPlaces>,
}

/// What position does to `text`, cut into `tokens`. No pass takes more than `memory_limit` bytes.
///
/// # Errors
/// As [`crate::model::forward::forward`].
pub fn experiments(
    model: &Model,
    text: &str,
    tokens: &Tokens,
    memory_limit: u64,
    progress: &Progress,
) -> Result<PositionExperiments> {
    let trace = streams::run(model, &tokens.ids, PositionChange::Keep, memory_limit, progress)?;
    Ok(PositionExperiments {
        shuffle: shuffle(model, tokens, text, &trace, (USUAL_ORDER, memory_limit), progress)?,
        places: two_places(tokens, text, &trace),
        text: text.to_owned(),
    })
}
