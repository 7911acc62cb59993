//! n-grams, their buckets, and the rows that they find.

use std::collections::HashMap;

use super::scheme::{Scheme, fasttext_hash, finalfusion_hash};
use crate::vectors::rows::Rows;
use crate::vectors::vocabulary::Vocabulary;

/// How an n-gram finds its row.
#[derive(Debug)]
#[non_exhaustive]
pub enum Index {
    /// fastText: [`fasttext_hash`] modulo the number of buckets; every bucket has a row.
    FastText {
        /// Number of buckets; not 0.
        buckets: u32,
    },
    /// A pruned fastText model: as above, but only some buckets have kept a row.
    Pruned {
        /// Number of buckets; not 0.
        buckets: u32,
        /// Row, counted from the first n-gram row, of every bucket that is left.
        kept: HashMap<u32, u32>,
    },
    /// finalfusion: the low bits of [`finalfusion_hash`].
    Finalfusion {
        /// There are 2 to the power of this many buckets.
        exponent: u32,
    },
    /// finalfusion: n-grams listed one by one.
    Explicit {
        /// The n-grams.
        ngrams: Vocabulary,
        /// Row, counted from the first n-gram row, of every listed n-gram; several may share one.
        rows: Vec<u32>,
    },
}

/// Where a known word's own vector stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WordRows {
    /// The n-gram rows' matrix also holds each word's own row, before averaging: row `i` is word
    /// `i`'s (fastText).
    Own,
    /// The words' rows are averages already and stand for themselves (finalfusion).
    Averaged,
}

/// The n-gram scheme of a file and the rows of its n-grams.
#[derive(Debug)]
pub struct SubwordModel {
    scheme: Scheme,
    index: Index,
    matrix: Rows,
    first_ngram_row: usize,
    word_rows: WordRows,
}

/// One n-gram of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ngram {
    /// Its bytes, the word's brackets `<` and `>` included.
    pub bytes: Vec<u8>,
    /// Its bucket; `None` when the model lists its n-grams and this is none of them.
    pub bucket: Option<u64>,
    /// The row of the model's matrix that holds its vector; `None` when it is unknown or pruned.
    pub row: Option<usize>,
}

impl Ngram {
    /// Whether the bucket has lost its row in pruning.
    pub fn is_pruned(&self) -> bool {
        self.bucket.is_some() && self.row.is_none()
    }
}

impl SubwordModel {
    /// A model whose n-gram rows start at `first_ngram_row` of `matrix`. Readers check that every
    /// row that `index` can give lies within `matrix`; an n-gram without such a row counts as pruned.
    pub fn new(
        scheme: Scheme,
        index: Index,
        matrix: Rows,
        first_ngram_row: usize,
        word_rows: WordRows,
    ) -> Self {
        Self { scheme, index, matrix, first_ngram_row, word_rows }
    }

    /// How words are cut into n-grams.
    pub fn scheme(&self) -> &Scheme {
        &self.scheme
    }

    /// How n-grams find their rows.
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// The matrix with the n-gram rows.
    pub fn matrix(&self) -> &Rows {
        &self.matrix
    }

    /// Where a known word's own vector stands.
    pub fn word_rows(&self) -> WordRows {
        self.word_rows
    }

    /// The n-grams of `word`, in the order of the tool that defined the scheme.
    pub fn ngrams(&self, word: &[u8]) -> Vec<Ngram> {
        let mut ngrams = Vec::new();
        self.for_each_ngram(word, |bytes, bucket, row| {
            ngrams.push(Ngram { bytes: bytes.to_vec(), bucket, row });
        });
        ngrams
    }

    /// The vector of a word that is not in the vocabulary: the mean of its n-grams' rows (of unit
    /// length in finalfusion's files, as that tool gives it); `None` when no n-gram has a row.
    pub fn vector(&self, word: &[u8]) -> Option<Vec<f32>> {
        let mut sum = vec![0.0; self.matrix.dimensions()];
        let count = self.add_ngrams(word, &mut sum, &mut vec![0.0; self.matrix.dimensions()]);
        if count == 0 {
            return None;
        }
        let scale = match self.word_rows {
            WordRows::Own => 1.0 / count as f32,
            WordRows::Averaged => {
                let norm = sum.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>().sqrt();
                if norm > 0.0 { (1.0 / norm) as f32 } else { 1.0 }
            }
        };
        sum.iter_mut().for_each(|value| *value *= scale);
        Some(sum)
    }

    /// Writes the vector of the vocabulary's word `row` into `out`: the mean of its own row and
    /// its n-grams' rows. Only for [`WordRows::Own`]. `scratch` is as long as `out`.
    pub(crate) fn average_word(&self, row: usize, word: &[u8], out: &mut [f32], scratch: &mut [f32]) {
        self.matrix.copy_row(row, out);
        let count = 1 + self.add_ngrams(word, out, scratch);
        let scale = 1.0 / count as f32;
        out.iter_mut().for_each(|value| *value *= scale);
    }

