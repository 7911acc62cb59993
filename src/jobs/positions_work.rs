//! The work on positions: calls into [`crate::analysis::positions`].

use super::attention_work::{MEMORY_LIMIT, tokens};
use super::positions::{PositionExperiments, PositionKind, PositionTable};
use super::request::Failure;
use crate::analysis::positions::{self, TableOptions};
use crate::model::Model;
use crate::progress::Progress;

/// Distances of the curve.
const DISTANCES: usize = 65;

/// The numbers of a method: the model's own where it uses the method, else an example.
pub(super) fn table(model: Option<&Model>, kind: PositionKind) -> Result<PositionTable, Failure> {
    let options = TableOptions { positions: None, distances: DISTANCES, size: None };
    Ok(positions::table(model, kind, &options)?)
}

/// What position does to `text`.
pub(super) fn experiments(
    model: &Model,
    text: String,
    progress: &Progress,
) -> Result<PositionExperiments, Failure> {
    let tokens = tokens(model, &text)?;
    Ok(positions::experiments(model, &text, &tokens, MEMORY_LIMIT, progress)?)
}
