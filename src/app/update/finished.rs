//! Results of background work.

use std::sync::Arc;

use super::super::words::{Unknown, WordsPanel};
use super::super::{App, Effect, ModelState, VectorsState};
use crate::jobs::{Failure, Finished, Outcome, Request, Slot};

impl App {
    /// Takes in a result. One that was overtaken changes nothing.
    pub(super) fn finished(&mut self, finished: Finished) -> Vec<Effect> {
        let Finished { slot, generation, result } = finished;
        let pending = match slot {
            Slot::Open => &mut self.opening,
            Slot::Lookup => &mut self.indexing,
            Slot::Complete => &mut self.words.completing,
            Slot::Neighbours => &mut self.words.searching,
            Slot::Analogy => &mut self.analogy.searching,
            Slot::Panel => &mut self.words.panel_pending,
            Slot::Model => &mut self.opening_model,
            Slot::Tokenise => &mut self.attention.tokenising,
            Slot::Pass => &mut self.attention.running,
            Slot::ChangedPass => &mut self.attention.changing,
            Slot::Figures => &mut self.attention.figuring,
            Slot::Derive => &mut self.attention.deriving,
            Slot::Cell => &mut self.attention.explaining,
            Slot::Inspect => &mut self.attention.inspecting,
            Slot::Positions => &mut self.positions.tabling,
            Slot::Experiments => &mut self.positions.experimenting,
        };
        let awaited = pending.finish(generation);
        // A panic is a mistake in the program and is told even when nobody waits any more.
        if !awaited && !matches!(result, Err(Failure::Panicked(_))) {
            return Vec::new();
        }
        self.changed = true;
        match result {
            Ok(outcome) => self.succeeded(outcome),
            Err(failure) => {
                self.failed(slot, failure);
                Vec::new()
            }
        }
    }

    fn succeeded(&mut self, outcome: Outcome) -> Vec<Effect> {
        match outcome {
            Outcome::Opened(vectors) => {
                let request = Request::Lookup { vectors: Arc::clone(&vectors) };
                self.vectors = VectorsState::Ready(vectors);
                let mut effects = vec![self.begin(request, |app| &mut app.indexing)];
                effects.extend(self.ask_neighbours());
                effects.extend(self.ask_analogy());
                effects
            }
            Outcome::Indexed(lookup) => {
                self.lookup = Some(lookup);
                self.ask_suggestions()
            }
            Outcome::Completed(suggestions) => {
                self.words.suggestions = suggestions;
                Vec::new()
            }
            Outcome::Neighbours(answer) => {
                let same = self.words.answer.as_ref().is_some_and(|old| old.query == answer.query);
                let last = answer.neighbours.len().saturating_sub(1);
                self.words.selected = if same { self.words.selected.min(last) } else { 0 };
                self.words.unknown = None;
                self.words.answer = Some(*answer);
                self.refresh_panel()
            }
            Outcome::Analogy(answer) => {
                self.analogy.problem = None;
                let same =
                    self.analogy.answer.as_ref().is_some_and(|old| old.expression == answer.expression);
                self.analogy.in_multiply &= !answer.multiply.is_empty();
                self.analogy.answer = Some(*answer);
                self.analogy.selected = if same { self.analogy.selected } else { 0 };
                self.clamp_analogy_selection();
                Vec::new()
            }
            Outcome::Compared(comparison) => {
                if let WordsPanel::Comparison(shown) = &mut self.words.panel {
                    *shown = Some(comparison);
                }
                Vec::new()
            }
            Outcome::Subwords(report) => {
                if let WordsPanel::Subwords(shown) = &mut self.words.panel {
                    *shown = Some(report);
                }
                Vec::new()
            }
            other => self.model_work_succeeded(other),
        }
    }

    /// The results of work on a model.
    fn model_work_succeeded(&mut self, outcome: Outcome) -> Vec<Effect> {
        match outcome {
            Outcome::ModelOpened(model) => return self.model_opened(model),
            Outcome::Ran(pass) => return self.pass_arrived(pass),
            Outcome::RanChanged(pass, difference) => {
                self.attention.after = Some(pass);
                self.attention.difference = Some(difference);
                return self.changed_pass_arrived();
            }
            Outcome::Tokenised(tokens) => self.attention.tokens = Some(tokens),
            Outcome::Figured(figures) => self.attention.figures = Some(figures),
            Outcome::Derived(maps) => self.attention.derived = Some(maps),
            Outcome::Explained(cell) => self.attention.cell = Some(cell),
            Outcome::Inspected(inspection) => self.attention.inspection = Some(inspection),
            Outcome::Tabulated(table) => return self.table_arrived(*table),
            Outcome::Experimented(found) => {
                self.positions.place = 0;
                self.positions.experiments = Some(*found);
            }
            _ => {}
        }
        Vec::new()
    }

    fn failed(&mut self, slot: Slot, failure: Failure) {
        let message = failure.to_string();
        match (slot, &failure) {
            (_, Failure::Cancelled) => {}
            (Slot::Open, _) if matches!(self.vectors, VectorsState::Opening { .. }) => {
                self.vectors = VectorsState::Failed { message, way_out: self.way_out() };
            }
            (Slot::Neighbours, Failure::Refused(_)) => {
                let query = self.words.input.text().trim().to_owned();
                self.words.unknown = Some(Unknown { query, message });
            }
            (Slot::Analogy, Failure::Refused(_)) => self.analogy.problem = Some(message),
            (Slot::Model, _) if matches!(self.model, ModelState::Opening { .. }) => {
                self.model = ModelState::Failed { message, way_out: self.model_way_out() };
            }
            (Slot::Pass | Slot::Tokenise, Failure::Refused(_)) => self.attention.problem = Some(message),
            (Slot::Inspect, Failure::Refused(_)) => {
                self.attention.inspection = None;
                self.attention.panel_problem = Some(message);
            }
            (Slot::Positions, Failure::Refused(_)) => {
                self.positions.table = None;
                self.positions.table_problem = Some(message);
            }
            (Slot::Experiments, Failure::Refused(_)) => self.positions.problem = Some(message),
            (Slot::ChangedPass, _) => {
                self.change_failed();
                self.complain(message);
            }
            _ => self.complain(message),
        }
    }
}
