//! `attend`: one attention map, what a change does to it, or the making of one of its weights.

mod cell;

use std::sync::Arc;

use anyhow::Result;
use clap::Args;
use ndarray::Array2;

use super::arguments::changes::ChangeArguments;
use super::arguments::choices::{Choice, Choices};
use super::arguments::format::MapFormatArguments;
use super::arguments::heads;
use super::arguments::stack::StackArguments;
use super::arguments::subject::{Subject, SubjectArguments};
use super::batch::{Batch, BatchArguments};
use super::command::{Answer, Command, Shared};
use super::failure::Failure;
use super::model_source;
use super::report::{Format, Map, Report, Value};
use crate::analysis::difference::{Difference, difference};
use crate::analysis::maps::{self, View};
use crate::analysis::norms::norm_weighted_layer;
use crate::analysis::{HeadPlace, Stack};
use crate::model::Trace;
use crate::model::forward::PassOptions;
use crate::model::interventions::Interventions;
use crate::model::trace::Keep;

const fn view(name: &'static str, help: &'static str, value: View) -> Choice<View> {
    Choice { name, aliases: &[], help, value }
}

static VIEWS: Choices<View> = Choices(&[
    view("weights", "After the softmax; rows sum to 1", View::Weights),
    view("scores", "Before it; nothing where masked", View::Scores),
    view("difference", "Weights after the changes minus weights before", View::Difference),
    view("norm", "Weights times the length of what they carry (Kobayashi et al. 2020)", View::Norm),
    view("rollout", "From the first layer up to this one (Abnar and Zuidema 2020)", View::Rollout),
    view("mean", "Mean of the weights over the heads", View::Mean),
]);

const AFTER_HELP: &str = "\
Examples:
  lexiscope attend \"the cat sat on the mat because it was tired\" --layer 5 --head 11
  lexiscope attend \"the cat sat\" --view rollout --format svg > rollout.svg
  lexiscope attend \"the cat sat\" --layer 3 --head 1 --off 0.2,1.4 --hide cat
  lexiscope attend \"the cat sat\" --layer 3 --head 1 --cell 3,2
  lexiscope attend --model google/vit-base-patch16-224 --image cat.jpg --layer 11 --head 0";

/// Which token looks at which: an attention map
///
/// Layers and heads are counted from 0, as on the screen. Without --head the map is the mean over
/// the heads of the layer; without --layer it is the last layer's. Rows are the tokens that look,
/// columns those looked at.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub struct Arguments {
    #[command(flatten)]
    subject: SubjectArguments,
    #[command(flatten)]
    batch: BatchArguments,
    /// The layer, from 0; the last one unless given
    #[arg(long, value_name = "N")]
    layer: Option<usize>,
    /// The head, from 0
    #[arg(long, value_name = "N")]
    head: Option<usize>,
    /// What the map shows: of one head weights, scores, difference or norm; of all heads mean, rollout
    /// or norm
    #[arg(long, value_parser = VIEWS.parser())]
    view: Option<View>,
    /// How the weight came about with which token FROM looks at token TO, step by step; both by
    /// position or by text
    #[arg(long, value_name = "FROM,TO", requires = "head", conflicts_with = "view")]
    cell: Option<String>,
    #[command(flatten)]
    stack: StackArguments,
    #[command(flatten)]
    changes: ChangeArguments,
    #[command(flatten)]
    output: MapFormatArguments,
}

impl Command for Arguments {
    fn answer(self, shared: &Shared) -> Result<Answer> {
        let format = self.output.format;
        if self.cell.is_some() && format == Format::Svg {
            return Err(Failure::usage("--cell has no drawing: it is numbers, not a map")
                .hint("leave --format svg out, or --cell")
                .into());
        }
        if let Some(questions) = self.batch.questions(None)? {
            self.subject.refuse_beside_batch()?;
            let model = Arc::new(model_source::open(shared.model.as_deref())?);
            let answer = move |text: &str| self.report(&Subject::of_text(&model, text)?);
            return Ok(Answer::Batch(Batch::one_by_one(questions, format, answer)?));
        }
        let subject = Subject::open(&self.subject, shared)?;
        Ok(Answer::report(self.report(&subject)?, format))
    }
}

impl Arguments {
    fn report(&self, subject: &Subject) -> Result<Report> {
        let chosen = Chosen::of(self, subject)?;
        let changes = self.changes.interventions(subject, chosen.stack)?;
        match &self.cell {
            Some(cell) => cell::report(subject, chosen.place(), cell, changes),
            None => map_report(subject, &chosen, changes),
        }
    }
}

