//! What a command of the command line is.

use std::path::PathBuf;

use anyhow::Result;

use super::batch::Batch;
use super::report::{Format, Report};
use crate::terminal::ColourChoice;

/// What every command may need besides its own arguments.
pub struct Shared {
    /// The vectors; `None` for the shipped ones.
    pub vectors: Option<PathBuf>,
    /// The model: a folder, a file or a name; `None` for the shipped one.
    pub model: Option<String>,
    /// The theme of the screens, for a command that shows them.
    pub theme: Option<String>,
    /// Their colours.
    pub colour: Option<ColourChoice>,
    /// The description of the whole command line.
    pub program: fn() -> clap::Command,
}

/// What a command answers with.
pub enum Answer {
    /// Facts, lists and maps, to be written in a format.
    Report(Box<Report>, Format),
    /// An answer for every line of questions.
    Batch(Batch),
    /// Text as it is.
    Text(Vec<u8>),
}

impl Answer {
    /// `report`, to be written in `format`.
    pub fn report(report: Report, format: Format) -> Self {
        Self::Report(Box::new(report), format)
    }
}

/// A command: its arguments, which clap parses, and what it does with them.
pub trait Command {
    /// Carries it out.
    ///
    /// # Errors
    /// Whatever stands in the way, with its exit code: see [`super::failure`].
    fn answer(self, shared: &Shared) -> Result<Answer>;
}

/// What clap makes of `typed`, for the tests of arguments.
#[cfg(test)]
pub fn parsed<A: clap::Args>(typed: &[&str]) -> Result<A, clap::Error> {
    let command = A::augment_args(clap::Command::new("test").no_binary_name(true));
    A::from_arg_matches(&command.try_get_matches_from(typed)?)
}
