//! `positions`: the table of a positional method and how similarity falls with distance, or what
//! position does to a text.

use anyhow::Result;
use clap::Args;

use super::arguments::choices::{Choice, Choices};
use super::arguments::format::MapFormatArguments;
use super::arguments::standard_input;
use super::command::{Answer, Command, Shared};
use super::failure::Failure;
use super::report::{Format, Map, Report, Table, Value};
use super::{model_source, progress};
use crate::analysis::positions::{
    self, PositionKind, PositionTable, ShuffleExperiment, TableOptions, TwoPlaces,
};
use crate::model::forward::PassOptions;
use crate::model::network::Kind;
use crate::model::tokenizer::Tokens;
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

const AFTER_HELP: &str = "\
Examples:
  lexiscope positions --kind rotary --count 16 --dimensions 8
  lexiscope positions --shuffle \"the dog bit the man\"
  lexiscope positions --word bank \"money at the bank, and the bank of the river\"";

/// How positions are told apart: the table of a method, and similarity by distance
///
/// Without --kind it is the method of the model itself, with the model's own numbers. With a TEXT it
/// is what position does to it.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub struct Arguments {
    /// A text for --shuffle or --word
    #[arg(value_name = "TEXT", conflicts_with_all = ["kind", "count", "dimensions"])]
    text: Vec<String>,
    /// How alike the sentence stays with its words in another order, with positions and without
    #[arg(long, requires = "text")]
    shuffle: bool,
    /// How alike a word's vectors are at the places where it stands, layer by layer
    #[arg(long, value_name = "WORD", requires = "text", conflicts_with = "shuffle")]
    word: Option<String>,
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

/// The numbers of the largest table that is made.
const MOST_NUMBERS: u64 = 1 << 20;

impl Command for Arguments {
    fn answer(self, shared: &Shared) -> Result<Answer> {
        let format = self.output.format;
        let numbers = u64::from(self.count) * u64::from(self.dimensions.unwrap_or(1));
        if numbers > MOST_NUMBERS {
            let message = format!(
                "{} x {} are more than a million numbers",
                self.count,
                numbers / u64::from(self.count)
            );
            return Err(Failure::usage(message).hint("ask for fewer positions or dimensions").into());
        }
        let model = model_source::open(shared.model.as_deref())?;
        if self.text.is_empty() {
            return Ok(Answer::report(table_report(&self, &model)?, format));
        }
        if format == Format::Svg {
            return Err(Failure::usage(
                "--format svg draws tables of positions, not what is found in a text",
            )
            .hint("leave the text out, or --format svg")
            .into());
        }
        let text = standard_input::text(&self.text)?;
        if !self.shuffle && self.word.is_none() {
            return Err(Failure::usage("what is asked of the text?")
                .hint("add --shuffle, or --word WORD for a word that stands there twice")
                .into());
        }
        let tokens = read(&model, &text)?;
        let found = progress::shown("running the model", |progress| {
            positions::experiments(&model, &text, &tokens, PassOptions::default().memory_limit, progress)
        })?;
        let report =
            Report::default().fact("query", Value::text(&text)).fact("model", Value::text(&model.name));
        let report = match &self.word {
            Some(word) => places(report, &found.places, word)?,
            None => shuffled(report, found.shuffle)?,
        };
        Ok(Answer::report(report, format))
    }
}

/// The tokens of a text, where the model reads texts.
fn read(model: &Model, text: &str) -> Result<Tokens> {
    if model.network.kind == Kind::Vision {
        return Err(Failure::usage(format!("{} looks at images, not at text", model.name)).into());
    }
    Ok(model.tokenizer()?.encode(text)?)
}

/// The words in another order, and what is left of the sentence's vector.
fn shuffled(report: Report, found: Option<ShuffleExperiment>) -> Result<Report> {
    let found = found.ok_or_else(|| Failure::no_answer("one word has no other order: give two or more"))?;
    Ok(report
        .fact("shuffled", Value::text(found.shuffled))
        .fact("similarity", found.with_positions)
        .fact("similarity_without_positions", found.without_positions)
        .fact("causal_mask", Value::Flag(found.causal)))
}

/// One record a pair of places and layer.
fn places(report: Report, found: &[TwoPlaces], word: &str) -> Result<Report> {
    let wanted: Vec<&TwoPlaces> =
        found.iter().filter(|places| places.word.to_lowercase() == word.trim().to_lowercase()).collect();
    if wanted.is_empty() {
        let mut others: Vec<&str> = found.iter().map(|places| places.word.as_str()).collect();
        others.dedup();
        let hint = match others.as_slice() {
            [] => "no word stands there twice".to_owned(),
            others => format!("words that do: {}", others.join(", ")),
        };
        return Err(Failure::no_answer(format!("\"{word}\" does not stand twice in this text"))
            .hint(hint)
            .into());
    }
    let columns = [
        "first_position",
        "second_position",
        "first_context",
        "second_context",
        "after_layers",
        "similarity",
    ];
    let mut table = Table::new("places", &columns);
    for places in wanted {
        for (layer, &similarity) in places.by_layer.iter().enumerate() {
            table.records.push(vec![
                places.tokens.0.into(),
                places.tokens.1.into(),
                Value::text(&places.contexts.0),
                Value::text(&places.contexts.1),
                layer.into(),
                similarity.into(),
            ]);
        }
    }
    Ok(report.fact("word", Value::text(word)).list(table))
}

/// The table, and the similarity (or bias) by distance.
fn table_report(request: &Arguments, model: &Model) -> Result<Report> {
    let Some(kind) = request.kind.or_else(|| PositionKind::of(&model.network)) else {
        let method = PositionKind::title_of(&model.network);
        return Err(Failure::no_answer(format!("{} uses {method}, so there is no table", model.name))
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
