//! State of the screen *Positions*: what was chosen, and what was found.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::analysis::positions::{PositionExperiments, PositionKind, PositionTable, TwoPlaces};
use crate::widgets::line::Line;

/// The text that stands there at first: one word in two senses.
pub const FIRST_TEXT: &str = "she deposited money at the bank then sat on the river bank";

/// What receives the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Focus {
    /// The line with the text.
    Input,
    /// The table.
    #[default]
    Table,
}

/// What a person chose on the screen *Positions*.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Choices {
    /// The line that is typed into.
    pub input: Line,
    /// What receives the keys.
    pub focus: Focus,
    /// The method that is looked at; `None` for the model's own.
    #[serde(serialize_with = "write_method", deserialize_with = "read_method")]
    pub method: Option<PositionKind>,
    /// The row of the cursor.
    pub row: usize,
    /// The column of the cursor by its number, which is negative for offsets to the left.
    pub column: i64,
    /// Which of the words that stand at two places is shown.
    pub place: usize,
}

impl Default for Choices {
    fn default() -> Self {
        Self {
            input: Line::new(FIRST_TEXT),
            focus: Focus::default(),
            method: None,
            row: 0,
            column: 0,
            place: 0,
        }
    }
}

/// A method is kept by its title.
fn write_method<S: Serializer>(method: &Option<PositionKind>, serializer: S) -> Result<S::Ok, S::Error> {
    method.map(PositionKind::title).serialize(serializer)
}

fn read_method<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<PositionKind>, D::Error> {
    let Some(title) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
    let titles = PositionKind::ALL.map(PositionKind::title);
    match titles.iter().position(|known| *known == title) {
        Some(index) => Ok(Some(PositionKind::ALL[index])),
        None => {
            let known = titles.join(", ");
            Err(D::Error::custom(format!(
                "no position method is called \"{title}\": expected one of {known}"
            )))
        }
    }
}

/// Everything that the screen *Positions* shows.
#[derive(Debug, Clone, Default)]
pub struct Positions {
    /// What a person chose.
    pub chosen: Choices,
    /// The method of the open model, or the first to look at where it has none; `None` while no
    /// model is open.
    pub own_method: Option<PositionKind>,
    /// The numbers of the method; while others are computed the old ones.
    pub table: Option<PositionTable>,
    /// Why there is no table of the method, in one line.
    pub table_problem: Option<String>,
    /// What is found in the text.
    pub experiments: Option<PositionExperiments>,
    /// Why the text has no experiments, in one line.
    pub problem: Option<String>,
    /// Whether the screen was ever in front: before, it asks for nothing.
    pub was_shown: bool,
}

impl Positions {
    /// The method that is looked at.
    pub fn method(&self) -> PositionKind {
        self.chosen.method.or(self.own_method).unwrap_or_default()
    }

    /// Row and column of the cursor, as indices into the table.
    pub fn cell(&self) -> (usize, usize) {
        let first = self.table.as_ref().map_or(0, |table| table.first_column);
        (self.chosen.row, usize::try_from(self.chosen.column.saturating_sub(first)).unwrap_or(0))
    }

    /// The word at two places that is shown.
    pub fn two_places(&self) -> Option<&TwoPlaces> {
        self.experiments.as_ref()?.places.get(self.chosen.place)
    }

    /// Whether the line holds another text than the experiments.
    pub fn is_other_text(&self) -> bool {
        self.experiments.as_ref().is_some_and(|found| found.text != self.chosen.input.text().trim())
    }
}
