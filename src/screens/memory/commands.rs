//! The commands of the screen *Memory*.

use super::state::{Lower, Memory};
use crate::app::{Command, Frame, Reason, Scope::Own};

/// All of them, in the order of the help.
pub const COMMANDS: &[Command<Memory>] = &[
    Command::new("read-text", "text", "Type another text for both networks.", Memory::edit_text)
        .keys(&[(Own, "e")])
        .footer(2)
        .search("sentence type input"),
    Command::new("play", "play", "Step through the text by itself; again to stop.", Memory::play)
        .keys(&[(Own, "space")])
        .footer(3)
        .when(has_tokens)
        .search("step animate"),
    Command::new(
        "select-cells",
        "same cells",
        "Begin a range of tokens here, and find where else the cells are on that are on over it.",
        Memory::mark_range,
    )
    .keys(&[(Own, "r")])
    .footer(4)
    .when(has_cells)
    .search("match range lstmvis states"),
    Command::new(
        "upper-network",
        "upper network",
        "Read with the next network in the upper half.",
        Memory::next_upper,
    )
    .keys(&[(Own, "n")])
    .footer(5)
    .search("lstm gru rnn hybrid transformer"),
    Command::new(
        "lower-network",
        "lower network",
        "Read with the next network in the lower half.",
        Memory::next_lower,
    )
    .keys(&[(Own, "N")])
    .search("lstm gru rnn hybrid transformer"),
    Command::new(
        "fresh-lstm",
        "fresh LSTM",
        "Show how far back an LSTM feels that has learned nothing, by the bias of its forget gate.",
        Memory::show_fresh,
    )
    .keys(&[(Own, "f")])
    .footer(6)
    .search("forget bias slider influence"),
    Command::new(
        "more",
        "more",
        "Raise the forget bias, or the number above which a cell is on.",
        Memory::raise,
    )
    .keys(&[(Own, "+")])
    .when(has_slider)
    .search("threshold bias"),
    Command::new(
        "less",
        "less",
        "Lower the forget bias, or the number above which a cell is on.",
        Memory::lower,
    )
    .keys(&[(Own, "-")])
    .when(has_slider)
    .search("threshold bias"),
];

fn has_tokens(memory: &Memory, _: &Frame) -> Result<(), Reason> {
    if memory.tokens() > 0 { Ok(()) } else { Err("no text was read yet".into()) }
}

fn has_cells(memory: &Memory, _: &Frame) -> Result<(), Reason> {
    let sides = [0, 1].map(|index| memory.side(index));
    let has = sides.into_iter().flatten().any(|side| !side.reading.tracks.is_empty());
    if has { Ok(()) } else { Err("neither network has cells".into()) }
}

fn has_slider(memory: &Memory, _: &Frame) -> Result<(), Reason> {
    if memory.chosen.lower == Lower::Fresh || memory.chosen.range_start.is_some() {
        return Ok(());
    }
    Err("for the fresh LSTM, or a range of tokens".into())
}
