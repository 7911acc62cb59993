//! `config`: where the settings are, and a sample of them.

use anyhow::Result;
use clap::Args;

use super::command::{Answer, Command, Shared};
use crate::app::App;
use crate::screens;
use crate::terminal::config;

/// Print a commented sample of config.toml: theme, colours, keys
///
/// Write it to the file with: lexiscope config > FILE. Themes of your own are TOML files in themes/
/// beside it. LEXISCOPE_CONFIG names another file, LEXISCOPE_CACHE the folder for parsed files.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Print the place of the file instead
    #[arg(long)]
    path: bool,
}

impl Command for Arguments {
    fn answer(self, _: &Shared) -> Result<Answer> {
        let text = if self.path {
            let path = config::path();
            path.map_or_else(
                || "this system has no place for settings".into(),
                |path| path.display().to_string(),
            ) + "\n"
        } else {
            config::sample(&App::new(screens::all(), None))
        };
        Ok(Answer::Text(text.into_bytes()))
    }
}
