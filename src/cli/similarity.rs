//! `similarity`: the cosine of two words.

use std::path::PathBuf;

use anyhow::Result;

use super::output::{Report, Value};
use super::source;
use crate::vectors::compare;

/// What is asked.
pub struct Request {
    /// One word.
    pub a: String,
    /// The other.
    pub b: String,
    /// The vectors; `None` for the shipped ones.
    pub vectors: Option<PathBuf>,
}

/// The two words and their cosine.
///
/// # Errors
/// Unknown words; vectors that cannot be opened.
pub fn answer(request: &Request) -> Result<Report> {
    let Request { a, b, vectors } = request;
    let vectors = source::vectors(vectors.as_deref())?;
    let similarity = compare::similarity(&vectors, a, b)?;
    Ok(Report::default().fact("a", Value::text(a)).fact("b", Value::text(b)).fact("similarity", similarity))
}
