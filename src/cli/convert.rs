//! `convert`: vectors in another format.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

use super::arguments::format::FormatArguments;
use super::arguments::standard_input::file_parser;
use super::command::{Answer, Command, Shared};
use super::failure::Failure;
use super::report::{Report, Table, Value};
use super::{progress, vector_source};
use crate::vectors::convert::{self, Wanted};
use crate::vectors::filter::read_words;
use crate::vectors::formats::{self, FORMATS, Format};

/// What clap reads the name of a format with: those that can be written.
fn formats_parser() -> impl TypedValueParser<Value = &'static Format> {
    let written = FORMATS.iter().filter(|format| format.write.is_some());
    let possible = written.map(|format| {
        let endings: Vec<String> = format.endings.iter().map(|ending| format!(".{ending}")).collect();
        PossibleValue::new(format.id).help(format!("{} ({})", format.about, endings.join(", ")))
    });
    // clap lets only these names through.
    PossibleValuesParser::new(possible).try_map(|id| formats::by_id(&id).ok_or("not one of the formats"))
}

/// Write vectors in another format
#[derive(Debug, Args)]
pub struct Arguments {
    /// The vectors to read; - is standard input
    #[arg(value_parser = file_parser())]
    input: PathBuf,
    /// The file to write
    output_file: PathBuf,
    /// Format to write; without it the ending of the file's name decides
    #[arg(long, value_parser = formats_parser(), value_name = "FORMAT")]
    to: Option<&'static Format>,
    /// Store one byte a number (safetensors only): a quarter of the size, nearly the same answers
    #[arg(long)]
    int8: bool,
    /// Only the first N words
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    first: Option<u64>,
    /// Only words of this list, one a line
    #[arg(long, value_name = "FILE", value_parser = file_parser())]
    only: Option<PathBuf>,
    #[command(flatten)]
    output: FormatArguments,
}

impl Command for Arguments {
    fn answer(self, _: &Shared) -> Result<Answer> {
        let format = chosen(self.to, self.int8, &self.output_file)?;
        Ok(Answer::report(report(&self, format)?, self.output.format))
    }
}

/// The format that is asked for.
fn chosen(to: Option<&'static Format>, int8: bool, output: &Path) -> Result<&'static Format> {
    let written = || FORMATS.iter().filter(|format| format.write.is_some());
    let Some(format) = to.or_else(|| formats::by_ending(output)) else {
        let names: Vec<&str> = written().map(|format| format.id).collect();
        let message = format!("{}: the name does not say which format to write", output.display());
        return Err(Failure::usage(message)
            .hint(format!("add --to with one of {}", names.join(", ")))
            .into());
    };
    let holds_int8 = |format: &&&Format| format.write.as_ref().is_some_and(|writer| writer.int8.is_some());
    if int8 && !holds_int8(&&format) {
        let names: Vec<&str> = written().filter(holds_int8).map(|format| format.id).collect();
        let names = names.join(" or ");
        return Err(Failure::usage(format!("--int8 does not go with {}", format.id))
            .hint(format!("only {names} can hold one byte a number: add --to {names}"))
            .into());
    }
    Ok(format)
}

/// Writes the file and says what was written, and what the format could not hold.
fn report(arguments: &Arguments, format: &'static Format) -> Result<Report> {
    let Arguments { input, output_file: output, int8, first, only, .. } = arguments;
    let only = only.as_deref().map(read_words).transpose()?;
    let vectors = vector_source::open(Some(input))?;
    let first = first.map(|first| usize::try_from(first).unwrap_or(usize::MAX));
    let wanted = Wanted { format, int8: *int8, first, only: only.as_ref() };
    let conversion = progress::shown(&format!("writing {}", output.display()), |progress| {
        convert::convert(&vectors, &wanted, output, progress)
    })?;
    let mut table = Table::new("left_out", &["rank", "word", "reason"]);
    table.records = conversion
        .first_left_out
        .iter()
        .map(|(row, reason)| {
            let word = Value::Word(vectors.vocabulary().word(*row).to_vec());
            vec![(row + 1).into(), word, Value::text(reason)]
        })
        .collect();
    Ok(Report { sheet: true, ..Report::default() }
        .fact("input", Value::text(input.display().to_string()))
        .fact("from", Value::text(vectors.format().to_string()))
        .fact("output", Value::text(output.display().to_string()))
        .fact("to", Value::text(format.id))
        .fact("words", conversion.written)
        .fact("words_left_out", conversion.left_out)
        .fact("dimensions", vectors.dimensions())
        .fact("bytes", Value::Integer(conversion.size))
        .fact("remarks", Value::List(conversion.remarks.iter().map(Value::text).collect()))
        .list(table))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_decides_only_when_nothing_else_does() {
        let target = |to: Option<&str>, int8, name: &str| {
            chosen(to.and_then(formats::by_id), int8, Path::new(name)).map(|format| format.id)
        };
        assert_eq!(target(None, false, "a.BIN").unwrap(), "word2vec-binary");
        assert_eq!(target(Some("glove"), false, "a.bin").unwrap(), "glove");
        assert_eq!(target(None, true, "a.safetensors").unwrap(), "safetensors");
        assert!(target(None, false, "a").is_err());
        assert!(target(None, true, "a.bin").is_err());
    }
}
