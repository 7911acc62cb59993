//! `similarity`: the cosine of two words.

use anyhow::Result;
use clap::Args;

use super::arguments::format::FormatArguments;
use super::arguments::words::given;
use super::command::{Answer, Command, Shared};
use super::report::{Report, Table, Value};
use super::vector_source;
use crate::vectors::explain::Comparison;
use crate::vectors::{compare, explain};

/// How similar two words are: the cosine of their vectors
#[derive(Debug, Args)]
pub struct Arguments {
    /// One word
    a: String,
    /// The other
    b: String,
    /// Show what every dimension adds to the cosine, the largest share first
    #[arg(long)]
    explain: bool,
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
        let report =
            if self.explain { report.list(shares(&explain::compare_words(&vectors, a, b)?)) } else { report };
        Ok(Answer::report(report, self.output.format))
    }
}

/// The components of both unit vectors; their products add up to the cosine.
fn shares(comparison: &Comparison) -> Table {
    let mut table = Table::new("dimensions", &["dimension", "a", "b", "share"]);
    let record = |one: &explain::ComparedDimension| {
        vec![
            one.dimension.into(),
            Value::Number(one.left.into()),
            Value::Number(one.right.into()),
            one.share.into(),
        ]
    };
    table.records = comparison.dimensions.iter().map(record).collect();
    table
}
