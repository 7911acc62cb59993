//! The commands of the screen *Analogy*.

use super::state::Analogy;
use crate::app::{Command, Scope::Own};

/// All of them, in the order of the help.
pub const COMMANDS: &[Command<Analogy>] = &[
    Command::new(
        "edit-expression",
        "expression",
        "Edit the question as a free expression; again: as three words.",
        Analogy::toggle_expression,
    )
    .keys(&[(Own, "e")])
    .footer(3)
    .search("formula sum weights free"),
    Command::new(
        "asked-words",
        "asked words",
        "Show the asked words among the answers, or leave them out.",
        Analogy::toggle_asked,
    )
    .keys(&[(Own, "a")])
    .footer(4)
    .search("exclude include question"),
];
