//! The commands of the screen *Attention*.

use super::state::Attention;
use crate::analysis::Stack;
use crate::app::{Command, Frame, Opened, Reason, Scope::Own};
use crate::model::trace::Keep;

type AttentionCommand = Command<Attention>;

/// All of them, in the order of the help.
pub const COMMANDS: &[AttentionCommand] = &[
    AttentionCommand::new(
        "edit-text",
        "text",
        "Type another text for the model; it runs with every keystroke.",
        Attention::edit_text,
    )
    .keys(&[(Own, "e")])
    .footer(2)
    .search("sentence image type input"),
    AttentionCommand::new(
        "next-step",
        "next step",
        "Show the next step of the making of the cell under the cursor.",
        |attention, _| attention.step_cell(true),
    )
    .keys(&[(Own, "space")])
    .footer(3)
    .when(has_cell)
    .search("explain zoom softmax query key value"),
    AttentionCommand::new("previous-step", "step back", "Show the step before.", |attention, _| {
        attention.step_cell(false)
    })
    .keys(&[(Own, "backspace")])
    .when(has_cell)
    .search("explain"),
    AttentionCommand::new(
        "head-off",
        "head off",
        "Switch the selected head off, or on again.",
        Attention::toggle_head,
    )
    .keys(&[(Own, "x")])
    .footer(4)
    .when(can_change_heads)
    .advertised(nothing_is_changed)
    .search("ablate zero remove intervention"),
    AttentionCommand::new(
        "hide-token",
        "hide token",
        "Hide the token of the cursor's column from all others, or show it again.",
        Attention::hide_token,
    )
    .keys(&[(Own, "m")])
    .footer(5)
    .when(can_hide_token)
    .advertised(nothing_is_changed)
    .search("mask ablate intervention"),
    AttentionCommand::new(
        "before-after",
        "before/after",
        "Show the pass before the changes, or after them.",
        Attention::show_before,
    )
    .keys(&[(Own, "b")])
    .footer(4)
    .when(has_changes)
    .search("compare intervention"),
    AttentionCommand::new("restore", "restore", "Take back all changes.", Attention::take_changes_back)
        .keys(&[(Own, "r")])
        .footer(5)
        .when(has_changes)
        .search("undo reset intervention"),
    AttentionCommand::new(
        "view",
        "view",
        "Show weights, scores, difference, norm-weighted attention, mean of the heads, or rollout.",
        Attention::change_view,
    )
    .keys(&[(Own, "v")])
    .footer(6)
    .when(has_attention)
    .search("average"),
    AttentionCommand::new(
        "next-interesting",
        "interesting head",
        "Go to the next interesting head: by change where something is changed, else by its label.",
        |attention, frame| attention.go_to_interesting(false, frame),
    )
    .keys(&[(Own, "n")])
    .footer(7)
    .when(has_figures)
    .search("find induction previous sink"),
    AttentionCommand::new(
        "previous-interesting",
        "interesting head before",
        "Go to the interesting head before.",
        |attention, frame| attention.go_to_interesting(true, frame),
    )
    .keys(&[(Own, "p")])
    .when(has_figures),
    AttentionCommand::new("next-layer", "layer", "Select the next layer.", |attention, frame| {
        attention.move_head(1, 0, frame)
    })
    .keys(&[(Own, "j")])
    .footer(8)
    .when(has_pass)
    .search("block down"),
    AttentionCommand::new(
        "previous-layer",
        "layer before",
        "Select the layer before.",
        |attention, frame| attention.move_head(-1, 0, frame),
    )
    .keys(&[(Own, "k")])
    .when(has_pass)
    .search("block up"),
    AttentionCommand::new("next-head", "head", "Select the next head.", |attention, frame| {
        attention.move_head(0, 1, frame)
    })
    .keys(&[(Own, "l")])
    .footer(9)
    .when(has_attention)
    .search("right"),
    AttentionCommand::new("previous-head", "head before", "Select the head before.", |attention, frame| {
        attention.move_head(0, -1, frame)
    })
    .keys(&[(Own, "h")])
    .when(has_attention)
    .search("left"),
    AttentionCommand::new(
        "scale",
        "scale",
        "Colour by the largest weight, its square root, or row by row.",
        Attention::change_scale,
    )
    .keys(&[(Own, "s")])
    .footer(10)
    .when(has_attention)
    .search("colours linear contrast"),
    AttentionCommand::new(
        "save-map",
        "save map",
        "Write the map to a file: svg or csv.",
        Attention::ask_where_to_save,
    )
    .keys(&[(Own, "w")])
    .when(has_map)
    .search("export picture numbers svg csv"),
    AttentionCommand::new(
        "own-scales",
        "own scales",
        "Colour every small map by its own largest number, or all by the largest of all.",
        Attention::change_scales,
    )
    .keys(&[(Own, "S")])
    .when(has_attention)
    .search("wall thumbnails colours normalise"),
    AttentionCommand::new(
        "change-head",
        "change head",
        "Set the selected head to zero, to its mean, its map to uniform; then back.",
        Attention::change_head,
    )
    .keys(&[(Own, "X")])
    .when(can_change_heads)
    .search("ablate switch off intervention"),
    AttentionCommand::new(
        "head-alone",
        "head alone",
        "Switch off all other heads of the layer; again: on.",
        Attention::leave_head_alone,
    )
    .keys(&[(Own, "o")])
    .when(can_change_heads)
    .search("ablate keep only intervention"),
    AttentionCommand::new(
        "change-positions",
        "positions",
        "Shuffle the positions, remove them, give them back.",
        Attention::change_positions,
    )
    .keys(&[(Own, "P")])
    .when(has_pass)
    .search("permute order intervention"),
    AttentionCommand::new(
        "stack",
        "stack",
        "Look at the encoder, the decoder, or the decoder looking at the encoder.",
        Attention::change_stack,
    )
    .keys(&[(Own, "c")])
    .footer(11)
    .when(has_decoder)
    .search("cross attention"),
];

