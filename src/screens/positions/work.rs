//! Background work of the screen *Positions*, and what its results change.

use std::sync::Arc;

use super::state::Positions;
use crate::analysis::positions::{self, PositionExperiments, PositionKind, PositionTable, TableOptions};
use crate::app::{Answers, Frame};
use crate::jobs::{Failure, Job, Reporter, Slot};
use crate::model::Model;

/// Distances of the curve.
const DISTANCES: usize = 65;
/// What one pass may take, in bytes.
const MEMORY_LIMIT: u64 = 1 << 30;

/// Makes the table of a method.
#[derive(Debug)]
pub struct Tabulate {
    /// The model whose own numbers are wanted; `None` for an example.
    pub model: Option<Arc<Model>>,
    /// The method.
    pub kind: PositionKind,
}

impl Job for Tabulate {
    type Output = PositionTable;
    type Note = ();
    const SLOT: Slot = Slot::front("positions.table");

    fn run(self, _: &Reporter<'_, ()>) -> Result<PositionTable, Failure> {
        let options = TableOptions { positions: None, distances: DISTANCES, size: None };
        Ok(positions::table(self.model.as_deref(), self.kind, &options)?)
    }
}

impl Answers<Tabulate> for Positions {
    fn answered(&mut self, table: PositionTable, _: &mut Frame) {
        self.show_table(table);
    }

    fn failed(&mut self, failure: Failure, frame: &mut Frame) {
        match failure {
            Failure::Refused(message) => self.show_table_problem(message),
            other => frame.complain(other.to_string()),
        }
    }
}

/// Finds what the order of the words does to a text.
#[derive(Debug)]
pub struct Experiment {
    /// The model.
    pub model: Arc<Model>,
    /// The text.
    pub text: String,
}

impl Job for Experiment {
    type Output = PositionExperiments;
    type Note = ();
    const SLOT: Slot = Slot::front("positions.experiments");

    fn run(self, reporter: &Reporter<'_, ()>) -> Result<PositionExperiments, Failure> {
        let tokens = self.model.encode(&self.text)?;
        let progress = reporter.progress();
        Ok(positions::experiments(&self.model, &self.text, &tokens, MEMORY_LIMIT, progress)?)
    }
}

impl Answers<Experiment> for Positions {
    fn answered(&mut self, found: PositionExperiments, _: &mut Frame) {
        // Of the first text the place that was chosen before (in an earlier session) is kept.
        if self.experiments.is_some() || self.chosen.place >= found.places.len() {
            self.chosen.place = 0;
        }
        self.experiments = Some(found);
    }

    fn failed(&mut self, failure: Failure, frame: &mut Frame) {
        match failure {
            Failure::Refused(message) => self.problem = Some(message),
            other => frame.complain(other.to_string()),
        }
    }
}
