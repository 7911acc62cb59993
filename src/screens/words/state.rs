//! State of the screen *Words*: what was chosen, and what was found.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::vectors::explain::{Comparison, Neighbour, NeighbourAnswer, SubwordReport, Suggestions};
use crate::vectors::filter::{FilterSettings, KeptFilter};
use crate::widgets::line::Line;

/// How many neighbours are asked for at first.
pub const DEFAULT_COUNT: usize = 25;
/// How many queries the history keeps.
const HISTORY: usize = 500;

/// What receives the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Focus {
    /// The line at the top.
    #[default]
    Input,
    /// The list of neighbours.
    List,
}

/// What the lower part of the screen shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Panel {
    /// The vector as a strip.
    #[default]
    Strip,
    /// Query and selected word, dimension by dimension.
    Comparison,
    /// The query's n-grams.
    Subwords,
}

/// What a person chose on the screen *Words*.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Choices {
    /// The line that is typed into.
    pub input: Line,
    /// What receives the keys.
    pub focus: Focus,
    /// Index of the selected neighbour.
    pub selected: usize,
    /// How many neighbours are asked for.
    pub count: usize,
    /// Which words may be answers.
    pub filter: FilterSettings,
    /// The lower part.
    pub panel: Panel,
    /// Queries that were gone to, oldest first.
    pub history: Vec<String>,
    /// Index of the present one in `history`.
    pub history_position: usize,
    /// Bookmarked words, in the order of marking.
    pub bookmarks: Vec<String>,
}

impl Default for Choices {
    fn default() -> Self {
        Self {
            input: Line::default(),
            focus: Focus::default(),
            selected: 0,
            count: DEFAULT_COUNT,
            filter: FilterSettings::default(),
            panel: Panel::default(),
            history: Vec::new(),
            history_position: 0,
            bookmarks: Vec::new(),
        }
    }
}

/// What the screen *Words* remembers from run to run.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Memory {
    /// As [`Choices::history`].
    pub history: Vec<String>,
    /// As [`Choices::bookmarks`].
    pub bookmarks: Vec<String>,
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
pub struct Words {
    /// What a person chose.
    pub chosen: Choices,
    /// What completes the line. May still belong to an earlier text: compare `typed`.
    pub suggestions: Suggestions,
    /// The answer shown. While a search runs it is the old one (draw it dimmed).
    pub answer: Option<NeighbourAnswer>,
    /// The query has no answer; `answer` is then the last that had one, or `None`.
    pub unknown: Option<Unknown>,
    /// The condition on the answers, as it was built last.
    pub kept_filter: Arc<KeptFilter>,
    /// What [`Panel::Comparison`] shows.
    pub comparison: Option<Comparison>,
    /// What [`Panel::Subwords`] shows.
    pub subwords: Option<SubwordReport>,
}

impl Words {
    /// The selected neighbour.
    pub fn selected_neighbour(&self) -> Option<&Neighbour> {
        self.answer.as_ref()?.neighbours.get(self.chosen.selected)
    }

    /// Whether the present query is bookmarked.
    pub fn is_bookmarked(&self, word: &str) -> bool {
        self.chosen.bookmarks.iter().any(|mark| mark == word)
    }
}

impl Choices {
    /// Puts `query` behind the present place in the history; what lay ahead is forgotten.
    pub(super) fn remember(&mut self, query: String) {
        if self.history.get(self.history_position) == Some(&query) {
            return;
        }
        self.history.truncate(self.history_position + 1);
        self.history.push(query);
        if self.history.len() > HISTORY {
            self.history.remove(0);
        }
        self.history_position = self.history.len() - 1;
    }
}
