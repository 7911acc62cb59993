//! The screen *Attention*, at three distances: all heads, one head, one cell being made.

mod cell_view;
mod head_view;
mod image_view;
mod lines;
mod panels;
mod wall_view;

use ndarray::Array2;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::analysis::heads::HeadFigures;
use crate::analysis::names::labels;
use crate::analysis::{Stack, maps};
use crate::app::attention::{AttentionFocus, AttentionState, MapScale, View, Zoom};
use crate::app::{App, ModelState};
use crate::jobs::attention::Pass;
use crate::theme::Theme;
use crate::ui::chrome;
use crate::ui::text::{columns, fit, put, put_right, visible, wrap};
use crate::ui::widgets::bars::bar;
use crate::ui::widgets::heatmap::{Heatmap, Scale, largest};

/// Free columns on both sides.
const MARGIN: u16 = 1;
/// From this height on, empty lines set the parts apart.
const HEIGHT_FOR_GAPS: u16 = 18;

/// Everything that the parts of the screen draw from.
struct Looked<'a> {
    app: &'a App,
    state: &'a AttentionState,
    pass: &'a Pass,
    /// Labels of the rows and of the columns.
    rows: Vec<String>,
    columns: Vec<String>,
    /// The map of the selected head, NaN where masked.
    map: Option<Array2<f32>>,
    stale: bool,
}

/// Draws the screen into `area`. Returns where the terminal's cursor belongs, if anywhere.
pub fn draw(app: &App, theme: &Theme, buffer: &mut Buffer, area: Rect) -> Option<Position> {
    let area = Rect { x: area.x + MARGIN, width: area.width.saturating_sub(2 * MARGIN), ..area };
    let state = &app.attention;
    let line = |y: u16| Rect { y: area.y + y, height: u16::from(y < area.height), ..area };
    let cursor = draw_input(app, theme, buffer, line(0));
    let top = if area.height >= HEIGHT_FOR_GAPS { 3 } else { 2 };
    let rest = Rect { y: area.y + top, height: area.height.saturating_sub(top), ..area };
    if opening(app, theme, buffer, rest) {
        return cursor;
    }
    draw_tokens(app, theme, buffer, line(1));
    let Some(looked) = Looked::new(app) else {
        draw_waiting(app, theme, buffer, rest);
        return cursor;
    };
    match state.zoom {
        Zoom::Wall => wall_view::draw(&looked, theme, buffer, rest),
        Zoom::Head => head_view::draw(&looked, theme, buffer, rest),
        Zoom::Cell => cell_view::draw(&looked, theme, buffer, rest),
    }
    cursor
}

impl<'a> Looked<'a> {
    fn new(app: &'a App) -> Option<Self> {
        let state = &app.attention;
        let pass = state.shown()?.as_ref();
        let rows = labels(state.query_tokens()?);
        let columns = labels(state.key_tokens()?);
        let late = |pending: &crate::app::pending::Pending| pending.is_late(app.now);
        let stale = late(&state.running) || late(&state.changing) || state.is_outdated();
        let mut looked = Self { app, state, pass, rows, columns, map: None, stale };
        looked.map = looked.masked_map(state.layer, state.head);
        Some(looked)
    }

    /// The map of a head in the present view, NaN where masked.
    fn masked_map(&self, layer: usize, head: usize) -> Option<Array2<f32>> {
        let mut map = self.state.map(layer, head)?.into_owned();
        if self.state.view == View::Scores {
            map.mapv_inplace(|score| if score.is_finite() { score } else { f32::NAN });
            return Some(map);
        }
        if self.state.view == View::Rollout {
            return Some(map);
        }
        self.mask(layer, &mut map);
        Some(map)
    }

    /// Makes NaN of what a token cannot see: what the layer masks, and tokens that were hidden.
    fn mask(&self, layer: usize, map: &mut Array2<f32>) {
        let ModelState::Ready(model) = &self.app.model else { return };
        let Some(attention) = self.state.stack.attention(&model.network, layer) else { return };
        // Tokens are hidden in the text that goes in, so only its own attention loses them.
        let none = Default::default();
        let hidden =
            if self.state.stack == Stack::Text { &self.pass.interventions.hidden_tokens } else { &none };
        maps::mark_unseen(attention, hidden, map);
    }

    /// The map as a widget.
    fn heatmap<'b>(&'b self, map: &'b Array2<f32>) -> Heatmap<'b> {
        let state = self.state;
        Heatmap {
            values: map.view(),
            row_labels: &self.rows,
            column_labels: &self.columns,
            cursor: Some((state.query, state.key)),
            scale: scale(state.scale),
            signed: state.view.is_signed(),
            full: largest(map),
            digits: false,
            stale: self.stale,
        }
    }

    fn row_label(&self, index: usize) -> &str {
        self.rows.get(index).map_or("?", String::as_str)
    }

    fn column_label(&self, index: usize) -> &str {
        self.columns.get(index).map_or("?", String::as_str)
    }

    /// What is known of a head.
    fn figures(&self, layer: usize, head: usize) -> Option<&HeadFigures> {
        self.state.figures_of(layer, head)
    }
}

/// The scale of the maps as the widgets know it.
fn scale(scale: MapScale) -> Scale {
    match scale {
        MapScale::Linear => Scale::Linear,
        MapScale::SquareRoot => Scale::SquareRoot,
        MapScale::Row => Scale::PerRow,
    }
}

