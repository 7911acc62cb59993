//! Two words beside each other, dimension by dimension.

use super::shown::unit_row;
use crate::vectors::error::{Result, VectorsError};
use crate::vectors::expression::{Expression, Term};
use crate::vectors::norms::dot;
use crate::vectors::word_vectors::WordVectors;

/// One dimension of a comparison.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ComparedDimension {
    /// The dimension, from 0.
    pub dimension: usize,
    /// Component of the first word's unit vector.
    pub left: f32,
    /// Component of the second word's unit vector.
    pub right: f32,
    /// left * right: its share of the cosine.
    pub share: f64,
}

/// Two words, dimension by dimension.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The first word or expression.
    pub left: String,
    /// The second.
    pub right: String,
    /// Their cosine, the sum of all shares.
    pub similarity: f64,
    /// All dimensions, by falling magnitude of the share.
    pub dimensions: Vec<ComparedDimension>,
}

/// `left`, a word or an expression, beside the word of row `right`.
///
/// # Errors
/// As [`Expression::evaluate`]; a row that does not exist.
pub fn compare(vectors: &WordVectors, left: &str, right: usize) -> Result<Comparison> {
    let evaluated = Expression::read(left, vectors)?.evaluate(vectors)?;
    if right >= vectors.len() {
        return Err(VectorsError::Request(format!("there is no row {right} among {}", vectors.len())));
    }
    let other = unit_row(vectors, right);
    let name = vectors.vocabulary().display(right).into_owned();
    Ok(comparison(left.to_owned(), &evaluated.vector, name, &other))
}

/// Two words beside each other; either may be one that only its subwords know.
///
/// # Errors
/// An unknown word, or one whose vector is zero or not finite.
pub fn compare_words(vectors: &WordVectors, left: &str, right: &str) -> Result<Comparison> {
    let (one, other) = (Term::word(vectors, left, 1.0)?, Term::word(vectors, right, 1.0)?);
    Ok(comparison(left.to_owned(), &one.vector, right.to_owned(), &other.vector))
}

/// Two unit vectors, dimension by dimension.
fn comparison(left: String, one: &[f32], right: String, other: &[f32]) -> Comparison {
    let dimension = |(dimension, (&left, &right)): (usize, (&f32, &f32))| ComparedDimension {
        dimension,
        left,
        right,
        share: f64::from(left) * f64::from(right),
    };
    let mut dimensions: Vec<_> = one.iter().zip(other).enumerate().map(dimension).collect();
    dimensions.sort_by(|one, two| two.share.abs().total_cmp(&one.share.abs()));
    Comparison { left, right, similarity: dot(one, other), dimensions }
}
