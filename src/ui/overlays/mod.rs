//! What lies on top of a screen.
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::app::{App, Overlay};
use crate::theme::Theme;

/// Draws `overlay` over the lower part of `area`. Returns where the cursor belongs, if anywhere.
pub fn draw(
    _overlay: &Overlay,
    _app: &App,
    _theme: &Theme,
    _buffer: &mut Buffer,
    _area: Rect,
) -> Option<Position> {
    None
}
