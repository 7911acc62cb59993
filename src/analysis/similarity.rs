//! One word's vector at two places, or in two texts, layer by layer.

use std::ops::Range;

use ndarray::{Array1, Array2, Axis, s};

use crate::model::Trace;

/// The cosine between token `i` of one trace and token `j` of another (or the same), for the
/// embedding and after every block (Ethayarajh 2019 calls the mean of it self-similarity).
/// Ends with the shorter trace; empty when a token does not exist; NaN where a vector is zero.
pub fn by_layer(one: &Trace, i: usize, other: &Trace, j: usize) -> Vec<f32> {
    words_by_layer(one, i..i + 1, other, j..j + 1)
}

/// As [`by_layer`], for words of several tokens: the mean of their vectors.
pub fn words_by_layer(one: &Trace, i: Range<usize>, other: &Trace, j: Range<usize>) -> Vec<f32> {
    let pairs = one.hidden_states().iter().zip(other.hidden_states());
    pairs
        .map_while(|(one, other)| {
            let (one, other) = (mean_vector(one, &i)?, mean_vector(other, &j)?);
            (one.len() == other.len()).then(|| cosine(&one, &other).map_or(f32::NAN, |cosine| cosine as f32))
        })
        .collect()
}

fn mean_vector(states: &Array2<f32>, tokens: &Range<usize>) -> Option<Array1<f64>> {
    if tokens.is_empty() || tokens.end > states.nrows() {
        return None;
    }
    states.slice(s![tokens.clone(), ..]).mapv(f64::from).mean_axis(Axis(0))
}

/// The cosine of two vectors; `None` when one of them is 0 and so has no direction.
pub(super) fn cosine(one: &Array1<f64>, other: &Array1<f64>) -> Option<f64> {
    let lengths = (one.dot(one) * other.dot(other)).sqrt();
    (lengths != 0.0).then(|| one.dot(other) / lengths)
}
