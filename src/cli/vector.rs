//! `vector`: the numbers of words and expressions.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use serde_json::json;

use super::arguments::format::FormatArguments;
use super::batch::lines_in;
use super::command::{Answer, Command, Shared};
use super::failure::Failure;
use super::report::{Format, line_of};
use super::vector_source;
use crate::vectors::expression::Expression;
use crate::vectors::resolve::resolve;
use crate::vectors::{Result as VectorsResult, WordVectors};

/// The numbers of words, or of expressions
///
/// A word's numbers are those of the file; words never seen get theirs from subwords where the file
/// has them. An expression, such as "king - man + woman", gives its direction, with length 1.
/// Numbers have the fewest digits that read back as the same f32.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Words or expressions
    #[arg(required_unless_present = "batch", value_name = "WORD")]
    words: Vec<String>,
    /// Read words or expressions from this file, too, one a line; - is standard input
    #[arg(long, value_name = "FILE")]
    batch: Option<PathBuf>,
    #[command(flatten)]
    output: FormatArguments,
}

impl Command for Arguments {
    fn answer(self, shared: &Shared) -> Result<Answer> {
        let mut asked = self.words;
        if let Some(path) = &self.batch {
            asked.extend(lines_in(path)?.into_iter().filter(|line| !line.is_empty()));
        }
        let vectors = vector_source::open(shared.vectors.as_deref())?;
        let numbers: VectorsResult<Vec<Vec<f32>>> = asked.iter().map(|text| vector(&vectors, text)).collect();
        Ok(Answer::Text(written(&asked, &numbers?, self.output.format)?))
    }
}

/// The vector of a word as it stands, else of an expression.
fn vector(vectors: &WordVectors, text: &str) -> VectorsResult<Vec<f32>> {
    let unknown = match resolve(vectors, text) {
        Ok(resolved) => return Ok(resolved.vector),
        Err(error) => error,
    };
    match Expression::parse(text) {
        Ok(expression) if expression.as_word().is_some() => Err(unknown),
        Ok(expression) => Ok(expression.evaluate(vectors)?.vector),
        Err(error) => Err(error),
    }
}

fn written(words: &[String], vectors: &[Vec<f32>], format: Format) -> Result<Vec<u8>> {
    let digits = |number: &f32| format!("{number}");
    match format {
        Format::Plain => {
            let mut text = String::new();
            for (word, numbers) in words.iter().zip(vectors) {
                let numbers: Vec<String> = numbers.iter().map(digits).collect();
                text += &format!("{word} {}\n", numbers.join(" "));
            }
            Ok(text.into_bytes())
        }
        Format::Json => {
            let list =
                words.iter().zip(vectors).map(|(word, vector)| json!({"word": word, "vector": vector}));
            let mut text = serde_json::to_vec_pretty(&json!({"vectors": list.collect::<Vec<_>>()}))?;
            text.push(b'\n');
            Ok(text)
        }
        Format::Jsonl => {
            let lines = words.iter().zip(vectors);
            let lines = lines.map(|(word, vector)| line_of(&json!({"word": word, "vector": vector})));
            Ok(lines.collect::<Vec<_>>().concat())
        }
        Format::Csv | Format::Tsv => {
            let separator = if format == Format::Csv { b',' } else { b'\t' };
            let mut writer = csv::WriterBuilder::new().delimiter(separator).from_writer(Vec::new());
            let names = (1..=vectors.first().map_or(0, Vec::len)).map(|index| format!("d{index}"));
            writer.write_record(std::iter::once("word".to_owned()).chain(names))?;
            for (word, numbers) in words.iter().zip(vectors) {
                writer.write_record(std::iter::once(word.clone()).chain(numbers.iter().map(digits)))?;
            }
            Ok(writer.into_inner()?)
        }
        Format::Svg => Err(Failure::usage("vectors are no picture").hint("use --format csv or json").into()),
    }
}