/// The map; with changes also the map without them, and what they did to the whole pass.
fn map_report(subject: &Subject, chosen: &Chosen, changes: Interventions) -> Result<Report> {
    let keep = if chosen.view.needs_every_stage() { Keep::Everything } else { Keep::Weights };
    let run = |interventions: Interventions| {
        subject.run(&PassOptions { keep, interventions, ..PassOptions::default() })
    };
    let before = if changes.is_empty() { None } else { Some(run(Interventions::default())?) };
    let trace = run(changes)?;
    let head = chosen.head.map_or(Value::Nothing, Value::from);
    let mut report = chosen
        .stack_fact(subject.report(), subject)
        .fact("view", Value::text(VIEWS.name(chosen.view)))
        .fact("layer", chosen.layer)
        .fact("head", head);
    if let Some(before) = &before {
        report = effect(report, &difference(before, &trace)?);
    }
    let (rows, columns) = subject.axes(chosen.stack, &trace);
    let (values, before) = match (chosen.view, &before) {
        (View::Difference, Some(before)) => (chosen.change(before, &trace)?, None),
        (_, Some(before)) => (chosen.values(subject, &trace)?, Some(chosen.values(subject, before)?)),
        (_, None) => (chosen.values(subject, &trace)?, None),
    };
    Ok(report.map(Map {
        title: chosen.title(subject),
        quantity: chosen.view.quantity(),
        row: "query",
        column: "key",
        rows,
        columns,
        values,
        before,
    }))
}

/// What a change did to the whole pass: a head of the last layer changes no map, only what comes out.
fn effect(mut report: Report, difference: &Difference) -> Report {
    if let Some(cosine) = difference.sentence_cosine {
        report = report.fact("sentence_cosine", f64::from(cosine));
    }
    if let Some(change) = difference.largest_logit_change {
        report = report.fact("largest_logit_change", f64::from(change));
    }
    if let Some(most) = difference.most_changed() {
        report = report
            .fact("most_changed_head", Value::text(StackArguments::head(most.place)))
            .fact("most_changed_by", f64::from(most.largest))
            .fact("most_changed_at", Value::List(vec![most.at.0.into(), most.at.1.into()]));
    }
    report
}

/// A layer, head and view that are there.
struct Chosen {
    layer: usize,
    head: Option<usize>,
    view: View,
    stack: Stack,
}

impl Chosen {
    fn of(request: &Arguments, subject: &Subject) -> Result<Self> {
        let model = &subject.model;
        let stack = heads::stack(model, request.stack.stack)?;
        let layer = heads::layer(model, stack, request.layer)?;
        let head = request.head.map(|head| heads::head(model, stack, layer, head)).transpose()?;
        let head = head.map(|place| place.head);
        let view = request.view.unwrap_or(if head.is_some() { View::Weights } else { View::Mean });
        let refused = |message: String, hint: String| Err(Failure::usage(message).hint(hint).into());
        if view.is_per_layer() && head.is_some() {
            let message = format!("--view {} is of all heads together", VIEWS.name(view));
            return refused(message, "leave --head out".into());
        }
        if !view.is_per_layer() && view != View::Norm && head.is_none() {
            let count = stack.attention(&model.network, layer).map_or(0, |attention| attention.heads);
            let message = format!("--view {} is of one head", VIEWS.name(view));
            return refused(message, format!("add --head 0 to --head {}", count.saturating_sub(1)));
        }
        if stack != Stack::Text && view == View::Rollout {
            return Err(Failure::usage("--view rollout is there for the encoder only").into());
        }
        if view == View::Difference && request.changes.interventions(subject, stack)?.is_empty() {
            return refused(
                "--view difference is what a change does, and nothing is changed".into(),
                "add --off, --mean, --uniform, --keep-only, --hide or --positions".into(),
            );
        }
        Ok(Self { layer, head, view, stack })
    }

    fn place(&self) -> HeadPlace {
        HeadPlace { stack: self.stack, layer: self.layer, head: self.head.unwrap_or(0) }
    }

    fn values(&self, subject: &Subject, trace: &Trace) -> Result<Array2<f64>> {
        let network = &subject.model.network;
        let values = match (self.view, self.head) {
            (View::Norm, None) => norm_weighted_layer(network, trace, self.stack, self.layer)?,
            _ => maps::map(network, trace, self.place(), self.view)?,
        };
        Ok(values.mapv(f64::from))
    }

    fn change(&self, before: &Trace, after: &Trace) -> Result<Array2<f64>> {
        let change = maps::difference(before, after, self.place());
        let change = change.ok_or_else(|| Failure::no_answer("the model kept no attention here"))?;
        Ok(change.mapv(f64::from))
    }

    /// Says which attention it is, where there are several.
    fn stack_fact(&self, report: Report, subject: &Subject) -> Report {
        if !subject.model.network.has_decoder() {
            return report;
        }
        report.fact("stack", Value::text(StackArguments::name(self.stack)))
    }

    fn title(&self, subject: &Subject) -> String {
        let what = match (self.head, self.view) {
            (Some(head), view) => format!("layer {} head {head}, {}", self.layer, VIEWS.name(view)),
            (None, View::Rollout) => format!("rollout up to layer {}", self.layer),
            (None, View::Norm) => format!("layer {}, norm of all its heads", self.layer),
            (None, _) => format!("layer {}, mean over its heads", self.layer),
        };
        let stack = if subject.model.network.has_decoder() {
            format!("{} ", StackArguments::name(self.stack))
        } else {
            String::new()
        };
        format!("{}: {stack}{what}", subject.model.name)
    }
}
