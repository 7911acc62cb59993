//! What a word's vector is made of, and who shares its buckets.

use std::collections::HashMap;

use rayon::prelude::*;

use super::model::{Ngram, SubwordModel, WordRows};
use crate::progress::Progress;
use crate::vectors::error::{Result, VectorsError};
use crate::vectors::word_vectors::WordVectors;

/// One n-gram of an inspected word.
#[derive(Debug, Clone, PartialEq)]
pub struct InspectedNgram {
    /// The n-gram with its bucket and row.
    pub ngram: Ngram,
    /// Euclidean length of its row; 0 without one.
    pub norm: f64,
    /// Its part of the sum: the projection of its row on the sum, divided by the sum's length.
    /// All shares add up to 1. `None` when it has no row, or when the sum is zero.
    pub share: Option<f64>,
}

/// What a word's vector is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Inspection {
    /// The word.
    pub word: Vec<u8>,
    /// Its row, when it is in the vocabulary.
    pub row: Option<usize>,
    /// Share of the word's own row, where the file keeps that apart from the n-grams.
    pub own_share: Option<f64>,
    /// Euclidean length of the word's own row, where the file keeps that apart from the n-grams.
    pub own_norm: Option<f64>,
    /// Its n-grams, in the tool's order; one that occurs twice is listed twice.
    pub ngrams: Vec<InspectedNgram>,
    /// The word's vector: the stored or averaged row of a known word, else the mean of the n-grams'
    /// rows; `None` when no n-gram has a row.
    pub vector: Option<Vec<f32>>,
    /// Whether the stored row of this known word was averaged when the file was written, so that
    /// the shares are those of the n-grams among themselves.
    pub averaged_in_file: bool,
}

/// Says what the vector of `word` is made of.
///
/// # Errors
/// [`VectorsError::Request`] when the vectors have no subwords.
pub fn inspect(vectors: &WordVectors, word: &[u8]) -> Result<Inspection> {
    let model = model_of(vectors)?;
    let row = vectors.vocabulary().row(word);
    let ngrams = model.ngrams(word);
    let own = row.filter(|_| model.word_rows() == WordRows::Own);

    let mut rows: Vec<Option<Vec<f32>>> = vec![own.map(|row| model.matrix().to_vec(row))];
    rows.extend(ngrams.iter().map(|ngram| ngram.row.map(|row| model.matrix().to_vec(row))));
    let mut shares = shares(&rows, model.matrix().dimensions()).into_iter();
    let mut norms = rows.iter().map(|row| row.as_deref().map(norm));

    let own_share = shares.next().flatten();
    let own_norm = norms.next().flatten();
    let ngrams = ngrams
        .into_iter()
        .zip(shares.zip(norms))
        .map(|(ngram, (share, norm))| InspectedNgram { ngram, norm: norm.unwrap_or(0.0), share })
        .collect();
    Ok(Inspection {
        word: word.to_vec(),
        row,
        own_share,
        own_norm,
        ngrams,
        vector: row.map_or_else(|| model.vector(word), |row| Some(vectors.rows().to_vec(row))),
        averaged_in_file: row.is_some() && model.word_rows() == WordRows::Averaged,
    })
}

fn model_of(vectors: &WordVectors) -> Result<&SubwordModel> {
    vectors.subwords().ok_or_else(|| {
        VectorsError::Request(format!(
            "{} has no subwords: open a fastText .bin or .ftz that was trained with n-grams",
            vectors.name()
        ))
    })
}

/// Projection of every row on the sum of all, as a part of the sum's length.
fn shares(rows: &[Option<Vec<f32>>], dimensions: usize) -> Vec<Option<f64>> {
    let mut sum = vec![0.0f64; dimensions];
    for row in rows.iter().flatten() {
        sum.iter_mut().zip(row).for_each(|(total, &value)| *total += f64::from(value));
    }
    let squared: f64 = sum.iter().map(|value| value * value).sum();
    rows.iter()
        .map(|row| {
            let row = row.as_ref()?;
            let product: f64 = row.iter().zip(&sum).map(|(&value, total)| f64::from(value) * total).sum();
            (squared > 0.0).then(|| product / squared)
        })
        .collect()
}

fn norm(row: &[f32]) -> f64 {
    row.iter().map(|&value| f64::from(value) * f64::from(value)).sum::<f64>().sqrt()
}

/// Another n-gram that shares a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sharer {
    /// The other n-gram.
    pub bytes: Vec<u8>,
    /// The row of the most frequent word that holds it.
    pub row: usize,
}

/// Who shares the buckets of a word's n-grams.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Collisions {
    /// For every n-gram of the word, in order: other n-grams of the vocabulary in the same bucket,
    /// by rank of the first word that holds them.
    pub sharers: Vec<Vec<Sharer>>,
    /// Words looked at, from the most frequent on.
    pub scanned: usize,
}

/// Words that are looked at together; results are merged in their order.
const CHUNK: usize = 4096;

/// Other n-grams of the vocabulary's first `words` words that share a bucket with an n-gram of
/// `word`: at most `limit` for each. Runs in parallel and counts words in `progress`.
///
/// # Errors
/// [`VectorsError::Request`] when the vectors have no subwords; [`VectorsError::Cancelled`].
pub fn collisions(
    vectors: &WordVectors,
    word: &[u8],
    words: usize,
    limit: usize,
    progress: &Progress,
) -> Result<Collisions> {
    let model = model_of(vectors)?;
    let ngrams = model.ngrams(word);
    let buckets: HashMap<u64, Vec<Sharer>> =
        ngrams.iter().filter_map(|ngram| Some((ngram.bucket?, Vec::new()))).collect();
    let scanned = words.min(vectors.len());
    progress.start(scanned as u64);

    let chunks: Vec<usize> = (0..scanned).step_by(CHUNK).collect();
    let found = chunks
        .into_par_iter()
        .map(|start| {
            progress.check()?;
            let end = (start + CHUNK).min(scanned);
            let mut local = buckets.clone();
            for row in start..end {
                model.for_each_ngram(vectors.vocabulary().word(row), |bytes, bucket, _| {
                    if let Some(sharers) = bucket.and_then(|bucket| local.get_mut(&bucket)) {
                        // One more than asked for: the inspected n-gram itself may be among them.
                        add(sharers, Sharer { bytes: bytes.to_vec(), row }, limit.saturating_add(1));
                    }
                });
            }
            progress.advance((end - start) as u64);
            Ok(local)
        })
        .collect::<Result<Vec<_>>>()?;

    let mut merged = buckets;
    for (bucket, sharers) in found.into_iter().flatten() {
        if let Some(all) = merged.get_mut(&bucket) {
            sharers.into_iter().for_each(|sharer| add(all, sharer, limit.saturating_add(1)));
        }
    }
    let sharers = ngrams
        .iter()
        .map(|ngram| {
            let all = ngram.bucket.and_then(|bucket| merged.get(&bucket));
            let others = all.into_iter().flatten().filter(|sharer| sharer.bytes != ngram.bytes);
            others.take(limit).cloned().collect()
        })
        .collect();
    Ok(Collisions { sharers, scanned })
}

fn add(sharers: &mut Vec<Sharer>, sharer: Sharer, limit: usize) {
    if sharers.len() < limit && sharers.iter().all(|known| known.bytes != sharer.bytes) {
        sharers.push(sharer);
    }
}
