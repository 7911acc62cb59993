//! An analogy or an expression with both methods, with and without the asked words, and why each
//! answer is one.

use ndarray::Array2;

use super::shown::{Certificate, EXTREMES, MapPoint, Neighbour, listed, unit_row};
use crate::progress::Progress;
use crate::vectors::error::Result;
use crate::vectors::expression::{Evaluated, Expression, Term};
use crate::vectors::filter::Filter;
use crate::vectors::norms::dot;
use crate::vectors::search::{Answer, Objective, Query, search_with_and_without};
use crate::vectors::word_vectors::WordVectors;
use crate::vectors::{analogy, projection};

/// An analogy as three words or as an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnalogyQuestion {
    /// a : b :: c : ?
    Words([String; 3]),
    /// `king - man + woman`
    Expression(String),
}

/// One term of an analogy's or expression's score for one word.
#[derive(Debug, Clone, PartialEq)]
pub struct TermShare {
    /// Signed weight of the term: +1 or -1 in a : b :: c : ?.
    pub weight: f64,
    /// The term.
    pub word: String,
    /// Cosine between the term and the explained word.
    pub cosine: f64,
}

/// Why a word is an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// The explained word.
    pub word: String,
    /// Its terms, in the order of the expression.
    pub terms: Vec<TermShare>,
    /// Dimensions (from 0) that carry the score, with their shares, largest magnitude first.
    pub dimensions: Vec<(usize, f64)>,
}

/// The four words of an analogy on the plane of the two offsets: a, b, c and the first answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Parallelogram {
    /// The words a, b, c, answer, in this order.
    pub points: Vec<MapPoint>,
    /// Share of their spread that the plane keeps, 0 to 1.
    pub explained: f64,
}

/// The answers to a : b :: c : ?, or to a free expression.
#[derive(Debug, Clone, PartialEq)]
pub struct AnalogyAnswer {
    /// The question, as an expression.
    pub expression: String,
    /// 3CosAdd, asked words left out.
    pub add: Vec<Neighbour>,
    /// 3CosMul, asked words left out. Empty where the expression has no such reading.
    pub multiply: Vec<Neighbour>,
    /// 3CosAdd with the asked words among the answers.
    pub add_with_asked: Vec<Neighbour>,
    /// 3CosMul with the asked words among the answers.
    pub multiply_with_asked: Vec<Neighbour>,
    /// Rank (from 1) of the first answer among the plain neighbours of c: what the offset adds to.
    pub rank_without_offset: Option<usize>,
    /// The map; `None` for expressions other than a : b :: c : ?.
    pub parallelogram: Option<Parallelogram>,
    /// One explanation for each word of `add` and of `multiply`, found by its row.
    pub explanations: Vec<(usize, Explanation)>,
    /// Of the 3CosAdd search.
    pub certificate: Certificate,
}

/// The best `count` answers of each method to `question`.
///
/// # Errors
/// As [`Expression::evaluate`] and [`search`].
pub fn solve(
    vectors: &WordVectors,
    question: &AnalogyQuestion,
    count: usize,
    progress: &Progress,
) -> Result<AnalogyAnswer> {
    let expression = match question {
        AnalogyQuestion::Words(words) => sum_of(words)?,
        AnalogyQuestion::Expression(text) => Expression::read(text, vectors)?,
    };
    let evaluated = expression.evaluate(vectors)?;
    let run = |objective: Objective| -> Result<(Answer, Answer)> {
        let array = match objective {
            Objective::Cosine => evaluated.as_query(),
            _ => product_vectors(&evaluated.terms, vectors.dimensions()),
        };
        let excluded = evaluated.rows.clone();
        let query = Query { vectors: array, objective, excluded, filter: Filter::default(), count };
        search_with_and_without(vectors, &query, progress)
    };
    let (add, add_with_asked) = run(Objective::Cosine)?;
    let (multiply, multiply_with_asked) = match product(&evaluated.terms) {
        Some(objective) => run(objective).map(|(without, with)| (without.hits, with.hits))?,
        None => (Vec::new(), Vec::new()),
    };
    let lists = [&add.hits, &multiply, &add_with_asked.hits, &multiply_with_asked];
    let mut rows: Vec<usize> = lists.into_iter().flatten().map(|hit| hit.row).collect();
    rows.sort_unstable();
    rows.dedup();
    let explanations = rows.iter().map(|&row| (row, explanation(vectors, &evaluated, row))).collect();
    let best = add.hits.first().map(|hit| hit.row);
    let (rank_without_offset, parallelogram) = match (question, best) {
        (AnalogyQuestion::Words(words), Some(row)) => {
            let c = Evaluated::from_terms(vec![Term::word(vectors, &words[2], 1.0)?])?;
            let rank = analogy::rank_among(vectors, c, row, &Filter::default(), progress)?;
            (rank, parallelogram(vectors, words, &evaluated, row))
        }
        _ => (None, None),
    };
    Ok(AnalogyAnswer {
        expression: expression.to_string(),
        add: listed(vectors, &add.hits),
        multiply: listed(vectors, &multiply),
        add_with_asked: listed(vectors, &add_with_asked.hits),
        multiply_with_asked: listed(vectors, &multiply_with_asked),
        rank_without_offset,
        parallelogram,
        explanations,
        certificate: Certificate::from(&add),
    })
}

