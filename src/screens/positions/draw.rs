//! The screen *Positions*: how a network is told the order of the words, and what changes when it
//! is told another order, or none.

use ndarray::Array2;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::state::{Focus, Positions};
use super::update::{CELL, LINE, METHOD};
use super::work::{Experiment, Tabulate};
use crate::analysis::positions::{PositionExperiments, PositionKind, PositionTable};
use crate::app::Frame;
use crate::app::draw::{chrome, opening};
use crate::jobs::Job;
use crate::theme::Theme;
use crate::widgets::canvas::Canvas;
use crate::widgets::chart::Chart;
use crate::widgets::heatmap::{Heatmap, largest};
use crate::widgets::input::input;
use crate::widgets::legend::{Scale, Signs, number};
use crate::widgets::text::{columns, decimal, fit, put, put_right, visible, wrap};

/// Free columns on both sides.
const MARGIN: u16 = 1;
/// From this width on, the curve stands beside the table.
const WIDTH_FOR_CURVE: u16 = 60;

/// Draws the screen.
pub(super) fn draw(positions: &Positions, frame: &Frame, canvas: &mut Canvas<'_>) {
    let width = canvas.area.width.saturating_sub(2 * MARGIN);
    let area = Rect { x: canvas.area.x + MARGIN, width, ..canvas.area };
    let line = |y: u16| Rect { y: area.y + y, height: u16::from(y < area.height), ..area };
    draw_input(positions, frame, canvas, line(0));
    draw_methods(positions, canvas, line(1));
    let below = experiment_lines(area.height);
    let body = Rect { y: area.y + 2, height: area.height.saturating_sub(2 + below), ..area };
    draw_body(positions, frame, canvas, body);
    let rest = Rect { y: area.bottom().saturating_sub(below), height: below.min(area.height), ..area };
    draw_experiments(positions, frame, canvas.theme, canvas.buffer, rest);
}

/// Lines for the experiments below the table.
fn experiment_lines(height: u16) -> u16 {
    if height >= 16 { 5 } else { 3.min(height / 3) }
}

fn draw_input(positions: &Positions, frame: &Frame, canvas: &mut Canvas<'_>, line: Rect) {
    let (theme, roles) = (canvas.theme, canvas.theme.roles());
    let typing = positions.chosen.focus == Focus::Input;
    let typed = &positions.chosen.input;
    let (sign, style) = if typing { (">", roles.focus) } else { ("/", roles.faint) };
    put(canvas.buffer, line, 0, 0, sign, style);
    let room = line.width.saturating_sub(4);
    if frame.is_late(Experiment::SLOT) {
        put(canvas.buffer, line, 2 + room, 0, chrome::spinner(frame), roles.focus);
    }
    let cursor = input(typed, theme, canvas.buffer, line, (2, 0), room);
    if typed.text().is_empty() {
        put(canvas.buffer, line, 2, 0, "a sentence with one word twice", roles.faint);
    }
    canvas.cursor = cursor.filter(|_| typing);
    canvas.hit(line, LINE, 0);
}

fn draw_methods(positions: &Positions, canvas: &mut Canvas<'_>, line: Rect) {
    let roles = canvas.theme.roles();
    let mut x = 2;
    for (index, kind) in PositionKind::ALL.into_iter().enumerate() {
        let (left, here) = (x, kind == positions.method());
        // The brackets' columns are always there, so that nothing moves.
        let text = if here { format!("[{}]", kind.title()) } else { format!(" {} ", kind.title()) };
        x = put(canvas.buffer, line, x, 0, &text, if here { roles.current } else { roles.tab });
        canvas.hit(Rect { x: line.x + left, width: x.saturating_sub(left), ..line }, METHOD, index);
        x += 1;
    }
    if let Some(table) = &positions.table {
        let room = usize::from(line.width.saturating_sub(x + 2));
        if columns(&table.origin) <= room {
            put_right(canvas.buffer, line, 0, &table.origin, roles.faint);
        }
    }
}

