//! What is seen: [`draw`] turns the application's state into one frame. It changes nothing.
//!
//! ```text
//! tabs            1 Words  2 Analogy                       name of the vectors, size
//! screen          screens::words, screens::analogy, overlays on top
//! status          the last message, over the last line of the screen
//! footer          the keys that work now
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
    let body = Rect { y: area.y + 1, height: area.height - 2, ..area };
    chrome::tabs(app, theme, buffer, line(0));
    let mut cursor = match app.screen {
        Screen::Words => screens::words::draw(app, theme, buffer, body),
        Screen::Analogy => screens::analogy::draw(app, theme, buffer, body),
        Screen::Attention => screens::attention::draw(app, theme, buffer, body),
        Screen::Positions => screens::positions::draw(app, theme, buffer, body),
    };
    if let Some(overlay) = &app.overlay {
        cursor = overlays::draw(overlay, app, theme, buffer, body);
    }
    // The message lies over the last line of the screen, so that nothing moves when it comes.
    chrome::status(app, theme, buffer, line(area.height - 2));
    chrome::footer(app, theme, buffer, line(area.height - 1));
    cursor
}
