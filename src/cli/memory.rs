//! `memory`: what a network expects after every token, and how much of the text it still feels.

use anyhow::Result;
use clap::Args;

use super::arguments::format::FormatArguments;
use super::arguments::subject::{Subject, SubjectArguments, find_token};
use super::command::{Answer, Command, Shared};
use super::failure::Failure;
use super::progress;
use super::report::{Report, Table, Value};
use crate::analysis::influence::felt;
use crate::analysis::names::labels_of;
use crate::analysis::reading::{self, Reading};
use crate::model::forward::PassOptions;

const AFTER_HELP: &str = "\
Examples:
  lexiscope memory \"the dog bit the man\"                      how likely each token was, and the perplexity
  lexiscope memory \"the dog bit the man\" --model stories-lstm     of another network
  lexiscope memory \"the dog bit the man\" --at man             what is felt of each token before";

/// How likely every token of a text was, its perplexity, and how much of it is still felt
///
/// A network that says the next token reads a text. The probability of a token is that given by the
/// tokens before; perplexity is that of the text so far.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub struct Arguments {
    #[command(flatten)]
    subject: SubjectArguments,
    /// How much what is expected after this token, by position or text, depends on each token before:
    /// by gradient, and by leaving the token out (nats)
    #[arg(long, value_name = "TOKEN")]
    at: Option<String>,
    #[command(flatten)]
    output: FormatArguments,
}

impl Command for Arguments {
    fn answer(self, shared: &Shared) -> Result<Answer> {
        let subject = Subject::open_predicting(&self.subject, shared)?;
        let limit = PassOptions::default().memory_limit;
        let reading = progress::shown("reading", |progress| {
            reading::read(&subject.model.network, &subject.input(), limit, progress)
        })?;
        let report = match &self.at {
            None => by_token(&subject, &reading),
            Some(at) => felt_at(&subject, &reading, at)?,
        };
        Ok(Answer::report(report, self.output.format))
    }
}

fn by_token(subject: &Subject, reading: &Reading) -> Report {
    let mut table = Table::new("tokens", &["position", "token", "probability", "perplexity"]);
    let number = |number: Option<f64>| number.map_or(Value::Nothing, Value::Number);
    let mut probability = None;
    for ((position, label), expected) in
        labels_of(&subject.model, &reading.ids).into_iter().enumerate().zip(&reading.expected)
    {
        table.records.push(vec![
            position.into(),
            Value::text(label),
            number(probability),
            number(expected.perplexity),
        ]);
        probability = expected.of_next;
    }
    let perplexity = reading.expected.last().and_then(|expected| expected.perplexity);
    subject.report().fact("perplexity", number(perplexity)).list(table)
}

fn felt_at(subject: &Subject, reading: &Reading, at: &str) -> Result<Report> {
    let own = labels_of(&subject.model, &reading.ids);
    let places = find_token("--at", &own, at)?;
    let [place] = places.as_slice() else {
        return Err(Failure::usage(format!("{at} stands there {} times", places.len()))
            .hint(format!("give a position: {}", commas(&places)))
            .into());
    };
    let texts = reading.texts_until(*place);
    let found =
        progress::shown("leaving tokens out", |progress| felt(&subject.model.network, &texts, progress))?;
    let mut table = Table::new("felt", &["text", "position", "token", "gradient", "left_out"]);
    for (stack, ids) in texts.iter().enumerate() {
        let name = if stack + 1 == texts.len() { "text" } else { "source" };
        for (position, label) in labels_of(&subject.model, ids).into_iter().enumerate() {
            let number =
                |number: f64| if number.is_finite() { Value::Number(number) } else { Value::Nothing };
            table.records.push(vec![
                Value::text(name),
                position.into(),
                Value::text(label),
                number(found.by_gradient[stack][position]),
                number(found.by_omission[stack][position]),
            ]);
        }
    }
    Ok(subject.report().fact("place", *place).list(table))
}

fn commas(places: &[usize]) -> String {
    places.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")
}
