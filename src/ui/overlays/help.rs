//! Help: every command that has a meaning here, with the keys that the person really has, and why
//! it does not work now if it does not.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::panel;
use crate::app::commands::{COMMANDS, Group};
use crate::app::{App, Screen};
use crate::theme::Theme;
use crate::ui::text::{fit_padded, put, put_right, wrap};

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

/// Where a group stands in the help: that of the present screen first, that of the other last.
fn place(group: Group, screen: Screen) -> u8 {
    match (group, screen) {
        (Group::Words, Screen::Words)
        | (Group::Analogy, Screen::Analogy)
        | (Group::Attention, Screen::Attention)
        | (Group::Positions, Screen::Positions) => 0,
        (Group::General, _) => 1,
        (Group::Moving, _) => 2,
        (Group::Editing, _) => 3,
        (Group::Words | Group::Analogy | Group::Attention | Group::Positions, _) => 4,
    }
}

fn lines(app: &App, width: usize) -> Vec<HelpLine> {
    let mut groups = Group::ALL;
    groups.sort_by_key(|group| place(*group, app.screen));
    let mut lines = Vec::new();
    for group in groups {
        if !lines.is_empty() {
            lines.push(HelpLine::Blank);
        }
        lines.push(HelpLine::Heading(group.title()));
        for command in COMMANDS.iter().filter(|command| command.group == group) {
            let keys: Vec<String> = app.keymap.keys(command.action).iter().map(ToString::to_string).collect();
            // Editing works whenever a line is typed into; no need to say that it is not one now.
            let unavailable = (command.availability)(app).err().filter(|_| group != Group::Editing);
            let text = match unavailable {
                Some(reason) => format!("{} (not now: {reason})", command.help),
                None => command.help.to_owned(),
            };
            let mut keys = keys.join(" ");
            for text in wrap(&text, width) {
                let keys = std::mem::take(&mut keys);
                // An empty cell of text would be shown as such.
                let keys = if keys.is_empty() { String::from(" ") } else { keys };
                lines.push(HelpLine::Command { keys, text, available: unavailable.is_none() });
            }
        }
    }
    lines
}
