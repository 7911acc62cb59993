//! `similarity`: the cosine of two words.

use anyhow::Result;
use clap::Args;

use super::arguments::format::FormatArguments;
use super::arguments::words::given;
use super::batch::{Batch, BatchArguments, exactly, only, words};
use super::command::{Answer, Command, Shared};
use super::report::{Report, Table, Value};
use super::vector_source;
use crate::vectors::explain::Comparison;
use crate::vectors::{WordVectors, compare, explain};

/// How similar two words are: the cosine of their vectors
#[derive(Debug, Args)]
pub struct Arguments {
    /// One word; - alone for two words a line of standard input
    #[arg(required_unless_present = "batch", conflicts_with = "batch")]
    a: Option<String>,
    /// The other
    b: Option<String>,
    #[command(flatten)]
    batch: BatchArguments,
    /// Show what every dimension adds to the cosine, the largest share first
    #[arg(long)]
    explain: bool,
    #[command(flatten)]
    output: FormatArguments,
}

impl Command for Arguments {
    fn answer(self, shared: &Shared) -> Result<Answer> {
        let Self { a, b, batch, explain, output } = self;
        let typed: Vec<String> = [a, b].into_iter().flatten().collect();
        if let Some(questions) = batch.questions(only(&typed))? {
            let vectors = vector_source::open(shared.vectors.as_deref())?;
            let answer = move |line: &str| compared(&vectors, words(line)?, explain);
            return Ok(Answer::Batch(Batch::one_by_one(questions, output.format, answer)?));
        }
        let both = exactly(typed.iter().map(String::as_str).collect())?;
        both.into_iter().try_for_each(|word| given(word).map(|_| ()))?;
        let vectors = vector_source::open(shared.vectors.as_deref())?;
        Ok(Answer::report(compared(&vectors, both, explain)?, output.format))
    }
}

fn compared(vectors: &WordVectors, [a, b]: [&str; 2], explains: bool) -> Result<Report> {
    let similarity = compare::similarity(vectors, a, b)?;
    let report =
        Report::default().fact("a", Value::text(a)).fact("b", Value::text(b)).fact("similarity", similarity);
    Ok(if explains { report.list(shares(&explain::compare_words(vectors, a, b)?)) } else { report })
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
