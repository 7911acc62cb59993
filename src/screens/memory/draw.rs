//! The screen *Memory*: the text twice, with what each network holds of it under the tokens.

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::lanes::{Lane, LaneKind, lanes, most_looked_at, of_heads, of_source, states};
use super::state::{Focus, Lower, Memory, Side};
use super::update::{LINE, TOKEN};
use super::work::{Feel, ReadText, TryFresh};
use crate::analysis::names::labels_of;
use crate::analysis::reading::{LayerMaps, Track};
use crate::app::Frame;
use crate::app::draw::chrome;
use crate::jobs::Job;
use crate::widgets::canvas::Canvas;
use crate::widgets::input::input;
use crate::widgets::race::{Race, Racer};
use crate::widgets::text::{columns, decimal, fit, fraction, put, put_right, visible, wrap};

/// Free columns on both sides.
const MARGIN: u16 = 1;
/// Columns of the names of the tracks.
const NAMES: u16 = 11;
/// Bars that stand, by eighths of a line.
const BARS: [&str; 9] = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

/// Draws the screen.
pub(super) fn draw(memory: &Memory, frame: &Frame, canvas: &mut Canvas<'_>) {
    let width = canvas.area.width.saturating_sub(2 * MARGIN);
    let area = Rect { x: canvas.area.x + MARGIN, width, ..canvas.area };
    draw_input(memory, frame, canvas, Rect { height: area.height.min(1), ..area });
    let rest = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let half = rest.height.div_ceil(2);
    let lower = Rect { y: rest.y + half, height: rest.height - half, ..rest };
    draw_half(memory, frame, 0, canvas, Rect { height: half, ..rest });
    match memory.chosen.lower {
        Lower::Network => draw_half(memory, frame, 1, canvas, lower),
        Lower::Fresh => draw_fresh(memory, frame, canvas, lower),
    }
}

fn draw_input(memory: &Memory, frame: &Frame, canvas: &mut Canvas<'_>, line: Rect) {
    let (theme, roles) = (canvas.theme, canvas.theme.roles());
    let typing = memory.chosen.focus == Focus::Input;
    let (mark, style) = if typing { (">", roles.focus) } else { ("/", roles.faint) };
    put(canvas.buffer, line, 0, 0, mark, style);
    let room = line.width.saturating_sub(4);
    if frame.is_late(ReadText::SLOT) || frame.is_late(Feel::SLOT) {
        put(canvas.buffer, line, 2 + room, 0, chrome::spinner(frame), roles.focus);
    }
    let cursor = input(&memory.chosen.input, theme, canvas.buffer, line, (2, 0), room);
    if memory.chosen.input.text().is_empty() {
        put(canvas.buffer, line, 2, 0, "a text that says something twice", roles.faint);
    }
    canvas.cursor = cursor.filter(|_| typing);
    canvas.hit(line, LINE, 0);
}

/// Where a token stands on the line.
struct Slot {
    token: usize,
    x: u16,
    width: u16,
}

/// As many tokens as have room, that at `step` among them.
fn slots(labels: &[String], step: usize, room: u16) -> Vec<Slot> {
    let width = |label: &String| columns(label).clamp(1, 14) as u16 + 1;
    // What comes next says less: it gets a third of the room, or less where there is less of it.
    let next: usize = labels.iter().skip(step).map(|label| usize::from(width(label))).sum();
    let before = room - next.min(usize::from(room / 3)) as u16;
    let (mut first, mut used) = (step.min(labels.len()), 0);
    while first > 0 && used + width(&labels[first - 1]) <= before {
        first -= 1;
        used += width(&labels[first]);
    }
    let mut slots = Vec::new();
    let mut x = 0;
    for (token, label) in labels.iter().enumerate().skip(first) {
        let width = width(label);
        if x + width > room {
            break;
        }
        slots.push(Slot { token, x, width });
        x += width;
    }
    slots
}

