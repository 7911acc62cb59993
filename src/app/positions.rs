//! State of the screen *Positions*.

use super::line::Line;
use super::pending::Pending;
pub use crate::jobs::positions::PositionKind;
use crate::jobs::positions::{PositionExperiments, PositionTable, TwoPlaces};

/// The text that stands there at first: one word in two senses.
pub const FIRST_TEXT: &str = "she deposited money at the bank then sat on the river bank";

/// What receives the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PositionsFocus {
    /// The line with the text.
    Input,
    /// The table.
    #[default]
    Table,
}

/// Everything that the screen *Positions* shows.
#[derive(Debug, Clone)]
pub struct PositionsState {
    /// The line that is typed into.
    pub input: Line,
    /// What receives the keys.
    pub focus: PositionsFocus,
    /// The method that is looked at.
    pub kind: PositionKind,
    /// Its numbers; while others are computed the old ones.
    pub table: Option<PositionTable>,
    /// Why there is no table of the method, in one line.
    pub table_problem: Option<String>,
    /// The table that is computed, if any.
    pub tabling: Pending,
    /// The row of the cursor.
    pub row: usize,
    /// The column of the cursor.
    pub column: usize,
    /// What is found in the text.
    pub experiments: Option<PositionExperiments>,
    /// The experiments that run, if any.
    pub experimenting: Pending,
    /// Which of the words that stand at two places is shown.
    pub place: usize,
    /// Why the text has no experiments, in one line.
    pub problem: Option<String>,
}

impl Default for PositionsState {
    fn default() -> Self {
        Self {
            input: Line::new(FIRST_TEXT),
            focus: PositionsFocus::default(),
            kind: PositionKind::default(),
            table: None,
            table_problem: None,
            tabling: Pending::default(),
            row: 0,
            column: 0,
            experiments: None,
            experimenting: Pending::default(),
            place: 0,
            problem: None,
        }
    }
}

impl PositionsState {
    /// Forgets all that was computed, as for another model. What was typed stays.
    pub(super) fn forget_model(&mut self) {
        *self = Self { input: std::mem::take(&mut self.input), focus: self.focus, ..Self::default() };
    }

    /// Whether the line holds another text than the experiments, and nothing runs that would change that.
    pub fn is_outdated(&self) -> bool {
        let other = self.experiments.as_ref().is_some_and(|found| found.text != self.input.text().trim());
        other && !self.experimenting.is_running()
    }

    /// The word at two places that is shown.
    pub fn two_places(&self) -> Option<&TwoPlaces> {
        self.experiments.as_ref()?.places.get(self.place)
    }
}
