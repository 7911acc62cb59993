//! `positions`: the table of a positional method, and how similarity falls with distance.

use anyhow::Result;
use clap::Args;

use super::arguments::choices::{Choice, Choices};
use super::arguments::format::MapFormatArguments;
use super::command::{Answer, Command, Shared};
use super::failure::Failure;
use super::model_source;
use super::report::{Map, Report, Table, Value};
use crate::analysis::positions::{self, PositionKind, PositionTable, TableOptions};
use crate::model::{Model, ModelError};

const fn kind(name: &'static str, help: &'static str, value: PositionKind) -> Choice<PositionKind> {
    Choice { name, aliases: &[], help, value }
}

static KINDS: Choices<PositionKind> = Choices(&[
    kind("sinusoidal", "Waves of rising length, added (Vaswani et al. 2017)", PositionKind::Sinusoidal),
    kind("learned", "A table that the model learned, added", PositionKind::Learned),
    kind("rotary", "Queries and keys turned (Su et al. 2021)", PositionKind::Rotary),
    kind("alibi", "A penalty on distance (Press et al. 2022)", PositionKind::Alibi),
    kind("t5", "A learned bias a bucket of distances (Raffel et al. 2020)", PositionKind::T5),
]);

/// How positions are told apart: the table of a method, and similarity by distance
///
/// Without --kind it is the method of the model itself, with the model's own numbers.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The method
    #[arg(long, value_parser = KINDS.parser())]
    kind: Option<PositionKind>,
    /// How many positions
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(2..=4096))]
    count: u32,
    /// How many dimensions (for alibi: heads); the model's own unless given
    #[arg(long, value_name = "D", value_parser = clap::value_parser!(u32).range(2..=8192))]
    dimensions: Option<u32>,
    #[command(flatten)]
    output: MapFormatArguments,
}

impl Command for Arguments {
    fn answer(self, shared: &Shared) -> Result<Answer> {
        let model = model_source::open(shared.model.as_deref())?;
        Ok(Answer::Report(table_report(&self, &model)?, self.output.format))
    }
}

/// The table, and the similarity (or bias) by distance.
fn table_report(request: &Arguments, model: &Model) -> Result<Report> {
    let Some(kind) = request.kind.or_else(|| PositionKind::of(&model.network)) else {
        return Err(Failure::no_answer(format!("{} has no positional method", model.name))
            .hint("add --kind sinusoidal, rotary or alibi")
            .into());
    };
    let table = table(model, kind, request)?;
    let source = if table.of_model { "the model's own" } else { "computed" };
    let (rows, columns) = table.values.dim();
    let report = Report::default()
        .fact("model", Value::text(&model.name))
        .fact("kind", Value::text(KINDS.name(kind)))
        .fact("source", Value::text(source))
        .fact("shape", Value::List(vec![rows.into(), columns.into()]));
    let (quantity, measure) = quantities(&table);
    let column = |column: usize| table.offset(column).unwrap_or(table.first_column + column as i64);
    let map = Map {
        title: format!("{} positions, {source}", KINDS.name(kind)),
        quantity,
        row: table.row_name,
        column: if table.offset(0).is_some() { "offset" } else { table.column_name },
        rows: (0..rows).map(|row| row.to_string()).collect(),
        columns: (0..columns).map(|index| column(index).to_string()).collect(),
        values: table.values.mapv(f64::from),
        before: None,
    };
    let mut distances = Table::new("by_distance", &["distance", measure]);
    let by_distance: Vec<(i64, f64)> = match table.offset(0) {
        Some(_) => (0..columns).map(column).zip(table.column_means()).collect(),
        None => (0..).zip(table.curve.iter().copied()).collect(),
    };
    distances.records =
        by_distance.into_iter().map(|(offset, value)| vec![Value::Offset(offset), value.into()]).collect();
    Ok(report.map(map).list(distances))
}

fn table(model: &Model, kind: PositionKind, request: &Arguments) -> Result<PositionTable> {
    let count = request.count as usize;
    let options = TableOptions {
        positions: Some(count),
        distances: count,
        size: request.dimensions.map(|size| size as usize),
    };
    positions::table(Some(model), kind, &options).map_err(|error| match error {
        ModelError::Request(message) => {
            Failure::no_answer(message).hint("leave --kind out for the model's own method").into()
        }
        other => other.into(),
    })
}

/// What a number of the table is, and what the one by distance is.
fn quantities(table: &PositionTable) -> (&'static str, &'static str) {
    match table.kind {
        PositionKind::T5 if !table.of_model => ("bucket", "bucket"),
        PositionKind::T5 | PositionKind::Alibi => ("bias", "mean_bias"),
        PositionKind::Sinusoidal | PositionKind::Learned | PositionKind::Rotary => ("value", "similarity"),
    }
}
