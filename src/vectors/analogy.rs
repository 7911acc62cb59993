//! Analogies a : b :: c : ?, and why an answer is the answer.

use ndarray::Array2;

use super::error::{Result, VectorsError};
use super::expression::{Evaluated, Term, unit};
use super::filter::Filter;
use super::neighbours::{Options, nearest};
use super::resolve::{Resolved, resolve};
use super::search::{self, Answer, Hit, Objective, Query};
use super::word_vectors::WordVectors;
use crate::progress::Progress;

/// How an analogy is scored (Levy and Goldberg 2014).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Method {
    /// The cosine with b - a + c of unit vectors; gensim's `most_similar`, word2vec's `word-analogy`.
    #[default]
    CosAdd,
    /// cos(b) * cos(c) / cos(a), shifted to be positive; gensim's `most_similar_cosmul`.
    CosMul,
    /// The cosine between (answer - c) and (b - a).
    PairDirection,
}

impl Method {
    /// All methods, in the order to show them.
    pub const ALL: [Self; 3] = [Self::CosAdd, Self::CosMul, Self::PairDirection];

    /// The name in the literature: `3CosAdd`, `3CosMul`, `PairDirection`.
    pub fn name(self) -> &'static str {
        match self {
            Self::CosAdd => "3CosAdd",
            Self::CosMul => "3CosMul",
            Self::PairDirection => "PairDirection",
        }
    }
}

/// The answers of an analogy.
#[derive(Debug, Clone)]
pub struct AnalogyAnswer {
    /// How it was scored.
    pub method: Method,
    /// The asked words a, b, c.
    pub asked: [Resolved; 3],
    /// The answers.
    pub answer: Answer,
}

/// What one term of a sum adds to the score of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct TermShare {
    /// The word, or the literal as written.
    pub label: String,
    /// Its weight in the sum, signed.
    pub weight: f64,
    /// Its cosine with the answer.
    pub cosine: f64,
    /// weight * (term . answer) / |sum|: the shares of all terms add up to the score.
    pub share: f64,
}

/// What one dimension adds to the score of an answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DimensionShare {
    /// The dimension, from 0.
    pub dimension: usize,
    /// The product of both unit vectors there: over all dimensions they add up to the score.
    pub share: f64,
}

/// Why an answer of b - a + c is one.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// The answer that is explained.
    pub row: usize,
    /// Its 3CosAdd score.
    pub score: f64,
    /// The shares of + b, - a and + c, in this order.
    pub terms: Vec<TermShare>,
    /// All dimensions, by falling size of their share.
    pub dimensions: Vec<DimensionShare>,
    /// The best answers when the asked words may win.
    pub with_asked: Vec<Hit>,
    /// The answer's 1-based rank for b - a alone, a and b left out.
    pub rank_for_offset: Option<usize>,
    /// The answer's 1-based rank among the neighbours of c, c left out: how far one gets without any
    /// analogy.
    pub rank_for_c: Option<usize>,
}

/// The best answers to a : b :: c : ?.
///
/// # Errors
/// An unknown word; a word without direction; words that cancel out; cancelled.
#[allow(clippy::too_many_arguments)]
pub fn solve(
    vectors: &WordVectors,
    a: &str,
    b: &str,
    c: &str,
    method: Method,
    options: &Options,
    progress: &Progress,
) -> Result<AnalogyAnswer> {
    let (asked, query) = question(vectors, [a, b, c], method, options)?;
    let answer = search::search(vectors, &query, progress)?;
    Ok(AnalogyAnswer { method, asked, answer })
}

/// The three words, and what [`solve`] searches for.
///
/// # Errors
/// An unknown word; a word without direction; words that cancel out.
pub fn question(
    vectors: &WordVectors,
    [a, b, c]: [&str; 3],
    method: Method,
    options: &Options,
) -> Result<([Resolved; 3], Query)> {
    let asked = [resolve(vectors, a)?, resolve(vectors, b)?, resolve(vectors, c)?];
    let query = Query {
        vectors: query_vectors(vectors, [a, b, c], method)?,
        objective: match method {
            Method::CosAdd => Objective::Cosine,
            Method::CosMul => Objective::Product { positive: 2 },
            Method::PairDirection => Objective::PairDirection,
        },
        excluded: if options.exclude_query { asked_rows(&asked) } else { Vec::new() },
        filter: options.filter.clone(),
        count: options.count,
    };
    Ok((asked, query))
}

