//! Help: every command that has a meaning here, with the keys that the person really has, and why
//! it does not work now if it does not.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::application::App;
use super::super::registry::Listed;
use super::panel::panel;
use crate::theme::Theme;
use crate::widgets::text::{fit_padded, put, put_right, wrap};

enum HelpLine {
    Heading(&'static str),
    Command { keys: String, text: String, available: bool },
    Blank,
}

/// The widest column of keys.
const WIDEST_KEYS: usize = 18;

/// Draws the help from line `scroll` on.
pub(super) fn draw(app: &App, scroll: usize, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    let roles = theme.roles();
    let lines = lines(app, usize::from(area.width).saturating_sub(WIDEST_KEYS + 8).max(8));
    let inside = panel(u16::try_from(lines.len()).unwrap_or(u16::MAX), "Keys", theme, buffer, area);
    let height = usize::from(inside.height);
    let first = scroll.min(lines.len().saturating_sub(height));
    if lines.len() > height {
        let place = format!("{}-{} of {}", first + 1, (first + height).min(lines.len()), lines.len());
        let title_line = Rect { y: inside.y.saturating_sub(1), height: 1, ..inside };
        put_right(buffer, title_line, 0, &place, roles.faint);
    }
    for (y, line) in lines.iter().skip(first).take(height).enumerate() {
        let y = y as u16;
        match line {
            HelpLine::Blank => {}
            HelpLine::Heading(title) => {
                put(buffer, inside, 0, y, title, roles.heading);
            }
            HelpLine::Command { keys, text, available } => {
                let (key_style, text_style) =
                    if *available { (roles.key, roles.text) } else { (roles.stale, roles.stale) };
                let x = put(buffer, inside, 2, y, &fit_padded(keys, WIDEST_KEYS), key_style) + 2;
                put(buffer, inside, x, y, text, text_style);
            }
        }
    }
}

/// The headings: that of the present screen first, those of the others last.
fn headings(app: &App) -> Vec<&'static str> {
    let own = app.screens.place().title;
    let of_screen = |heading: &str| app.screens.iter().any(|screen| screen.place().title == heading);
    let mut headings = app.registry.headings();
    headings.sort_by_key(|heading| match *heading {
        heading if heading == own => 0,
        heading if of_screen(heading) => 2,
        _ => 1,
    });
    headings
}

fn lines(app: &App, width: usize) -> Vec<HelpLine> {
    let mut lines = Vec::new();
    for heading in headings(app) {
        if !lines.is_empty() {
            lines.push(HelpLine::Blank);
        }
        lines.push(HelpLine::Heading(heading));
        for listed in app.registry.iter().filter(|listed| listed.heading == heading) {
            lines.extend(command(app, listed, width));
        }
    }
    lines
}

/// One command, in as many lines as its sentence takes.
fn command(app: &App, listed: &Listed, width: usize) -> Vec<HelpLine> {
    let entry = &listed.entry;
    let keys: Vec<String> = app.frame.keymap.keys(entry.id).iter().map(ToString::to_string).collect();
    // Editing works whenever a line is typed into; no need to say that it is not one now.
    let unavailable = Some(listed)
        .filter(|listed| !listed.edits_text())
        .and_then(|listed| app.registry.unavailable(listed, &app.screens, &app.frame));
    let text = match &unavailable {
        Some(reason) => format!("{} (not now: {reason})", entry.help),
        None => entry.help.clone(),
    };
    let mut keys = keys.join(" ");
    let line = |text: String| {
        let keys = std::mem::take(&mut keys);
        // An empty cell of text would be shown as such.
        let keys = if keys.is_empty() { String::from(" ") } else { keys };
        HelpLine::Command { keys, text, available: unavailable.is_none() }
    };
    wrap(&text, width).into_iter().map(line).collect()
}
