//! Lists that are searched by typing: commands, and what a screen offers to choose from.

use ratatui::layout::Rect;

use super::super::application::App;
use super::super::overlay::List;
use super::super::overlay_update::ENTRY;
use super::panel::{panel, put_entry};
use crate::widgets::bars::first_shown;
use crate::widgets::canvas::Canvas;
use crate::widgets::input::input;
use crate::widgets::line::Line;
use crate::widgets::text::put;

/// Lines of a list that are shown at most.
const MOST_LINES: u16 = 14;

/// A list as it is drawn.
struct Shown<'a> {
    title: &'a str,
    /// What stands there without entries.
    nothing: &'a str,
    /// Left and right text of each.
    entries: Vec<(String, String)>,
    line: &'a Line,
    selected: usize,
}

/// The commands whose titles match, each with its keys or the reason why it cannot be used.
pub(super) fn palette(app: &App, line: &Line, selected: usize, canvas: &mut Canvas<'_>) {
    let found = app.registry.palette(line.text(), &app.screens, &app.frame);
    let keys = |id: &str| {
        let keys = app.frame.keymap.keys(id);
        keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    };
    let entries = found
        .into_iter()
        .map(|(listed, unavailable)| {
            let right = match unavailable {
                Some(reason) => format!("not now: {reason}"),
                None => keys(listed.entry.id),
            };
            (format!("{:<16}{}", listed.entry.title, listed.entry.help), right)
        })
        .collect();
    let nothing = "no command is called that";
    Shown { title: "Commands", nothing, entries, line, selected }.draw(canvas);
}

/// What the screen in front offers.
pub(super) fn list(app: &App, list: &List, canvas: &mut Canvas<'_>) {
    let found = app.screens.front().list_entries(list.id, list.input.text(), &app.frame);
    let entries = found.into_iter().map(|entry| (entry.text, entry.reason)).collect();
    let List { title, nothing, input: line, selected, .. } = list;
    Shown { title, nothing, entries, line, selected: *selected }.draw(canvas);
}

impl Shown<'_> {
    fn draw(&self, canvas: &mut Canvas<'_>) {
        let theme = canvas.theme;
        // The height does not follow the number of matches: the list must not jump while typing.
        let inside = panel(MOST_LINES + 2, self.title, theme, canvas.buffer, canvas.area);
        put(canvas.buffer, inside, 0, 0, ":", theme.roles().focus);
        let room = inside.width.saturating_sub(2);
        canvas.cursor = input(self.line, theme, canvas.buffer, inside, (2, 0), room);
        let below = Rect { y: inside.y + 2, height: inside.height.saturating_sub(2), ..inside };
        if self.entries.is_empty() {
            put(canvas.buffer, below, 2, 0, self.nothing, theme.roles().warning);
        }
        let height = usize::from(below.height);
        let first = first_shown(Some(self.selected), height);
        let shown = self.entries.iter().enumerate().skip(first).take(height);
        for (index, (left, right)) in shown {
            let line = (index - first) as u16;
            put_entry(canvas.buffer, theme, below, line, (left, right), index == self.selected);
        }
        let lines = self.entries.len().saturating_sub(first).min(height) as u16;
        canvas.hit_lines(Rect { height: lines, ..below }, ENTRY, first);
    }
}