fn draw_input(app: &App, theme: &Theme, buffer: &mut Buffer, line: Rect) -> Option<Position> {
    let roles = theme.roles();
    let state = &app.attention;
    let typing = state.focus == AttentionFocus::Input;
    put(buffer, line, 0, 0, if typing { ">" } else { "/" }, if typing { roles.focus } else { roles.faint });
    let about = state.tokens.as_ref().map(|tokens| format!("{} tokens", tokens.len())).unwrap_or_default();
    let mut room = line.width.saturating_sub(4);
    let about_width = u16::try_from(columns(&about)).unwrap_or(u16::MAX);
    if !about.is_empty() && room > about_width + 16 {
        put_right(buffer, line, 0, &about, roles.faint);
        room -= about_width + 2;
    }
    if state.is_running() && app.is_late() {
        put(buffer, line, 2 + room, 0, chrome::spinner(app), roles.focus);
    }
    let cursor = super::input(&state.input, theme, buffer, line, (2, 0), room);
    if state.input.text().is_empty() {
        let what =
            if app.looks_at_images() { "the path of a PNG or JPEG image" } else { "a sentence to look into" };
        put(buffer, line, 2, 0, what, roles.faint);
    }
    cursor.filter(|_| typing)
}

/// The line below the input: what is wrong with it, or how it is cut, or what stands on the screen.
fn draw_tokens(app: &App, theme: &Theme, buffer: &mut Buffer, line: Rect) {
    let roles = theme.roles();
    let state = &app.attention;
    if let Some(problem) = &state.problem {
        // A path that is being typed is no mistake yet.
        let unfinished = app.looks_at_images() && state.focus == AttentionFocus::Input;
        put(buffer, line, 2, 0, problem, if unfinished { roles.faint } else { roles.error });
        return;
    }
    if state.focus != AttentionFocus::Input {
        lines::place(app, theme, buffer, line);
        return;
    }
    let Some(tokens) = &state.tokens else { return };
    let style = if state.tokenising.is_late(app.now) { roles.stale } else { roles.text };
    let mut x = 2;
    for (index, piece) in tokens.pieces.iter().enumerate() {
        let shown = fit(piece, 20);
        if usize::from(x) + columns(&shown) + 3 > usize::from(line.width) {
            put(buffer, line, x, 0, "…", roles.faint);
            break;
        }
        let special = tokens.special.get(index).copied().unwrap_or(false);
        x = put(buffer, line, x, 0, &shown, if special { roles.faint } else { style });
        x = put(buffer, line, x, 0, "|", roles.faint);
    }
}

/// What stands in place of a screen while there is no model. `false` once there is one.
pub(super) fn opening(app: &App, theme: &Theme, buffer: &mut Buffer, area: Rect) -> bool {
    let roles = theme.roles();
    let inner = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    match &app.model {
        ModelState::Ready(_) => return false,
        ModelState::NotOpened => {
            put(buffer, inner, 0, 0, "No model is open yet.", roles.faint);
        }
        ModelState::Opening { name, .. } => {
            let x = put(buffer, inner, 0, 0, &format!("opening {}", visible(name)), roles.heading);
            if app.is_late() {
                put(buffer, inner, x + 1, 0, chrome::spinner(app), roles.focus);
            }
        }
        ModelState::Failed { message, way_out } => {
            put(buffer, inner, 0, 0, "The model could not be opened.", roles.error);
            let width = usize::from(inner.width);
            let message = wrap(message, width).into_iter().map(|line| (line, roles.text));
            let way_out = wrap(way_out, width).into_iter().map(|line| (line, roles.warning));
            let gap = std::iter::once((String::new(), roles.text));
            for (y, (line, style)) in (2u16..).zip(message.chain(gap).chain(way_out)) {
                put(buffer, inner, 0, y, &line, style);
            }
        }
    }
    true
}

/// Before the first pass: how far it is, or why there is none.
fn draw_waiting(app: &App, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    let roles = theme.roles();
    let state = &app.attention;
    if state.problem.is_some() {
        let hint = match app.looks_at_images() {
            true if state.focus == AttentionFocus::Input => "",
            true => "Press e (or /) to type the path of a PNG or JPEG image.",
            false => "Press e (or /) to edit the text: a shorter one needs less memory and time.",
        };
        for (y, hint) in wrap(hint, usize::from(area.width)).iter().enumerate() {
            put(buffer, area, 1, y as u16, hint, roles.faint);
        }
    } else if state.is_running() {
        if !app.is_late() {
            return;
        }
        let x = put(buffer, area, 1, 0, "running the model", roles.heading);
        put(buffer, area, x + 1, 0, chrome::spinner(app), roles.focus);
        if let Some(share) = state.progress.fraction() {
            let width = usize::from(area.width.saturating_sub(10)).min(40);
            put(buffer, area, 1, 2, &"░".repeat(width), roles.faint);
            put(buffer, area, 1, 2, &bar(share, width), roles.bar);
            put(buffer, area, width as u16 + 2, 2, &format!("{:>3.0} %", share * 100.0), roles.number);
        }
        put(buffer, area, 1, 4, "Esc stops it.", roles.faint);
    } else if app.looks_at_images() {
        let text = "This model looks at images. Press e and type the path of a PNG or JPEG image \
                    to see what every patch of it looks at.";
        for (y, line) in wrap(text, usize::from(area.width.saturating_sub(1))).iter().enumerate() {
            put(buffer, area, 1, y as u16, line, roles.text);
        }
    } else {
        put(buffer, area, 1, 0, "Type a sentence to see what every head looks at.", roles.text);
    }
}
