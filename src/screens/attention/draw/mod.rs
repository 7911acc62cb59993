//! The screen *Attention*, at three distances: all heads, one head, one cell being made.

mod cell_view;
mod head_view;
mod image_view;
mod lines;
mod panels;
#[cfg(test)]
mod tests;
mod wall_view;

use ndarray::Array2;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::pass::Pass;
use super::state::{Attention, Focus, MapScale, Zoom};
use super::update::{LINE, TOKEN, looks_at_images};
use super::work::{RunChanged, RunPass, Tokenise};
use crate::analysis::Stack;
use crate::analysis::heads::HeadFigures;
use crate::analysis::maps::{self, View};
use crate::analysis::names::{labels, told_apart};
use crate::app::Frame;
use crate::app::draw::{chrome, opening};
use crate::jobs::Job;
use crate::theme::Theme;
use crate::widgets::bars::bar;
use crate::widgets::canvas::Canvas;
use crate::widgets::heatmap::{Heatmap, largest};
use crate::widgets::input::input;
use crate::widgets::legend::{Scale, Signs};
use crate::widgets::text::{columns, fit, put, put_right, wrap};

/// Free columns on both sides.
const MARGIN: u16 = 1;
/// From this height on, empty lines set the parts apart.
const HEIGHT_FOR_GAPS: u16 = 18;
/// Columns between two parts.
const GAP: u16 = 3;

/// Everything that the parts of the screen draw from.
struct Looked<'a> {
    frame: &'a Frame,
    state: &'a Attention,
    pass: &'a Pass,
    /// Labels of the rows and of the columns.
    rows: Vec<String>,
    columns: Vec<String>,
    /// The map of the selected head, NaN where masked.
    map: Option<Array2<f32>>,
    stale: bool,
}

/// Draws the screen.
pub(super) fn draw(state: &Attention, frame: &Frame, canvas: &mut Canvas<'_>) {
    let width = canvas.area.width.saturating_sub(2 * MARGIN);
    let area = Rect { x: canvas.area.x + MARGIN, width, ..canvas.area };
    let line = |y: u16| Rect { y: area.y + y, height: u16::from(y < area.height), ..area };
    draw_input(state, frame, canvas, line(0));
    let top = if area.height >= HEIGHT_FOR_GAPS { 3 } else { 2 };
    let rest = Rect { y: area.y + top, height: area.height.saturating_sub(top), ..area };
    if opening::model(frame, canvas.theme, canvas.buffer, rest) {
        return;
    }
    draw_tokens(state, frame, canvas, line(1));
    let Some(looked) = Looked::new(state, frame) else {
        return draw_waiting(state, frame, canvas.theme, canvas.buffer, rest);
    };
    if let Some(why) = no_attention(state, frame) {
        for (y, text) in wrap(&why, usize::from(rest.width.saturating_sub(1))).iter().enumerate() {
            put(canvas.buffer, rest, 1, y as u16, text, canvas.theme.roles().text);
        }
        return;
    }
    match state.chosen.zoom {
        Zoom::Wall => wall_view::draw(&looked, canvas, rest),
        Zoom::Head => head_view::draw(&looked, canvas, rest),
        Zoom::Cell => cell_view::draw(&looked, canvas, rest),
    }
}

/// Why there is no map at all, where the network has no heads.
fn no_attention(state: &Attention, frame: &Frame) -> Option<String> {
    let network = &frame.model.open()?.network;
    if state.attends() {
        return None;
    }
    Some(format!(
        "This network ({}) has no attention: no token looks at another, so there are no maps. `lexiscope trace \
         TEXT --to FILE` writes its states and gates.",
        network.family
    ))
}

/// Whether a pass that runs keeps a person waiting.
fn is_late(frame: &Frame) -> bool {
    frame.is_late(RunPass::SLOT) || frame.is_late(RunChanged::SLOT)
}

impl<'a> Looked<'a> {
    fn new(state: &'a Attention, frame: &'a Frame) -> Option<Self> {
        let pass = state.shown()?.as_ref();
        let rows = told_apart(labels(state.query_tokens()?));
        let columns = told_apart(labels(state.key_tokens()?));
        let stale = is_late(frame) || state.is_outdated(frame);
        let mut looked = Self { frame, state, pass, rows, columns, map: None, stale };
        looked.map = looked.masked_map(state.chosen.layer, state.chosen.head);
        Some(looked)
    }

    /// The map of a head in the present view, NaN where masked.
    fn masked_map(&self, layer: usize, head: usize) -> Option<Array2<f32>> {
        let mut map = self.state.map(layer, head)?.into_owned();
        if self.state.chosen.view == View::Scores {
            map.mapv_inplace(|score| if score.is_finite() { score } else { f32::NAN });
            return Some(map);
        }
        if self.state.chosen.view == View::Rollout {
            return Some(map);
        }
        self.mask(layer, &mut map);
        Some(map)
    }

    /// Makes NaN of what a token cannot see: what the layer masks, and tokens that were hidden.
    fn mask(&self, layer: usize, map: &mut Array2<f32>) {
        let Some(model) = self.frame.model.open() else { return };
        let Some(attention) = self.state.chosen.stack.attention(&model.network, layer) else { return };
        maps::mark_unseen(self.state.chosen.stack, attention, &self.pass.interventions, map);
    }

