//! `--format`.

use clap::Args;

use super::choices::{Choice, Choices};
use crate::cli::report::Format;

const fn choice(name: &'static str, help: &'static str, value: Format) -> Choice<Format> {
    Choice { name, aliases: &[], help, value }
}

static FORMATS: Choices<Format> = Choices(&[
    choice("plain", "Aligned columns for people", Format::Plain),
    choice("json", "One JSON object", Format::Json),
    choice("jsonl", "One JSON object on one line", Format::Jsonl),
    choice("csv", "Comma-separated, with a heading", Format::Csv),
    choice("tsv", "Tab-separated, with a heading", Format::Tsv),
]);

static MAP_FORMATS: Choices<Format> = Choices(&[
    choice("plain", "Aligned columns for people", Format::Plain),
    choice("json", "One JSON object", Format::Json),
    choice("jsonl", "One JSON object on one line", Format::Jsonl),
    choice("csv", "Comma-separated, with a heading; one line a cell", Format::Csv),
    choice("tsv", "Tab-separated, with a heading; one line a cell", Format::Tsv),
    choice("svg", "A drawing with labels and legend", Format::Svg),
]);

/// The shape of an answer.
#[derive(Debug, Args)]
pub struct FormatArguments {
    /// Shape of the answer
    #[arg(long, value_parser = FORMATS.parser(), default_value = "plain", value_name = "FORMAT")]
    pub format: Format,
}

/// The shape of an answer that can be drawn.
#[derive(Debug, Args)]
pub struct MapFormatArguments {
    /// Shape of the answer
    #[arg(long, value_parser = MAP_FORMATS.parser(), default_value = "plain", value_name = "FORMAT")]
    pub format: Format,
}
