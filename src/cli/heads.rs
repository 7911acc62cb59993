//! `heads`: what every head does on a text, what is lost without it, what it could do on any text.

use anyhow::Result;
use clap::Args;

use super::arguments::changes::ChangeArguments;
use super::arguments::format::FormatArguments;
use super::arguments::heads::stack;
use super::arguments::stack::StackArguments;
use super::arguments::subject::{Subject, SubjectArguments};
use super::command::{Answer, Command, Shared};
use super::failure::Failure;
use super::report::{Report, Table, Value};
use super::{model_source, progress};
use crate::analysis::heads::{HeadFigures, all_stacks};
use crate::analysis::importance::{Importance, Measure, head_importance};
use crate::analysis::spectra::head_spectrum;
use crate::analysis::{HeadPlace, Stack};
use crate::model::Model;
use crate::model::forward::PassOptions;
use crate::model::trace::Keep;

/// Singular values are those of the weights: nothing is run, so nothing can be changed.
const NOTHING_BESIDE: [&str; 11] = [
    "importance",
    "text",
    "ids",
    "image",
    "pixels",
    "off",
    "mean",
    "uniform",
    "keep_only",
    "hide",
    "positions",
];

/// What kind of head each is: labels and figures of all heads on a text
///
/// Layers and heads are counted from 0. Entropy is in nats, distance in tokens; first_token is
/// the share of attention that goes to the first token.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    subject: SubjectArguments,
    /// What is lost without each head, the largest loss first (Michel et al. 2019)
    ///
    /// Of a base model 1 - cosine of the sentence vectors with and without it; of one that predicts,
    /// the fall in probability of what it finds likeliest.
    #[arg(long)]
    importance: bool,
    /// The singular values of what each head looks for (query_key) and moves (output_value), whatever
    /// the text; needs no TEXT (Elhage et al. 2021)
    #[arg(long, conflicts_with_all = NOTHING_BESIDE)]
    singular_values: bool,
    #[command(flatten)]
    stack: StackArguments,
    #[command(flatten)]
    changes: ChangeArguments,
    #[command(flatten)]
    output: FormatArguments,
}

impl Command for Arguments {
    fn answer(self, shared: &Shared) -> Result<Answer> {
        let format = self.output.format;
        if self.singular_values {
            let model = model_source::open(shared.model.as_deref())?;
            let stack = stack(&model, self.stack.stack)?;
            return Ok(Answer::report(spectra(&model, stack)?, format));
        }
        let subject = Subject::open(&self.subject, shared)?;
        let stack = stack(&subject.model, self.stack.stack)?;
        let report = match self.importance {
            true => importance(&subject, stack, &self.changes)?,
            false => figures(&subject, stack, &self.changes)?,
        };
        Ok(Answer::report(report, format))
    }
}

/// One record a head, layer by layer.
fn figures(subject: &Subject, stack: Stack, changes: &ChangeArguments) -> Result<Report> {
    let interventions = changes.interventions(subject)?;
    let options = PassOptions { keep: Keep::Weights, interventions, ..PassOptions::default() };
    let trace = subject.run(&options)?;
    let decoder = subject.model.network.has_decoder().then(|| subject.decoder_tokens(&trace));
    let columns =
        ["layer", "head", "label", "score", "entropy", "mean_distance", "first_token", "separators"];
    let mut table = Table::new("heads", &columns);
    let all = all_stacks(&trace, &subject.tokens, decoder.as_ref());
    table.records = all.iter().filter(|head| head.place.stack == stack).map(record).collect();
    Ok(named(subject.report(), &subject.model, stack).fact("tokens", subject.tokens.len()).list(table))
}

fn record(head: &HeadFigures) -> Vec<Value> {
    vec![
        head.place.layer.into(),
        head.place.head.into(),
        Value::text(head.label.kind.name()),
        head.label.score.into(),
        head.entropy.into(),
        head.mean_distance.into(),
        head.first_token_mass.into(),
        head.separator_mass.into(),
    ]
}

/// One record a head, the one that is missed most first.
fn importance(subject: &Subject, stack: Stack, changes: &ChangeArguments) -> Result<Report> {
    if stack != Stack::Text {
        return Err(Failure::usage("--importance switches off heads of the encoder only")
            .hint("leave --stack out")
            .into());
    }
    let interventions = changes.interventions(subject)?;
    let measure = Measure::of(&subject.model.network);
    let found = progress::shown("switching off every head in turn", |progress| {
        head_importance(&subject.model.network, &subject.input(), measure, &interventions, progress)
    })?;
    let mut table = Table::new("heads", &["rank", "layer", "head", "change"]);
    let ranked = found.ranked().into_iter().zip(1usize..);
    table.records = ranked
        .map(|((layer, head, change), rank)| vec![rank.into(), layer.into(), head.into(), change.into()])
        .collect();
    let Importance { measure, baseline, .. } = found;
    Ok(named(subject.report(), &subject.model, stack)
        .fact("measure", Value::text(measure.title()))
        .fact("baseline", baseline)
        .list(table))
}

/// One record a head and number, the largest first.
fn spectra(model: &Model, stack: Stack) -> Result<Report> {
    let mut table = Table::new("singular_values", &["layer", "head", "index", "query_key", "output_value"]);
    let value =
        |values: &[f64], index: usize| values.get(index).copied().map_or(Value::Nothing, Value::Number);
    for layer in 0..model.network.layers(stack.index()) {
        let heads = stack.attention(&model.network, layer).map_or(0, |attention| attention.heads);
        for head in 0..heads {
            let spectrum = head_spectrum(&model.network, HeadPlace { stack, layer, head })?;
            for index in 0..spectrum.query_key.len().max(spectrum.output_value.len()) {
                table.records.push(vec![
                    layer.into(),
                    head.into(),
                    index.into(),
                    value(&spectrum.query_key, index),
                    value(&spectrum.output_value, index),
                ]);
            }
        }
    }
    Ok(named(Report::default().fact("model", Value::text(&model.name)), model, stack).list(table))
}

/// Says which attentions these are, where there are several.
fn named(report: Report, model: &Model, stack: Stack) -> Report {
    match model.network.has_decoder() {
        true => report.fact("stack", Value::text(StackArguments::name(stack))),
        false => report,
    }
}