fn nothing_is_changed(attention: &Attention, _: &Frame) -> bool {
    // In their place stand the commands that look at the change and take it back.
    attention.chosen.interventions.is_empty()
}

fn has_pass(attention: &Attention, frame: &Frame) -> Result<(), Reason> {
    match (&frame.model, &attention.before) {
        (_, Some(_)) => Ok(()),
        (Opened::Failed { .. }, None) => Err("the model could not be opened".into()),
        (_, None) => Err("no pass has come to its end yet".into()),
    }
}

fn has_attention(attention: &Attention, frame: &Frame) -> Result<(), Reason> {
    has_pass(attention, frame)?;
    if attention.attends() { Ok(()) } else { Err("this network has no attention".into()) }
}

fn has_cell(attention: &Attention, frame: &Frame) -> Result<(), Reason> {
    has_attention(attention, frame)?;
    match attention.shown().map(|pass| pass.keep) {
        Some(Keep::Everything) => Ok(()),
        _ => Err("this text is so long that only its weights are kept".into()),
    }
}

fn has_changes(attention: &Attention, frame: &Frame) -> Result<(), Reason> {
    has_pass(attention, frame)?;
    if attention.chosen.interventions.is_empty() { Err("nothing is changed".into()) } else { Ok(()) }
}

fn can_change_heads(attention: &Attention, frame: &Frame) -> Result<(), Reason> {
    has_pass(attention, frame)?;
    if attention.layers_and_heads().1 > 0 { Ok(()) } else { Err("this layer has no heads".into()) }
}

fn has_map(attention: &Attention, frame: &Frame) -> Result<(), Reason> {
    has_attention(attention, frame)?;
    match attention.map(attention.chosen.layer, attention.chosen.head) {
        Some(_) => Ok(()),
        None => Err("there is no map here".into()),
    }
}

fn can_hide_token(attention: &Attention, frame: &Frame) -> Result<(), Reason> {
    has_attention(attention, frame)?;
    match attention.chosen.stack {
        Stack::Text | Stack::Cross => Ok(()),
        Stack::Decoder => Err("only tokens of the encoder's text can be hidden".into()),
    }
}

fn has_figures(attention: &Attention, frame: &Frame) -> Result<(), Reason> {
    has_attention(attention, frame)?;
    if attention.figures.is_some() { Ok(()) } else { Err("the heads are still being looked at".into()) }
}

fn has_decoder(attention: &Attention, frame: &Frame) -> Result<(), Reason> {
    has_pass(attention, frame)?;
    let decoder = attention.before.as_ref().is_some_and(|pass| pass.decoder_tokens.is_some());
    if decoder { Ok(()) } else { Err("this model has one stack only".into()) }
}
