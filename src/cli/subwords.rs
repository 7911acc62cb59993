//! `subwords`: the character n-grams that a word's vector is made of.

use anyhow::Result;
use clap::Args;

use super::arguments::format::FormatArguments;
use super::arguments::words::given;
use super::command::{Answer, Command, Shared};
use super::report::{Report, Table, Value};
use super::{progress, vector_source};
use crate::vectors::WordVectors;
use crate::vectors::subwords::{self, InspectedNgram, Sharer};

/// How many other n-grams of the same bucket are named.
const SHARERS: usize = 3;

/// The character n-grams that a word is made of in fastText vectors
///
/// Shows each n-gram, its bucket, which other n-grams of the word fall into the same bucket, and
/// how much of the word's vector it carries.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Any word, known or not
    word: String,
    /// Only the COUNT n-grams that carry most; all of them unless given
    #[arg(short = 'k', long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    count: Option<u32>,
    #[command(flatten)]
    output: FormatArguments,
}

impl Command for Arguments {
    fn answer(self, shared: &Shared) -> Result<Answer> {
        let word = given(&self.word)?;
        let vectors = vector_source::open(shared.vectors.as_deref())?;
        Ok(Answer::report(report(&vectors, word, self.count)?, self.output.format))
    }
}

/// The n-grams with their buckets, who else is in those, and what each carries.
fn report(vectors: &WordVectors, asked: &str, count: Option<u32>) -> Result<Report> {
    let word = asked.as_bytes();
    let inspection = subwords::inspect(vectors, word)?;
    let collisions = progress::shown("looking for collisions", |progress| {
        subwords::collisions(vectors, word, vectors.len(), SHARERS, progress)
    })?;
    let mut ngrams: Vec<(&InspectedNgram, &[Sharer])> = inspection
        .ngrams
        .iter()
        .zip(collisions.sharers.iter().map(Vec::as_slice).chain(std::iter::repeat(&[][..])))
        .collect();
    if let Some(count) = count {
        let share = |ngram: &InspectedNgram| ngram.share.unwrap_or(f64::NEG_INFINITY);
        ngrams.sort_by(|one, other| share(other.0).total_cmp(&share(one.0)));
        ngrams.truncate(count as usize);
    }
    let mut table = Table::new("ngrams", &["ngram", "bucket", "norm", "share", "same_bucket"]);
    table.records = ngrams.into_iter().map(|(ngram, sharers)| record(ngram, sharers)).collect();
    let mut report = Report::default()
        .fact("query", Value::text(asked))
        .fact("in_vocabulary", Value::Flag(inspection.row.is_some()));
    if let Some(share) = inspection.own_share {
        report = report.fact("own_row_share", share);
    }
    Ok(report.list(table))
}

fn record(ngram: &InspectedNgram, sharers: &[Sharer]) -> Vec<Value> {
    vec![
        Value::Word(ngram.ngram.bytes.clone()),
        ngram.ngram.bucket.map_or(Value::Nothing, Value::Integer),
        ngram.norm.into(),
        ngram.share.map_or(Value::Nothing, Value::Number),
        Value::List(sharers.iter().map(|sharer| Value::Word(sharer.bytes.clone())).collect()),
    ]
}
