//! What surrounds every screen: tabs, footer, the last message, and what stands there while no
//! vectors are open.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::{Clear, Widget};

use super::text::{columns, fit, grouped, put, put_right, visible, wrap};
use super::widgets::bars::bar;
use crate::app::commands::footer as footer_entries;
use crate::app::{App, Screen, Severity, VectorsState};
use crate::theme::Theme;

/// The frames of the spinner: plain characters that screen readers and narrow fonts can take.
const SPINNER: [&str; 4] = ["|", "/", "-", "\\"];

/// The spinner's frame now.
pub fn spinner(app: &App) -> &'static str {
    SPINNER[app.spinner_frame() % SPINNER.len()]
}

/// The line of tabs, with the vectors' name and size at its right end.
pub fn tabs(app: &App, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    let roles = theme.roles();
    let mut x = 1;
    for (index, screen) in Screen::ALL.iter().enumerate() {
        let style = if *screen == app.screen { roles.current } else { roles.tab };
        x = put(buffer, area, x, 0, &format!("{} {}", index + 1, screen.title()), style) + 2;
    }
    let about = match &app.vectors {
        VectorsState::Ready(vectors) => {
            format!("{}  {} x {} ", visible(vectors.name()), grouped(vectors.len()), vectors.dimensions())
        }
        VectorsState::Opening { name, .. } => format!("opening {} ", visible(name)),
        VectorsState::NotOpened | VectorsState::Failed { .. } => return,
    };
    let room = usize::from(area.width.saturating_sub(x + 1));
    if room >= 8 {
        put_right(buffer, area, 0, &fit(&about, room), roles.faint);
    }
}

/// The keys that work now, as many as fit; help and commands are kept when others must go.
pub fn footer(app: &App, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    let roles = theme.roles();
    let entries = footer_entries(app);
    let widths: Vec<usize> = entries
        .iter()
        .map(|entry| columns(&visible(&entry.key)) + 1 + columns(&fit(&entry.title, 24)) + 2)
        .collect();
    let room = usize::from(area.width.saturating_sub(1));
    let mut kept: Vec<usize> = (0..entries.len()).collect();
    // The way to everything else stands at the end and goes last.
    while kept.len() > 1 && kept.iter().map(|&index| widths[index]).sum::<usize>() > room {
        let last_to_go = kept.len().saturating_sub(3).max(1).min(kept.len() - 1);
        kept.remove(last_to_go - usize::from(last_to_go > 1 && kept.len() > 4));
    }
    let mut x = 1;
    for index in kept {
        x = put(buffer, area, x, 0, &entries[index].key, roles.key);
        x = put(buffer, area, x + 1, 0, &fit(&entries[index].title, 24), roles.faint) + 2;
    }
}

/// The last message, over whatever stands in `line`.
pub fn status(app: &App, theme: &Theme, buffer: &mut Buffer, line: Rect) {
    let Some(status) = &app.status else { return };
    let roles = theme.roles();
    let (prefix, style) = match status.severity {
        Severity::Information => ("", roles.success),
        Severity::Warning => ("note: ", roles.warning),
        Severity::Error => ("error: ", roles.error),
    };
    clear(theme, buffer, line);
    put(buffer, line, 1, 0, &format!("{prefix}{}", status.text.replace('\n', " ")), style);
}

/// Makes `area` empty again, on the theme's ground.
pub fn clear(theme: &Theme, buffer: &mut Buffer, area: Rect) {
    Clear.render(area.intersection(buffer.area), buffer);
    buffer.set_style(area, theme.ground());
}

/// What stands in place of a screen while there are no vectors. `false` once there are.
pub fn opening(app: &App, theme: &Theme, buffer: &mut Buffer, area: Rect) -> bool {
    let roles = theme.roles();
    let inner = Rect { x: area.x + 2, width: area.width.saturating_sub(4), ..area };
    match &app.vectors {
        VectorsState::Ready(_) => false,
        VectorsState::NotOpened => {
            put(buffer, inner, 0, 1, "lexiscope", roles.heading);
            true
        }
        VectorsState::Opening { name, progress, .. } => {
            put(buffer, inner, 0, 1, &format!("opening {}", visible(name)), roles.heading);
            let width = usize::from(inner.width.saturating_sub(8)).min(40);
            match progress.fraction() {
                Some(share) => {
                    put(buffer, inner, 0, 3, &"░".repeat(width), roles.faint);
                    let x = put(buffer, inner, 0, 3, &bar(share, width), roles.bar).max(width as u16);
                    put(buffer, inner, x, 3, &format!(" {:>3.0} %", share * 100.0), roles.number);
                }
                None if app.is_late() => {
                    put(buffer, inner, 0, 3, spinner(app), roles.focus);
                }
                None => {}
            }
            put(
                buffer,
                inner,
                0,
                5,
                "A text file is parsed once; the next opening takes no time.",
                roles.faint,
            );
            true
        }
        VectorsState::Failed { message, way_out } => {
            put(buffer, inner, 0, 1, "The vectors could not be opened.", roles.error);
            let mut y = 3;
            for line in wrap(message, usize::from(inner.width)) {
                put(buffer, inner, 0, y, &line, roles.text);
                y += 1;
            }
            for line in wrap(way_out, usize::from(inner.width)) {
                put(buffer, inner, 0, y + 1, &line, roles.warning);
                y += 1;
            }
            true
        }
    }
}

/// Says how large the window must be.
pub fn too_small(theme: &Theme, buffer: &mut Buffer, area: Rect, (columns, lines): (u16, u16)) {
    let roles = theme.roles();
    put(buffer, area, 0, 0, "too small", roles.warning);
    put(buffer, area, 0, 1, &format!("need {columns}x{lines}"), roles.text);
    put(buffer, area, 0, 2, &format!("have {}x{}", area.width, area.height), roles.text);
}
