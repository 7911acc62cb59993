//! One word's vector at two places, or in two texts, layer by layer.

use std::ops::Range;

use crate::model::Trace;
use crate::model::tokenizer::Tokens;

/// The cosine between token `i` of one trace and token `j` of another (or the same), for the
/// embedding and after every block (Ethayarajh 2019 calls the mean of it self-similarity).
/// Ends with the shorter trace; empty when a token does not exist.
pub fn by_layer(one: &Trace, i: usize, other: &Trace, j: usize) -> Vec<f32> {
    words_by_layer(one, i..i + 1, other, j..j + 1)
}

/// As [`by_layer`], for words of several tokens: the mean of their vectors.
pub fn words_by_layer(one: &Trace, i: Range<usize>, other: &Trace, j: Range<usize>) -> Vec<f32> {
    todo!()
}

/// The tokens of every place where `word` stands in `text`, letters compared without case.
pub fn occurrences(tokens: &Tokens, text: &str, word: &str) -> Vec<Range<usize>> {
    todo!()
}
