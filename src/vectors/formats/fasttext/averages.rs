//! The word rows of a model with subwords: `FastText::getWordVector`, for every word, once.

use std::path::Path;

use ndarray::Array2;
use rayon::prelude::*;

use crate::progress::Progress;
use crate::vectors::subwords::SubwordModel;
use crate::vectors::{Result, Rows, Vocabulary};

/// Words that are averaged between two looks at the wish to stop.
const CHUNK: usize = 4096;

/// The averaged row of every word.
pub(super) fn word_rows(
    model: &SubwordModel,
    vocabulary: &Vocabulary,
    _path: &Path,
    progress: &Progress,
) -> Result<Rows> {
    progress.start(vocabulary.len() as u64);
    let dimensions = model.matrix().dimensions();
    let mut rows = Vec::new();
    for start in (0..vocabulary.len()).step_by(CHUNK) {
        progress.check()?;
        let chunk = average(model, vocabulary, start..(start + CHUNK).min(vocabulary.len()));
        rows.extend_from_slice(&chunk);
        progress.advance((chunk.len() / dimensions) as u64);
    }
    let shape = (vocabulary.len(), dimensions);
    let rows = Array2::from_shape_vec(shape, rows).unwrap_or_else(|_| Array2::zeros(shape));
    Ok(Rows::Owned(rows))
}

/// The averaged rows of a range of words, in parallel.
fn average(model: &SubwordModel, vocabulary: &Vocabulary, words: std::ops::Range<usize>) -> Vec<f32> {
    let dimensions = model.matrix().dimensions();
    let mut rows = vec![0.0f32; words.len() * dimensions];
    rows.par_chunks_mut(dimensions).enumerate().for_each_init(
        || vec![0.0f32; dimensions],
        |scratch, (index, row)| {
            let word = words.start + index;
            model.average_word(word, vocabulary.word(word), row, scratch);
        },
    );
    rows
}
