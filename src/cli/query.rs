//! `query`: the words nearest to an expression or to a vector of one's own.

use std::path::Path;

use anyhow::Result;
use ndarray::Array2;

use super::failure::Failure;
use super::output::{Report, Table, Value};
use super::settings::Search;
use super::{progress, source};
use crate::progress::Progress;
use crate::vectors::expression::Expression;
use crate::vectors::search::{self, Answer, Hit, Objective, Query};
use crate::vectors::{VectorsError, WordVectors, neighbours};

/// What is asked.
pub struct Request {
    /// An expression, numbers, or `@` and the name of a file with numbers.
    pub query: String,
    /// Where and how to look.
    pub search: Search,
}

/// The list of words with their cosines.
///
/// # Errors
/// An expression that does not parse, unknown words, numbers that do not fit the vectors.
pub fn answer(request: &Request) -> Result<Report> {
    let query = request.query.trim();
    let vectors = source::vectors(request.search.vectors.as_deref())?;
    let options = options(&request.search);
    let answer = match literal(query)? {
        Some(literal) => {
            progress::shown("searching", |progress| nearest(&vectors, &literal, &options, progress))
        }
        None => {
            let expression = Expression::read(query, &vectors)?;
            progress::shown("searching", |progress| {
                neighbours::neighbours(&vectors, &expression, &options, progress)
            })
        }
    }?;
    Ok(Report::default().fact("query", Value::text(query)).list(results(&vectors, &answer.hits)))
}

/// A vector that was given as numbers.
#[derive(Debug, PartialEq)]
struct Literal {
    /// Where it was given.
    label: String,
    numbers: Vec<f32>,
}

/// The rows nearest to a vector that is no word's.
fn nearest(
    vectors: &WordVectors,
    literal: &Literal,
    options: &neighbours::Options,
    progress: &Progress,
) -> Result<Answer, VectorsError> {
    let numbers = &literal.numbers;
    if numbers.len() != vectors.dimensions() {
        return Err(VectorsError::DimensionMismatch {
            what: literal.label.clone(),
            expected: vectors.dimensions(),
            found: numbers.len(),
        });
    }
    let length = numbers.iter().map(|&number| f64::from(number).powi(2)).sum::<f64>().sqrt();
    if length == 0.0 || !length.is_finite() {
        return Err(VectorsError::NoDirection { reason: "its numbers are all zero, or not finite".into() });
    }
    let unit = |(_, column): (usize, usize)| (f64::from(numbers[column]) / length) as f32;
    let query = Query {
        vectors: Array2::from_shape_fn((1, numbers.len()), unit),
        objective: Objective::Cosine,
        excluded: Vec::new(),
        filter: options.filter.clone(),
        count: options.count,
    };
    search::search(vectors, &query, progress)
}

/// How to search, for the library.
pub fn options(search: &Search) -> neighbours::Options {
    neighbours::Options {
        count: search.count,
        exclude_query: !search.include_query,
        filter: search.filter.clone(),
    }
}

/// Found rows as the list that every search answers with.
pub fn results(vectors: &WordVectors, hits: &[Hit]) -> Table {
    let mut table = Table::new("results", &["rank", "word", "score"]);
    table.records = hits
        .iter()
        .enumerate()
        .map(|(index, hit)| {
            let word = vectors.vocabulary().word(hit.row).to_vec();
            vec![(index + 1).into(), Value::Word(word), hit.score.into()]
        })
        .collect();
    table
}

/// The numbers that `query` spells out or points to; `None` when it is an expression.
fn literal(query: &str) -> Result<Option<Literal>> {
    if let Some(path) = query.strip_prefix('@').filter(|path| !path.is_empty()) {
        return Ok(Some(Literal { label: path.to_owned(), numbers: numbers_in_file(Path::new(path))? }));
    }
    let literal = |numbers| Some(Literal { label: "the vector asked for".into(), numbers });
    let bracketed = query.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    match (bracketed, numbers(bracketed.unwrap_or(query))) {
        // A single number is more likely a word, such as a year.
        (None, Ok(numbers)) if numbers.len() > 1 => Ok(literal(numbers)),
        (Some(_), Ok(numbers)) => Ok(literal(numbers)),
        (Some(_), Err(text)) => Err(Failure::usage(format!("\"{text}\" in the vector is not a number"))
            .hint("write a vector as numbers with blanks or commas between them, such as [0.1, -0.2]")
            .into()),
        (None, _) => Ok(None),
    }
}

fn numbers_in_file(path: &Path) -> Result<Vec<f32>> {
    let bytes = std::fs::read(path).map_err(VectorsError::io("read the vector", path))?;
    let refused = |what: String| {
        Failure::file(format!("{}: not a list of numbers: {what}", path.display())).hint(
            "the file should hold one vector as text: numbers with blanks, commas or line ends between them",
        )
    };
    let text = String::from_utf8(bytes).map_err(|_| refused("it is not text".into()))?;
    let text = text.trim();
    let text = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    match numbers(text) {
        Ok(numbers) if numbers.is_empty() => Err(refused("it is empty".into()).into()),
        Ok(numbers) => Ok(numbers),
        Err(found) => Err(refused(format!("\"{found}\" is none")).into()),
    }
}

/// The numbers in `text`, or the first piece that is none.
fn numbers(text: &str) -> Result<Vec<f32>, &str> {
    text.split(|character: char| character.is_whitespace() || character == ',')
        .filter(|piece| !piece.is_empty())
        .map(|piece| match piece.parse::<f32>() {
            Ok(number) if piece.bytes().any(|byte| byte.is_ascii_digit()) => Ok(number),
            _ => Err(piece),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_told_from_expressions() {
        let read = |query: &str| literal(query).unwrap().map(|literal| literal.numbers);
        assert_eq!(read("0.5 -1e-3, 2"), Some(vec![0.5, -1e-3, 2.0]));
        assert_eq!(read("[0.5]"), Some(vec![0.5]));
        assert_eq!(literal("king - man + woman").unwrap(), None);
        assert_eq!(literal("1984").unwrap(), None);
        assert_eq!(literal("inf nan").unwrap(), None);
        assert_eq!(literal("@").unwrap(), None);
        assert!(literal("[0.5 king]").is_err());
        assert!(literal("@/nowhere/at/all").is_err());
    }
}
