//! `neighbors`: the words nearest to a word.

use anyhow::Result;

use super::output::{Report, Value};
use super::settings::Search;
use super::{progress, query, source};
use crate::vectors::expression::Expression;
use crate::vectors::neighbours;

/// What is asked.
pub struct Request {
    /// The word, taken as it is.
    pub word: String,
    /// Where and how to look.
    pub search: Search,
}

/// The list of words with their cosines.
///
/// # Errors
/// An unknown word without subwords; vectors that cannot be opened.
pub fn answer(request: &Request) -> Result<Report> {
    let vectors = source::vectors(request.search.vectors.as_deref())?;
    let expression = Expression::word(&request.word);
    let answer = progress::shown("searching", |progress| {
        neighbours::neighbours(&vectors, &expression, &query::options(&request.search), progress)
    })?;
    Ok(Report::default()
        .fact("query", Value::text(&request.word))
        .list(query::results(&vectors, &answer.hits)))
}
