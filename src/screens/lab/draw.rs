//! The screen *Lab*: the questions on the left, what came out of the chosen one on the right.

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::state::{Ending, Lab, View};
use super::table::{Series, Table, curves, measures, series, shown};
use super::update::EXPERIMENT;
use crate::app::Frame;
use crate::lab::experiment::Card;
use crate::lab::experiments::ALL;
use crate::lab::outcome::Outcome;
use crate::widgets::bars::first_shown;
use crate::widgets::canvas::Canvas;
use crate::widgets::race::{Race, Racer, sign, style};
use crate::widgets::text::{columns, fit, fit_padded, put, short, spoken, wrap};

/// Free columns on both sides.
const MARGIN: u16 = 1;
/// Columns of the list.
const LIST: u16 = 17;
/// From this width on, the picture stands beside the table.
const WIDTH_FOR_PICTURE: u16 = 96;
/// Lines of what is known, and of what is while nothing came out.
const KNOWN: u16 = 3;
const KNOWN_BEFORE: u16 = 8;
/// Columns and lines of a picture of curves, at least.
const CURVES: (u16, u16) = (48, 7);
/// Columns of a number in the table, at least.
const NUMBER: u16 = 8;

/// Draws the screen.
pub(super) fn draw(lab: &Lab, frame: &Frame, canvas: &mut Canvas<'_>) {
    let width = canvas.area.width.saturating_sub(2 * MARGIN);
    let area = Rect { x: canvas.area.x + MARGIN, width, ..canvas.area };
    let list = Rect { width: LIST.min(area.width), ..area };
    draw_list(lab, canvas, list);
    let beside = list.width + 1;
    let right = Rect { x: area.x + beside, width: area.width.saturating_sub(beside), ..area };
    let roles = canvas.theme.roles();
    let card = lab.card();
    let mut y = 0;
    for line in wrap(card.question, usize::from(right.width)).iter().take(2) {
        put(canvas.buffer, right, 0, y, line, roles.heading);
        y += 1;
    }
    draw_state(lab, frame, canvas, Rect { y: right.y + y, height: u16::from(y < right.height), ..right });
    y += 1;
    let known = wrap(&format!("known: {}", card.known), usize::from(right.width));
    // What came out needs the room more than what others found.
    let most = if lab.shown().is_some() { KNOWN } else { KNOWN_BEFORE };
    let known_lines = (known.len() as u16).min(most).min(right.height.saturating_sub(y + 8));
    let body = Rect { y: right.y + y, height: right.height.saturating_sub(y + known_lines), ..right };
    draw_body(lab, canvas, body);
    for (index, line) in known.iter().take(usize::from(known_lines)).enumerate() {
        let is_cut = index + 1 == usize::from(known_lines) && known.len() > usize::from(known_lines);
        let line = if is_cut { fit(&format!("{line} …"), usize::from(right.width)) } else { line.clone() };
        put(canvas.buffer, right, 0, right.height - known_lines + index as u16, &line, roles.faint);
    }
}

fn draw_list(lab: &Lab, canvas: &mut Canvas<'_>, area: Rect) {
    let roles = canvas.theme.roles();
    let height = usize::from(area.height);
    let first = first_shown(Some(lab.index()), height);
    for (row, experiment) in ALL.iter().enumerate().skip(first).take(height) {
        let name = experiment.card().name;
        let y = (row - first) as u16;
        let state = match (&lab.running, lab.results.get(name)) {
            (Some(running), _) if running.name == name => ">",
            (_, Some(kept)) if kept.ending == Ending::Stopped => "-",
            (_, Some(_)) => "+",
            _ => " ",
        };
        let is_here = row == lab.index();
        let style = if is_here { roles.selected } else { roles.text };
        let line = format!("{}{state} {name}", if is_here { ">" } else { " " });
        put(canvas.buffer, area, 0, y, &fit_padded(&line, usize::from(area.width)), style);
        canvas.hit(Rect { y: area.y + y, height: 1, ..area }, EXPERIMENT, row);
    }
}

/// Seed, budget and model, and how far it is.
fn draw_state(lab: &Lab, frame: &Frame, canvas: &mut Canvas<'_>, line: Rect) {
    let roles = canvas.theme.roles();
    let card = lab.card();
    let outcome = lab.shown();
    let (seed, budget) =
        outcome.map_or((lab.chosen.seed, lab.budget()), |outcome| (outcome.seed, outcome.budget));
    let model = match outcome {
        Some(outcome) => outcome.model.as_deref(),
        None => card.model,
    };
    let mut text = format!("seed {seed}  budget {budget} {}", card.budget.unit);
    if let Some(model) = model {
        text.push_str(&format!("  {model}"));
    }
    let x = put(canvas.buffer, line, 0, 0, &text, roles.number) + 2;
    let next = (lab.chosen.seed, lab.budget());
    let (state, style) = match (lab.running_here(), lab.results.get(card.name)) {
        (Some(running), _) => {
            let share = running.progress.fraction().unwrap_or(0.0);
            let seconds = frame.now.saturating_sub(running.since).as_secs_f64();
            let left = if share > 0.0 { seconds * (1.0 - share) / share } else { 0.0 };
            let left =
                if share > 0.02 { format!(", {} left", spoken(left.ceil() as u64)) } else { String::new() };
            let stage = running.progress.stage().map(|stage| format!("  {stage}")).unwrap_or_default();
            (format!("runs, {:.0} %{left}{stage}", (100.0 * share).floor()), roles.focus)
        }
        (None, Some(_)) if next != (seed, budget) => {
            (format!("next: seed {}, {} {}", next.0, next.1, card.budget.unit), roles.warning)
        }
        (None, Some(kept)) => {
            let ending = match kept.ending {
                Ending::Done => "done",
                Ending::Stopped => "stopped",
                Ending::Read => "from before",
            };
            (ending.to_owned(), roles.success)
        }
        (None, None) => ("not run yet: Enter".to_owned(), roles.faint),
    };
    put(canvas.buffer, line, x, 0, &state, style);
}

