//! The neighbours of a word or an expression, its vector, and all of them on a plane.

use super::shown::{Certificate, EXTREMES, MapPoint, Neighbour, listed, unit_row};
use crate::progress::Progress;
use crate::vectors::error::Result;
use crate::vectors::expression::{Evaluated, Expression};
use crate::vectors::neighbours::{Options, nearest};
use crate::vectors::projection;
use crate::vectors::search::Hit;
use crate::vectors::word_vectors::WordVectors;

/// Where the query's vector comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A row of the file.
    Row(usize),
    /// A word that is not in the file; its vector is made of its subwords.
    Subwords,
    /// Several terms.
    Expression,
}

/// A vector, as the strip under the list shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct VectorStrip {
    /// The components (of the unit vector for expressions, as stored for single words).
    pub values: Vec<f32>,
    /// Euclidean length.
    pub norm: f64,
    /// The components of the largest magnitude: dimension (from 0) and value, largest first.
    pub extremes: Vec<(usize, f32)>,
}

/// A neighbourhood on a plane. The query is the first point, then the neighbours in their order.
#[derive(Debug, Clone, PartialEq)]
pub struct NeighbourMap {
    /// The points.
    pub points: Vec<MapPoint>,
    /// Share of the spread that the plane keeps, 0 to 1.
    pub explained: f64,
}

/// The neighbours of a word, of an out-of-vocabulary word, or of an expression.
#[derive(Debug, Clone, PartialEq)]
pub struct NeighbourAnswer {
    /// The query, as asked.
    pub query: String,
    /// Where its vector comes from.
    pub origin: Origin,
    /// Best first.
    pub neighbours: Vec<Neighbour>,
    /// The query's vector.
    pub strip: VectorStrip,
    /// Query and neighbours on a plane; `None` when there are too few of them.
    pub map: Option<NeighbourMap>,
    /// Rows scanned and rescored, and the time.
    pub certificate: Certificate,
}

/// The neighbours of `query`, a word or an expression.
///
/// # Errors
/// As [`Expression::read`] and [`nearest`].
pub fn neighbourhood(
    vectors: &WordVectors,
    query: &str,
    options: &Options,
    progress: &Progress,
) -> Result<NeighbourAnswer> {
    neighbourhood_of(vectors, query, &Expression::read(query, vectors)?, options, progress)
}

/// As [`neighbourhood`], of an expression that was read from `query` already.
///
/// # Errors
/// As [`nearest`].
pub fn neighbourhood_of(
    vectors: &WordVectors,
    query: &str,
    expression: &Expression,
    options: &Options,
    progress: &Progress,
) -> Result<NeighbourAnswer> {
    let evaluated = expression.evaluate(vectors)?;
    let answer = nearest(vectors, &evaluated, options, progress)?;
    let origin = match (expression.as_word(), evaluated.rows.as_slice()) {
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
        map: map(vectors, query, &evaluated, &answer.hits),
        certificate: Certificate::from(&answer),
        query: query.to_owned(),
    })
}

fn strip(values: Vec<f32>) -> VectorStrip {
    let norm = values.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>().sqrt();
    let mut extremes: Vec<_> = values.iter().copied().enumerate().collect();
    extremes.sort_by(|left, right| right.1.abs().total_cmp(&left.1.abs()).then(left.0.cmp(&right.0)));
    extremes.truncate(EXTREMES);
    VectorStrip { values, norm, extremes }
}

fn map(vectors: &WordVectors, query: &str, evaluated: &Evaluated, hits: &[Hit]) -> Option<NeighbourMap> {
    // Unit vectors, because the list next to the map goes by cosine.
    let mut rows = evaluated.vector.clone();
    hits.iter().for_each(|hit| rows.extend(unit_row(vectors, hit.row)));
    let array = ndarray::Array2::from_shape_vec((hits.len() + 1, vectors.dimensions()), rows).ok()?;
    let map = projection::map(array.view()).ok()?;
    let own_row = evaluated.rows.first().copied().filter(|_| evaluated.terms.len() == 1);
    let names = std::iter::once((query.to_owned(), own_row))
        .chain(listed(vectors, hits).into_iter().map(|neighbour| (neighbour.word, Some(neighbour.row))));
    let points = names
        .zip(map.points.rows())
        .map(|((word, row), point)| MapPoint { word, row, x: point[0], y: point[1] })
        .collect();
    Some(NeighbourMap { points, explained: map.explained })
}
