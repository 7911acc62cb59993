//! `completions`: a script that teaches a shell the commands and options.

use anyhow::Result;
use clap::Args;
use clap_complete::Shell;

use super::command::{Answer, Command, Shared};

/// Print shell completions
#[derive(Debug, Args)]
pub struct Arguments {
    /// For which shell
    shell: Shell,
}

impl Command for Arguments {
    fn answer(self, shared: &Shared) -> Result<Answer> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut (shared.program)(), "lexiscope", &mut script);
        Ok(Answer::Text(script))
    }
}
