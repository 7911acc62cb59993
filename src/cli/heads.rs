//! `heads`: labels and figures of all heads on one text.

use anyhow::Result;
use clap::Args;

use super::arguments::format::FormatArguments;
use super::arguments::subject::{Subject, SubjectArguments};
use super::command::{Answer, Command, Shared};
use super::report::{Report, Table, Value};
use crate::analysis::heads;
use crate::model::forward::PassOptions;
use crate::model::trace::Keep;

/// What kind of head each is: labels and figures of all heads on a text
///
/// Layers and heads are counted from 0. Entropy is in nats, distance in tokens; first_token is
/// the share of attention that goes to the first token.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    subject: SubjectArguments,
    #[command(flatten)]
    output: FormatArguments,
}

impl Command for Arguments {
    fn answer(self, shared: &Shared) -> Result<Answer> {
        let subject = Subject::open(&self.subject, shared)?;
        Ok(Answer::Report(report(&subject)?, self.output.format))
    }
}

/// One record a head, layer by layer.
fn report(subject: &Subject) -> Result<Report> {
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