/// Why `row` answers a : b :: c : ? under 3CosAdd; `options` as for [`solve`].
///
/// # Errors
/// As [`solve`]; a row that does not exist or has no direction.
#[allow(clippy::too_many_arguments)]
pub fn explain(
    vectors: &WordVectors,
    a: &str,
    b: &str,
    c: &str,
    row: usize,
    options: &Options,
    progress: &Progress,
) -> Result<Explanation> {
    let sum = Evaluated::from_terms(add_terms(vectors, [a, b, c])?)?;
    let word = row_word(vectors, row)?;
    let answer = unit(&vectors.rows().to_vec(row), &word)?;
    let place = |asked: Evaluated| rank_among(vectors, asked, row, &options.filter, progress);
    let rank_for_offset = match Evaluated::from_terms(offset_terms(vectors, a, b)?) {
        Ok(offset) => place(offset)?,
        Err(VectorsError::NoDirection { .. }) => None,
        Err(error) => return Err(error),
    };
    let rank_for_c = place(Evaluated::from_terms(vec![Term::word(vectors, c, 1.0)?])?)?;
    Ok(Explanation {
        row,
        score: search::cosine(&sum.vector, &answer).unwrap_or(0.0),
        terms: term_shares(&sum, &answer),
        dimensions: dimension_shares(&sum.vector, &answer),
        with_asked: nearest(vectors, &sum, &Options { exclude_query: false, ..options.clone() }, progress)?
            .hits,
        rank_for_offset,
        rank_for_c,
    })
}

/// The place of `row` among the neighbours of `asked`, which leaves out its own words, as it would when
/// asked alone; a row that is itself one of them still has a place among the others.
///
/// # Errors
/// As [`search::rank`].
pub fn rank_among(
    vectors: &WordVectors,
    asked: Evaluated,
    row: usize,
    filter: &Filter,
    progress: &Progress,
) -> Result<Option<usize>> {
    let query = Query {
        vectors: asked.as_query(),
        objective: Objective::Cosine,
        excluded: asked.rows.into_iter().filter(|&asked| asked != row).collect(),
        filter: filter.clone(),
        count: 1,
    };
    search::rank(vectors, &query, row, progress)
}

/// What each term of `sum` adds to the cosine between the sum and the unit vector `answer`.
pub fn term_shares(sum: &Evaluated, answer: &[f32]) -> Vec<TermShare> {
    let share = |term: &Term| TermShare {
        label: term.label.clone(),
        weight: term.weight,
        cosine: search::cosine(&term.vector, answer).unwrap_or(0.0),
        share: term.weight * super::norms::dot(&term.vector, answer) / sum.length,
    };
    sum.terms.iter().map(share).collect()
}

/// What each dimension adds to the cosine between two unit vectors, by falling size.
pub fn dimension_shares(query: &[f32], answer: &[f32]) -> Vec<DimensionShare> {
    let mut shares: Vec<DimensionShare> = query
        .iter()
        .zip(answer)
        .enumerate()
        .map(|(dimension, (&left, &right))| DimensionShare {
            dimension,
            share: f64::from(left) * f64::from(right),
        })
        .collect();
    shares.sort_by(|left, right| right.share.abs().total_cmp(&left.share.abs()));
    shares
}

fn add_terms(vectors: &WordVectors, [a, b, c]: [&str; 3]) -> Result<Vec<Term>> {
    Ok(vec![Term::word(vectors, b, 1.0)?, Term::word(vectors, a, -1.0)?, Term::word(vectors, c, 1.0)?])
}

fn offset_terms(vectors: &WordVectors, a: &str, b: &str) -> Result<Vec<Term>> {
    Ok(vec![Term::word(vectors, b, 1.0)?, Term::word(vectors, a, -1.0)?])
}

/// The query vectors that `method` asks the search for.
fn query_vectors(vectors: &WordVectors, [a, b, c]: [&str; 3], method: Method) -> Result<Array2<f32>> {
    let word = |word| Term::word(vectors, word, 1.0).map(|term| term.vector);
    let rows = match method {
        Method::CosAdd => vec![Evaluated::from_terms(add_terms(vectors, [a, b, c])?)?.vector],
        Method::CosMul => vec![word(b)?, word(c)?, word(a)?],
        Method::PairDirection => vec![Evaluated::from_terms(offset_terms(vectors, a, b)?)?.vector, word(c)?],
    };
    Ok(Array2::from_shape_fn((rows.len(), vectors.dimensions()), |(row, column)| rows[row][column]))
}

fn asked_rows(asked: &[Resolved]) -> Vec<usize> {
    asked.iter().filter_map(|resolved| resolved.row).collect()
}

fn row_word(vectors: &WordVectors, row: usize) -> Result<String> {
    if row < vectors.len() {
        return Ok(vectors.vocabulary().display(row).into_owned());
    }
    Err(VectorsError::Request(format!(
        "there is no row {row}; the last is {}",
        vectors.len().saturating_sub(1)
    )))
}
