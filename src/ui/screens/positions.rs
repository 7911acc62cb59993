//! The screen *Positions*: how a network is told the order of the words, and what changes when it
//! is told another order, or none.

use ndarray::Array2;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::attention::opening;
use crate::app::App;
use crate::app::positions::{PositionKind, PositionsFocus, PositionsState};
use crate::jobs::positions::{PositionExperiments, PositionTable};
use crate::theme::Theme;
use crate::ui::chrome;
use crate::ui::text::{columns, fit, put, put_right, visible, wrap};
use crate::ui::widgets::chart::Chart;
use crate::ui::widgets::heatmap::{Heatmap, Scale, largest, number};

/// Free columns on both sides.
const MARGIN: u16 = 1;
/// From this width on, the curve stands beside the table.
const WIDTH_FOR_CURVE: u16 = 60;

/// Draws the screen into `area`. Returns where the terminal's cursor belongs, if anywhere.
pub fn draw(app: &App, theme: &Theme, buffer: &mut Buffer, area: Rect) -> Option<Position> {
    let area = Rect { x: area.x + MARGIN, width: area.width.saturating_sub(2 * MARGIN), ..area };
    let state = &app.positions;
    let line = |y: u16| Rect { y: area.y + y, height: u16::from(y < area.height), ..area };
    let cursor = draw_input(app, theme, buffer, line(0));
    draw_kinds(state, theme, buffer, line(1));
    let below = experiment_lines(area.height);
    let body = Rect { y: area.y + 2, height: area.height.saturating_sub(2 + below), ..area };
    let stale = state.tabling.is_late(app.now);
    if let Some(problem) = &state.table_problem {
        for (y, line) in wrap(problem, usize::from(body.width.saturating_sub(4))).iter().enumerate() {
            put(buffer, body, 2, y as u16 + 1, line, theme.roles().warning);
        }
    }
    match &state.table {
        _ if state.table_problem.is_some() => {}
        Some(table) => draw_table(app, table, stale, theme, buffer, body),
        None if state.tabling.is_running() => {
            if stale {
                put(buffer, body, 2, 1, chrome::spinner(app), theme.roles().focus);
            }
        }
        None => {
            opening(app, theme, buffer, body);
        }
    }
    let rest = Rect { y: area.bottom().saturating_sub(below), height: below.min(area.height), ..area };
    draw_experiments(app, theme, buffer, rest);
    cursor
}

/// Lines for the experiments below the table.
fn experiment_lines(height: u16) -> u16 {
    if height >= 16 { 5 } else { 3.min(height / 3) }
}

fn draw_input(app: &App, theme: &Theme, buffer: &mut Buffer, line: Rect) -> Option<Position> {
    let roles = theme.roles();
    let state = &app.positions;
    let typing = state.focus == PositionsFocus::Input;
    put(buffer, line, 0, 0, if typing { ">" } else { "/" }, if typing { roles.focus } else { roles.faint });
    let room = line.width.saturating_sub(4);
    if state.experimenting.is_late(app.now) {
        put(buffer, line, 2 + room, 0, chrome::spinner(app), roles.focus);
    }
    let cursor = super::input(&state.input, theme, buffer, line, (2, 0), room);
    if state.input.text().is_empty() {
        put(buffer, line, 2, 0, "a sentence with one word twice", roles.faint);
    }
    cursor.filter(|_| typing)
}

