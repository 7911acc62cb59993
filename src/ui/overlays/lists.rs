//! Lists that are searched by typing: commands, and queries to go to.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::{panel, put_entry};
use crate::app::App;
use crate::app::commands;
use crate::app::line::Line;
use crate::theme::Theme;
use crate::ui::screens::input;
use crate::ui::text::put;
use crate::ui::widgets::bars::first_shown;

/// Lines of a list that are shown at most.
const MOST_LINES: u16 = 14;

/// The commands whose titles match, each with its keys or the reason why it cannot be used.
pub(super) fn palette(
    app: &App,
    line: &Line,
    selected: usize,
    theme: &Theme,
    buffer: &mut Buffer,
    area: Rect,
) -> Option<Position> {
    let entries: Vec<(String, String)> = commands::palette(app, line.text())
        .into_iter()
        .map(|entry| {
            let right = match entry.unavailable {
                Some(reason) => format!("not now: {reason}"),
                None => entry.keys,
            };
            (format!("{:<16}{}", entry.command.title, entry.command.help), right)
        })
        .collect();
    draw("Commands", &entries, "no command is called that", line, selected, theme, buffer, area)
}

/// Bookmarks, history, and words by rank.
pub(super) fn go_to(
    app: &App,
    line: &Line,
    selected: usize,
    theme: &Theme,
    buffer: &mut Buffer,
    area: Rect,
) -> Option<Position> {
    let entries: Vec<(String, String)> =
        app.go_to_entries(line.text()).into_iter().map(|entry| (entry.query, entry.reason)).collect();
    let nothing = "no bookmark or earlier query; type a rank such as 500";
    draw(
        "Go to a bookmark, an earlier query, or a rank",
        &entries,
        nothing,
        line,
        selected,
        theme,
        buffer,
        area,
    )
}

#[allow(clippy::too_many_arguments)] // One private function that two lists share.
fn draw(
    title: &str,
    entries: &[(String, String)],
    nothing: &str,
    line: &Line,
    selected: usize,
    theme: &Theme,
    buffer: &mut Buffer,
    area: Rect,
) -> Option<Position> {
    // The height does not follow the number of matches: the list must not jump while typing.
    let inside = panel(MOST_LINES + 2, title, theme, buffer, area);
    put(buffer, inside, 0, 0, ":", theme.roles().focus);
    let cursor = input(line, theme, buffer, inside, (2, 0), inside.width.saturating_sub(2));
    let below = Rect { y: inside.y + 2, height: inside.height.saturating_sub(2), ..inside };
    if entries.is_empty() {
        put(buffer, below, 2, 0, nothing, theme.roles().warning);
    }
    let height = usize::from(below.height);
    let first = first_shown(Some(selected), height);
    for (index, (left, right)) in entries.iter().enumerate().skip(first).take(height) {
        put_entry(buffer, theme, below, (index - first) as u16, (left, right), index == selected);
    }
    cursor
}
