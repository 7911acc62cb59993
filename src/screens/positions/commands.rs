//! The commands of the screen *Positions*.

use super::state::Positions;
use crate::app::{Command, Frame, Reason, Scope::Own};

/// All of them, in the order of the help.
pub const COMMANDS: &[Command<Positions>] = &[
    Command::new(
        "edit-text",
        "text",
        "Type another text for the model; it runs with every keystroke.",
        Positions::edit_text,
    )
    .keys(&[(Own, "e")])
    .footer(2)
    .search("sentence type input"),
    Command::new("next-method", "method", "Look at the next position method.", Positions::next_method)
        .keys(&[(Own, "v")])
        .footer(3)
        .search("sinusoidal learned rotary alibi t5"),
    Command::new(
        "next-places",
        "next word",
        "Look at the next word that stands at two places.",
        Positions::next_places,
    )
    .keys(&[(Own, "n")])
    .footer(4)
    .when(has_places)
    .search("twice meaning context"),
];

fn has_places(positions: &Positions, _: &Frame) -> Result<(), Reason> {
    let places = positions.experiments.as_ref().map_or(0, |found| found.places.len());
    if places > 1 { Ok(()) } else { Err("no other word stands at two places".into()) }
}
