//! What surrounds every screen: tabs, footer, the last message, and what stands there while no
//! vectors are open.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::{Clear, Widget};

use super::super::application::App;
use super::super::frame::{Frame, Severity};
use super::super::opened::Opened;
use super::super::opening::PreparePlane;
use super::super::screen::Needs;
use super::super::update::TAB;
use crate::jobs::Job;
use crate::model::Model;
use crate::model::network::FIRST;
use crate::theme::Theme;
use crate::widgets::canvas::Canvas;
use crate::widgets::text::{columns, fit, grouped, put, put_right, visible};

/// The frames of the spinner: plain characters that screen readers and narrow fonts can take.
const SPINNER: [&str; 4] = ["|", "/", "-", "\\"];

/// The spinner's frame now.
pub fn spinner(frame: &Frame) -> &'static str {
    SPINNER[frame.spinner_frame() % SPINNER.len()]
}

/// The line of tabs, with the name and size of what is open at its right end.
pub fn tabs(app: &App, canvas: &mut Canvas<'_>, area: Rect) {
    let roles = canvas.theme.roles();
    let mut x = 1;
    for (index, screen) in app.screens.iter().enumerate() {
        let style = if index == app.screens.index() { roles.current } else { roles.tab };
        let label = format!("{} {}", index + 1, screen.place().title);
        let end = put(canvas.buffer, area, x, 0, &label, style);
        let tab = Rect { x: area.x + x, width: end.saturating_sub(x), ..area };
        canvas.hit(tab, TAB, index);
        x = end + 2;
    }
    let room = usize::from(area.width.saturating_sub(x + 1));
    let about = match app.screens.place().needs {
        Needs::Vectors => about_vectors(&app.frame, room),
        Needs::Model => about_model(&app.frame.model, room),
        Needs::Nothing => None,
    };
    if let Some(about) = about {
        put_right(canvas.buffer, area, 0, &format!("{about} "), roles.faint);
    }
}

/// The vectors' name and size, in at most `room` columns.
fn about_vectors(frame: &Frame, room: usize) -> Option<String> {
    match &frame.vectors {
        Opened::Open(vectors) => {
            let name = visible(vectors.name());
            let size = format!("{} x {}", grouped(vectors.len()), vectors.dimensions());
            let preparing = frame.preparing.as_ref().filter(|_| frame.is_late(PreparePlane::SLOT));
            let share = preparing.and_then(|progress| progress.fraction());
            let preparing = share.map(|share| format!("  {:.0} % as int8", (100.0 * share).floor()));
            let whole = format!("{name}  {size}{}", preparing.unwrap_or_default());
            longest([whole, format!("{name}  {size}"), size, name.into_owned()], room)
        }
        Opened::Opening { name, .. } => about_opening(name, room),
        Opened::Closed | Opened::Failed { .. } => None,
    }
}

/// The model's name and size, in at most `room` columns.
fn about_model(model: &Opened<Model>, room: usize) -> Option<String> {
    match model {
        Opened::Open(model) => {
            let name = visible(&model.name);
            let layers = model.network.layers(FIRST);
            let size = match model.network.heads_of_first(FIRST) {
                0 => format!("{layers} layers"),
                heads => format!("{layers} layers x {heads} heads"),
            };
            let parameters = format!("{} parameters", grouped(model.parameters));
            longest(
                [format!("{name}  {size}  {parameters}"), format!("{name}  {size}"), size, name.into_owned()],
                room,
            )
        }
        Opened::Opening { name, .. } => about_opening(name, room),
        Opened::Closed | Opened::Failed { .. } => None,
    }
}

fn about_opening(name: &str, room: usize) -> Option<String> {
    Some(fit(&format!("opening {}", visible(name)), room.saturating_sub(1)))
}

/// The first of `texts`, which get shorter, that fits.
fn longest<const N: usize>(texts: [String; N], room: usize) -> Option<String> {
    texts.into_iter().find(|text| columns(text) < room)
}

/// The longest title in the footer.
const LONGEST_TITLE: usize = 24;

/// The keys that work now, as many as fit. When not all do, help (the way to all others) and the
/// first stay longest, then the rest of the general ones at the end, then the others in order.
pub fn footer(app: &App, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    let roles = theme.roles();
    let entries: Vec<(String, String)> = app
        .footer()
        .into_iter()
        .map(|(key, title)| (visible(&key).into_owned(), fit(&title, LONGEST_TITLE)))
        .collect();
    // Back, help, commands, quit.
    let general = entries.len().saturating_sub(4);
    let mut order: Vec<usize> = (0..entries.len()).collect();
    order.sort_by_key(|&index| match index {
        _ if index == general + 1 => 0,
        0 => 1,
        _ if index >= general => 2,
        _ => 3,
    });
    let mut room = usize::from(area.width.saturating_sub(1)) + 2;
    let mut kept = Vec::new();
    for index in order {
        let (key, title) = &entries[index];
        let needed = columns(key) + 1 + columns(title) + 2;
        if needed <= room {
            room -= needed;
            kept.push(index);
        }
    }
    kept.sort_unstable();
    let mut x = 1;
    for index in kept {
        let (key, title) = &entries[index];
        x = put(buffer, area, x, 0, key, roles.key);
        x = put(buffer, area, x + 1, 0, title, roles.faint) + 2;
    }
}

/// The last message, over whatever stands in `line`.
pub fn status(frame: &Frame, theme: &Theme, buffer: &mut Buffer, line: Rect) {
    let Some(status) = &frame.status else { return };
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

/// Says how large the window must be.
pub fn too_small(theme: &Theme, buffer: &mut Buffer, area: Rect, (columns, lines): (u16, u16)) {
    let roles = theme.roles();
    put(buffer, area, 0, 0, "too small", roles.warning);
    put(buffer, area, 0, 1, &format!("need {columns}x{lines}"), roles.text);
    put(buffer, area, 0, 2, &format!("have {}x{}", area.width, area.height), roles.text);
}
