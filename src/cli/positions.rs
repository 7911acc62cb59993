//! `positions`: the table of a positional method, and how similarity falls with distance.

use anyhow::Result;
use ndarray::{Array2, ArrayView1, s};

use super::failure::Failure;
use super::map::Map;
use super::model_arguments::LowPositions;
use super::model_source;
use super::output::{Report, Table, Value};
use super::settings::name_of;
use crate::model::Model;
use crate::model::network::{AttentionPosition, Embedding, FIRST, RelativeBias, Rotary};
use crate::model::positions::{alibi_slopes, sinusoidal};

/// Dimensions, where neither the request nor the model says how many.
const DIMENSIONS: usize = 64;
/// Heads of a table of penalties, where neither says how many.
const HEADS: usize = 8;
/// The base of rotary positions in most models.
const ROTARY_BASE: f64 = 10_000.0;

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
    let kind = match request.kind.or_else(|| own_kind(&model)) {
        Some(kind) => kind,
        None => {
            return Err(Failure::no_answer(format!("{} has no positional method", model.name))
                .hint("add --kind sinusoidal, rotary or alibi")
                .into());
        }
    };
    let table = match kind {
        LowPositions::Sinusoidal => {
            let dimensions = request.dimensions.unwrap_or(DIMENSIONS);
            by_position("computed", sinusoidal(request.count, dimensions).mapv(f64::from))
        }
        LowPositions::Learned => learned(&model, request)?,
        LowPositions::Rotary => rotary(&model, request),
        LowPositions::Alibi => alibi(&model, request),
        LowPositions::T5 => relative(&model, request)?,
    };
    let (rows, columns) = table.values.dim();
    let report = Report::default()
        .fact("model", Value::text(&model.name))
        .fact("kind", Value::text(name_of(kind)))
        .fact("source", Value::text(table.source))
        .fact("shape", Value::List(vec![rows.into(), columns.into()]));
    let mut distances = Table::new("by_distance", &["distance", table.measure]);
    for (distance, value) in table.by_distance {
        distances.records.push(vec![Value::Offset(distance as i64), value.into()]);
    }
    Ok(report
        .map(Map {
            title: format!("{} positions, {}", name_of(kind), table.source),
            quantity: table.quantity,
            row: table.row,
            column: table.column,
            rows: (0..rows).map(|row| row.to_string()).collect(),
            columns: table.columns,
            values: table.values,
            before: None,
        })
        .list(distances))
}

/// Numbers of one method.
struct PositionTable {
    source: &'static str,
    row: &'static str,
    column: &'static str,
    quantity: &'static str,
    columns: Vec<String>,
    values: Array2<f64>,
    measure: &'static str,
    by_distance: Vec<(isize, f64)>,
}

/// A table of one row a position; rows are compared by their cosine.
fn by_position(source: &'static str, values: Array2<f64>) -> PositionTable {
    let by_distance = (0..values.nrows()).map(|d| (d as isize, mean_cosine(&values, d))).collect();
    PositionTable {
        source,
        row: "position",
        column: "dimension",
        quantity: "value",
        columns: numbered(values.ncols()),
        values,
        measure: "similarity",
        by_distance,
    }
}

/// A table of one row a head, one column an offset; the measure is the mean over the heads.
fn by_head(source: &'static str, offsets: Vec<isize>, values: Array2<f64>) -> PositionTable {
    let mean = |column: usize| values.column(column).mean().unwrap_or(f64::NAN);
    let by_distance = offsets.iter().enumerate().map(|(column, &offset)| (offset, mean(column))).collect();
    PositionTable {
        source,
        row: "head",
        column: "offset",
        quantity: "bias",
        columns: offsets.iter().map(isize::to_string).collect(),
        values,
        measure: "mean_bias",
        by_distance,
    }
}

fn numbered(count: usize) -> Vec<String> {
    (0..count).map(|index| index.to_string()).collect()
}

fn mean_cosine(table: &Array2<f64>, distance: usize) -> f64 {
    let cosine = |a: ArrayView1<'_, f64>, b: ArrayView1<'_, f64>| a.dot(&b) / (a.dot(&a) * b.dot(&b)).sqrt();
    let pairs = table.nrows() - distance;
    (0..pairs).map(|first| cosine(table.row(first), table.row(first + distance))).sum::<f64>() / pairs as f64
}

