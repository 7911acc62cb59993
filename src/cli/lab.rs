//! `lab`: experiments with small networks, or with a model.

use anyhow::Result;
use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser};

use super::arguments::format::FormatArguments;
use super::command::{Answer, Command, Shared};
use super::failure::Failure;
use super::report::{Format, Report, Table, Value, object_text};
use super::{model_source, progress};
use crate::lab::experiment::{Card, Experiment, Run};
use crate::lab::experiments::{self, ALL};
use crate::lab::outcome::{Cell, Outcome, Row};
use crate::model::{Model, ModelError};

const AFTER_HELP: &str = "\
Examples:
  lexiscope lab --list                          what can be asked
  lexiscope lab recall                          after how many words do networks forget?
  lexiscope lab recall --budget 300 --seed 2    sooner, and from other weights
  lexiscope lab recall --format json >recall.json   to be shown again on the screen Lab
  lexiscope lab order --model FOLDER            of a model of your own";

/// What textbooks say of networks, measured: each experiment asks one question
///
/// An experiment trains small networks, or looks at a model (--model, or a shipped one). The same seed
/// and budget give the same numbers, times apart. Ctrl-C stops.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub struct Arguments {
    /// The experiment
    #[arg(value_name = "NAME", value_parser = names(), required_unless_present = "list", hide_possible_values = true)]
    name: Option<String>,
    /// The experiments and what they ask
    #[arg(long, conflicts_with_all = ["name", "seed", "budget"])]
    list: bool,
    /// Where everything random starts
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// How much is done, in the unit of the experiment (training steps, tokens, ...) [default: its own]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    budget: Option<u64>,
    #[command(flatten)]
    output: FormatArguments,
}

fn names() -> PossibleValuesParser {
    PossibleValuesParser::new(ALL.iter().map(|experiment| {
        let card = experiment.card();
        PossibleValue::new(card.name).help(card.question)
    }))
}

impl Command for Arguments {
    fn answer(self, shared: &Shared) -> Result<Answer> {
        let Some(experiment) = self.name.as_deref().and_then(experiments::named) else {
            return Ok(Answer::report(list(), self.output.format));
        };
        let card = experiment.card();
        let budget = self.budget.unwrap_or(card.budget.usual);
        if budget > card.budget.most {
            let Card { name, budget: limit, .. } = card;
            return Err(Failure::usage(format!("{name} takes at most {} {}", limit.most, limit.unit)).into());
        }
        let model = model(card, shared)?;
        let outcome = run(experiment, (self.seed, budget), model.as_ref())?;
        Ok(match self.output.format {
            // With the curves, so that the screen can show the run once more.
            Format::Json => Answer::Text(object_text(&outcome.json())),
            format => Answer::report(report(card, outcome), format),
        })
    }
}

/// The model that the experiment looks at.
fn model(card: &Card, shared: &Shared) -> Result<Option<Model>> {
    match (card.model, shared.model.as_deref()) {
        (None, Some(_)) => {
            let message = format!("{} trains networks of its own, so --model has no effect", card.name);
            Err(Failure::usage(message).hint("leave --model out").into())
        }
        (None, None) => Ok(None),
        (Some(usual), wanted) => Ok(Some(model_source::open(Some(wanted.unwrap_or(usual)))?)),
    }
}

fn run(experiment: &dyn Experiment, asked: (u64, u64), model: Option<&Model>) -> Result<Outcome> {
    let card = experiment.card();
    progress::shown(card.name, |progress| {
        let mut tell = |_| ();
        let mut run = Run::new(card, asked, model, progress, &mut tell);
        experiment.run(&mut run).map_err(|error| match error {
            // The model cannot be asked this.
            ModelError::Request(message) => Failure::no_answer(message).into(),
            other => anyhow::Error::from(other),
        })?;
        Ok(run.outcome)
    })
}

fn list() -> Report {
    let mut table = Table::new("experiments", &["name", "question", "budget", "unit"]);
    for card in ALL.iter().map(|experiment| experiment.card()) {
        table.records.push(vec![
            Value::text(card.name),
            Value::text(card.question),
            Value::Integer(card.budget.usual),
            Value::text(card.budget.unit),
        ]);
    }
    Report::default().list(table)
}

fn report(card: &Card, outcome: Outcome) -> Report {
    let mut table = Table::new("rows", card.columns);
    table.records = outcome.rows.into_iter().map(record).collect();
    let report = Report::default()
        .fact("experiment", Value::text(card.name))
        .fact("question", Value::text(card.question))
        .fact("seed", Value::Integer(outcome.seed))
        .fact("budget", Value::Integer(outcome.budget))
        .fact("unit", Value::text(card.budget.unit));
    let report = match outcome.model {
        Some(model) => report.fact("model", Value::text(model)),
        None => report,
    };
    report.fact("known", Value::text(card.known)).list(table)
}

fn record(row: Row) -> Vec<Value> {
    let value = |cell| match cell {
        Cell::Count(number) => Value::Integer(number),
        Cell::Number(number) => Value::Number(number),
        Cell::Text(text) => Value::Text(text),
        Cell::Flag(flag) => Value::Flag(flag),
        Cell::Nothing => Value::Nothing,
    };
    row.into_iter().map(value).collect()
}
