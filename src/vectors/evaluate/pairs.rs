//! Word pairs with a human judgement of their similarity: SimLex-999, WordSim-353, MEN.

use std::path::Path;

use super::text_file::{bad_line, lines, nothing_in, read_text};
use crate::vectors::error::Result;
use crate::vectors::search::cosine;
use crate::vectors::word_vectors::WordVectors;

/// What a line of a pair file should be.
const EXPECTED: &str = "two words and a number, such as \"tiger cat 7.35\"";

/// Two words and how similar people found them.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    /// The words.
    pub words: [String; 2],
    /// The judgement, on the scale of the set.
    pub judgement: f64,
}

/// A set of word pairs.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PairSet {
    /// The pairs.
    pub pairs: Vec<Pair>,
}

impl PairSet {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// As [`PairSet::parse`], and when the file cannot be read.
    pub fn read(path: &Path) -> Result<Self> {
        Self::parse(&read_text(path)?, path)
    }

    /// Reads pairs from `text`: two words and a number a line, `#` begins a comment line, one line
    /// of column names is passed over. `path` is for messages only.
    ///
    /// # Errors
    /// A line of another shape, with its number; no pair at all.
    pub fn parse(text: &str, path: &Path) -> Result<Self> {
        let mut pairs = Vec::new();
        let mut seen = 0;
        for (index, line) in lines(text).enumerate() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            seen += 1;
            match parse_pair(line) {
                Some(pair) => pairs.push(pair),
                // The names of the columns, such as `word1 word2 score`.
                None if seen == 1 => {}
                None => return Err(bad_line(path, index + 1, EXPECTED, line)),
            }
        }
        if pairs.is_empty() { Err(nothing_in(path, EXPECTED)) } else { Ok(Self { pairs }) }
    }
}

/// Two words and a number, separated by tabs, commas, semicolons or blanks; further fields (the
/// single judgements of WordSim-353, the part of speech of SimLex-999's own file) are passed over.
fn parse_pair(line: &str) -> Option<Pair> {
    let separator = ['\t', ',', ';'].into_iter().find(|&separator| line.contains(separator));
    let fields: Vec<&str> = match separator {
        Some(separator) => line.split(separator).map(|field| unquoted(field.trim())).collect(),
        None => line.split_whitespace().collect(),
    };
    let (first, second) = (fields.first()?, fields.get(1)?);
    let judgement = fields.get(2..)?.iter().find_map(|field| field.parse::<f64>().ok())?;
    judgement.is_finite().then(|| Pair { words: [(*first).to_owned(), (*second).to_owned()], judgement })
}

/// A field out of the quotes that spreadsheets put around it.
fn unquoted(field: &str) -> &str {
    field.strip_prefix('"').and_then(|field| field.strip_suffix('"')).unwrap_or(field)
}

/// How well cosines agree with human judgement.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairsEvaluation {
    /// Spearman's rank correlation, ties by average rank; `None` below two pairs or without spread.
    pub spearman: Option<f64>,
    /// Pearson's correlation; `None` as for Spearman.
    pub pearson: Option<f64>,
    /// Pairs compared.
    pub pairs: usize,
    /// Pairs left out because a word is unknown.
    pub missing: usize,
}

/// Compares the cosines of all pairs with their judgements. A word is looked up as written and,
/// where that is unknown, in lower case; subwords stand in for words that are not there at all.
pub fn word_pairs(vectors: &WordVectors, pairs: &PairSet) -> PairsEvaluation {
    let mut judgements = Vec::new();
    let mut cosines = Vec::new();
    for pair in &pairs.pairs {
        let [first, second] = &pair.words;
        if let (Some(first), Some(second)) = (vector(vectors, first), vector(vectors, second))
            && let Some(cosine) = cosine(&first, &second)
        {
            judgements.push(pair.judgement);
            cosines.push(cosine);
        }
    }
    PairsEvaluation {
        spearman: correlation(&ranks(&judgements), &ranks(&cosines)),
        pearson: correlation(&judgements, &cosines),
        pairs: cosines.len(),
        missing: pairs.pairs.len() - cosines.len(),
    }
}

/// The vector of `word` as written, else in lower case, else from its subwords.
fn vector(vectors: &WordVectors, word: &str) -> Option<Vec<f32>> {
    let row = vectors.vocabulary().row(word).or_else(|| vectors.vocabulary().row(word.to_lowercase()));
    match row {
        Some(row) => Some(vectors.rows().to_vec(row)),
        None => vectors.subwords()?.vector(word.as_bytes()),
    }
}

/// Pearson's correlation; `None` below two values or where one side does not vary.
fn correlation(left: &[f64], right: &[f64]) -> Option<f64> {
    let count = left.len() as f64;
    let mean = |values: &[f64]| values.iter().sum::<f64>() / count;
    let (left_mean, right_mean) = (mean(left), mean(right));
    let (mut product, mut left_squares, mut right_squares) = (0.0, 0.0, 0.0);
    for (left, right) in left.iter().zip(right) {
        product += (left - left_mean) * (right - right_mean);
        left_squares += (left - left_mean).powi(2);
        right_squares += (right - right_mean).powi(2);
    }
    let correlation = product / (left_squares.sqrt() * right_squares.sqrt());
    (left.len() > 1 && correlation.is_finite()).then_some(correlation)
}

/// The rank of each value, from 1; equal values share the mean of their ranks.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&left, &right| values[left].total_cmp(&values[right]));
    let mut ranks = vec![0.0; values.len()];
    let mut start = 0;
    for equal in order.chunk_by(|&left, &right| values[left] == values[right]) {
        // Ranks start + 1 ..= start + n have this mean.
        let mean = start as f64 + (equal.len() as f64 + 1.0) / 2.0;
        equal.iter().for_each(|&index| ranks[index] = mean);
        start += equal.len();
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_shapes_of_a_line() {
        let text = "# comment\nword1 word2 score\nold new 1.58\n tiger\tcat\t7.35\ncup,mug,9\nsun\tmoon\tN\t3.5\t4\n";
        let set = PairSet::parse(text, Path::new("pairs")).unwrap();
        let judgements: Vec<f64> = set.pairs.iter().map(|pair| pair.judgement).collect();
        assert_eq!(judgements, [1.58, 7.35, 9.0, 3.5]);
        assert_eq!(set.pairs[1].words, ["tiger", "cat"]);
        let error = PairSet::parse("a b 1\nc d\n", Path::new("pairs")).unwrap_err().to_string();
        assert!(error.contains("line 2"), "{error}");
        assert!(PairSet::parse("# nothing\n", Path::new("pairs")).is_err());
    }

    #[test]
    fn ties_share_their_mean_rank() {
        assert_eq!(ranks(&[3.0, 1.0, 3.0, 2.0, 3.0]), [4.0, 1.0, 4.0, 2.0, 4.0]);
    }

    #[test]
    fn correlations() {
        let close =
            |found: Option<f64>, wanted: f64| assert!((found.unwrap() - wanted).abs() < 1e-12, "{found:?}");
        close(correlation(&[1.0, 2.0, 3.0], &[2.0, 4.0, 6.0]), 1.0);
        // By hand: means 2 and 2, product -1, squares 2 and 2.
        close(correlation(&[1.0, 2.0, 3.0], &[3.0, 1.0, 2.0]), -0.5);
        assert_eq!(correlation(&[1.0], &[1.0]), None);
        assert_eq!(correlation(&[1.0, 1.0], &[1.0, 2.0]), None);
    }
}
