//! Vectors for words never seen, from the character n-grams that they are made of.

/// The n-gram scheme of a file and the rows of its n-grams.
#[derive(Debug)]
pub struct SubwordModel {}

/// One n-gram of a word.
#[derive(Debug, Clone, PartialEq)]
pub struct Ngram {
    /// Its bytes, the word's brackets `<` and `>` included.
    pub bytes: Vec<u8>,
    /// Its bucket, or `None` when the model has pruned it or does not know it.
    pub bucket: Option<u64>,
}

impl SubwordModel {
    /// The n-grams of `word`, in the order of the tool that defined the scheme.
    pub fn ngrams(&self, _word: &[u8]) -> Vec<Ngram> {
        todo!()
    }

    /// The vector of a word that is not in the vocabulary: the mean of its n-grams' rows;
    /// `None` when no n-gram has a row.
    pub fn vector(&self, _word: &[u8]) -> Option<Vec<f32>> {
        todo!()
    }
}
