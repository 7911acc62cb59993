//! Vector arithmetic as text: `king - man + woman`.

use std::fmt;

use ndarray::Array2;

use super::{Result, WordVectors};

/// A parsed expression. `Display` writes it so that it parses to the same expression again.
#[derive(Debug, Clone, PartialEq)]
pub struct Expression {}

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
}

impl Expression {
    /// Reads an expression.
    ///
    /// # Errors
    /// [`super::VectorsError::EmptyQuery`]; [`super::VectorsError::Syntax`] with column and advice.
    pub fn parse(_text: &str) -> Result<Self> {
        todo!()
    }

    /// The expression that is one word, whatever characters the word has.
    pub fn word(_word: &str) -> Self {
        todo!()
    }

    /// Reads what a person typed: a word of the vocabulary if the whole text is one (`and/or`,
    /// `c++`, `new york`), else an expression.
    ///
    /// # Errors
    /// As [`Expression::parse`].
    pub fn read(text: &str, vectors: &WordVectors) -> Result<Self> {
        let text = text.trim();
        if vectors.vocabulary().row(text).is_some() { Ok(Self::word(text)) } else { Self::parse(text) }
    }

    /// The word, when the expression is nothing but one word.
    pub fn as_word(&self) -> Option<&str> {
        todo!()
    }

    /// The words of the expression, in the order written.
    pub fn words(&self) -> Vec<&str> {
        todo!()
    }

    /// The unit vector that the expression stands for.
    ///
    /// # Errors
    /// [`super::VectorsError::UnknownWord`], [`super::VectorsError::DimensionMismatch`] for a
    /// literal, [`super::VectorsError::NoDirection`] when the terms cancel out.
    pub fn evaluate(&self, _vectors: &WordVectors) -> Result<Evaluated> {
        todo!()
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, _formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        todo!()
    }
}
