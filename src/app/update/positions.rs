//! Actions on the screen Positions.

use super::super::positions::{PositionKind, PositionsFocus};
use super::super::{Action, App, Effect, Screen};
use super::attention::after;
use super::moved;
use crate::jobs::positions::PositionTable;
use crate::jobs::{Request, Slot};

impl App {
    pub(super) fn update_positions(&mut self, action: Action) -> Vec<Effect> {
        let typing = self.positions.focus == PositionsFocus::Input;
        match action {
            Action::Search | Action::EditText => self.positions.focus = PositionsFocus::Input,
            Action::Accept | Action::Complete if typing => return self.leave_positions_line(),
            Action::NextKind | Action::Complete => {
                self.positions.kind = after(&PositionKind::ALL, self.positions.kind);
                return self.ask_table();
            }
            Action::NextPlaces => {
                let count = self.positions.experiments.as_ref().map_or(0, |found| found.places.len());
                self.positions.place = (self.positions.place + 1) % count.max(1);
            }
            Action::Left => self.move_in_table(0, -1),
            Action::Right => self.move_in_table(0, 1),
            _ => {}
        }
        Vec::new()
    }

    /// Another method has other columns: the cursor goes to the one numbered 0.
    pub(super) fn table_arrived(&mut self, table: PositionTable) -> Vec<Effect> {
        let state = &mut self.positions;
        if state.table.as_ref().is_none_or(|old| old.kind != table.kind) {
            state.column = usize::try_from(-table.first_column).unwrap_or(0);
        }
        state.table = Some(table);
        self.move_in_table(0, 0);
        Vec::new()
    }

    pub(super) fn move_in_table(&mut self, rows: isize, columns: isize) {
        let size = self.positions.table.as_ref().map_or((0, 0), |table| table.values.dim());
        self.positions.row = moved(self.positions.row, rows, size.0);
        self.positions.column = moved(self.positions.column, columns, size.1);
    }

    /// Table and experiments, once the screen is there to show them.
    pub(super) fn ask_positions_if_needed(&mut self) -> Vec<Effect> {
        if self.screen != Screen::Positions || self.open_model_ready().is_none() {
            return Vec::new();
        }
        let mut effects = Vec::new();
        if self.positions.table.is_none() && self.positions.table_problem.is_none() {
            effects.extend(self.ask_table());
        }
        if self.positions.experiments.is_none() {
            effects.extend(self.ask_experiments());
        }
        effects
    }

    /// From the line to the table; a text whose experiments were cancelled is asked about again.
    fn leave_positions_line(&mut self) -> Vec<Effect> {
        self.positions.focus = PositionsFocus::Table;
        let state = &self.positions;
        let known = state.experiments.is_some() && !state.is_outdated();
        if known || state.experimenting.is_running() { Vec::new() } else { self.ask_experiments() }
    }

    fn ask_table(&mut self) -> Vec<Effect> {
        self.positions.table_problem = None;
        let request = Request::Positions { model: self.open_model_ready(), kind: self.positions.kind };
        vec![self.begin(request, |app| &mut app.positions.tabling)]
    }

    pub(super) fn ask_experiments(&mut self) -> Vec<Effect> {
        self.positions.problem = None;
        let Some(model) = self.open_model_ready() else { return Vec::new() };
        if self.positions.input.is_blank() {
            self.positions.experimenting.clear();
            self.positions.experiments = None;
            return vec![Effect::Cancel(Slot::Experiments)];
        }
        let text = self.positions.input.text().trim().to_owned();
        let request = Request::Experiments { model, text };
        vec![self.begin(request, |app| &mut app.positions.experimenting)]
    }
}
