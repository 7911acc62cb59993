//! What lies on top of a screen.

use crate::widgets::line::Line;

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
    /// Lines to be filled in, for the screen in front.
    Form(Form),
    /// Entries to choose from, given by the screen in front.
    List(List),
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
        matches!(self, Self::Palette { .. } | Self::Form(_) | Self::List(_))
    }

    /// The line that is typed into.
    pub fn line(&mut self) -> Option<&mut Line> {
        match self {
            Self::Palette { input, .. } | Self::List(List { input, .. }) => Some(input),
            Self::Form(form) => form.fields.get_mut(form.field).map(|field| &mut field.line),
            Self::Help { .. } | Self::Message { .. } => None,
        }
    }

    /// The text of the line was changed.
    pub fn text_changed(&mut self) {
        match self {
            Self::Palette { selected, .. } | Self::List(List { selected, .. }) => *selected = 0,
            Self::Form(form) => form.error = None,
            Self::Help { .. } | Self::Message { .. } => {}
        }
    }
}

/// Lines to be filled in.
#[derive(Debug, Clone, Default)]
pub struct Form {
    /// Tells the screen which of its forms this is.
    pub id: &'static str,
    /// The heading.
    pub title: &'static str,
    /// The lines.
    pub fields: Vec<Field>,
    /// The line that is typed into.
    pub field: usize,
    /// What stands below them.
    pub note: &'static str,
    /// What is wrong with them.
    pub error: Option<String>,
}

/// One line of a form.
#[derive(Debug, Clone, Default)]
pub struct Field {
    /// What it is called.
    pub label: &'static str,
    /// An example of what to type.
    pub example: &'static str,
    /// What is typed.
    pub line: Line,
}

/// Entries to choose from.
#[derive(Debug, Clone, Default)]
pub struct List {
    /// Tells the screen which of its lists this is.
    pub id: &'static str,
    /// The heading.
    pub title: &'static str,
    /// What stands there when nothing matches.
    pub nothing: &'static str,
    /// What is typed.
    pub input: Line,
    /// Index of the selected entry among those that match.
    pub selected: usize,
}

/// One entry of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListEntry {
    /// What is chosen.
    pub text: String,
    /// Why it is in the list: "bookmark", "history", "rank 500".
    pub reason: String,
}
