//! `completions`: a script that teaches a shell the commands and options.

use clap::CommandFactory;
use clap_complete::Shell;

use super::arguments::LowArguments;

/// The completion script for `shell`.
pub fn script(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut LowArguments::command(), "lexiscope", &mut script);
    script
}
