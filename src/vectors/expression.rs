//! Vector arithmetic as text: `king - man + woman`.
//!
//! ```text
//! sum      = product { ("+" | "-") product }
//! product  = factor { ("*" | "/") factor }                     at most one factor is no number
//! factor   = { "-" | "+" } ( number [ operand ] | operand )    `0.5 king` is `0.5 * king`
//! operand  = word | "quoted word" | "(" sum ")" | "[" number { "," number } "]"
//! ```
//!
//! `+ * / ( ) [ ]` and blanks end a word. A `-` between two characters of a word belongs to the
//! word (`mother-in-law`); anywhere else it is an operator, so `king - man` and `king -man` subtract
//! and `king-man` is one word. Quotes take everything literally, `\"` and `\\` apart: `"new york"`,
//! `"c++"`. A number that multiplies or divides nothing is a word: `1999 - 1998 + 2012`.
//!
//! Each word counts as its unit vector, as in gensim's `most_similar`; a literal vector counts as
//! it is, as there.

mod completion;
mod node;
mod parser;

pub use completion::{quoted, word_at};

use std::fmt;

use ndarray::Array2;

use self::node::Node;
use super::error::{Result, VectorsError};
use super::resolve::{is_known, resolve};
use super::word_vectors::WordVectors;

/// A parsed expression. `Display` writes it so that it parses to the same expression again.
#[derive(Debug, Clone, PartialEq)]
pub struct Expression {
    root: Node,
}

/// One word or literal vector of an evaluated expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Term {
    /// The word, or the literal as written.
    pub label: String,
    /// Its row, when it is a word of the vocabulary.
    pub row: Option<usize>,
    /// Its weight, signed.
    pub weight: f64,
    /// What is weighted: the word's unit vector, or the literal as it is.
    pub vector: Vec<f32>,
}

/// What an expression stands for.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluated {
    /// The weighted sum of the terms, scaled to length 1.
    pub vector: Vec<f32>,
    /// The length of the weighted sum before scaling.
    pub length: f64,
    /// Rows of the asked words, rising, each once.
    pub rows: Vec<usize>,
    /// The terms, in the order written.
    pub terms: Vec<Term>,
}

impl Evaluated {
    /// The vector as the one row of a search's array.
    pub fn as_query(&self) -> Array2<f32> {
        Array2::from_shape_fn((1, self.vector.len()), |(_, column)| self.vector[column])
    }

    /// The sum of `terms`.
    ///
    /// # Errors
    /// [`VectorsError::NoDirection`] when they cancel out.
    pub(super) fn from_terms(terms: Vec<Term>) -> Result<Self> {
        let dimensions = terms.first().map_or(0, |term| term.vector.len());
        let mut sum = vec![0.0f64; dimensions];
        // What rounding can leave behind where the terms cancel out exactly.
        let mut noise = 0.0f64;
        for term in &terms {
            let mut squares = 0.0;
            for (total, &value) in sum.iter_mut().zip(&term.vector) {
                *total += term.weight * f64::from(value);
                squares += f64::from(value) * f64::from(value);
            }
            noise += term.weight.abs() * squares.sqrt() * f64::from(f32::EPSILON);
        }
        let length = sum.iter().map(|value| value * value).sum::<f64>().sqrt();
        if !length.is_finite() {
            return Err(VectorsError::NoDirection { reason: "its sum is too large a number".into() });
        }
        if length <= noise {
            return Err(VectorsError::NoDirection { reason: "its terms cancel out".into() });
        }
        let vector = sum.iter().map(|value| (value / length) as f32).collect();
        let mut rows: Vec<usize> = terms.iter().filter_map(|term| term.row).collect();
        rows.sort_unstable();
        rows.dedup();
        Ok(Self { vector, length, rows, terms })
    }
}

impl Term {
    /// The unit vector of `word` with a weight.
    ///
    /// # Errors
    /// An unknown word, or one whose vector is zero or not finite.
    pub(super) fn word(vectors: &WordVectors, word: &str, weight: f64) -> Result<Self> {
        let resolved = resolve(vectors, word)?;
        let vector = unit(&resolved.vector, word)?;
        Ok(Self { label: word.to_owned(), row: resolved.row, weight, vector })
    }
}

/// `vector` scaled to length 1.
///
/// # Errors
/// [`VectorsError::NoDirection`] naming `word`.
pub(super) fn unit(vector: &[f32], word: &str) -> Result<Vec<f32>> {
    let length = super::norms::dot(vector, vector).sqrt();
    if length > 0.0 && length.is_finite() {
        return Ok(vector.iter().map(|&value| (f64::from(value) / length) as f32).collect());
    }
    let kind = if length == 0.0 { "all zero" } else { "not finite" };
    Err(VectorsError::NoDirection {
        reason: format!("the vector of \"{word}\" is {kind}; ask with another word"),
    })
}

impl Expression {
    /// Reads an expression.
    ///
    /// # Errors
    /// [`VectorsError::EmptyQuery`]; [`VectorsError::Syntax`] with column and advice.
    pub fn parse(text: &str) -> Result<Self> {
        parser::parse(text).map(|root| Self { root })
    }

