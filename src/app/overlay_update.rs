//! Commands in what lies on top of a screen.

use super::commands;
use super::frame::Frame;
use super::overlay::{List, Overlay};
use super::registry::Registry;
use super::screens::Screens;

/// The kind of target that an entry of a list on top is.
pub const ENTRY: &str = "entry on top";

/// More lines than any help or message has.
const MOST_LINES: usize = 10_000;

/// What became of a command while something lies on top.
pub(super) enum Ran {
    /// It is none of the overlay's.
    Nothing,
    /// The overlay has taken it.
    Overlay,
    /// A command was chosen in the palette.
    Chose(&'static str),
}

/// Carries out a command in the overlay, if there is one that knows it.
pub(super) fn run(id: &str, registry: &Registry, screens: &mut Screens, frame: &mut Frame) -> Ran {
    let Some(overlay) = &mut frame.overlay else { return Ran::Nothing };
    match (id, overlay) {
        ("cancel", _) | ("help", Overlay::Help { .. }) => frame.overlay = None,
        ("accept", _) => return accept(registry, screens, frame),
        ("complete", Overlay::Form(form)) => form.field = (form.field + 1) % form.fields.len().max(1),
        ("previous-field", Overlay::Form(form)) => {
            let count = form.fields.len().max(1);
            form.field = (form.field + count - 1) % count;
        }
        ("complete" | "previous-field", _) => {}
        ("down", _) => move_by(1, registry, screens, frame),
        ("up", _) => move_by(-1, registry, screens, frame),
        ("page-down", _) => move_by(10, registry, screens, frame),
        ("page-up", _) => move_by(-10, registry, screens, frame),
        ("first", _) => move_by(isize::MIN, registry, screens, frame),
        ("last", _) => move_by(isize::MAX, registry, screens, frame),
        _ => return Ran::Nothing,
    }
    Ran::Overlay
}

/// Moves the selection in the overlay, or scrolls it.
pub(super) fn move_by(by: isize, registry: &Registry, screens: &Screens, frame: &mut Frame) {
    let length = match &frame.overlay {
        Some(Overlay::Palette { input, .. }) => registry.palette(input.text(), screens, frame).len(),
        Some(Overlay::List(list)) => screens.front().list_entries(list.id, list.input.text(), frame).len(),
        _ => 0,
    };
    match &mut frame.overlay {
        Some(Overlay::Help { scroll } | Overlay::Message { scroll, .. }) => {
            // Drawing knows how many lines there are and stops at the last.
            *scroll = scroll.saturating_add_signed(by).min(MOST_LINES);
        }
        Some(Overlay::Palette { selected, .. } | Overlay::List(List { selected, .. })) => {
            *selected = moved(*selected, by, length);
        }
        Some(Overlay::Form(form)) => form.field = moved(form.field, by.signum(), form.fields.len()),
        None => {}
    }
}

/// Selects the entry of an index.
pub(super) fn select(index: usize, frame: &mut Frame) {
    if let Some(Overlay::Palette { selected, .. } | Overlay::List(List { selected, .. })) = &mut frame.overlay
    {
        *selected = index;
    }
}

fn accept(registry: &Registry, screens: &mut Screens, frame: &mut Frame) -> Ran {
    match frame.overlay.take() {
        Some(Overlay::Palette { input, selected }) => {
            let chosen = registry.palette(input.text(), screens, frame);
            return chosen.get(selected).map_or(Ran::Overlay, |(listed, _)| Ran::Chose(listed.entry.id));
        }
        Some(Overlay::List(list)) => {
            let entries = screens.front().list_entries(list.id, list.input.text(), frame);
            if let Some(entry) = entries.get(list.selected) {
                screens.front_mut().list_chosen(list.id, entry, frame);
            }
        }
        Some(Overlay::Form(mut form)) => {
            let filled = commands::form_filled(&form, screens, frame)
                .unwrap_or_else(|| screens.front_mut().form_filled(&form, frame));
            if let Err(error) = filled {
                form.error = Some(error);
                frame.overlay = Some(Overlay::Form(form));
            }
        }
        Some(Overlay::Help { .. } | Overlay::Message { .. }) | None => {}
    }
    Ran::Overlay
}

/// `selected` moved by `by` within a list of `length`; never out of it.
pub fn moved(selected: usize, by: isize, length: usize) -> usize {
    selected.saturating_add_signed(by).min(length.saturating_sub(1))
}
