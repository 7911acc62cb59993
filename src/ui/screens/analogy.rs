//! The screen *Analogy*.
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::app::App;
use crate::theme::Theme;

/// Draws the screen into `area`. Returns where the terminal's cursor belongs, if anywhere.
pub fn draw(app: &App, theme: &Theme, buffer: &mut Buffer, area: Rect) -> Option<Position> {
    super::input(&app.analogy.expression, theme, buffer, area, (3, 0), area.width)
}