/// The table, or why there is none.
fn draw_body(positions: &Positions, frame: &Frame, canvas: &mut Canvas<'_>, area: Rect) {
    let roles = canvas.theme.roles();
    let stale = frame.is_late(Tabulate::SLOT);
    if let Some(problem) = &positions.table_problem {
        for (y, line) in wrap(problem, usize::from(area.width.saturating_sub(4))).iter().enumerate() {
            put(canvas.buffer, area, 2, y as u16 + 1, line, roles.warning);
        }
    } else if let Some(table) = &positions.table {
        draw_table(positions, table, stale, canvas, area);
    } else if stale {
        put(canvas.buffer, area, 2, 1, chrome::spinner(frame), roles.focus);
    } else if !frame.is_running(Tabulate::SLOT) {
        opening::model(frame, canvas.theme, canvas.buffer, area);
    }
}

/// What each method does, in a sentence.
fn explanation(kind: PositionKind) -> &'static str {
    match kind {
        PositionKind::Sinusoidal => {
            "Every position is a fixed pattern of slow and fast waves, added to the word's vector."
        }
        PositionKind::Learned => {
            "Every position has a vector of its own, learned in training, added to the word's vector."
        }
        PositionKind::Rotary => {
            "Pairs of numbers of query and key are turned by an angle that grows with the position."
        }
        PositionKind::Alibi => {
            "Nothing is added to the words: far tokens lose score, each head at its own rate."
        }
        PositionKind::T5 => "Each head adds a learned number by distance; far distances share buckets.",
    }
}

fn draw_table(
    positions: &Positions,
    table: &PositionTable,
    stale: bool,
    canvas: &mut Canvas<'_>,
    area: Rect,
) {
    let roles = canvas.theme.roles();
    put(canvas.buffer, area, 2, 0, explanation(table.kind), roles.faint);
    let beside = area.width >= WIDTH_FOR_CURVE;
    let left = if beside { area.width * 3 / 5 } else { area.width };
    draw_map(positions, table, stale, canvas, Rect { width: left, ..area });
    if beside {
        let right = Rect {
            x: area.x + left + 2,
            y: area.y + 1,
            width: area.width.saturating_sub(left + 2),
            height: area.height.saturating_sub(2),
        };
        draw_curve(positions, table, stale, canvas.theme, canvas.buffer, right);
    }
}

/// The numbers as colours, with that under the cursor in full.
fn draw_map(positions: &Positions, table: &PositionTable, stale: bool, canvas: &mut Canvas<'_>, area: Rect) {
    let (theme, roles) = (canvas.theme, canvas.theme.roles());
    let pick = |style| if stale { roles.stale } else { style };
    let title = format!("{} (down) by {} (across)", table.row_name, table.column_name);
    put(canvas.buffer, area, 2, 1, &title, pick(roles.heading));
    let (count, across) = table.values.dim();
    let rows: Vec<String> = (0..count).map(|row| row.to_string()).collect();
    let names: Vec<String> =
        (0..across).map(|column| (table.first_column + column as i64).to_string()).collect();
    let (row, column) = positions.cell();
    let map = Heatmap {
        values: table.values.view(),
        row_labels: &rows,
        column_labels: &names,
        cursor: Some((row, column)),
        scale: Scale::Linear,
        signs: Signs::of(&table.values),
        full: full_colour(&table.values),
        digits: false,
        stale,
    };
    let body = Rect { y: area.y + 2, height: area.height.saturating_sub(4), ..area };
    if let Some(cells) = map.draw(theme, canvas.buffer, body) {
        cells.hit(canvas, CELL);
    }
    let foot = Rect { y: area.bottom().saturating_sub(2), height: area.height.min(1), ..area };
    let value = table.values.get((row, column)).copied().unwrap_or(f32::NAN);
    let name = names.get(column).map_or("?", String::as_str);
    let value = decimal(value, 5);
    let exact = format!("{} {row}, {} {name}: {value}", table.row_name, table.column_name);
    let x = put(canvas.buffer, foot, 2, 0, &exact, pick(roles.number));
    let legend =
        Rect { x: foot.x + (x + 2).min(foot.width), width: foot.width.saturating_sub(x + 2), ..foot };
    map.legend(theme, canvas.buffer, legend, 0);
}

