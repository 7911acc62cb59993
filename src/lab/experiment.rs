//! What an experiment is: a question, what is run for it, and what came out.

use super::outcome::{Cell, News, Outcome, Point, Row};
use crate::analysis::Stack;
use crate::model::error::{ModelError, Result};
use crate::model::network::Kind;
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

impl Card {
    /// What came out before anything did, for this seed and budget, with the name of the model.
    pub fn nothing_yet(&self, (seed, budget): (u64, u64), model: Option<String>) -> Outcome {
        Outcome {
            experiment: self.name.to_owned(),
            model,
            seed,
            budget,
            columns: self.columns.iter().map(|&column| column.to_owned()).collect(),
            ..Outcome::default()
        }
    }
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
    /// What the curves measure that are drawn while it runs, the most telling first; empty where there
    /// are none.
    pub curves: &'static [&'static str],
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
        let outcome = card.nothing_yet((seed, budget), model.map(|model| model.name.clone()));
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

    /// The curve called `name` of this measure has one more point.
    pub fn point(&mut self, name: &str, measure: &str, at: u64, value: f64) {
        let point = Point { curve: name.to_owned(), measure: measure.to_owned(), at, value };
        (self.tell)(News::Point(point.clone()));
        self.outcome.add_point(point);
    }

    /// The model that is looked at, which reads text.
    ///
    /// # Errors
    /// None was given, or one that looks at images.
    pub fn reader(&self) -> Result<&'a Model> {
        let model = self
            .model
            .ok_or_else(|| ModelError::Request("this experiment looks at a model: open one".into()))?;
        match model.network.kind {
            Kind::Vision => Err(ModelError::Request(format!("{} looks at images, not at text", model.name))),
            _ => Ok(model),
        }
    }

    /// The model that is looked at, which predicts the next token by attention.
    ///
    /// # Errors
    /// None was given, or one that does something else.
    pub fn attending_writer(&self) -> Result<&'a Model> {
        let model = self.reader()?;
        let Model { name, network, .. } = model;
        let attends = Stack::Text.attending(network).next().is_some();
        if network.kind != Kind::Causal || network.head.is_none() || !attends {
            return Err(ModelError::Request(format!(
                "{name} does not predict the next token by attention; give a --model that does"
            )));
        }
        Ok(model)
    }
}

/// Lengths from `shortest` on, each twice the one before, up to `longest`; that alone where it is shorter.
pub fn doubling(shortest: u64, longest: u64) -> Vec<u64> {
    let lengths = std::iter::successors(Some(shortest.min(longest)), |length| length.checked_mul(2));
    lengths.take_while(|&length| length <= longest).collect()
}

/// A cell of text.
pub fn text(text: impl Into<String>) -> Cell {
    Cell::Text(text.into())
}

/// A cell that counts.
pub fn count(number: impl TryInto<u64>) -> Cell {
    number.try_into().map_or(Cell::Nothing, Cell::Count)
}
