//! `heads`: labels and figures of all heads on one text.

use anyhow::Result;

use super::model_source::{self, Subject};
use super::output::{Report, Table, Value};
use crate::analysis::heads;
use crate::model::forward::PassOptions;
use crate::model::trace::Keep;

/// What is asked.
pub struct Request {
    /// The model and the text.
    pub subject: model_source::Request,
}

/// One record a head, layer by layer.
///
/// # Errors
/// A model that cannot run on the text.
pub fn answer(request: &Request) -> Result<Report> {
    let subject = Subject::open(&request.subject)?;
    let trace = subject.run(&PassOptions { keep: Keep::Weights, ..PassOptions::default() })?;
    let columns =
        ["layer", "head", "label", "score", "entropy", "mean_distance", "first_token", "separators"];
    let mut table = Table::new("heads", &columns);
    for figures in heads::all_heads(&trace, &subject.tokens) {
        table.records.push(vec![
            figures.place.layer.into(),
            figures.place.head.into(),
            Value::text(figures.label.kind.name()),
            figures.label.score.into(),
            figures.entropy.into(),
            figures.mean_distance.into(),
            figures.first_token_mass.into(),
            figures.separator_mass.into(),
        ]);
    }
    Ok(subject.report().fact("tokens", subject.tokens.len()).list(table))
}
