//! A pass whose streams can be compared, token by token.

use crate::model::error::Result;
use crate::model::forward::{Input, PassOptions, forward};
use crate::model::interventions::{Interventions, PositionChange};
use crate::model::trace::Keep;
use crate::model::{Model, Trace};
use crate::progress::Progress;

/// One pass over `ids` with at most `memory_limit` bytes, with the streams of the encoder where there
/// is a decoder behind it: the encoder reads the text, and its tokens are those that are asked about.
///
/// # Errors
/// As [`forward`].
pub fn run(
    model: &Model,
    ids: &[u32],
    positions: PositionChange,
    memory_limit: u64,
    progress: &Progress,
) -> Result<Trace> {
    let interventions = Interventions { positions, ..Interventions::default() };
    let options = PassOptions {
        keep: Keep::Weights,
        interventions,
        memory_limit,
        last_logits_only: true,
        ..PassOptions::default()
    };
    let mut trace = forward(&model.network, &Input::Tokens(ids), &options, progress)?;
    trace.stacks.truncate(1);
    Ok(trace)
}
