//! The commands of the screen *Lab*.

use super::state::Lab;
use crate::app::{Command, Frame, Reason, Scope::Own};

/// All of them, in the order of the help.
pub const COMMANDS: &[Command<Lab>] = &[
    Command::new(
        "lab-settings",
        "seed, budget",
        "Choose the seed and the budget of the next run.",
        Lab::ask_settings,
    )
    .keys(&[(Own, "b"), (Own, "s")])
    .footer(2)
    .search("steps random longer shorter"),
    Command::new(
        "lab-view",
        "view",
        "Go on from the table to all rows that were measured, and to the curves.",
        Lab::next_view,
    )
    .keys(&[(Own, "v")])
    .footer(3)
    .search("table rows curves"),
    Command::new(
        "save-result",
        "write",
        "Write what came out: the table as .csv or .json, the picture as .svg.",
        Lab::ask_where_to_save,
    )
    .keys(&[(Own, "w")])
    .footer(4)
    .when(has_result)
    .search("export csv json svg file"),
    Command::new("replay", "show again", "Show once more how the run went.", Lab::show_again)
        .keys(&[(Own, "a")])
        .footer(5)
        .when(can_be_shown_again)
        .search("replay play"),
    Command::new(
        "replay-file",
        "show a file",
        "Show a run that was written to a .json file.",
        Lab::ask_what_to_show,
    )
    .search("replay open json"),
];

fn has_result(lab: &Lab, _: &Frame) -> Result<(), Reason> {
    if lab.shown().is_some() { Ok(()) } else { Err("nothing came out yet: Enter runs it".into()) }
}

fn can_be_shown_again(lab: &Lab, _: &Frame) -> Result<(), Reason> {
    if lab.is_running() {
        return Err("an experiment runs".into());
    }
    if lab.results.contains_key(lab.card().name) { Ok(()) } else { Err("nothing came out yet".into()) }
}
