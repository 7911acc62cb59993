//! What the guided tour says, below the screen.

use ratatui::layout::Rect;

use super::super::frame::Frame;
use super::super::tour::Tour;
use crate::widgets::canvas::Canvas;
use crate::widgets::text::{put, put_right, wrap};

/// Free columns on both sides.
const MARGIN: u16 = 1;

/// Lines for the screen itself that are left in any case.
const LEAST_SCREEN: u16 = 8;

/// How many lines the present stop takes of a terminal of this size.
pub(super) fn lines(tour: &Tour, area: Rect) -> u16 {
    let said = wrap(&tour.stop().look, usize::from(area.width.saturating_sub(2 * MARGIN))).len() as u16;
    (said + 2).min(area.height.saturating_sub(2 + LEAST_SCREEN))
}

/// Draws the present stop: its title, what to look at, and a key to try.
pub(super) fn draw(tour: &Tour, frame: &Frame, canvas: &mut Canvas<'_>, area: Rect) {
    let roles = canvas.theme.roles();
    let area = Rect { x: area.x + MARGIN, width: area.width.saturating_sub(2 * MARGIN), ..area };
    if area.height == 0 {
        return;
    }
    let stop = tour.stop();
    let title = format!("Tour {} of {}: {}", tour.index + 1, tour.stops.len(), stop.title);
    put(canvas.buffer, area, 0, 0, &title, roles.heading);
    let keys = format!("{} on  {} back", frame.key_of("tour-next"), frame.key_of("tour-before"));
    put_right(canvas.buffer, area, 0, &keys, roles.key);
    let room = area.height.saturating_sub(2);
    for (y, line) in wrap(&stop.look, usize::from(area.width)).iter().take(usize::from(room)).enumerate() {
        put(canvas.buffer, area, 0, y as u16 + 1, line, roles.text);
    }
    if area.height > 1 {
        put(canvas.buffer, area, 0, area.height - 1, &format!("try: {}", stop.trial), roles.focus);
    }
}