    /// The map as a widget.
    fn heatmap<'b>(&'b self, map: &'b Array2<f32>) -> Heatmap<'b> {
        let state = self.state;
        Heatmap {
            values: map.view(),
            row_labels: &self.rows,
            column_labels: &self.columns,
            cursor: Some((state.chosen.query, state.chosen.key)),
            scale: scale(state.chosen.scale),
            signs: signs(state.chosen.view),
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

    /// What is known of the selected head, where the view is of heads.
    fn figures_shown(&self) -> Option<&HeadFigures> {
        let chosen = &self.state.chosen;
        self.figures(chosen.layer, chosen.head).filter(|_| !chosen.view.is_per_layer())
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

/// What the ramp of a view spans.
fn signs(view: View) -> Signs {
    if view.is_signed() { Signs::Both } else { Signs::Positive }
}

fn draw_input(state: &Attention, frame: &Frame, canvas: &mut Canvas<'_>, line: Rect) {
    let (theme, roles) = (canvas.theme, canvas.theme.roles());
    let (typing, typed) = (state.chosen.focus == Focus::Input, &state.chosen.input);
    let (sign, style) = if typing { (">", roles.focus) } else { ("/", roles.faint) };
    put(canvas.buffer, line, 0, 0, sign, style);
    let count = state.tokens.as_ref().map(|tokens| tokens.len());
    let learned = frame.model.open().and_then(|model| model.network.last_stack().learned_tokens);
    let about = match (count, learned) {
        (Some(count), Some(learned)) if count > learned => format!("{count} tokens, {learned} learned"),
        (Some(count), _) => format!("{count} tokens"),
        (None, _) => String::new(),
    };
    let mut room = line.width.saturating_sub(4);
    let about_width = u16::try_from(columns(&about)).unwrap_or(u16::MAX);
    if !about.is_empty() && room > about_width + 16 {
        put_right(canvas.buffer, line, 0, &about, roles.faint);
        room -= about_width + 2;
    }
    if is_late(frame) {
        put(canvas.buffer, line, 2 + room, 0, chrome::spinner(frame), roles.focus);
    }
    let cursor = input(typed, theme, canvas.buffer, line, (2, 0), room);
    if typed.text().is_empty() {
        let what = match looks_at_images(frame) {
            true => "the path of a PNG or JPEG image",
            false => "a sentence to look into",
        };
        put(canvas.buffer, line, 2, 0, what, roles.faint);
    }
    canvas.cursor = cursor.filter(|_| typing);
    canvas.hit(line, LINE, 0);
}

/// The line below the input: what is wrong with it, or how it is cut, or what stands on the screen.
fn draw_tokens(state: &Attention, frame: &Frame, canvas: &mut Canvas<'_>, line: Rect) {
    let roles = canvas.theme.roles();
    let typing = state.chosen.focus == Focus::Input;
    if let Some(problem) = &state.problem {
        // A path that is being typed is no mistake yet.
        let unfinished = looks_at_images(frame) && typing;
        put(canvas.buffer, line, 2, 0, problem, if unfinished { roles.faint } else { roles.error });
        return;
    }
    if !typing {
        lines::place(state, canvas.theme, canvas.buffer, line);
        return;
    }
    let Some(tokens) = &state.tokens else { return };
    let style = if frame.is_late(Tokenise::SLOT) { roles.stale } else { roles.text };
    let mut x = 2;
    for (index, piece) in tokens.pieces.iter().enumerate() {
        let shown = fit(piece, 20);
        if usize::from(x) + columns(&shown) + 3 > usize::from(line.width) {
            put(canvas.buffer, line, x, 0, "…", roles.faint);
            break;
        }
        let special = tokens.special.get(index).copied().unwrap_or(false);
        let left = x;
        x = put(canvas.buffer, line, x, 0, &shown, if special { roles.faint } else { style });
        if state.chosen.stack == Stack::Text {
            canvas.hit(Rect { x: line.x + left, width: x.saturating_sub(left), ..line }, TOKEN, index);
        }
        x = put(canvas.buffer, line, x, 0, "|", roles.faint);
    }
}

/// Before the first pass: how far it is, or why there is none.
fn draw_waiting(state: &Attention, frame: &Frame, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    let roles = theme.roles();
    if state.problem.is_some() {
        let hint = match looks_at_images(frame) {
            true if state.chosen.focus == Focus::Input => "",
            true => "Press e (or /) to type the path of a PNG or JPEG image.",
            false => "Press e (or /) to edit the text: a shorter one needs less memory and time.",
        };
        for (y, hint) in wrap(hint, usize::from(area.width)).iter().enumerate() {
            put(buffer, area, 1, y as u16, hint, roles.faint);
        }
    } else if frame.is_running(RunPass::SLOT) || frame.is_running(RunChanged::SLOT) {
        if !is_late(frame) {
            return;
        }
        let x = put(buffer, area, 1, 0, "running the model", roles.heading);
        put(buffer, area, x + 1, 0, chrome::spinner(frame), roles.focus);
        if let Some(share) = state.progress.fraction() {
            let width = usize::from(area.width.saturating_sub(10)).min(40);
            put(buffer, area, 1, 2, &"░".repeat(width), roles.faint);
            put(buffer, area, 1, 2, &bar(share, width), roles.bar);
            put(buffer, area, width as u16 + 2, 2, &format!("{:>3.0} %", share * 100.0), roles.number);
        }
        put(buffer, area, 1, 4, "Esc stops it.", roles.faint);
    } else if looks_at_images(frame) {
        let text = "This model looks at images. Press e and type the path of a PNG or JPEG image \
                    to see what every patch of it looks at.";
        for (y, line) in wrap(text, usize::from(area.width.saturating_sub(1))).iter().enumerate() {
            put(buffer, area, 1, y as u16, line, roles.text);
        }
    } else {
        put(buffer, area, 1, 0, "Type a sentence to see what every head looks at.", roles.text);
    }
}