    /// The expression that is one word, whatever characters the word has.
    pub fn word(word: &str) -> Self {
        Self { root: Node::Word(word.to_owned()) }
    }

    /// Reads what a person typed: a word of the vocabulary if the whole text is one (`and/or`,
    /// `c++`, `new york`), else an expression.
    ///
    /// # Errors
    /// As [`Expression::parse`].
    pub fn read(text: &str, vectors: &WordVectors) -> Result<Self> {
        let text = text.trim_ascii();
        if vectors.vocabulary().row(text).is_some() { Ok(Self::word(text)) } else { Self::parse(text) }
    }

    /// The word, when the expression is nothing but one word.
    pub fn as_word(&self) -> Option<&str> {
        match &self.root {
            Node::Word(word) => Some(word),
            _ => None,
        }
    }

    /// The words of the expression, in the order written.
    pub fn words(&self) -> Vec<&str> {
        let mut words = Vec::new();
        self.root.visit(1.0, &mut |_, leaf| {
            if let Node::Word(word) = leaf {
                words.push(word.as_str());
            }
        });
        words
    }

    /// What [`Expression::evaluate`] refuses where a word has no vector, told at once: words that may have
    /// been meant are not looked for.
    pub fn unknown_word(&self, vectors: &WordVectors) -> Option<VectorsError> {
        let unknown = self.words().into_iter().find(|word| !is_known(vectors, word))?;
        let error =
            VectorsError::UnknownWord { word: unknown.into(), size: vectors.len(), suggestions: Vec::new() };
        Some(with_spaced_hyphens(vectors, error))
    }

    /// The unit vector that the expression stands for.
    ///
    /// # Errors
    /// [`VectorsError::UnknownWord`], [`VectorsError::DimensionMismatch`] for a literal,
    /// [`VectorsError::NoDirection`] when the terms cancel out.
    pub fn evaluate(&self, vectors: &WordVectors) -> Result<Evaluated> {
        let mut terms = Vec::new();
        let mut failure = None;
        self.root.visit(1.0, &mut |weight, leaf| {
            if failure.is_none() {
                match term(vectors, leaf, weight) {
                    Ok(term) => terms.push(term),
                    Err(error) => failure = Some(error),
                }
            }
        });
        match failure {
            Some(error) => Err(error),
            None => Evaluated::from_terms(terms),
        }
    }
}

fn term(vectors: &WordVectors, leaf: &Node, weight: f64) -> Result<Term> {
    if let Node::Word(word) = leaf {
        return Term::word(vectors, word, weight).map_err(|error| with_spaced_hyphens(vectors, error));
    }
    let Node::Literal(values) = leaf else { unreachable!("sums and weights are no leaves") };
    if values.len() != vectors.dimensions() {
        return Err(VectorsError::DimensionMismatch {
            what: "the vector in brackets".into(),
            expected: vectors.dimensions(),
            found: values.len(),
        });
    }
    let vector = values.iter().map(|&value| value as f32).collect();
    Ok(Term { label: leaf.to_string(), row: None, weight, vector })
}

/// Where `king-man` is unknown but its parts are words, `king - man` was meant.
fn with_spaced_hyphens(vectors: &WordVectors, error: VectorsError) -> VectorsError {
    let VectorsError::UnknownWord { word, size, mut suggestions } = error else { return error };
    let parts: Vec<&str> = word.split('-').collect();
    if parts.len() > 1 && parts.iter().all(|part| vectors.vocabulary().row(part).is_some()) {
        suggestions.insert(0, parts.join(" - "));
    }
    VectorsError::UnknownWord { word, size, suggestions }
}

impl fmt::Display for Expression {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.root, formatter)
    }
}

impl fmt::Display for Node {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(word) if parser::is_bare_word(word) => formatter.write_str(word),
            Self::Word(word) => write!(formatter, "\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\"")),
            Self::Literal(values) => {
                let numbers: Vec<String> = values.iter().map(f64::to_string).collect();
                write!(formatter, "[{}]", numbers.join(", "))
            }
            Self::Scaled(factor, node) => {
                if *factor == -1.0 {
                    formatter.write_str("-")?;
                } else {
                    write!(formatter, "{factor} * ")?;
                }
                node.fmt_part(formatter)
            }
            Self::Sum(parts) => {
                for (index, (subtracted, part)) in parts.iter().enumerate() {
                    match (index, subtracted) {
                        (0, _) => {}
                        (_, true) => formatter.write_str(" - ")?,
                        (_, false) => formatter.write_str(" + ")?,
                    }
                    part.fmt_part(formatter)?;
                }
                Ok(())
            }
        }
    }
}

impl Node {
    /// Writes the node as part of a sum or product.
    fn fmt_part(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if matches!(self, Self::Sum(_)) {
            write!(formatter, "({self})")
        } else {
            fmt::Display::fmt(self, formatter)
        }
    }
}

#[cfg(test)]
mod tests;
