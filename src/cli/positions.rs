//! `positions`: the table of a positional method, and how similarity falls with distance.

use anyhow::Result;

use super::failure::Failure;
use super::map::Map;
use super::model_arguments::LowPositions;
use super::model_source;
use super::output::{Report, Table, Value};
use super::settings::name_of;
use crate::analysis::positions::{self, PositionKind, PositionTable, TableOptions};
use crate::model::{Model, ModelError};

/// What is asked.
pub struct Request {
    /// The model; `None` for the shipped one.
    pub model: Option<String>,
    /// The method; `None` for the model's own.
    pub kind: Option<LowPositions>,
    /// How many positions.
    pub count: usize,
    /// How many dimensions, or heads.
    pub dimensions: Option<usize>,
}

/// The table, and the similarity (or bias) by distance.
///
/// # Errors
/// A learned method that the model does not have.
pub fn answer(request: &Request) -> Result<Report> {
    let model = model_source::model(request.model.as_deref())?;
    let kind = match request.kind.map(kind_of).or_else(|| PositionKind::of(&model.network)) {
        Some(kind) => kind,
        None => {
            return Err(Failure::no_answer(format!("{} has no positional method", model.name))
                .hint("add --kind sinusoidal, rotary or alibi")
                .into());
        }
    };
    let table = table(&model, kind, request)?;
    let source = if table.of_model { "the model's own" } else { "computed" };
    let (rows, columns) = table.values.dim();
    let report = Report::default()
        .fact("model", Value::text(&model.name))
        .fact("kind", Value::text(name(kind)))
        .fact("source", Value::text(source))
        .fact("shape", Value::List(vec![rows.into(), columns.into()]));
    let (quantity, measure) = quantities(&table);
    let column = |column: usize| table.offset(column).unwrap_or(table.first_column + column as i64);
    let map = Map {
        title: format!("{} positions, {source}", name(kind)),
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

fn table(model: &Model, kind: PositionKind, request: &Request) -> Result<PositionTable> {
    let options =
        TableOptions { positions: Some(request.count), distances: request.count, size: request.dimensions };
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

fn kind_of(low: LowPositions) -> PositionKind {
    match low {
        LowPositions::Sinusoidal => PositionKind::Sinusoidal,
        LowPositions::Learned => PositionKind::Learned,
        LowPositions::Rotary => PositionKind::Rotary,
        LowPositions::Alibi => PositionKind::Alibi,
        LowPositions::T5 => PositionKind::T5,
    }
}

/// The name of a method on the command line and in answers.
fn name(kind: PositionKind) -> String {
    name_of(match kind {
        PositionKind::Sinusoidal => LowPositions::Sinusoidal,
        PositionKind::Learned => LowPositions::Learned,
        PositionKind::Rotary => LowPositions::Rotary,
        PositionKind::Alibi => LowPositions::Alibi,
        PositionKind::T5 => LowPositions::T5,
    })
}
