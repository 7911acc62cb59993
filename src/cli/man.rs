//! `man`: the manual page, made from the same description as `--help`.

use anyhow::Result;
use clap::Args;

use super::command::{Answer, Command, Shared};

/// Print the manual page
#[derive(Debug, Args)]
pub struct Arguments {}

impl Command for Arguments {
    /// The manual page in roff: the program, then every command.
    fn answer(self, shared: &Shared) -> Result<Answer> {
        let mut page = Vec::new();
        let mut command = (shared.program)();
        command.build();
        clap_mangen::Man::new(command.clone()).render(&mut page)?;
        for subcommand in command.get_subcommands() {
            let title = format!("lexiscope {}", subcommand.get_name());
            let man = clap_mangen::Man::new(subcommand.clone());
            page.extend(format!(".SH \"{}\"\n", title.to_uppercase()).into_bytes());
            man.render_synopsis_section(&mut page)?;
            man.render_description_section(&mut page)?;
            man.render_options_section(&mut page)?;
        }
        Ok(Answer::Text(page))
    }
}