fn draw_half(memory: &Memory, frame: &Frame, index: usize, canvas: &mut Canvas<'_>, area: Rect) {
    let roles = canvas.theme.roles();
    let Some(read) = &memory.read else {
        if index == 0 && frame.is_late(ReadText::SLOT) {
            put(canvas.buffer, area, 2, 1, "the networks read the text", roles.faint);
        }
        return;
    };
    match &read.sides[index] {
        Ok(side) => draw_side(memory, frame, (index, side), canvas, area),
        Err(problem) => {
            put(canvas.buffer, area, 0, 0, &memory.chosen.networks[index], roles.heading);
            for (y, line) in wrap(problem, usize::from(area.width.saturating_sub(2))).iter().enumerate() {
                put(canvas.buffer, area, 2, y as u16 + 1, line, roles.error);
            }
        }
    }
}

fn draw_side(
    memory: &Memory,
    frame: &Frame,
    (index, side): (usize, &Side),
    canvas: &mut Canvas<'_>,
    area: Rect,
) {
    let step = memory.chosen.step.min(side.labels.len().saturating_sub(1));
    let stale = memory.felt_at != Some(memory.chosen.step) || frame.is_late(Feel::SLOT);
    let (mut rest, room) = (area, area.width.saturating_sub(NAMES));
    draw_expectation(side, step, canvas, take_lines(&mut rest, 1));
    let slots = slots(&side.labels, step, room);
    draw_tokens(memory, side, step, &slots, canvas, take_lines(&mut rest, 1));
    let own = lanes(memory, index, side, step);
    let Some(source) = &side.reading.source else {
        draw_lanes(&own, &slots, stale, canvas, take_lines(&mut rest, own.len()));
        draw_map(side, &side.reading.attention, step, &slots, canvas, rest);
        return;
    };
    let of_source = of_source(memory, index, source, step);
    // What is felt of both texts comes before what else is known of the one that is stepped through.
    let spare = usize::from(rest.height).saturating_sub(of_source.len() + 1);
    let shown = own.len().min(spare.max(2));
    draw_lanes(&own[..shown], &slots, stale, canvas, take_lines(&mut rest, shown));
    let looked_at = most_looked_at(source, step);
    let slots = self::slots(&side.source_labels, looked_at, room);
    let text = canvas.theme.roles().text;
    draw_labels("source", &side.source_labels, &slots, |_| text, canvas, take_lines(&mut rest, 1));
    draw_lanes(&of_source, &slots, stale, canvas, take_lines(&mut rest, of_source.len()));
    draw_map(side, &source.attention, step, &slots, canvas, rest);
}

/// The first `count` lines of `rest`, as far as there are any; `rest` loses them.
fn take_lines(rest: &mut Rect, count: usize) -> Rect {
    let height = u16::try_from(count).map_or(rest.height, |count| count.min(rest.height));
    let taken = Rect { height, ..*rest };
    *rest = Rect { y: rest.y + height, height: rest.height - height, ..*rest };
    taken
}

/// The text that is stepped through.
fn draw_tokens(
    memory: &Memory,
    side: &Side,
    step: usize,
    slots: &[Slot],
    canvas: &mut Canvas<'_>,
    line: Rect,
) {
    let roles = canvas.theme.roles();
    let name = format!("{} of {}", step + 1, side.labels.len());
    let range = memory.chosen.range_start.map(|start| start.min(step)..=start.max(step));
    let style = |token: usize| match token {
        _ if token == step => roles.selected,
        _ if range.as_ref().is_some_and(|range| range.contains(&token)) => roles.query,
        _ if token > step => roles.faint,
        _ => roles.text,
    };
    draw_labels(&name, &side.labels, slots, style, canvas, line);
    for slot in slots {
        let place = Rect { x: line.x + NAMES + slot.x, width: slot.width, ..line };
        canvas.hit(place, TOKEN, slot.token);
    }
}

