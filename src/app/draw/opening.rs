//! What stands in place of a screen's results while vectors or model are not open.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::chrome::spinner;
use crate::app::{Frame, Opened};
use crate::theme::Theme;
use crate::widgets::bars::bar;
use crate::widgets::text::{put, visible, wrap};

/// While there are no vectors. `false` once there are.
pub fn vectors(frame: &Frame, theme: &Theme, buffer: &mut Buffer, area: Rect) -> bool {
    let roles = theme.roles();
    let inner = Rect { x: area.x + 2, width: area.width.saturating_sub(4), ..area };
    match &frame.vectors {
        Opened::Open(_) => return false,
        Opened::Closed => {
            let x = put(buffer, inner, 0, 1, "lexiscope", roles.heading) + 2;
            put(buffer, inner, x, 1, "words as points, and attention", roles.faint);
        }
        Opened::Opening { name, progress, .. } => {
            put(buffer, inner, 0, 1, &format!("opening {}", visible(name)), roles.heading);
            match progress.fraction() {
                Some(share) => how_far(share, theme, buffer, inner),
                None if frame.anything_late() => {
                    put(buffer, inner, 0, 3, spinner(frame), roles.focus);
                }
                None => {}
            }
            let stage = progress.stage().unwrap_or_else(|| String::from("A text file is parsed once"));
            let note = format!("{}; the next opening takes no time.", visible(&stage));
            put(buffer, inner, 0, 5, &note, roles.faint);
        }
        Opened::Failed { message, way_out } => {
            put(buffer, inner, 0, 1, "The vectors could not be opened.", roles.error);
            failure(message, way_out, theme, buffer, lower(inner, 3));
        }
    }
    true
}

/// While there is no model. `false` once there is one.
pub fn model(frame: &Frame, theme: &Theme, buffer: &mut Buffer, area: Rect) -> bool {
    let roles = theme.roles();
    let inner = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    match &frame.model {
        Opened::Open(_) => return false,
        Opened::Closed => {
            put(buffer, inner, 0, 0, "No model is open yet.", roles.faint);
        }
        Opened::Opening { name, .. } => {
            let x = put(buffer, inner, 0, 0, &format!("opening {}", visible(name)), roles.heading);
            if frame.anything_late() {
                put(buffer, inner, x + 1, 0, spinner(frame), roles.focus);
            }
        }
        Opened::Failed { message, way_out } => {
            put(buffer, inner, 0, 0, "The model could not be opened.", roles.error);
            failure(message, way_out, theme, buffer, lower(inner, 2));
        }
    }
    true
}

/// `area` without its first `lines`.
fn lower(area: Rect, lines: u16) -> Rect {
    let lines = lines.min(area.height);
    Rect { y: area.y + lines, height: area.height - lines, ..area }
}

fn how_far(share: f64, theme: &Theme, buffer: &mut Buffer, inner: Rect) {
    let roles = theme.roles();
    let width = usize::from(inner.width.saturating_sub(8)).min(40);
    put(buffer, inner, 0, 3, &"░".repeat(width), roles.faint);
    let x = put(buffer, inner, 0, 3, &bar(share, width), roles.bar).max(width as u16);
    put(buffer, inner, x, 3, &format!(" {:>3.0} %", share * 100.0), roles.number);
}

/// What is wrong, and below it what to do now.
fn failure(message: &str, way_out: &str, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    let (roles, width) = (theme.roles(), usize::from(area.width));
    let styled = |text: &str, style: Style| wrap(text, width).into_iter().map(move |line| (line, style));
    let gap = std::iter::once((String::new(), roles.text));
    let lines = styled(message, roles.text).chain(gap).chain(styled(way_out, roles.warning));
    for (y, (line, style)) in (0u16..).zip(lines) {
        put(buffer, area, 0, y, &line, style);
    }
}