/// b - a + c, each of them one word whatever its characters.
///
/// # Errors
/// An empty word.
pub fn sum_of([a, b, c]: &[String; 3]) -> Result<Expression> {
    let [a, b, c] = [a, b, c].map(|word| Expression::word(word));
    Expression::parse(&format!("{b} - {a} + {c}"))
}

/// 3CosMul over the terms: it has no weights but +1 and -1 (Levy and Goldberg 2014, eq. 4).
fn product(terms: &[Term]) -> Option<Objective> {
    let plain = terms.iter().all(|term| (term.weight.abs() - 1.0).abs() < 1e-12);
    let positive = terms.iter().filter(|term| term.weight > 0.0).count();
    (plain && positive > 0 && terms.len() > 1).then_some(Objective::Product { positive })
}

fn product_vectors(terms: &[Term], dimensions: usize) -> Array2<f32> {
    let positive = terms.iter().filter(|term| term.weight > 0.0);
    let ordered: Vec<&Term> = positive.chain(terms.iter().filter(|term| term.weight <= 0.0)).collect();
    let norms: Vec<f64> =
        ordered.iter().map(|term| dot(&term.vector, &term.vector).sqrt().max(f64::MIN_POSITIVE)).collect();
    Array2::from_shape_fn((ordered.len(), dimensions), |(row, column)| {
        (f64::from(ordered[row].vector[column]) / norms[row]) as f32
    })
}

/// Why `row` answers `evaluated`.
pub fn explanation(vectors: &WordVectors, evaluated: &Evaluated, row: usize) -> Explanation {
    let unit = unit_row(vectors, row);
    let terms = analogy::term_shares(evaluated, &unit);
    let dimensions = analogy::dimension_shares(&evaluated.vector, &unit);
    Explanation {
        word: vectors.vocabulary().display(row).into_owned(),
        terms: terms
            .into_iter()
            .map(|term| TermShare { weight: term.weight, word: term.label, cosine: term.cosine })
            .collect(),
        dimensions: dimensions.iter().take(EXTREMES).map(|one| (one.dimension, one.share)).collect(),
    }
}

/// The words a, b, c and the answer in row `answer` on the plane of the two offsets; `evaluated` is
/// their [`sum_of`]. `None` where that has other terms.
pub fn parallelogram(
    vectors: &WordVectors,
    words: &[String; 3],
    evaluated: &Evaluated,
    answer: usize,
) -> Option<Parallelogram> {
    // The expression is b - a + c, in this order.
    let [b, a, c] = evaluated.terms.as_slice() else { return None };
    let fourth = unit_row(vectors, answer);
    let corners = [&a.vector, &b.vector, &c.vector, &fourth];
    let plane = projection::offset_plane(corners[0], corners[1], corners[2], corners[3]);
    let rows = [a.row, b.row, c.row, Some(answer)];
    let names = words.iter().cloned().chain([vectors.vocabulary().display(answer).into_owned()]);
    let points = names
        .zip(rows)
        .zip(corners)
        .map(|((word, row), corner)| {
            let [x, y] = plane.place(corner);
            MapPoint { word, row, x, y }
        })
        .collect();
    Some(Parallelogram { points, explained: kept_share(&plane, corners) })
}

/// Share of the four corners' spread about their mean that is left on the plane.
fn kept_share(plane: &projection::OffsetPlane, corners: [&Vec<f32>; 4]) -> f64 {
    let dimensions = corners[0].len();
    let mean: Vec<f64> = (0..dimensions)
        .map(|index| corners.iter().map(|corner| f64::from(corner[index])).sum::<f64>() / 4.0)
        .collect();
    let spread = |corner: &Vec<f32>| -> f64 {
        corner.iter().zip(&mean).map(|(&value, mean)| (f64::from(value) - mean).powi(2)).sum()
    };
    let total: f64 = corners.iter().map(|corner| spread(corner)).sum();
    // Distances from the plane, about their own mean, as the spread is.
    let distances = corners.map(|corner| plane.distance(corner));
    let lost: f64 = distances.iter().map(|distance| distance.powi(2)).sum::<f64>()
        - distances.iter().sum::<f64>().powi(2) / 4.0;
    if total > 0.0 { (1.0 - lost / total).clamp(0.0, 1.0) } else { 0.0 }
}