/// A name, and the tokens in their places.
fn draw_labels(
    name: &str,
    labels: &[String],
    slots: &[Slot],
    style: impl Fn(usize) -> Style,
    canvas: &mut Canvas<'_>,
    line: Rect,
) {
    let faint = canvas.theme.roles().faint;
    put(canvas.buffer, Rect { width: NAMES.min(line.width), ..line }, 0, 0, name, faint);
    for slot in slots {
        let label = fit(&labels[slot.token], usize::from(slot.width) - 1);
        put(canvas.buffer, line, NAMES + slot.x, 0, &label, style(slot.token));
    }
}

fn draw_lanes(lanes: &[Lane], slots: &[Slot], stale: bool, canvas: &mut Canvas<'_>, area: Rect) {
    for (lane, y) in lanes.iter().zip(area.y..area.bottom()) {
        draw_lane(lane, slots, stale, canvas, Rect { y, height: 1, ..area });
    }
}

/// The cells or the heads, and what the numbers are.
fn draw_map(
    side: &Side,
    attention: &[LayerMaps],
    step: usize,
    slots: &[Slot],
    canvas: &mut Canvas<'_>,
    mut area: Rect,
) {
    if area.height < 3 {
        return;
    }
    let height = usize::from(area.height) - 1;
    let map = take_lines(&mut area, height);
    let text = if let Some(track) = states(side).filter(|_| side.reading.source.is_none()) {
        draw_cells(track, slots, canvas, map);
        "gates: mean of the cells, 0 to 1; others: share of the largest"
    } else if !attention.is_empty() {
        let heads: Vec<Lane> = of_heads(attention, step).take(usize::from(map.height)).collect();
        draw_lanes(&heads, slots, false, canvas, map);
        match side.reading.source {
            Some(_) if !side.has_target => "the decoder is given the same text; another: SOURCE => TARGET",
            _ => "heads: where each looks from here; layers: the most of any head",
        }
    } else {
        return;
    };
    put(canvas.buffer, area, NAMES, 0, text, canvas.theme.roles().faint);
}

/// What the network expects, and how likely what comes was.
fn draw_expectation(side: &Side, step: usize, canvas: &mut Canvas<'_>, line: Rect) {
    let roles = canvas.theme.roles();
    let mut x = put(canvas.buffer, line, 0, 0, &side.model.name, roles.heading) + 2;
    let Some(expected) = side.reading.expected.get(step) else { return };
    if let Some(probability) = expected.of_next {
        let next = side.labels.get(step + 1).map_or("", String::as_str);
        let comes = format!("\"{next}\" comes: {}", share(probability));
        x = put(canvas.buffer, line, x, 0, &comes, roles.number) + 2;
    }
    x = put(canvas.buffer, line, x, 0, "expects", roles.faint) + 1;
    let perplexity = expected.perplexity.map(|perplexity| format!("perplexity {}", decimal(perplexity, 1)));
    let room = line.width.saturating_sub(perplexity.as_ref().map_or(0, |text| columns(text) as u16 + 2));
    let names = labels_of(&side.model, &expected.likeliest.iter().map(|one| one.id).collect::<Vec<_>>());
    for (name, candidate) in names.iter().zip(&expected.likeliest) {
        let text = format!("{} {}", visible(name), share(candidate.probability));
        if x + columns(&text) as u16 > room {
            break;
        }
        x = put(canvas.buffer, line, x, 0, &text, roles.text) + 2;
    }
    if let Some(perplexity) = perplexity {
        put_right(canvas.buffer, line, 0, &perplexity, roles.number);
    }
}

fn share(probability: f64) -> String {
    if probability >= 0.0095 { fraction(probability, 2) } else { fraction(probability, 4) }
}

