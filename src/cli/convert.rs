//! `convert`: vectors in another format.

use std::path::PathBuf;

use anyhow::Result;

use super::output::{Report, Table, Value};
use super::{progress, source};
use crate::vectors::convert::{self, Target};

/// What is asked.
pub struct Request {
    /// The vectors to read.
    pub input: PathBuf,
    /// The file to write.
    pub output: PathBuf,
    /// Its format.
    pub target: Target,
    /// The format's name on the command line.
    pub target_name: String,
}

/// Writes the file and says what was written, and what the format could not hold.
///
/// # Errors
/// Vectors that cannot be opened; a file that cannot be written.
pub fn answer(request: &Request) -> Result<Report> {
    let Request { input, output, target, target_name } = request;
    let vectors = source::vectors(Some(input))?;
    let conversion = progress::shown(&format!("writing {}", output.display()), |progress| {
        convert::convert(&vectors, *target, output, progress)
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
        .fact("to", Value::text(target_name))
        .fact("words", conversion.written)
        .fact("words_left_out", conversion.left_out)
        .fact("dimensions", vectors.dimensions())
        .fact("bytes", Value::Integer(conversion.size))
        .fact("remarks", Value::List(conversion.remarks.iter().map(Value::text).collect()))
        .list(table))
}
