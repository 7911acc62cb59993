//! `analogy`: A is to B as C is to which word?

use anyhow::Result;

use super::output::{Report, Value};
use super::settings::{Search, method_name};
use super::{progress, query, source};
use crate::vectors::analogy::{self, Method};

/// What is asked: a : b :: c : ?
pub struct Request {
    /// The word that `b` belongs to.
    pub a: String,
    /// What `a` has.
    pub b: String,
    /// The word whose counterpart is asked for.
    pub c: String,
    /// How to score a word.
    pub method: Method,
    /// Where and how to look.
    pub search: Search,
}

/// The list of words with their scores under the method.
///
/// # Errors
/// Unknown words; vectors that cannot be opened.
pub fn answer(request: &Request) -> Result<Report> {
    let Request { a, b, c, method, search } = request;
    let vectors = source::vectors(search.vectors.as_deref())?;
    let answer = progress::shown("searching", |progress| {
        analogy::solve(&vectors, a, b, c, *method, &query::options(search), progress)
    })?;
    Ok(Report::default()
        .fact("query", Value::text(format!("{a} : {b} :: {c} : ?")))
        .fact("method", Value::text(method_name(*method)))
        .list(query::results(&vectors, &answer.answer.hits)))
}
