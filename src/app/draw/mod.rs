//! What is seen: [`draw()`] turns the application's state into one frame. It changes nothing.
//!
//! ```text
//! tabs            1 Words  2 Analogy                       name of what is open, size
//! screen          Screen::draw of the screen in front, what lies on top of it
//! status          the last message, over the last line of the screen
//! guide           what the tour says, while it goes on
//! footer          the keys that work now
//! ```

pub mod chrome;
mod guide;
mod help;
mod lists;
pub mod opening;
mod overlays;
mod panel;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::application::App;
use crate::theme::Theme;
use crate::widgets::canvas::{Canvas, Hits};

/// The fewest columns and lines that are drawn on.
const SMALLEST: (u16, u16) = (24, 8);

/// What drawing tells beside the cells.
#[derive(Debug, Clone, Default)]
pub struct Drawn {
    /// Where the terminal's cursor belongs, if anywhere.
    pub cursor: Option<Position>,
    /// What can be clicked.
    pub hits: Hits,
}

/// Draws `app` over the whole of `frame`.
pub fn draw(app: &App, theme: &Theme, frame: &mut ratatui::Frame) -> Hits {
    let area = frame.area();
    let drawn = render(app, theme, frame.buffer_mut(), area);
    if let Some(cursor) = drawn.cursor {
        frame.set_cursor_position(cursor);
    }
    drawn.hits
}

/// Draws `app` into `area`.
pub fn render(app: &App, theme: &Theme, buffer: &mut Buffer, area: Rect) -> Drawn {
    let area = area.intersection(buffer.area);
    if area.is_empty() {
        return Drawn::default();
    }
    buffer.set_style(area, theme.ground());
    let mut canvas = Canvas::new(buffer, theme, area);
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        chrome::too_small(theme, canvas.buffer, area, SMALLEST);
    } else {
        compose(app, &mut canvas);
    }
    let Canvas { cursor, hits, .. } = canvas;
    theme.finish(buffer);
    Drawn { cursor, hits }
}

fn compose(app: &App, canvas: &mut Canvas<'_>) {
    let area = canvas.area;
    let line = |y: u16| Rect { y: area.y + y, height: 1, ..area };
    let guide = app.frame.tour.as_ref().map_or(0, |tour| guide::lines(tour, area));
    canvas.area = Rect { y: area.y + 1, height: area.height - 2 - guide, ..area };
    app.screens.front().draw(&app.frame, canvas);
    if let Some(overlay) = &app.frame.overlay {
        canvas.cursor = None;
        canvas.cover();
        overlays::draw(overlay, app, canvas);
    }
    if let Some(tour) = &app.frame.tour {
        let below = Rect { y: area.bottom() - 1 - guide, height: guide, ..area };
        guide::draw(tour, &app.frame, canvas, below);
    }
    chrome::tabs(app, canvas, line(0));
    // The message lies over the last line of the screen, so that nothing moves when it comes.
    chrome::status(&app.frame, canvas.theme, canvas.buffer, line(area.height - 2 - guide));
    chrome::footer(app, canvas.theme, canvas.buffer, line(area.height - 1));
}
