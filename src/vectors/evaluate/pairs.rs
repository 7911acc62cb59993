//! Word pairs with a human judgement of their similarity: SimLex-999, WordSim-353, MEN.

use std::path::Path;

use super::text_file::{bad_line, lines, nothing_in, read_text};
use crate::correlation::{pearson, spearman};
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
        spearman: spearman(&judgements, &cosines),
        pearson: pearson(&judgements, &cosines),
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
}