/// The method of the model itself.
fn own_kind(model: &Model) -> Option<LowPositions> {
    match (model.network.front(), position_of(model)) {
        (_, Some(AttentionPosition::Rotary(_))) => Some(LowPositions::Rotary),
        (_, Some(AttentionPosition::Alibi(_))) => Some(LowPositions::Alibi),
        (_, Some(AttentionPosition::Relative(_))) => Some(LowPositions::T5),
        (Embedding::Patches(_), _) => Some(LowPositions::Learned),
        (Embedding::Tokens(embedding), _) => embedding.positions.as_ref().map(|_| LowPositions::Learned),
    }
}

fn position_of(model: &Model) -> Option<&AttentionPosition> {
    model.network.attention(FIRST, 0).map(|attention| &attention.position)
}

fn learned(model: &Model, request: &Request) -> Result<PositionTable> {
    let table = match model.network.front() {
        Embedding::Tokens(embedding) => {
            let Some(positions) = &embedding.positions else {
                return Err(Failure::no_answer(format!("{} has no learned positions", model.name))
                    .hint("leave --kind out for the model's own method")
                    .into());
            };
            let first = positions.first_row.min(positions.table.shape().first().copied().unwrap_or(0));
            positions.table.to_matrix().slice(s![first.., ..]).mapv(f64::from)
        }
        Embedding::Patches(embedding) => embedding.positions.mapv(f64::from),
    };
    let rows = request.count.min(table.nrows());
    let columns = request.dimensions.unwrap_or(table.ncols()).min(table.ncols());
    let shown = table.slice(s![..rows, ..columns]).to_owned();
    // Similarity is that of whole rows, however many of their dimensions are shown.
    let whole = by_position("the model's own", table.slice(s![..rows, ..]).to_owned());
    Ok(PositionTable { columns: numbered(columns), values: shown, ..whole })
}

/// A query of ones in the first half of each pair, turned to every position: the cosines and sines.
fn rotary(model: &Model, request: &Request) -> PositionTable {
    let (source, rotary) = match (position_of(model), request.dimensions) {
        (Some(AttentionPosition::Rotary(rotary)), None) => ("the model's own", rotary.clone()),
        (_, dimensions) => ("computed", Rotary::new(ROTARY_BASE, dimensions.unwrap_or(DIMENSIONS))),
    };
    let pairs = rotary.frequencies.len();
    let mut table = Array2::<f32>::zeros((request.count, 2 * pairs));
    for (position, mut row) in table.outer_iter_mut().enumerate() {
        for pair in 0..pairs {
            row[if rotary.adjacent { 2 * pair } else { pair }] = 1.0;
        }
        rotary.rotate(&rotary.turn(position), row);
    }
    by_position(source, table.mapv(f64::from))
}

fn alibi(model: &Model, request: &Request) -> PositionTable {
    let (source, slopes) = match (position_of(model), request.dimensions) {
        (Some(AttentionPosition::Alibi(slopes)), None) => ("the model's own", slopes.clone()),
        (_, heads) => ("computed", alibi_slopes(heads.unwrap_or(HEADS))),
    };
    let offsets: Vec<isize> = (0..request.count as isize).map(|distance| -distance).collect();
    let values = Array2::from_shape_fn((slopes.len(), offsets.len()), |(head, column)| {
        f64::from(slopes[head]) * offsets[column] as f64
    });
    by_head(source, offsets, values)
}

fn relative(model: &Model, request: &Request) -> Result<PositionTable> {
    let Some(AttentionPosition::Relative(bias)) = position_of(model) else {
        return Err(Failure::no_answer(format!(
            "{} has no T5 bias, and it cannot be computed: it is learned",
            model.name
        ))
        .hint("give a T5 model: --model FOLDER")
        .into());
    };
    let bias: &RelativeBias = bias;
    let reach = request.count as isize - 1;
    let last = if bias.bidirectional { reach } else { 0 };
    let offsets: Vec<isize> = (-reach..=last).collect();
    let values = Array2::from_shape_fn((bias.table.ncols(), offsets.len()), |(head, column)| {
        f64::from(bias.table[[bias.bucket(offsets[column]), head]])
    });
    Ok(by_head("the model's own", offsets, values))
}
