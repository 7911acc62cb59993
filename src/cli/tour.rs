//! `tour`: the screens, with a guide.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;

use super::arguments::standard_input::file_parser;
use super::command::{Answer, Command, Shared};
use super::failure::Failure;
use crate::app::Tour;
use crate::terminal::{self, StartError, StartOptions};

/// Ten stops of a minute each: what there is to see on every screen
///
/// F8 goes on, F7 goes back. On the screens, `:tour` begins it.
#[derive(Debug, Args)]
pub struct Arguments {
    /// A tour of your own: a TOML file with [[stop]] tables of title, screen, look, try and choices
    #[arg(long, value_name = "FILE", value_parser = file_parser())]
    file: Option<PathBuf>,
}

impl Command for Arguments {
    fn answer(self, shared: &Shared) -> Result<Answer> {
        let tour = match &self.file {
            None => Tour::first(),
            Some(path) => {
                let text = std::fs::read_to_string(path)
                    .with_context(|| format!("cannot read {}", path.display()))?;
                Tour::parse(&text)
                    .map_err(|error| Failure::file(format!("{} is no tour: {error}", path.display())))?
            }
        };
        let options = StartOptions {
            vectors: shared.vectors.clone(),
            model: shared.model.clone(),
            theme: shared.theme.clone(),
            colour: shared.colour,
            tour: Some(tour),
        };
        match terminal::start(options) {
            Ok(()) => Ok(Answer::Text(Vec::new())),
            Err(error @ StartError::NoTerminal(_)) => Err(Failure::usage(error.to_string()).into()),
            Err(error) => Err(error.into()),
        }
    }
}
