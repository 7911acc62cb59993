//! What is seen: [`draw`] turns the application's state into one frame. It changes nothing.
//!
//! ```text
//! tabs            1 Words  2 Analogy                       name of the vectors, size
//! screen          screens::words, screens::analogy (or opening, failed, too small)
//! status          the last message, in the line above the footer
//! footer          the keys that work now
//! overlay         help, palette, forms and messages, over the lower part of the screen
//! ```

mod chrome;
pub mod overlays;
pub mod screens;
pub mod text;
pub mod widgets;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::app::{App, Screen};
use crate::theme::Theme;

/// The fewest columns and lines that are drawn on.
const SMALLEST: (u16, u16) = (24, 8);

/// Draws `app` over the whole of `frame`.
pub fn draw(app: &App, theme: &Theme, frame: &mut Frame) {
    let area = frame.area();
    if let Some(cursor) = render(app, theme, frame.buffer_mut(), area) {
        frame.set_cursor_position(cursor);
    }
}

/// Draws `app` into `area`. Returns where the terminal's cursor belongs, if anywhere.
pub fn render(app: &App, theme: &Theme, buffer: &mut Buffer, area: Rect) -> Option<Position> {
    let area = area.intersection(buffer.area);
    if area.is_empty() {
        return None;
    }
    buffer.set_style(area, theme.ground());
    let cursor = if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        chrome::too_small(theme, buffer, area, SMALLEST);
        None
    } else {
        compose(app, theme, buffer, area)
    };
    theme.finish(buffer);
    cursor
}

fn compose(app: &App, theme: &Theme, buffer: &mut Buffer, area: Rect) -> Option<Position> {
    let line = |y: u16| Rect { y: area.y + y, height: 1, ..area };
    chrome::tabs(app, theme, buffer, line(0));
    chrome::footer(app, theme, buffer, line(area.height - 1));
    let status_height = chrome::status(app, theme, buffer, line(area.height - 2));
    let body = Rect { y: area.y + 1, height: area.height - 2 - status_height, ..area };
    let cursor = if chrome::opening(app, theme, buffer, body) {
        None
    } else {
        match app.screen {
            Screen::Words => screens::words::draw(app, theme, buffer, body),
            Screen::Analogy => screens::analogy::draw(app, theme, buffer, body),
        }
    };
    match &app.overlay {
        Some(overlay) => overlays::draw(overlay, app, theme, buffer, body),
        None => cursor,
    }
}
