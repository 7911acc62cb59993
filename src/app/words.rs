//! State of the screen *Words*.

use super::line::Line;
use super::pending::Pending;
pub use crate::jobs::FilterSettings;
use crate::jobs::answers::{Comparison, NeighbourAnswer, SubwordReport, Suggestions};

/// How many neighbours are asked for at first.
pub const DEFAULT_COUNT: usize = 25;

/// What receives the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WordsFocus {
    /// The line at the top.
    #[default]
    Input,
    /// The list of neighbours.
    List,
}

/// The lower part of the screen.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum WordsPanel {
    /// The vector as a strip.
    #[default]
    Strip,
    /// Query and selected word, dimension by dimension.
    Comparison(Option<Comparison>),
    /// The query's n-grams.
    Subwords(Option<SubwordReport>),
}

/// A word that was asked for and that the file does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// The text as asked.
    pub query: String,
    /// What is wrong with it, in one line.
    pub message: String,
}

/// Everything that the screen *Words* shows.
#[derive(Debug, Clone, Default)]
pub struct WordsState {
    /// The line that is typed into.
    pub input: Line,
    /// What receives the keys.
    pub focus: WordsFocus,
    /// What completes the line. May still belong to an earlier text: compare `typed`.
    pub suggestions: Suggestions,
    /// The answer shown. While a search runs it is the old one (draw it dimmed: see `searching`).
    pub answer: Option<NeighbourAnswer>,
    /// The search that runs, if any.
    pub searching: Pending,
    /// The completing that runs, if any.
    pub completing: Pending,
    /// The work for the lower part that runs, if any.
    pub panel_pending: Pending,
    /// The query has no answer; `answer` is then the last that had one, or `None`.
    pub unknown: Option<Unknown>,
    /// Index of the selected neighbour.
    pub selected: usize,
    /// How many neighbours are asked for.
    pub count: usize,
    /// Which words may be answers.
    pub filter: FilterSettings,
    /// The lower part.
    pub panel: WordsPanel,
    /// Queries that were gone to, oldest first.
    pub history: Vec<String>,
    /// Index of the present one in `history`.
    pub history_position: usize,
    /// Bookmarked words, in the order of marking.
    pub bookmarks: Vec<String>,
}

impl WordsState {
    /// The selected neighbour.
    pub fn selected_neighbour(&self) -> Option<&crate::jobs::answers::Neighbour> {
        self.answer.as_ref()?.neighbours.get(self.selected)
    }

    /// Whether the present query is bookmarked.
    pub fn is_bookmarked(&self, word: &str) -> bool {
        self.bookmarks.iter().any(|mark| mark == word)
    }
}
