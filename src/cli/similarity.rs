//! `similarity`: the cosine of two words.

use anyhow::Result;
use clap::Args;

use super::arguments::format::FormatArguments;
use super::arguments::words::given;
use super::command::{Answer, Command, Shared};
use super::report::{Report, Value};
use super::vector_source;
use crate::vectors::compare;

/// How similar two words are: the cosine of their vectors
#[derive(Debug, Args)]
pub struct Arguments {
    /// One word
    a: String,
    /// The other
    b: String,
    #[command(flatten)]
    output: FormatArguments,
}

impl Command for Arguments {
    fn answer(self, shared: &Shared) -> Result<Answer> {
        let (a, b) = (given(&self.a)?, given(&self.b)?);
        let vectors = vector_source::open(shared.vectors.as_deref())?;
        let similarity = compare::similarity(&vectors, a, b)?;
        let report = Report::default()
            .fact("a", Value::text(a))
            .fact("b", Value::text(b))
            .fact("similarity", similarity);
        Ok(Answer::report(report, self.output.format))
    }
}