/// The value of a full colour: the largest, or what only one entry in a hundred exceeds, where that
/// is far less. Learned tables have a few dimensions that are tens of times larger than all others,
/// beside which the rest would be blank.
fn full_colour(values: &Array2<f32>) -> f32 {
    let mut sizes: Vec<f32> =
        values.iter().filter(|value| value.is_finite()).map(|value| value.abs()).collect();
    let rank = sizes.len() * 99 / 100;
    let size = if rank < sizes.len() { *sizes.select_nth_unstable_by(rank, f32::total_cmp).1 } else { 0.0 };
    let most = largest(values);
    if size > 0.0 && size < most / 4.0 { size } else { most }
}

fn draw_curve(
    positions: &Positions,
    table: &PositionTable,
    stale: bool,
    theme: &Theme,
    buffer: &mut Buffer,
    area: Rect,
) {
    let roles = theme.roles();
    let heading = if stale { roles.stale } else { roles.heading };
    let title = format!("{} by distance", table.curve_name);
    put(buffer, area, 0, 0, &fit(&title, usize::from(area.width)), heading);
    let values: Vec<f32> = table.curve.iter().map(|value| *value as f32).collect();
    let chart = Rect { y: area.y + 1, height: area.height.saturating_sub(2), ..area };
    // Where the columns are distances the cursor's column has a place on the curve.
    let at = matches!(table.kind, PositionKind::Alibi | PositionKind::T5)
        .then(|| usize::try_from(positions.chosen.column.abs()).ok())
        .flatten();
    Chart { values: &values, cursor: at, unit: "apart", stale }.draw(theme, buffer, chart);
    let show = [0usize, 1, 2, 4, 8, 16, 32, 64];
    let mut x = 0;
    let line = Rect { y: area.bottom().saturating_sub(1), height: area.height.min(1), ..area };
    for distance in show {
        let Some(value) = table.curve.get(distance) else { break };
        let text = format!("{distance}: {}", number(*value as f32));
        if usize::from(x) + text.len() > usize::from(area.width) {
            break;
        }
        x = put(buffer, line, x, 0, &text, roles.number) + 2;
    }
}

fn draw_experiments(positions: &Positions, frame: &Frame, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    let roles = theme.roles();
    let late = frame.is_late(Experiment::SLOT);
    if let Some(problem) = &positions.problem {
        for (y, line) in wrap(problem, usize::from(area.width.saturating_sub(2))).iter().enumerate() {
            put(buffer, area, 2, y as u16, line, roles.error);
        }
        return;
    }
    let Some(found) = &positions.experiments else {
        if late {
            put(buffer, area, 2, 0, "asking the model about this text", roles.faint);
        } else if positions.table.is_some() {
            opening::model(frame, theme, buffer, area);
        }
        return;
    };
    let stale = late || (positions.is_other_text() && !frame.is_running(Experiment::SLOT));
    draw_found(positions, found, stale, theme, buffer, area);
}

