//! What lies on top of a screen: help, palette, forms and messages. The line that is typed into
//! and the tabs above stay where they are.

mod help;
mod lists;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::chrome::clear;
use super::screens::input;
use super::text::{columns, put, put_right, visible, wrap};
use crate::app::overlay::FilterForm;
use crate::app::{App, Overlay};
use crate::theme::Theme;

/// Draws `overlay` over `area`. Returns where the cursor belongs, if anywhere.
pub fn draw(
    overlay: &Overlay,
    app: &App,
    theme: &Theme,
    buffer: &mut Buffer,
    area: Rect,
) -> Option<Position> {
    match overlay {
        Overlay::Help { scroll } => {
            help::draw(app, *scroll, theme, buffer, area);
            None
        }
        Overlay::Palette { input, selected } => lists::palette(app, input, *selected, theme, buffer, area),
        Overlay::GoTo { input, selected } => lists::go_to(app, input, *selected, theme, buffer, area),
        Overlay::Filter(form) => draw_filter(form, theme, buffer, area),
        Overlay::Message { title, text, scroll } => {
            let lines = wrap(text, usize::from(area.width.saturating_sub(4)));
            draw_message(title, &lines, *scroll, theme, buffer, area);
            None
        }
    }
}

/// Clears a panel at the top of `area` and draws a rule below it, so that it is told from the
/// screen under it without colour. Returns the inside.
fn panel(height: u16, title: &str, theme: &Theme, buffer: &mut Buffer, area: Rect) -> Rect {
    let height = height.saturating_add(3).min(area.height);
    let panel = Rect { height, ..area };
    clear(theme, buffer, panel);
    put(buffer, panel, 2, 0, title, theme.roles().heading);
    if height < area.height {
        let rule = "─".repeat(usize::from(area.width));
        put(buffer, panel, 0, height - 1, &rule, theme.roles().faint);
    }
    Rect {
        x: panel.x + 2.min(panel.width),
        y: panel.y + 1.min(height),
        width: panel.width.saturating_sub(4),
        height: height.saturating_sub(if height < area.height { 2 } else { 1 }),
    }
}

fn draw_message(
    title: &str,
    lines: &[String],
    scroll: usize,
    theme: &Theme,
    buffer: &mut Buffer,
    area: Rect,
) {
    let inside = panel(u16::try_from(lines.len()).unwrap_or(u16::MAX), title, theme, buffer, area);
    let first = scroll.min(lines.len().saturating_sub(usize::from(inside.height)));
    for (y, line) in lines.iter().skip(first).take(usize::from(inside.height)).enumerate() {
        put(buffer, inside, 0, y as u16, line, theme.roles().text);
    }
}

fn draw_filter(form: &FilterForm, theme: &Theme, buffer: &mut Buffer, area: Rect) -> Option<Position> {
    let roles = theme.roles();
    let inside = panel(5, "Which words may be answers", theme, buffer, area);
    let mut cursor = None;
    for (index, line) in form.lines.iter().enumerate() {
        let y = index as u16;
        let focused = form.field == index;
        put(buffer, inside, 0, y, if focused { ">" } else { " " }, roles.focus);
        put(
            buffer,
            inside,
            2,
            y,
            FilterForm::LABELS[index],
            if focused { roles.selected } else { roles.heading },
        );
        let x = 10;
        if line.text().is_empty() {
            put(buffer, inside, x, y, FilterForm::EXAMPLES[index], roles.faint);
        }
        let place = input(line, theme, buffer, inside, (x, y), inside.width.saturating_sub(x));
        if focused {
            cursor = place;
        }
    }
    match &form.error {
        Some(error) => put(buffer, inside, 2, 4, error, roles.error),
        None => put(buffer, inside, 2, 4, "An empty line sets no condition.", roles.faint),
    };
    cursor
}

/// Draws an entry of a list: `right` at the right edge, and as much of `left` as fits before it.
fn put_entry(
    buffer: &mut Buffer,
    theme: &Theme,
    line: Rect,
    y: u16,
    (left, right): (&str, &str),
    selected: bool,
) {
    let roles = theme.roles();
    put(buffer, line, 0, y, if selected { ">" } else { " " }, roles.focus);
    let mut room = usize::from(line.width);
    let right_width = columns(&visible(right));
    if !right.is_empty() && right_width + 20 <= room {
        put_right(buffer, line, y, right, roles.faint);
        room -= right_width + 2;
    }
    let left_part = Rect { width: room as u16, ..line };
    put(buffer, left_part, 2, y, left, if selected { roles.selected } else { roles.text });
}
