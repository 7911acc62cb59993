//! What background work hands back: plain data, ready to be shown.
//!
//! Words are already text for showing, so that drawing needs no vectors, only these values.

use std::time::Duration;

/// One word of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Neighbour {
    /// Its row, which is also its rank by frequency (0 is the most frequent).
    pub row: usize,
    /// The word, for showing.
    pub word: String,
    /// Cosine, or the score of the method that was asked for.
    pub score: f64,
}

/// Why a word is suggested while typing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SuggestionKind {
    /// It is what was typed.
    Exact,
    /// Same letters, another case.
    Case,
    /// The same after Unicode compatibility normalisation, or without accents.
    Unicode,
    /// It begins with what was typed.
    Prefix,
    /// What was typed looks like a slip of it.
    Typo,
}

impl SuggestionKind {
    /// The reason in one word, for the screen.
    pub fn label(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Case => "case",
            Self::Unicode => "accents",
            Self::Prefix => "prefix",
            Self::Typo => "typo",
        }
    }
}

/// A word that was perhaps meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// Its row.
    pub row: usize,
    /// The word, for showing.
    pub word: String,
    /// Why it is suggested.
    pub kind: SuggestionKind,
}

/// All that completes what was typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Suggestions {
    /// The text that they complete.
    pub typed: String,
    /// Best first; not all of them.
    pub items: Vec<Suggestion>,
    /// How many words match in all.
    pub total: usize,
}

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

/// A point of the two-dimensional map.
#[derive(Debug, Clone, PartialEq)]
pub struct MapPoint {
    /// The word.
    pub word: String,
    /// Its row, or `None` for a query that is no row.
    pub row: Option<usize>,
    /// Horizontal coordinate, in units of the vectors.
    pub x: f64,
    /// Vertical coordinate, upwards.
    pub y: f64,
}

/// A neighbourhood on a plane. The query is the first point, then the neighbours in their order.
#[derive(Debug, Clone, PartialEq)]
pub struct NeighbourMap {
    /// The points.
    pub points: Vec<MapPoint>,
    /// Share of the spread that the plane keeps, 0 to 1.
    pub explained: f64,
}

/// What it took to be certain of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Certificate {
    /// Rows looked at.
    pub scanned: usize,
    /// Rows scored again in f64.
    pub rescored: usize,
    /// Time from question to answer.
    pub elapsed: Duration,
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

/// One n-gram of a word, as the inspector shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct NgramShare {
    /// The n-gram with the word's brackets, for showing.
    pub ngram: String,
    /// Its bucket, when the model has one for it.
    pub bucket: Option<u64>,
    /// Other n-grams of this word that fell into the same bucket.
    pub collisions: Vec<String>,
    /// Its share of the word's vector: (its row . the vector) / (the vector's squared length) / number of n-grams.
    pub share: f64,
}

/// A word taken apart.
#[derive(Debug, Clone, PartialEq)]
pub struct SubwordReport {
    /// The word.
    pub word: String,
    /// Whether the file has a row of its own for it.
    pub in_vocabulary: bool,
    /// Its n-grams in the order of the tool that made the file.
    pub ngrams: Vec<NgramShare>,
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
