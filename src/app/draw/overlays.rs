//! What lies on top of a screen: help, palette, forms and messages. The line that is typed into
//! and the tabs above stay where they are.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::application::App;
use super::super::overlay::{Form, Overlay};
use super::panel::panel;
use super::{help, lists};
use crate::theme::Theme;
use crate::widgets::canvas::Canvas;
use crate::widgets::input::input;
use crate::widgets::text::{columns, put, wrap};

/// Draws `overlay` over the area of the canvas.
pub(super) fn draw(overlay: &Overlay, app: &App, canvas: &mut Canvas<'_>) {
    let area = canvas.area;
    match overlay {
        Overlay::Help { scroll } => help::draw(app, *scroll, canvas.theme, canvas.buffer, area),
        Overlay::Palette { input, selected } => lists::palette(app, input, *selected, canvas),
        Overlay::List(list) => lists::list(app, list, canvas),
        Overlay::Form(form) => draw_form(form, canvas),
        Overlay::Message { title, text, scroll } => {
            let lines = wrap(text, usize::from(area.width.saturating_sub(4)));
            draw_message(title, &lines, *scroll, canvas.theme, canvas.buffer, area);
        }
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

fn draw_form(form: &Form, canvas: &mut Canvas<'_>) {
    let (theme, roles) = (canvas.theme, canvas.theme.roles());
    let lines = u16::try_from(form.fields.len()).unwrap_or(u16::MAX);
    let inside = panel(lines.saturating_add(2), form.title, theme, canvas.buffer, canvas.area);
    let longest = form.fields.iter().map(|field| columns(field.label)).max().unwrap_or(0);
    let x = u16::try_from(longest + 5).unwrap_or(u16::MAX);
    for (index, field) in form.fields.iter().enumerate() {
        let y = index as u16;
        let focused = form.field == index;
        put(canvas.buffer, inside, 0, y, if focused { ">" } else { " " }, roles.focus);
        let style = if focused { roles.selected } else { roles.heading };
        put(canvas.buffer, inside, 2, y, field.label, style);
        if field.line.text().is_empty() {
            put(canvas.buffer, inside, x, y, field.example, roles.faint);
        }
        let room = inside.width.saturating_sub(x);
        let place = input(&field.line, theme, canvas.buffer, inside, (x, y), room);
        if focused {
            canvas.cursor = place;
        }
    }
    match &form.error {
        Some(error) => put(canvas.buffer, inside, 2, lines + 1, error, roles.error),
        None => put(canvas.buffer, inside, 2, lines + 1, form.note, roles.faint),
    };
}