fn draw_kinds(state: &PositionsState, theme: &Theme, buffer: &mut Buffer, line: Rect) {
    let roles = theme.roles();
    let mut x = 2;
    for kind in PositionKind::ALL {
        // The brackets' columns are always there, so that nothing moves.
        let text =
            if kind == state.kind { format!("[{}]", kind.title()) } else { format!(" {} ", kind.title()) };
        x = put(buffer, line, x, 0, &text, if kind == state.kind { roles.current } else { roles.tab }) + 1;
    }
    if let Some(table) = &state.table {
        let room = usize::from(line.width.saturating_sub(x + 2));
        if columns(&table.origin) <= room {
            put_right(buffer, line, 0, &table.origin, roles.faint);
        }
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

fn draw_table(app: &App, table: &PositionTable, stale: bool, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    let roles = theme.roles();
    let state = &app.positions;
    let heading = if stale { roles.stale } else { roles.heading };
    put(buffer, area, 2, 0, explanation(table.kind), roles.faint);
    let beside = area.width >= WIDTH_FOR_CURVE;
    let left = if beside { area.width * 3 / 5 } else { area.width };
    let title = format!("{} (down) by {} (across)", table.row_name, table.column_name);
    put(buffer, Rect { width: left, ..area }, 2, 1, &title, heading);
    let (count, across) = table.values.dim();
    let rows: Vec<String> = (0..count).map(|row| row.to_string()).collect();
    let names: Vec<String> =
        (0..across).map(|column| (table.first_column + column as i64).to_string()).collect();
    let map = Heatmap {
        values: table.values.view(),
        row_labels: &rows,
        column_labels: &names,
        cursor: Some((state.row, state.column)),
        scale: Scale::Linear,
        signed: true,
        full: full_colour(&table.values),
        digits: false,
        stale,
    };
    let body = Rect { y: area.y + 2, height: area.height.saturating_sub(4), width: left, ..area };
    map.draw(theme, buffer, body);
    let foot = Rect { y: area.bottom().saturating_sub(2), height: area.height.min(1), width: left, ..area };
    let value = table.values.get((state.row, state.column)).copied().unwrap_or(f32::NAN);
    let name = names.get(state.column).map_or("?", String::as_str);
    let exact = format!("{} {}, {} {name}: {value:.5}", table.row_name, state.row, table.column_name);
    let x = put(buffer, foot, 2, 0, &exact, if stale { roles.stale } else { roles.number });
    let legend =
        Rect { x: foot.x + (x + 2).min(foot.width), width: foot.width.saturating_sub(x + 2), ..foot };
    map.legend(theme, buffer, legend, 0);
    if beside {
        let right = Rect {
            x: area.x + left + 2,
            y: area.y + 1,
            width: area.width.saturating_sub(left + 2),
            height: area.height.saturating_sub(2),
        };
        draw_curve(state, table, stale, theme, buffer, right);
    }
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
    state: &PositionsState,
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
        .then(|| usize::try_from((table.first_column + state.column as i64).abs()).ok())
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

fn draw_experiments(app: &App, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    let roles = theme.roles();
    let state = &app.positions;
    if let Some(problem) = &state.problem {
        for (y, line) in wrap(problem, usize::from(area.width.saturating_sub(2))).iter().enumerate() {
            put(buffer, area, 2, y as u16, line, roles.error);
        }
        return;
    }
    let Some(found) = &state.experiments else {
        if state.experimenting.is_late(app.now) {
            put(buffer, area, 2, 0, "asking the model about this text", roles.faint);
        } else if state.table.is_some() {
            opening(app, theme, buffer, area);
        }
        return;
    };
    let stale = state.experimenting.is_late(app.now) || state.is_outdated();
    draw_found(state, found, stale, theme, buffer, area);
}

fn draw_found(
    state: &PositionsState,
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
        x = put(buffer, area, x, y, &format!("similarity {:.4}", shuffle.with_positions), pick(roles.number))
            + 2;
        let without = format!("without positions {:.6}", shuffle.without_positions);
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
    let Some(place) = state.two_places() else {
        let text = "Put one word twice into the text to see how its two meanings part, layer by layer.";
        put(buffer, area, 2, y, text, roles.faint);
        return;
    };
    let which = if found.places.len() > 1 {
        format!("  {} of {}", state.place + 1, found.places.len())
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
        let text = format!("{cosine:.3}");
        if usize::from(x) + name.len() + 1 + text.len() > usize::from(area.width) {
            put(buffer, area, x, y + 1, "…", roles.faint);
            break;
        }
        x = put(buffer, area, x, y + 1, &name, pick(roles.faint)) + 1;
        x = put(buffer, area, x, y + 1, &text, pick(roles.number)) + 2;
    }
}