/// What came out, or what is going to be run.
fn draw_body(lab: &Lab, canvas: &mut Canvas<'_>, area: Rect) {
    let roles = canvas.theme.roles();
    let card = lab.card();
    let explained = |canvas: &mut Canvas<'_>, text: &str, style: Style| {
        for (y, line) in wrap(text, usize::from(area.width)).iter().enumerate() {
            put(canvas.buffer, area, 0, y as u16 + 1, line, style);
        }
    };
    if let (Some(problem), None) = (lab.problems.get(card.name), lab.running_here()) {
        return explained(canvas, problem, roles.error);
    }
    let Some(outcome) = lab.shown().filter(|outcome| !(outcome.rows.is_empty() && outcome.curves.is_empty()))
    else {
        return explained(canvas, card.method, roles.text);
    };
    match lab.chosen.view {
        View::Table => draw_table(lab, outcome, canvas, area),
        View::Rows => draw_rows(lab, outcome, canvas, area),
        View::Curves => draw_curves(card, outcome, canvas, area),
    }
}

/// The table with its picture; before the first row the curves.
fn draw_table(lab: &Lab, outcome: &Outcome, canvas: &mut Canvas<'_>, area: Rect) {
    let card = lab.card();
    let table = series(card, outcome);
    if table.lines.is_empty() {
        return draw_curves(card, outcome, canvas, area);
    }
    let beside = area.width >= WIDTH_FOR_PICTURE;
    let lines = table.lines.len() as u16 + 1;
    let (left, picture) = if beside {
        let width = area.width * 3 / 5;
        let right = Rect { x: area.x + width + 2, width: area.width.saturating_sub(width + 2), ..area };
        (Rect { width, ..area }, right)
    } else {
        let height = lines.min(area.height);
        (Rect { height, ..area }, Rect { y: area.y + height, height: area.height - height, ..area })
    };
    draw_numbers(card.chart.across, &table, canvas, left);
    // While it runs, the room below a table that stands beside its picture is for the curves.
    let below = Rect { y: area.y + lines + 1, height: area.height.saturating_sub(lines + 1), ..left };
    if beside && below.height >= 6 && !outcome.curves.is_empty() {
        draw_curves(card, outcome, canvas, below);
    }
    let racers: Vec<Racer> = racers(&table.lines);
    let ends = (table.places.first().map_or("", String::as_str), table.places.last());
    let right = format!("{} {}", card.chart.across, ends.1.map_or("", String::as_str));
    let race = Race { racers: &racers, ends: (ends.0, &right), up: card.chart.up };
    race.draw(canvas.theme, canvas.buffer, picture);
}

fn racers(lines: &[Series]) -> Vec<Racer> {
    let racer = |(index, line): (usize, &Series)| Racer { sign: sign(index), points: line.points.clone() };
    lines.iter().enumerate().map(racer).collect()
}

/// One line a network, with its sign in the picture.
fn draw_numbers(across: &str, table: &Table, canvas: &mut Canvas<'_>, area: Rect) {
    let roles = canvas.theme.roles();
    let longest = table.lines.iter().map(|line| columns(&line.name)).max().unwrap_or(0).max(columns(across));
    let name = (longest as u16 + 2).min(area.width / 2);
    let widest = table.places.iter().map(|place| columns(place)).max().unwrap_or(0) as u16 + 1;
    let all = area.width.saturating_sub(name) / (table.places.len() as u16).max(1);
    let number = if widest <= all { widest.max(NUMBER) } else { NUMBER };
    let room = usize::from(area.width.saturating_sub(name) / number);
    // The ends say most: where not all places have room, those between are left out evenly.
    let places = spread(table.places.len(), room);
    put(canvas.buffer, Rect { width: name, ..area }, 2, 0, across, roles.faint);
    let cell = |canvas: &mut Canvas<'_>, column: usize, y: u16, text: &str, style: Style| {
        let text = fit(text, usize::from(number) - 1);
        let x = name + (column as u16 + 1) * number - columns(&text) as u16;
        put(canvas.buffer, area, x, y, &text, style);
    };
    for (column, &place) in places.iter().enumerate() {
        cell(canvas, column, 0, &table.places[place], roles.faint);
    }
    for (index, line) in table.lines.iter().enumerate() {
        let y = index as u16 + 1;
        put(canvas.buffer, area, 0, y, &sign(index).to_string(), style(canvas.theme, index));
        put(canvas.buffer, Rect { width: name, ..area }, 2, y, &line.name, roles.text);
        for (column, &place) in places.iter().enumerate() {
            if let Some(point) = line.points.iter().find(|point| point.0 == place as f64) {
                cell(canvas, column, y, &short(point.1), roles.number);
            }
        }
    }
}