fn draw_lane(lane: &Lane, slots: &[Slot], stale: bool, canvas: &mut Canvas<'_>, line: Rect) {
    let roles = canvas.theme.roles();
    put(canvas.buffer, Rect { width: (NAMES - 1).min(line.width), ..line }, 0, 0, &lane.name, roles.faint);
    for slot in slots {
        let Some(&share) = lane.shares.get(slot.token).filter(|share| share.is_finite()) else { continue };
        let bar = BARS[(8.0 * share.clamp(0.0, 1.0)).round() as usize];
        let (sign, style) = match lane.kind {
            LaneKind::Felt if stale => (bar, roles.stale),
            LaneKind::Felt | LaneKind::Weights => (bar, roles.bar),
            LaneKind::Gate => {
                let heat = canvas.theme.heat(share);
                (heat.glyph, heat.style)
            }
        };
        put(canvas.buffer, line, NAMES + slot.x, 0, &sign.repeat(usize::from(slot.width) - 1), style);
    }
}

/// Hidden states, as many cells a line as have to share one: the one farthest from zero stands for
/// them.
fn draw_cells(track: &Track, slots: &[Slot], canvas: &mut Canvas<'_>, area: Rect) {
    let roles = canvas.theme.roles();
    let cells = track.values.ncols();
    let lines = usize::from(area.height).min(cells);
    let each = cells.div_ceil(lines.max(1));
    let names = Rect { width: (NAMES - 1).min(area.width), ..area };
    for line in 0..lines {
        let (from, to) = (line * each, ((line + 1) * each).min(cells));
        if from >= to {
            break;
        }
        put(canvas.buffer, names, 0, line as u16, &format!("{from}-{}", to - 1), roles.faint);
        for slot in slots {
            let group = track.values.row(slot.token);
            let farthest = group.iter().skip(from).take(to - from).copied();
            let value = farthest.max_by(|a, b| a.abs().total_cmp(&b.abs())).unwrap_or(0.0);
            let heat = canvas.theme.signed_heat(f64::from(value));
            let text = heat.glyph.repeat(usize::from(slot.width) - 1);
            put(canvas.buffer, area, NAMES + slot.x, line as u16, &text, heat.style);
        }
    }
}

/// How far back an LSTM feels that has learned nothing.
fn draw_fresh(memory: &Memory, frame: &Frame, canvas: &mut Canvas<'_>, area: Rect) {
    let roles = canvas.theme.roles();
    let bias = memory.chosen.forget_bias;
    let title = format!("a fresh LSTM of 64 cells, forget bias {}", decimal(bias, 1));
    let x = put(canvas.buffer, area, 0, 0, &title, roles.heading) + 2;
    let Some((found_bias, influence)) = &memory.fresh else {
        if frame.is_late(TryFresh::SLOT) {
            put(canvas.buffer, area, 2, 1, chrome::spinner(frame), roles.focus);
        }
        return;
    };
    let is_stale = (found_bias - bias).abs() > f32::EPSILON;
    let horizon = influence.iter().position(|&share| share < 0.01);
    let reach = match horizon {
        Some(distance) => format!("below 1 % after {distance} tokens"),
        None => format!("above 1 % for all {} tokens", influence.len() - 1),
    };
    put(canvas.buffer, area, x, 0, &reach, if is_stale { roles.stale } else { roles.number });
    let points = influence.iter().enumerate().map(|(distance, &share)| (distance as f64, share)).collect();
    let racers = [Racer { sign: ' ', points }];
    let right = format!("{} tokens before", influence.len() - 1);
    let race = Race { racers: &racers, ends: ("0", &right), up: "influence on the state at the end" };
    let below = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    race.draw(canvas.theme, canvas.buffer, below);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_step_always_has_a_place() {
        let labels: Vec<String> = (0..40).map(|index| "word".repeat(1 + index % 3)).collect();
        for room in [10u16, 20, 60, 200] {
            for step in [0, 1, 20, 39] {
                let slots = slots(&labels, step, room);
                let width = columns(&labels[step]).clamp(1, 14) as u16 + 1;
                let is_there = slots.iter().any(|slot| slot.token == step);
                assert!(is_there || width > room.div_ceil(3), "{room} {step}");
                assert!(slots.iter().all(|slot| slot.x + slot.width <= room));
            }
        }
        assert!(slots(&[], 0, 20).is_empty());
    }
}
