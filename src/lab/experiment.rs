//! What an experiment is: a question, what is run for it, and what came out.

use std::borrow::Cow;

use super::outcome::{Cell, News, Outcome, Row};
use crate::model::error::{ModelError, Result};
use crate::model::open::Model;
use crate::progress::Progress;

/// A question that networks answer.
pub trait Experiment: Send + Sync {
    /// What stands on its card.
    fn card(&self) -> &'static Card;

    /// Runs it. What is found goes into `run` as soon as it is known.
    ///
    /// # Errors
    /// [`ModelError::Cancelled`] when it is stopped; what `run` holds then stands. A model that the
    /// question cannot be put to.
    fn run(&self, run: &mut Run<'_>) -> Result<()>;
}

/// What is said about an experiment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Card {
    /// One word.
    pub name: &'static str,
    /// What is asked, in one line.
    pub question: &'static str,
    /// What is run, and how it is measured.
    pub method: &'static str,
    /// What others found, with the source.
    pub known: &'static str,
    /// How much is done.
    pub budget: Budget,
    /// The name of the model that it looks at unless another one is given; `None` where it trains its
    /// own networks.
    pub model: Option<&'static str>,
    /// The columns of what comes out.
    pub columns: &'static [&'static str],
    /// How it is drawn.
    pub chart: Chart,
}

/// How much an experiment does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// What it is counted in.
    pub unit: &'static str,
    /// Unless it is told otherwise.
    pub usual: u64,
    /// More is refused.
    pub most: u64,
}

/// Which columns a drawing shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chart {
    /// One line for every value of this column; one line in all where it is empty.
    pub series: &'static str,
    /// From left to right.
    pub across: &'static str,
    /// Upwards.
    pub up: &'static str,
    /// What the curves show that are drawn while it runs; empty where there are none.
    pub curves: &'static str,
}

/// An experiment that runs.
pub struct Run<'a> {
    /// What all that is random follows from.
    pub seed: u64,
    /// How much is done, in the unit of the card.
    pub budget: u64,
    /// The model that it looks at, where it looks at one.
    pub model: Option<&'a Model>,
    /// How far it is, and whether it is still wanted.
    pub progress: &'a Progress,
    /// What came out so far.
    pub outcome: Outcome,
    tell: &'a mut dyn FnMut(News),
}

impl<'a> Run<'a> {
    /// Before anything came out; `tell` hears of everything that does.
    pub fn new(
        card: &Card,
        (seed, budget): (u64, u64),
        model: Option<&'a Model>,
        progress: &'a Progress,
        tell: &'a mut dyn FnMut(News),
    ) -> Self {
        let outcome = Outcome {
            experiment: card.name.to_owned(),
            model: model.map(|model| model.name.clone()),
            seed,
            budget,
            columns: card.columns.iter().map(|&column| column.to_owned()).collect(),
            rows: Vec::new(),
            curves: Vec::new(),
        };
        Self { seed, budget, model, progress, outcome, tell }
    }

    /// A row of the table is known.
    ///
    /// # Panics
    /// When it has not as many cells as there are columns.
    pub fn row(&mut self, row: Row) {
        assert_eq!(row.len(), self.outcome.columns.len(), "a cell a column");
        (self.tell)(News::Row(row.clone()));
        self.outcome.rows.push(row);
    }

    /// The curve called `name` has one more point.
    pub fn point(&mut self, name: &str, at: u64, value: f64) {
        (self.tell)(News::Point(name.to_owned(), at, value));
        self.outcome.add_point(name, at, value);
    }

    /// The model that is looked at.
    ///
    /// # Errors
    /// None was given.
    pub fn model(&self) -> Result<&'a Model> {
        self.model.ok_or_else(|| ModelError::Request("this experiment looks at a model: open one".into()))
    }
}

/// A cell of text.
pub fn text(text: impl Into<Cow<'static, str>>) -> Cell {
    Cell::Text(text.into().into_owned())
}

/// A cell that counts.
pub fn count(number: impl TryInto<u64>) -> Cell {
    number.try_into().map_or(Cell::Nothing, Cell::Count)
}
