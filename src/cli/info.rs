//! `info`: what is in a vector file, and what is wrong with it.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use super::arguments::format::FormatArguments;
use super::arguments::standard_input::file_parser;
use super::command::{Answer, Command, Shared};
use super::report::{Report, Table, Value};
use super::{progress, vector_source};
use crate::vectors::inspect::{self, Inspection, Places};
use crate::vectors::projection::{self, PrincipalComponents};

/// What is in a vector file, and what is wrong with it
#[derive(Debug, Args)]
pub struct Arguments {
    /// The file; the same as --vectors
    #[arg(value_parser = file_parser())]
    file: Option<PathBuf>,
    /// Also show how much of the variance of all rows each of the first N principal components has
    #[arg(long, value_name = "N")]
    components: Option<usize>,
    #[command(flatten)]
    output: FormatArguments,
}

impl Command for Arguments {
    fn answer(self, shared: &Shared) -> Result<Answer> {
        let vectors = vector_source::open(self.file.as_deref().or(shared.vectors.as_deref()))?;
        let inspection = progress::shown("looking at every word and number", |progress| {
            inspect::inspect(&vectors, progress)
        })?;
        let mut report = report(&inspection);
        if let Some(count) = self.components {
            let found = progress::shown("looking for the directions of most variance", |progress| {
                projection::principal_components(&vectors, progress)
            })?;
            report = report.list(components(&found, count));
        }
        Ok(Answer::report(report, self.output.format))
    }
}

/// The facts, and the flaws with their places.
fn report(inspection: &Inspection) -> Report {
    let optional_text = |text: &Option<String>| text.as_ref().map_or(Value::Nothing, Value::text);
    let report = Report { sheet: true, ..Report::default() }
        .fact("name", Value::text(&inspection.name))
        .fact("path", optional_text(&inspection.path))
        .fact("format", Value::text(&inspection.format))
        .fact("file_bytes", inspection.file_size.map_or(Value::Nothing, Value::Integer))
        .fact("words", inspection.words)
        .fact("dimensions", inspection.dimensions)
        .fact("storage", Value::text(&inspection.storage))
        .fact("mapped_bytes", Value::Integer(inspection.mapped_bytes))
        .fact("private_bytes", Value::Integer(inspection.private_bytes))
        .fact("subwords", Value::Flag(inspection.subwords))
        .fact("duplicate_words", inspection.duplicates.count)
        .fact("broken_utf8", inspection.broken_utf8.count)
        .fact("not_finite_rows", inspection.not_finite.count)
        .fact("zero_rows", inspection.zero.count)
        .fact("skipped", Value::Integer(inspection.skipped))
        .fact("remarks", Value::List(inspection.remarks.iter().map(Value::text).collect()));
    report.list(places(inspection))
}

/// The first places of every flaw.
fn places(inspection: &Inspection) -> Table {
    let mut table = Table::new("places", &["flaw", "rank", "word", "byte", "reason"]);
    let flaws: [(&str, &Places); 4] = [
        ("duplicate word", &inspection.duplicates),
        ("broken UTF-8", &inspection.broken_utf8),
        ("not finite", &inspection.not_finite),
        ("zero row", &inspection.zero),
    ];
    for (flaw, places) in flaws {
        for place in &places.first {
            let byte = place.byte.map_or(Value::Nothing, Value::Integer);
            let word = Value::text(&place.word);
            table.records.push(vec![Value::text(flaw), (place.row + 1).into(), word, byte, Value::Nothing]);
        }
    }
    for (byte, reason) in &inspection.first_skipped {
        let (byte, reason) = (Value::Integer(*byte), Value::text(reason));
        table.records.push(vec![Value::text("skipped"), Value::Nothing, Value::Nothing, byte, reason]);
    }
    table
}

/// The variance of the rows along each of the first `count` components, and the share of the whole
/// that it and those before have.
fn components(found: &PrincipalComponents, count: usize) -> Table {
    let mut table = Table::new("components", &["component", "variance", "share", "together"]);
    for (index, &variance) in found.variances.iter().take(count).enumerate() {
        let (before, together) = (found.explained(index), found.explained(index + 1));
        let share = together - if index == 0 { 0.0 } else { before };
        table.records.push(vec![(index + 1).into(), variance.into(), share.into(), together.into()]);
    }
    table
}