/// At most `room` of the numbers `0..count`, evenly spread, with both ends.
fn spread(count: usize, room: usize) -> Vec<usize> {
    match room {
        _ if count <= room => (0..count).collect(),
        0 => Vec::new(),
        1 => vec![count - 1],
        _ => (0..room).map(|index| index * (count - 1) / (room - 1)).collect(),
    }
}

/// All that was measured.
fn draw_rows(lab: &Lab, outcome: &Outcome, canvas: &mut Canvas<'_>, area: Rect) {
    let roles = canvas.theme.roles();
    let height = usize::from(area.height).saturating_sub(1);
    let first = lab.first_row.min(outcome.rows.len().saturating_sub(height));
    let rows: Vec<Vec<String>> =
        outcome.rows.iter().skip(first).take(height).map(|row| row.iter().map(shown).collect()).collect();
    let width = |column: usize| {
        let cells = rows.iter().map(|row| columns(&row[column])).max().unwrap_or(0);
        cells.max(columns(&outcome.columns[column]).min(12)).min(30) as u16
    };
    let mut x = 0;
    for column in 0..outcome.columns.len() {
        let width = width(column);
        let place =
            Rect { x: area.x + x.min(area.width), width: width.min(area.width.saturating_sub(x)), ..area };
        put(canvas.buffer, place, 0, 0, &outcome.columns[column].replace('_', " "), roles.faint);
        for (y, row) in rows.iter().enumerate() {
            put(canvas.buffer, place, 0, y as u16 + 1, &row[column], roles.number);
        }
        x += width + 2;
    }
    if first + rows.len() < outcome.rows.len() {
        let rest = format!("{} more rows: right", outcome.rows.len() - first - rows.len());
        let x = area.width.saturating_sub(columns(&rest) as u16);
        put(canvas.buffer, area, x, area.height.saturating_sub(1), &rest, roles.faint);
    }
}

/// The curves that grew last, a picture for each measure as far as there is room: beside each other, or
/// below.
fn draw_curves(card: &Card, outcome: &Outcome, canvas: &mut Canvas<'_>, area: Rect) {
    let measures = measures(card, outcome);
    if measures.is_empty() {
        put(canvas.buffer, area, 0, 1, "this experiment has no curves", canvas.theme.roles().faint);
        return;
    }
    let room = |length: u16, least: u16| usize::from(length / least).clamp(1, measures.len()) as u16;
    let (beside, below) = (room(area.width, CURVES.0), room(area.height, CURVES.1));
    for (index, measure) in (0..beside.max(below)).zip(&measures) {
        let part = if beside >= below {
            let width = area.width / beside;
            Rect { x: area.x + index * width, width: width.saturating_sub(2), ..area }
        } else {
            let height = area.height / below;
            Rect { y: area.y + index * height, height, ..area }
        };
        draw_measure(measure, outcome, canvas, part);
    }
}

/// The curves that grew last of one measure, with their names.
fn draw_measure(measure: &str, outcome: &Outcome, canvas: &mut Canvas<'_>, area: Rect) {
    let all = curves(outcome, measure);
    let most = usize::from(area.height / 3).clamp(1, 8);
    let lines = &all[all.len().saturating_sub(most)..];
    let racers = racers(lines);
    let steps = || lines.iter().flat_map(|line| &line.points).map(|point| point.0);
    let (first, last) = (steps().fold(f64::INFINITY, f64::min), steps().fold(0.0, f64::max));
    let mut x = 0;
    let mut y = 0;
    for (index, line) in lines.iter().enumerate() {
        let value = line.points.last().map_or(f64::NAN, |point| point.1);
        let name = format!("{} {} {}", sign(index), line.name, short(value));
        if x > 0 && usize::from(x) + columns(&name) > usize::from(area.width) {
            (x, y) = (0, y + 1);
        }
        x = put(canvas.buffer, area, x, y, &name, style(canvas.theme, index)) + 2;
    }
    let picture = Rect { y: area.y + y + 1, height: area.height.saturating_sub(y + 1), ..area };
    let right = format!("step {}", short(last));
    Race { racers: &racers, ends: (&short(first), &right), up: measure }.draw(
        canvas.theme,
        canvas.buffer,
        picture,
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_not_all_have_room_both_ends_stay() {
        assert_eq!(spread(3, 5), [0, 1, 2]);
        assert_eq!(spread(5, 3), [0, 2, 4]);
        assert_eq!(spread(5, 1), [4]);
        assert!(spread(5, 0).is_empty());
    }
}