    /// Adds the rows of `word`'s n-grams to `sum` and says how many there were.
    fn add_ngrams(&self, word: &[u8], sum: &mut [f32], scratch: &mut [f32]) -> usize {
        let mut count = 0;
        self.for_each_ngram(word, |_, _, row| {
            if let Some(row) = row {
                self.matrix.copy_row(row, scratch);
                sum.iter_mut().zip(&*scratch).for_each(|(total, &value)| *total += value);
                count += 1;
            }
        });
        count
    }

    /// Calls `visit` with bytes, bucket and row of every n-gram of `word`, in order.
    pub(crate) fn for_each_ngram(
        &self,
        word: &[u8],
        mut visit: impl FnMut(&[u8], Option<u64>, Option<usize>),
    ) {
        self.scheme.for_each_ngram(word, |ngram| {
            let (bucket, place) = self.index.find(ngram);
            let row = place.and_then(|place| {
                let row = usize::try_from(place).ok()?.checked_add(self.first_ngram_row)?;
                (row < self.matrix.len()).then_some(row)
            });
            visit(ngram, bucket, row);
        });
    }
}

impl Index {
    /// Bucket of `ngram`, and its row counted from the first n-gram row.
    fn find(&self, ngram: &[u8]) -> (Option<u64>, Option<u64>) {
        match self {
            Self::FastText { buckets } => {
                let bucket = u64::from(fasttext_hash(ngram) % buckets);
                (Some(bucket), Some(bucket))
            }
            Self::Pruned { buckets, kept } => {
                let bucket = fasttext_hash(ngram) % buckets;
                (Some(u64::from(bucket)), kept.get(&bucket).map(|&place| u64::from(place)))
            }
            Self::Finalfusion { exponent } => {
                let mask = 1u64.checked_shl(*exponent).map_or(u64::MAX, |buckets| buckets - 1);
                let bucket = finalfusion_hash(ngram) & mask;
                (Some(bucket), Some(bucket))
            }
            Self::Explicit { ngrams, rows } => {
                let place = ngrams.row(ngram).and_then(|listed| rows.get(listed)).map(|&row| u64::from(row));
                (place, place)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    const SCHEME: Scheme = Scheme { shortest: 3, longest: 3, fasttext_rules: true };

    fn model(index: Index, word_rows: WordRows) -> SubwordModel {
        let matrix = Rows::Owned(array![[9.0, 9.0], [3.0, 0.0], [0.0, 4.0]]);
        SubwordModel::new(SCHEME, index, matrix, 1, word_rows)
    }

    /// `<ab` and `ab>` are listed, `abc` is not.
    fn explicit() -> Index {
        Index::Explicit { ngrams: Vocabulary::from_words(["<ab", "ab>"]), rows: vec![0, 1] }
    }

    #[test]
    fn a_pruned_bucket_adds_nothing_to_the_mean() {
        let buckets = 1000;
        let bucket = |ngram: &[u8]| fasttext_hash(ngram) % buckets;
        assert_ne!(bucket(b"<ab"), bucket(b"ab>"));
        let model =
            model(Index::Pruned { buckets, kept: HashMap::from([(bucket(b"ab>"), 1)]) }, WordRows::Own);
        let ngrams = model.ngrams(b"ab");
        assert_eq!(ngrams.iter().map(Ngram::is_pruned).collect::<Vec<_>>(), [true, false]);
        assert_eq!(ngrams.iter().map(|ngram| ngram.row).collect::<Vec<_>>(), [None, Some(2)]);
        assert_eq!(model.vector(b"ab"), Some(vec![0.0, 4.0]));
        assert_eq!(model.vector(b"xyz"), None);
    }

    #[test]
    fn the_mean_is_over_ngrams_that_have_a_row() {
        assert_eq!(model(explicit(), WordRows::Own).vector(b"ab"), Some(vec![1.5, 2.0]));
        assert_eq!(model(explicit(), WordRows::Own).vector(b"abc"), Some(vec![3.0, 0.0]));
    }

    #[test]
    fn finalfusion_gives_unit_length() {
        assert_eq!(model(explicit(), WordRows::Averaged).vector(b"ab"), Some(vec![0.6, 0.8]));
    }

    #[test]
    fn a_known_word_counts_its_own_row() {
        let (mut out, mut scratch) = ([0.0; 2], [0.0; 2]);
        model(explicit(), WordRows::Own).average_word(0, b"ab", &mut out, &mut scratch);
        assert_eq!(out, [4.0, 13.0 / 3.0]);
    }

    #[test]
    fn a_row_outside_the_matrix_counts_as_pruned() {
        let model = model(Index::FastText { buckets: u32::MAX }, WordRows::Own);
        assert!(model.ngrams(b"ab").iter().all(Ngram::is_pruned));
        assert_eq!(model.vector(b"ab"), None);
    }
}
