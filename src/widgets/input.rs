//! A line of text that is typed into.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::line::Line;
use super::text::put;
use crate::theme::Theme;

/// Draws a line that is typed into, scrolled so that the cursor is inside of `width` columns
/// from `x`, `y` of `area`. Returns the cursor's place.
pub fn input(
    line: &Line,
    theme: &Theme,
    buffer: &mut Buffer,
    area: Rect,
    (x, y): (u16, u16),
    width: u16,
) -> Option<Position> {
    let area = area.intersection(buffer.area);
    if width < 2 || x >= area.width || y >= area.height {
        return None;
    }
    let width = width.min(area.width - x);
    let room = usize::from(width);
    let scrolled = line.scroll(room.saturating_sub(1));
    let shown = behind(line.text(), scrolled);
    let inside = Rect { x: area.x + x, y: area.y + y, width, height: 1 };
    if !shown.is_empty() {
        put(buffer, inside, 0, 0, shown, theme.roles().input);
    }
    let column = line.cursor_column().saturating_sub(scrolled).min(room - 1) as u16;
    Some(Position::new(inside.x + column, inside.y))
}

/// What is left of `text` behind its first `scrolled` columns.
fn behind(text: &str, scrolled: usize) -> &str {
    use unicode_segmentation::UnicodeSegmentation;
    use unicode_width::UnicodeWidthStr;
    let mut used = 0;
    for (byte, grapheme) in text.grapheme_indices(true) {
        if used >= scrolled {
            return &text[byte..];
        }
        used += grapheme.width();
    }
    ""
}
