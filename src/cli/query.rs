//! `query`: the words nearest to an expression or to a vector of one's own.

use std::path::Path;

use anyhow::Result;
use clap::Args;
use ndarray::Array2;

use super::arguments::explained::explained;
use super::arguments::list::ListArguments;
use super::arguments::words::given;
use super::batch::{Batch, BatchArguments, only};
use super::command::{Answer, Command, Shared};
use super::failure::Failure;
use super::neighbors::found;
use super::{progress, vector_source};
use crate::vectors::explain::neighbourhood;
use crate::vectors::expression::Expression;
use crate::vectors::search::{self, Objective, Query};
use crate::vectors::{VectorsError, WordVectors, neighbours};

/// The words nearest to an expression or a vector
///
/// An expression adds and subtracts words: "king - man + woman", "2 * (paris - france) + italy".
/// Quote words that are not plain: "'New York' + food". A vector is a list of numbers, or @FILE
/// for a file with such a list.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Expression, numbers, or @FILE with numbers; a - alone for one a line of standard input
    #[arg(allow_hyphen_values = true, required_unless_present = "batch", conflicts_with = "batch")]
    query: Option<String>,
    /// The rest of it, where it was not quoted
    #[arg(allow_negative_numbers = true)]
    rest: Vec<String>,
    #[command(flatten)]
    batch: BatchArguments,
    /// Let the asked words be answers
    #[arg(long)]
    include_query: bool,
    /// Show the expression's vector, what the search looked at, and all words on a plane
    #[arg(long, conflicts_with = "batch")]
    explain: bool,
    #[command(flatten)]
    list: ListArguments,
}

impl Command for Arguments {
    fn answer(self, shared: &Shared) -> Result<Answer> {
        let options = self.list.options(self.include_query)?;
        let (format, filtered) = (self.list.format(), self.list.is_filtered());
        let typed: Vec<String> = self.query.into_iter().chain(self.rest).collect();
        if let Some(questions) = self.batch.questions(only(&typed))? {
            let vectors = vector_source::open(shared.vectors.as_deref())?;
            let ask = move |vectors: &WordVectors, line: &str| asked(vectors, line, &options);
            return Ok(Answer::Batch(Batch::of_searches(questions, format, vectors, ask, found)?));
        }
        let typed = typed.join(" ");
        let query = given(&typed)?.trim_ascii();
        let vectors = vector_source::open(shared.vectors.as_deref())?;
        if self.explain {
            if numbers_in(&vectors, query)?.is_some() {
                return Err(Failure::usage("--explain is for words and expressions, not for numbers")
                    .hint("leave --explain out")
                    .into());
            }
            let answer =
                progress::shown("searching", |progress| neighbourhood(&vectors, query, &options, progress))?;
            return Ok(Answer::report(explained(&vectors, &answer).filtered(filtered), format));
        }
        let asked = asked(&vectors, query, &options)?;
        let answer = progress::shown("searching", |progress| search::search(&vectors, &asked, progress))?;
        Ok(Answer::report(found(&vectors, query, &answer).filtered(filtered), format))
    }
}

/// What an expression or a vector asks for.
fn asked(vectors: &WordVectors, query: &str, options: &neighbours::Options) -> Result<Query> {
    let query = given(query)?.trim_ascii();
    match numbers_in(vectors, query)? {
        Some(literal) => Ok(nearest(vectors, &literal, options)?),
        None => Ok(neighbours::question(&Expression::read(query, vectors)?.evaluate(vectors)?, options)),
    }
}

/// The vector that `query` is, unless it is a word: a word may look like a file or like numbers.
fn numbers_in(vectors: &WordVectors, query: &str) -> Result<Option<Literal>> {
    if vectors.vocabulary().row(query).is_some() { Ok(None) } else { literal(query) }
}

/// A vector that was given as numbers.
#[derive(Debug, PartialEq)]
struct Literal {
    /// Where it was given.
    label: String,
    numbers: Vec<f32>,
}

/// The search for the rows nearest to a vector that is no word's.
fn nearest(
    vectors: &WordVectors,
    literal: &Literal,
    options: &neighbours::Options,
) -> Result<Query, VectorsError> {
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
    Ok(Query {
        vectors: Array2::from_shape_fn((1, numbers.len()), unit),
        objective: Objective::Cosine,
        excluded: Vec::new(),
        filter: options.filter.clone(),
        count: options.count,
    })
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
    use crate::cli::command::parsed;

    #[test]
    fn a_query_may_begin_with_a_minus_and_options_stay_options() {
        for typed in [["-king + queen", "-k", "5"], ["-k", "5", "-king + queen"]] {
            let found: Arguments = parsed(&typed).unwrap();
            assert_eq!((found.query.as_deref(), found.rest.len()), (Some("-king + queen"), 0));
            assert_eq!(found.list.options(false).unwrap().count, 5);
        }
    }

    #[test]
    fn a_query_need_not_be_quoted() {
        let found: Arguments = parsed(&["king", "-", "man", "+", "woman", "-k", "5"]).unwrap();
        assert_eq!(
            (found.query.as_deref(), found.rest.join(" ")),
            (Some("king"), "- man + woman".to_owned())
        );
        assert_eq!(found.list.options(false).unwrap().count, 5);
        assert!(parsed::<Arguments>(&["king", "--nonsense"]).is_err());
    }

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
