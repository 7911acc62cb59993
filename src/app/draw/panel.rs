//! The ground that what lies on top of a screen is drawn on.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::chrome::clear;
use crate::theme::Theme;
use crate::widgets::text::{columns, put, put_right, visible};

/// Clears a panel at the top of `area` and draws a rule below it, so that it is told from the
/// screen under it without colour. Returns the inside.
pub(super) fn panel(height: u16, title: &str, theme: &Theme, buffer: &mut Buffer, area: Rect) -> Rect {
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

/// Draws an entry of a list: `right` at the right edge, and as much of `left` as fits before it.
pub(super) fn put_entry(
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
