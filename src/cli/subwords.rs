//! `subwords`: the character n-grams that a word's vector is made of.

use std::path::PathBuf;

use anyhow::Result;

use super::output::{Report, Table, Value};
use super::{progress, source};
use crate::vectors::subwords::{self, InspectedNgram, Sharer};

/// How many other n-grams of the same bucket are named.
const SHARERS: usize = 3;

/// What is asked.
pub struct Request {
    /// Any word, known or not.
    pub word: String,
    /// At most so many n-grams, those with the largest share; all of them when `None`.
    pub count: Option<usize>,
    /// The vectors; `None` for the shipped ones.
    pub vectors: Option<PathBuf>,
}

/// The n-grams with their buckets, who else is in those, and what each carries.
///
/// # Errors
/// Vectors without subwords, or that cannot be opened.
pub fn answer(request: &Request) -> Result<Report> {
    let vectors = source::vectors(request.vectors.as_deref())?;
    let word = request.word.as_bytes();
    let inspection = subwords::inspect(&vectors, word)?;
    let collisions = progress::shown("looking for collisions", |progress| {
        subwords::collisions(&vectors, word, vectors.len(), SHARERS, progress)
    })?;
    let mut ngrams: Vec<(&InspectedNgram, &[Sharer])> = inspection
        .ngrams
        .iter()
        .zip(collisions.sharers.iter().map(Vec::as_slice).chain(std::iter::repeat(&[][..])))
        .collect();
    if let Some(count) = request.count {
        let share = |ngram: &InspectedNgram| ngram.share.unwrap_or(f64::NEG_INFINITY);
        ngrams.sort_by(|one, other| share(other.0).total_cmp(&share(one.0)));
        ngrams.truncate(count);
    }
    let mut table = Table::new("ngrams", &["ngram", "bucket", "norm", "share", "same_bucket"]);
    table.records = ngrams.into_iter().map(|(ngram, sharers)| record(ngram, sharers)).collect();
    let mut report = Report::default()
        .fact("query", Value::text(&request.word))
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