fn draw_found(
    positions: &Positions,
    found: &PositionExperiments,
    stale: bool,
    theme: &Theme,
    buffer: &mut Buffer,
    area: Rect,
) {
    let roles = theme.roles();
    let pick = |style| if stale { roles.stale } else { style };
    let mut y = 0;
    if let Some(shuffle) = &found.shuffle {
        let mut x = put(buffer, area, 2, y, "the same words shuffled", pick(roles.heading)) + 2;
        x = put(
            buffer,
            area,
            x,
            y,
            &format!("similarity {}", decimal(shuffle.with_positions, 4)),
            pick(roles.number),
        ) + 2;
        let without = format!("without positions {}", decimal(shuffle.without_positions, 6));
        x = put(buffer, area, x, y, &without, pick(roles.number)) + 2;
        if shuffle.causal {
            put(buffer, area, x, y, "the causal mask still tells the order", pick(roles.faint));
        }
        y += 1;
        if area.height >= 4 {
            put(buffer, area, 4, y, &format!("\"{}\"", visible(&shuffle.shuffled)), pick(roles.faint));
            y += 1;
        }
    }
    let Some(place) = positions.two_places() else {
        let text = "Put one word twice into the text to see how its two meanings part, layer by layer.";
        put(buffer, area, 2, y, text, roles.faint);
        return;
    };
    let which = if found.places.len() > 1 {
        format!("  {} of {}", positions.chosen.place + 1, found.places.len())
    } else {
        String::new()
    };
    let title = format!("\"{}\" twice{which}", visible(&place.word));
    let x = put(buffer, area, 2, y, &title, pick(roles.heading)) + 2;
    let contexts = format!("\"{}\"  and  \"{}\"", visible(&place.contexts.0), visible(&place.contexts.1));
    put(buffer, area, x, y, &contexts, pick(roles.text));
    let mut x = put(buffer, area, 4, y + 1, "cosine", pick(roles.faint)) + 2;
    for (layer, cosine) in place.by_layer.iter().enumerate() {
        let name = if layer == 0 { String::from("embedding") } else { format!("layer {}", layer - 1) };
        let text = decimal(*cosine, 3);
        if usize::from(x) + name.len() + 1 + text.len() > usize::from(area.width) {
            put(buffer, area, x, y + 1, "…", roles.faint);
            break;
        }
        x = put(buffer, area, x, y + 1, &name, pick(roles.faint)) + 1;
        x = put(buffer, area, x, y + 1, &text, pick(roles.number)) + 2;
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{looking, table};
    use super::*;
    use crate::app::{Message, draw};
    use crate::screens::testing::{finish, generation};
    use crate::theme::load;
    use crate::widgets::canvas::Target;

    #[test]
    fn a_click_on_a_method_looks_at_it() {
        let (mut app, _) = looking();
        let theme = load("dark", None).unwrap();
        let area = Rect::new(0, 0, 100, 30);
        let hits = draw::render(&app, &theme, &mut Buffer::empty(area), area).hits;
        let alibi = Target { kind: METHOD, row: 3, column: 0 };
        let column = (0..area.width).find(|column| hits.at(*column, 2) == Some(alibi)).expect("a title");
        app.frame.hits = hits;
        generation::<Tabulate>(&app.handle(Message::Click(column, 2)));
        assert_eq!(app.screen::<Positions>().method(), PositionKind::Alibi);
    }

    #[test]
    fn a_click_on_a_cell_takes_the_cursor_there() {
        let (mut app, effects) = looking();
        let first = generation::<Tabulate>(&effects);
        finish::<Tabulate>(&mut app, first, Ok(table(PositionKind::T5, 100, 129, -64)));
        let theme = load("dark", None).unwrap();
        let area = Rect::new(0, 0, 100, 30);
        let mut buffer = Buffer::empty(area);
        let hits = draw::render(&app, &theme, &mut buffer, area).hits;
        let cell = Target { kind: CELL, row: 3, column: 60 };
        let mut places = (0..area.height).flat_map(|y| (0..area.width).map(move |x| (x, y)));
        let (x, y) = places.find(|(x, y)| hits.at(*x, *y) == Some(cell)).expect("a cell");
        let labels: String = (0..6).map(|x| buffer[(x, y)].symbol()).collect();
        assert_eq!(labels.trim(), "3", "the row's label stands on the line");
        app.frame.hits = hits;
        app.handle(Message::Click(x, y));
        assert_eq!(app.screen::<Positions>().cell(), (3, 60));
        assert_eq!(app.screen::<Positions>().chosen.column, -4);
    }
}
