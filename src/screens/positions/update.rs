//! What the commands of the screen *Positions* do.

use std::sync::Arc;

use super::state::{Choices, Focus, Positions};
use super::work::{Experiment, Tabulate};
use crate::analysis::positions::{PositionKind, PositionTable};
use crate::app::{Frame, moved};
use crate::jobs::Job;
use crate::widgets::canvas::Target;

/// The kind of target that the line is.
pub(super) const LINE: &str = "line";
/// The kind of target that the title of a method is.
pub(super) const METHOD: &str = "method";
/// The kind of target that a cell of the table is.
pub(super) const CELL: &str = "cell";

impl Positions {
    pub(super) fn enter_line(&mut self) {
        self.chosen.focus = Focus::Input;
    }

    pub(super) fn edit_text(&mut self, _: &mut Frame) {
        self.enter_line();
    }

    /// From the line to the table; a text whose experiments were cancelled is asked about again.
    pub(super) fn accept_line(&mut self, frame: &mut Frame) {
        self.chosen.focus = Focus::Table;
        let known = self.experiments.is_some() && !self.is_other_text();
        if !known && !frame.is_running(Experiment::SLOT) {
            self.ask_experiments(frame);
        }
    }

    pub(super) fn next_method(&mut self, frame: &mut Frame) {
        let all = PositionKind::ALL;
        let next = all.iter().position(|kind| *kind == self.method()).map_or(0, |index| index + 1);
        self.look_at(all[next % all.len()], frame);
    }

    fn look_at(&mut self, method: PositionKind, frame: &mut Frame) {
        self.chosen.method = Some(method);
        self.ask_table(frame);
    }

    pub(super) fn next_places(&mut self, _: &mut Frame) {
        let count = self.experiments.as_ref().map_or(0, |found| found.places.len());
        self.chosen.place = (self.chosen.place + 1) % count.max(1);
    }

    /// Another method has other columns: the cursor goes to the one numbered 0.
    pub(super) fn show_table(&mut self, table: PositionTable) {
        if self.table.as_ref().is_some_and(|old| old.kind != table.kind) {
            self.chosen.column = 0;
        }
        self.table = Some(table);
        self.table_problem = None;
        self.move_cursor(0, 0);
    }

    /// There is no table of the method.
    pub(super) fn show_table_problem(&mut self, message: String) {
        self.table = None;
        self.table_problem = Some(message);
        self.chosen.column = 0;
    }

    /// Moves the cursor within the table, if there is one.
    pub(super) fn move_cursor(&mut self, rows: isize, columns: isize) {
        let (row, column) = self.cell();
        let Some(table) = &self.table else { return };
        let (height, width) = table.values.dim();
        self.chosen.row = moved(row, rows, height);
        self.chosen.column = table.first_column + moved(column, columns, width) as i64;
    }

    pub(super) fn select_target(&mut self, target: Target, frame: &mut Frame) {
        match target.kind {
            LINE => self.enter_line(),
            METHOD => {
                if let Some(method) = PositionKind::ALL.get(target.row) {
                    self.look_at(*method, frame);
                }
            }
            CELL => {
                self.chosen.focus = Focus::Table;
                let first = self.table.as_ref().map_or(0, |table| table.first_column);
                self.chosen.row = target.row;
                self.chosen.column = first + target.column as i64;
                self.move_cursor(0, 0);
            }
            _ => {}
        }
    }

    /// Forgets all that was computed for the model that was open, and what was chosen in it. What
    /// was typed stays.
    pub(super) fn forget_model(&mut self, frame: &mut Frame) {
        frame.cancel(Tabulate::SLOT);
        frame.cancel(Experiment::SLOT);
        let mut chosen = std::mem::take(&mut self.chosen);
        if self.own_method.is_some() {
            chosen = Choices { input: chosen.input, focus: chosen.focus, ..Choices::default() };
        }
        *self = Self { chosen, was_shown: self.was_shown, ..Self::default() };
    }

    pub(super) fn model_opened(&mut self, frame: &mut Frame) {
        let Some(model) = frame.model.open() else { return };
        self.own_method = Some(PositionKind::of(&model.network).unwrap_or_default());
        if self.was_shown {
            self.ask_if_needed(frame);
        }
    }

    /// Asks for table and experiments where they are not there, once a model is open.
    pub(super) fn ask_if_needed(&mut self, frame: &mut Frame) {
        if frame.model.open().is_none() {
            return;
        }
        if self.table.is_none() && self.table_problem.is_none() {
            self.ask_table(frame);
        }
        if self.experiments.is_none() {
            self.ask_experiments(frame);
        }
    }

    fn ask_table(&mut self, frame: &mut Frame) {
        self.table_problem = None;
        let model = frame.model.open().map(Arc::clone);
        frame.start::<Self, _>(Tabulate { model, kind: self.method() });
    }

    pub(super) fn ask_experiments(&mut self, frame: &mut Frame) {
        self.problem = None;
        let Some(model) = frame.model.open().map(Arc::clone) else { return };
        if self.chosen.input.is_blank() {
            self.experiments = None;
            self.chosen.place = 0;
            frame.cancel(Experiment::SLOT);
            return;
        }
        let text = self.chosen.input.text().trim().to_owned();
        frame.start::<Self, _>(Experiment { model, text });
    }
}
