//! `odd-one-out`: the word that fits least among several.

use std::path::PathBuf;

use anyhow::Result;

use super::output::{Report, Table, Value};
use super::source;
use crate::vectors::compare;

/// What is asked.
pub struct Request {
    /// The words to choose from.
    pub words: Vec<String>,
    /// The vectors; `None` for the shipped ones.
    pub vectors: Option<PathBuf>,
}

/// The odd word, and how near each word is to the middle of all of them.
///
/// # Errors
/// Fewer than three words, unknown words; vectors that cannot be opened.
pub fn answer(request: &Request) -> Result<Report> {
    let vectors = source::vectors(request.vectors.as_deref())?;
    let odd = compare::odd_one_out(&vectors, &request.words)?;
    let mut order: Vec<(&String, f64)> = request.words.iter().zip(odd.cosines).collect();
    order.sort_by(|one, other| one.1.total_cmp(&other.1));
    let mut table = Table::new("results", &["rank", "word", "score"]);
    table.records = order
        .into_iter()
        .enumerate()
        .map(|(index, (word, cosine))| vec![(index + 1).into(), Value::text(word), cosine.into()])
        .collect();
    let query = request.words.iter().map(Value::text).collect();
    let word = request.words.get(odd.index).map_or(Value::Nothing, Value::text);
    Ok(Report::default().fact("query", Value::List(query)).fact("odd_one_out", word).list(table))
}
