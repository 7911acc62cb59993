//! `convert`: vectors in another format.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;

use super::arguments::choices::{Choice, Choices};
use super::arguments::format::FormatArguments;
use super::command::{Answer, Command, Shared};
use super::failure::Failure;
use super::report::{Report, Table, Value};
use super::{progress, vector_source};
use crate::vectors::convert::{self, Target};

const fn target(name: &'static str, help: &'static str, value: Target) -> Choice<Target> {
    Choice { name, aliases: &[], help, value }
}

static TARGETS: Choices<Target> = Choices(&[
    target("word2vec-binary", "word2vec binary (.bin)", Target::Word2vecBinary),
    target("word2vec-text", "word2vec text, with a header line (.vec)", Target::Word2vecText),
    target("glove", "GloVe text, without a header line (.txt)", Target::GloveText),
    target(
        "safetensors",
        "Container that opens at once and keeps everything (.safetensors)",
        Target::Safetensors,
    ),
    target("fifu", "finalfusion (.fifu)", Target::Finalfusion),
]);

/// Write vectors in another format
#[derive(Debug, Args)]
pub struct Arguments {
    /// The vectors to read
    input: PathBuf,
    /// The file to write
    output_file: PathBuf,
    /// Format to write; without it the ending of the file's name decides
    #[arg(long, value_parser = TARGETS.parser(), value_name = "FORMAT")]
    to: Option<Target>,
    /// Store one byte a number (safetensors only): a quarter of the size, nearly the same answers
    #[arg(long)]
    int8: bool,
    #[command(flatten)]
    output: FormatArguments,
}

impl Command for Arguments {
    fn answer(self, _: &Shared) -> Result<Answer> {
        let target = chosen(self.to, self.int8, &self.output_file)?;
        Ok(Answer::report(report(&self, target)?, self.output.format))
    }
}

/// The format that is asked for, apart from how it stores numbers.
fn chosen(to: Option<Target>, int8: bool, output: &Path) -> Result<Target> {
    let target = match to {
        Some(target) => target,
        None => by_ending(output)?,
    };
    if int8 && target != Target::Safetensors {
        return Err(Failure::usage(format!("--int8 does not go with {}", TARGETS.name(target)))
            .hint("only safetensors can hold one byte a number: add --to safetensors")
            .into());
    }
    Ok(target)
}

fn by_ending(output: &Path) -> Result<Target> {
    let ending =
        output.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_ascii_lowercase();
    match ending.as_str() {
        "bin" => Ok(Target::Word2vecBinary),
        "vec" => Ok(Target::Word2vecText),
        "txt" => Ok(Target::GloveText),
        "safetensors" => Ok(Target::Safetensors),
        "fifu" => Ok(Target::Finalfusion),
        _ => {
            Err(Failure::usage(format!("{}: the name does not say which format to write", output.display()))
                .hint("add --to word2vec-binary, word2vec-text, glove, safetensors or fifu")
                .into())
        }
    }
}

/// Writes the file and says what was written, and what the format could not hold.
fn report(Arguments { input, output_file: output, int8, .. }: &Arguments, target: Target) -> Result<Report> {
    let vectors = vector_source::open(Some(input))?;
    let written = if *int8 { Target::SafetensorsInt8 } else { target };
    let conversion = progress::shown(&format!("writing {}", output.display()), |progress| {
        convert::convert(&vectors, written, output, progress)
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
        .fact("to", Value::text(TARGETS.name(target)))
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
        let target = |to, int8, name: &str| chosen(to, int8, Path::new(name));
        assert_eq!(target(None, false, "a.BIN").unwrap(), Target::Word2vecBinary);
        assert_eq!(target(Some(Target::GloveText), false, "a.bin").unwrap(), Target::GloveText);
        assert_eq!(target(None, true, "a.safetensors").unwrap(), Target::Safetensors);
        assert!(target(None, false, "a").is_err());
        assert!(target(None, true, "a.bin").is_err());
    }
}
