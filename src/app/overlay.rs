//! What lies on top of a screen.

use super::line::Line;

/// What lies on top of a screen.
#[derive(Debug, Clone)]
pub enum Overlay {
    /// The keys that work here.
    Help {
        /// Lines scrolled away. Drawing clamps it to what there is.
        scroll: usize,
    },
    /// Commands by title.
    Palette {
        /// What is typed.
        input: Line,
        /// Index of the selected command among those that match.
        selected: usize,
    },
    /// Which words may be answers.
    Filter(FilterForm),
    /// Bookmarks and history, or a rank.
    GoTo {
        /// What is typed.
        input: Line,
        /// Index of the selected entry among those that match.
        selected: usize,
    },
    /// A message in full.
    Message {
        /// The heading.
        title: String,
        /// The text; may have several lines.
        text: String,
        /// Lines scrolled away.
        scroll: usize,
    },
}

impl Overlay {
    /// Whether printable keys are text in it.
    pub fn is_typing(&self) -> bool {
        matches!(self, Self::Palette { .. } | Self::Filter(_) | Self::GoTo { .. })
    }

    /// The line that is typed into.
    pub fn line_mut(&mut self) -> Option<&mut Line> {
        match self {
            Self::Palette { input, .. } | Self::GoTo { input, .. } => Some(input),
            Self::Filter(form) => form.lines.get_mut(form.field),
            Self::Help { .. } | Self::Message { .. } => None,
        }
    }
}

/// The three conditions of a filter, as typed.
#[derive(Debug, Clone, Default)]
pub struct FilterForm {
    /// Ranks such as `1-5000`, a regular expression, and words (or `@file`), in this order.
    pub lines: [Line; 3],
    /// The line that is typed into.
    pub field: usize,
    /// What is wrong with them.
    pub error: Option<String>,
}

impl FilterForm {
    /// What the lines are called.
    pub const LABELS: [&str; 3] = ["ranks", "regex", "words"];
    /// Examples of what to type.
    pub const EXAMPLES: [&str; 3] = ["1-5000", "^[a-z]+$", "cat dog mouse, or @words.txt"];
}

/// One entry of the go-to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoToEntry {
    /// The query to go to.
    pub query: String,
    /// Why it is in the list: "bookmark", "history", or its rank.
    pub reason: String,
}
