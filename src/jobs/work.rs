//! The work itself: calls into [`crate::vectors`], with results made ready for the screen.

use std::path::Path;
use std::sync::Arc;

use ndarray::Array2;

use super::answers::{
    AnalogyAnswer, Certificate, ComparedDimension, Comparison, Explanation, MapPoint, Neighbour,
    NeighbourAnswer, NeighbourMap, NgramShare, Origin, Parallelogram, SubwordReport, Suggestion,
    SuggestionKind, Suggestions, TermShare, VectorStrip,
};
use super::request::{AnalogyQuestion, Failure, FilterSettings, Outcome, Request};
use super::{attention_work, positions_work};
use crate::progress::Progress;
use crate::vectors::analogy;
use crate::vectors::expression::{Evaluated, Expression, Term};
use crate::vectors::filter::Filter;
use crate::vectors::lookup::{Kind, Lookup};
use crate::vectors::neighbours::{Options, neighbours};
use crate::vectors::search::{Answer, Hit, Objective, Query, search};
use crate::vectors::{VectorsError, WordVectors, open, projection, subwords};

/// How many of the largest components and shares are told.
const EXTREMES: usize = 6;

/// How many of the most frequent words are looked through for shared buckets.
const COLLISION_WORDS: usize = 50_000;

/// Carries out a request.
pub(super) fn carry_out(request: Request, progress: &Progress) -> Result<Outcome, Failure> {
    match request {
        Request::Open { path } => {
            let vectors = match path {
                Some(path) => open::open(&path, progress)?,
                None => open::shipped()?,
            };
            Ok(Outcome::Opened(Arc::new(vectors)))
        }
        Request::Lookup { vectors } => Ok(Outcome::Indexed(Arc::new(Lookup::build(&vectors)))),
        Request::Complete { vectors, lookup, typed, limit } => {
            Ok(Outcome::Completed(complete(&vectors, &lookup, typed, limit)))
        }
        Request::Neighbours { vectors, query, count, filter } => {
            let filter = build_filter(&filter)?;
            let options = Options { count, exclude_query: true, filter };
            let answer = find_neighbours(&vectors, query, &options, progress)?;
            Ok(Outcome::Neighbours(Box::new(answer)))
        }
        Request::Analogy { vectors, question, count } => {
            Ok(Outcome::Analogy(Box::new(solve_analogy(&vectors, &question, count, progress)?)))
        }
        Request::Compare { vectors, left, right } => Ok(Outcome::Compared(compare(&vectors, left, right)?)),
        Request::Subwords { vectors, word } => Ok(Outcome::Subwords(inspect(&vectors, word, progress)?)),
        Request::OpenModel { name } => {
            let model = match name {
                Some(name) => crate::model::open::open(&name)?,
                None => crate::model::open::shipped()?,
            };
            Ok(Outcome::ModelOpened(Arc::new(model)))
        }
        Request::Tokenise { model, text } => {
            Ok(Outcome::Tokenised(Arc::new(attention_work::tokens(&model, &text)?)))
        }
        Request::Run { model, text, changes } => attention_work::run(&model, &text, changes, progress),
        Request::Figures { pass } => Ok(Outcome::Figured(Arc::new(attention_work::figures(&pass)))),
        Request::Derive { model, pass, kind, stack } => {
            Ok(Outcome::Derived(attention_work::derive(&model, &pass, kind, stack, progress)?))
        }
        Request::Cell { model, pass, place, from, to } => {
            let steps = crate::analysis::cell::explain(&model.network, &pass.trace, place, from, to)?;
            Ok(Outcome::Explained(Arc::new(steps)))
        }
        Request::Inspect { model, pass, what } => {
            Ok(Outcome::Inspected(attention_work::inspect(&model, &pass, what, progress)?))
        }
        Request::Positions { model, kind } => {
            Ok(Outcome::Tabulated(Box::new(positions_work::table(model.as_deref(), kind)?)))
        }
        Request::Experiments { model, text } => {
            Ok(Outcome::Experimented(Box::new(positions_work::experiments(&model, text, progress)?)))
        }
        #[cfg(debug_assertions)]
        Request::Panic(_) => panic!("a worker was told to panic"),
    }
}

fn complete(vectors: &WordVectors, lookup: &Lookup, typed: String, limit: usize) -> Suggestions {
    let matches = lookup.matches(vectors, typed.trim(), limit);
    let suggestion = |found: &crate::vectors::lookup::Match| Suggestion {
        row: found.row,
        word: vectors.vocabulary().display(found.row).into_owned(),
        kind: match found.kind {
            Kind::Exact => SuggestionKind::Exact,
            Kind::Case => SuggestionKind::Case,
            Kind::Unicode => SuggestionKind::Unicode,
            Kind::Prefix => SuggestionKind::Prefix,
            Kind::Typo => SuggestionKind::Typo,
        },
    };
    Suggestions { typed, items: matches.items.iter().map(suggestion).collect(), total: matches.total }
}

