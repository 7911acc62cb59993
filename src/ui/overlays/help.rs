//! Help: every command that has a meaning here, with the keys that the person really has, and why
//! it does not work now if it does not.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::panel;
use crate::app::App;
use crate::app::commands::{COMMANDS, Command, Group};
use crate::theme::Theme;
use crate::ui::text::{columns, fit_padded, put};

enum HelpLine {
    Heading(&'static str),
    Command { keys: String, command: &'static Command, unavailable: Option<&'static str> },
    Blank,
}

/// Draws the help from line `scroll` on.
pub(super) fn draw(app: &App, scroll: usize, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    let roles = theme.roles();
    let lines = lines(app);
    let widest = lines.iter().map(|line| match line {
        HelpLine::Command { keys, .. } => columns(keys),
        HelpLine::Heading(_) | HelpLine::Blank => 0,
    });
    let key_width = widest.max().unwrap_or(0).min(usize::from(area.width) / 4).max(6);
    let inside = panel(u16::try_from(lines.len()).unwrap_or(u16::MAX), "Keys", theme, buffer, area);
    let height = usize::from(inside.height);
    let first = scroll.min(lines.len().saturating_sub(height));
    if lines.len() > height {
        let place = format!("{}-{} of {}", first + 1, (first + height).min(lines.len()), lines.len());
        let title_line = Rect { y: inside.y.saturating_sub(1), height: 1, ..inside };
        crate::ui::text::put_right(buffer, title_line, 0, &place, roles.faint);
    }
    for (y, line) in lines.iter().skip(first).take(height).enumerate() {
        let y = y as u16;
        match line {
            HelpLine::Blank => {}
            HelpLine::Heading(title) => {
                put(buffer, inside, 0, y, title, roles.heading);
            }
            HelpLine::Command { keys, command, unavailable } => {
                let key_style = if unavailable.is_some() { roles.stale } else { roles.key };
                let x = put(buffer, inside, 2, y, &fit_padded(keys, key_width), key_style) + 2;
                let text_style = if unavailable.is_some() { roles.stale } else { roles.text };
                let x = put(buffer, inside, x, y, command.help, text_style) + 2;
                if let Some(reason) = unavailable {
                    put(buffer, inside, x, y, &format!("({reason})"), roles.stale);
                }
            }
        }
    }
}

fn lines(app: &App) -> Vec<HelpLine> {
    let mut lines = Vec::new();
    for group in Group::ALL {
        let mut commands = COMMANDS.iter().filter(|command| command.group == group).peekable();
        if commands.peek().is_none() {
            continue;
        }
        if !lines.is_empty() {
            lines.push(HelpLine::Blank);
        }
        lines.push(HelpLine::Heading(group.title()));
        for command in commands {
            let keys: Vec<String> = app.keymap.keys(command.action).iter().map(ToString::to_string).collect();
            // Editing works whenever a line is typed into; no need to say that it is not one now.
            let unavailable = (command.availability)(app).err().filter(|_| group != Group::Editing);
            lines.push(HelpLine::Command { keys: keys.join(", "), command, unavailable });
        }
    }
    lines
}
