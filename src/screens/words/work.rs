//! Background work of the screen *Words*, and what its results change.

use std::sync::Arc;

use super::state::{Panel, Unknown, Words};
use crate::app::{Answers, Frame};
use crate::jobs::{Failure, Job, Reporter, Slot};
use crate::vectors::WordVectors;
use crate::vectors::explain::{self, Comparison, NeighbourAnswer, SubwordReport, Suggestions};
use crate::vectors::expression::Expression;
use crate::vectors::filter::{FilterSettings, KeptFilter};
use crate::vectors::lookup::Lookup;
use crate::vectors::neighbours::Options;

/// How many of the most frequent words are looked through for shared buckets.
const COLLISION_WORDS: usize = 50_000;

/// Completes what is typed.
#[derive(Debug)]
pub struct Complete {
    /// The vectors.
    pub vectors: Arc<WordVectors>,
    /// Their index.
    pub lookup: Arc<Lookup>,
    /// What is typed.
    pub typed: String,
    /// The byte of it that the cursor stands before.
    pub cursor: usize,
    /// At most so many suggestions.
    pub limit: usize,
}

impl Job for Complete {
    type Output = Suggestions;
    type Note = ();
    const SLOT: Slot = Slot::front("words.complete").quietly();

    fn run(self, _: &Reporter<'_, ()>) -> Result<Suggestions, Failure> {
        Ok(explain::complete(&self.vectors, &self.lookup, &self.typed, self.cursor, self.limit))
    }
}

impl Answers<Complete> for Words {
    fn answered(&mut self, suggestions: Suggestions, _: &mut Frame) {
        self.suggestions = suggestions;
    }
}

/// Finds the neighbours of a word or an expression.
#[derive(Debug)]
pub struct FindNeighbours {
    /// The vectors.
    pub vectors: Arc<WordVectors>,
    /// A word or an expression.
    pub query: String,
    /// At most so many neighbours.
    pub count: usize,
    /// Which words may be answers.
    pub filter: FilterSettings,
    /// The condition of the question before.
    pub kept: Arc<KeptFilter>,
}

impl Job for FindNeighbours {
    type Output = NeighbourAnswer;
    type Note = ();
    const SLOT: Slot = Slot::front("words.neighbours");

    fn run(self, reporter: &Reporter<'_, ()>) -> Result<NeighbourAnswer, Failure> {
        let Self { vectors, query, count, filter, kept } = self;
        let expression = Expression::read(&query, &vectors)?;
        // What may have been meant is `Complete`'s to find.
        if let Some(unknown) = expression.unknown_word(&vectors) {
            return Err(unknown.into());
        }
        let options = Options { count, exclude_query: true, filter: kept.build(&filter)? };
        Ok(explain::neighbourhood_of(&vectors, &query, &expression, &options, reporter.progress())?)
    }
}

impl Answers<FindNeighbours> for Words {
    fn answered(&mut self, answer: NeighbourAnswer, frame: &mut Frame) {
        let same = self.answer.as_ref().is_some_and(|old| old.query == answer.query);
        let last = answer.neighbours.len().saturating_sub(1);
        self.chosen.selected = if same { self.chosen.selected.min(last) } else { 0 };
        self.unknown = None;
        self.answer = Some(answer);
        self.refresh_panel(frame);
    }

    fn failed(&mut self, failure: Failure, frame: &mut Frame) {
        match failure {
            Failure::Refused(message) => {
                let query = self.chosen.input.text().trim_ascii().to_owned();
                self.unknown = Some(Unknown { query, message });
            }
            other => frame.complain(other.to_string()),
        }
    }
}

/// Puts a word or expression beside a row, dimension by dimension.
#[derive(Debug)]
pub struct Compare {
    /// The vectors.
    pub vectors: Arc<WordVectors>,
    /// A word or an expression.
    pub left: String,
    /// A row.
    pub right: usize,
}

impl Job for Compare {
    type Output = Comparison;
    type Note = ();
    const SLOT: Slot = Slot::front("words.compare");

    fn run(self, _: &Reporter<'_, ()>) -> Result<Comparison, Failure> {
        Ok(explain::compare(&self.vectors, &self.left, self.right)?)
    }
}

impl Answers<Compare> for Words {
    fn answered(&mut self, comparison: Comparison, _: &mut Frame) {
        if self.chosen.panel == Panel::Comparison {
            self.comparison = Some(comparison);
        }
    }
}

/// Takes a word apart.
#[derive(Debug)]
pub struct TakeApart {
    /// The vectors.
    pub vectors: Arc<WordVectors>,
    /// The word.
    pub word: String,
}

impl Job for TakeApart {
    type Output = SubwordReport;
    type Note = ();
    const SLOT: Slot = Slot::front("words.subwords");

    fn run(self, reporter: &Reporter<'_, ()>) -> Result<SubwordReport, Failure> {
        Ok(explain::take_apart(&self.vectors, &self.word, COLLISION_WORDS, reporter.progress())?)
    }
}

impl Answers<TakeApart> for Words {
    fn answered(&mut self, report: SubwordReport, _: &mut Frame) {
        if self.chosen.panel == Panel::Subwords {
            self.subwords = Some(report);
        }
    }
}