fn build_filter(settings: &FilterSettings) -> Result<Filter, Failure> {
    let pattern = match &settings.pattern {
        None => None,
        Some(text) => {
            Some(regex::bytes::Regex::new(text).map_err(|error| Failure::Refused(error.to_string()))?)
        }
    };
    let words = match settings.words.as_deref() {
        None => None,
        Some([only]) if only.starts_with('@') => Some(read_words(Path::new(&only[1..]))?),
        Some(words) => Some(words.iter().map(|word| word.clone().into_bytes()).collect()),
    };
    Ok(Filter { ranks: settings.ranks.clone(), pattern, words })
}

fn read_words(path: &Path) -> Result<std::collections::HashSet<Vec<u8>>, Failure> {
    let bytes = std::fs::read(path).map_err(VectorsError::io("open", path))?;
    let lines = bytes.split(|&byte| byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    Ok(lines.filter(|line| !line.is_empty()).map(<[u8]>::to_vec).collect())
}

fn find_neighbours(
    vectors: &WordVectors,
    query: String,
    options: &Options,
    progress: &Progress,
) -> Result<NeighbourAnswer, Failure> {
    let expression = Expression::read(&query, vectors)?;
    let evaluated = expression.evaluate(vectors)?;
    let answer = neighbours(vectors, &expression, options, progress)?;
    let word = expression.as_word();
    let origin = match (word, evaluated.rows.as_slice()) {
        (Some(_), [row]) => Origin::Row(*row),
        (Some(_), _) => Origin::Subwords,
        (None, _) => Origin::Expression,
    };
    let shown = match origin {
        Origin::Row(row) => vectors.rows().to_vec(row),
        Origin::Subwords | Origin::Expression => {
            evaluated.vector.iter().map(|&value| (f64::from(value) * evaluated.length) as f32).collect()
        }
    };
    Ok(NeighbourAnswer {
        origin,
        neighbours: listed(vectors, &answer.hits),
        strip: strip(shown),
        map: neighbour_map(vectors, &query, &evaluated, &answer.hits),
        certificate: certificate(&answer),
        query,
    })
}

fn listed(vectors: &WordVectors, hits: &[Hit]) -> Vec<Neighbour> {
    let word = |row| vectors.vocabulary().display(row).into_owned();
    hits.iter().map(|hit| Neighbour { row: hit.row, word: word(hit.row), score: hit.score }).collect()
}

fn certificate(answer: &Answer) -> Certificate {
    Certificate { scanned: answer.scanned, rescored: answer.rescored, elapsed: answer.elapsed }
}

fn strip(values: Vec<f32>) -> VectorStrip {
    let norm = values.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>().sqrt();
    let mut extremes: Vec<_> = values.iter().copied().enumerate().collect();
    extremes.sort_by(|left, right| right.1.abs().total_cmp(&left.1.abs()).then(left.0.cmp(&right.0)));
    extremes.truncate(EXTREMES);
    VectorStrip { values, norm, extremes }
}

fn unit_row(vectors: &WordVectors, row: usize) -> Vec<f32> {
    let mut values = vectors.rows().to_vec(row);
    let norm = values.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>().sqrt();
    if norm > 0.0 {
        values.iter_mut().for_each(|value| *value = (f64::from(*value) / norm) as f32);
    }
    values
}

fn dot(left: &[f32], right: &[f32]) -> f64 {
    left.iter().zip(right).map(|(&left, &right)| f64::from(left) * f64::from(right)).sum()
}

fn neighbour_map(
    vectors: &WordVectors,
    query: &str,
    evaluated: &Evaluated,
    hits: &[Hit],
) -> Option<NeighbourMap> {
    // Unit vectors, because the list next to the map goes by cosine.
    let mut rows = evaluated.vector.clone();
    hits.iter().for_each(|hit| rows.extend(unit_row(vectors, hit.row)));
    let array = Array2::from_shape_vec((hits.len() + 1, vectors.dimensions()), rows).ok()?;
    let map = projection::map(array.view()).ok()?;
    let names = std::iter::once((
        query.to_owned(),
        evaluated.rows.first().copied().filter(|_| evaluated.terms.len() == 1),
    ))
    .chain(listed(vectors, hits).into_iter().map(|neighbour| (neighbour.word, Some(neighbour.row))));
    let points = names
        .zip(map.points.rows())
        .map(|((word, row), point)| MapPoint { word, row, x: point[0], y: point[1] })
        .collect();
    Some(NeighbourMap { points, explained: map.explained })
}

fn compare(vectors: &WordVectors, left: String, right: usize) -> Result<Comparison, Failure> {
    let evaluated = Expression::read(&left, vectors)?.evaluate(vectors)?;
    if right >= vectors.len() {
        return Err(Failure::Refused(format!("there is no row {right} among {}", vectors.len())));
    }
    let other = unit_row(vectors, right);
    let mut dimensions: Vec<_> = evaluated
        .vector
        .iter()
        .zip(&other)
        .enumerate()
        .map(|(dimension, (&left, &right))| ComparedDimension {
            dimension,
            left,
            right,
            share: f64::from(left) * f64::from(right),
        })
        .collect();
    dimensions.sort_by(|one, two| {
        two.share.abs().total_cmp(&one.share.abs()).then(one.dimension.cmp(&two.dimension))
    });
    Ok(Comparison {
        left,
        right: vectors.vocabulary().display(right).into_owned(),
        similarity: dot(&evaluated.vector, &other),
        dimensions,
    })
}

fn inspect(vectors: &WordVectors, word: String, progress: &Progress) -> Result<SubwordReport, Failure> {
    let inspection = subwords::inspect(vectors, word.as_bytes())?;
    let collisions = subwords::collisions(vectors, word.as_bytes(), COLLISION_WORDS, 3, progress)?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let ngrams = inspection
        .ngrams
        .iter()
        .zip(&collisions.sharers)
        .map(|(inspected, sharers)| NgramShare {
            ngram: text(&inspected.ngram.bytes),
            bucket: inspected.ngram.bucket,
            collisions: sharers.iter().map(|sharer| text(&sharer.bytes)).collect(),
            share: inspected.share.unwrap_or(0.0),
        })
        .collect();
    Ok(SubwordReport { word, in_vocabulary: inspection.row.is_some(), ngrams })
}

fn solve_analogy(
    vectors: &WordVectors,
    question: &AnalogyQuestion,
    count: usize,
    progress: &Progress,
) -> Result<AnalogyAnswer, Failure> {
    let expression = match question {
        AnalogyQuestion::Words(words) => sum_of(words)?,
        AnalogyQuestion::Expression(text) => Expression::read(text, vectors)?,
    };
    let evaluated = expression.evaluate(vectors)?;
    let run = |objective: &Objective, exclude: bool| -> Result<Answer, Failure> {
        let array = match objective {
            Objective::Cosine => evaluated.as_query(),
            _ => product_vectors(&evaluated.terms, vectors.dimensions()),
        };
        let excluded = if exclude { evaluated.rows.clone() } else { Vec::new() };
        let query = Query {
            vectors: array,
            objective: objective.clone(),
            excluded,
            filter: Filter::default(),
            count,
        };
        Ok(search(vectors, &query, progress)?)
    };
    let add = run(&Objective::Cosine, true)?;
    let add_with_asked = run(&Objective::Cosine, false)?;
    let (multiply, multiply_with_asked) = match product(&evaluated.terms) {
        Some(objective) => (run(&objective, true)?.hits, run(&objective, false)?.hits),
        None => (Vec::new(), Vec::new()),
    };
    let mut rows: Vec<usize> = [&add.hits, &multiply, &add_with_asked.hits, &multiply_with_asked]
        .into_iter()
        .flatten()
        .map(|hit| hit.row)
        .collect();
    rows.sort_unstable();
    rows.dedup();
    let explanations = rows.iter().map(|&row| (row, explain(vectors, &evaluated, row))).collect();
    let best = add.hits.first().map(|hit| hit.row);
    let (rank_without_offset, parallelogram) = match (question, best) {
        (AnalogyQuestion::Words(words), Some(row)) => {
            let options = Options { count, ..Options::default() };
            let [a, b, c] = words;
            let explained = analogy::explain(vectors, a, b, c, row, &options, progress)?;
            (explained.rank_for_c, parallelogram(vectors, words, &evaluated, row))
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
        certificate: certificate(&add),
    })
}

/// b - a + c, each of them one word whatever its characters.
fn sum_of([a, b, c]: &[String; 3]) -> Result<Expression, Failure> {
    let [a, b, c] = [a, b, c].map(|word| Expression::word(word));
    Ok(Expression::parse(&format!("{b} - {a} + {c}"))?)
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

fn explain(vectors: &WordVectors, evaluated: &Evaluated, row: usize) -> Explanation {
    let unit = unit_row(vectors, row);
    let length = |values: &[f32]| dot(values, values).sqrt().max(f64::MIN_POSITIVE);
    let terms = evaluated
        .terms
        .iter()
        .map(|term| TermShare {
            weight: term.weight,
            word: term.label.clone(),
            cosine: dot(&term.vector, &unit) / length(&term.vector),
        })
        .collect();
    let mut dimensions: Vec<(usize, f64)> = evaluated
        .vector
        .iter()
        .zip(&unit)
        .map(|(&query, &own)| f64::from(query) * f64::from(own))
        .enumerate()
        .collect();
    dimensions.sort_by(|left, right| right.1.abs().total_cmp(&left.1.abs()).then(left.0.cmp(&right.0)));
    dimensions.truncate(EXTREMES);
    Explanation { word: vectors.vocabulary().display(row).into_owned(), terms, dimensions }
}

fn parallelogram(
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
