//! One weight being made: its stages one below the other, the present one lit and in detail.

use ndarray::s;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::super::state::{CellStep, Zoom};
use super::super::update::{CELL, STEP};
use super::{Looked, lines};
use crate::analysis::cell::{CellSteps, Mask};
use crate::analysis::ranking;
use crate::model::interventions::HeadChange;
use crate::model::trace::Keep;
use crate::theme::Theme;
use crate::widgets::bars::{RankedList, RankedWord, first_shown};
use crate::widgets::canvas::{Canvas, Target};
use crate::widgets::heatmap::largest;
use crate::widgets::legend::number;
use crate::widgets::signed::signed_bar;
use crate::widgets::strip;
use crate::widgets::text::{columns, decimal, fit, put, signed_decimal, visible, wrap};

/// From this height on, the stages have their details below them.
const HEIGHT_FOR_DETAIL: u16 = 12;

/// Draws the making of the weight under the cursor into `area`.
pub(super) fn draw(looked: &Looked, canvas: &mut Canvas<'_>, area: Rect) {
    let roles = canvas.theme.roles();
    let state = looked.state;
    let Some(steps) = state.cell.as_deref() else {
        let text = if state.chosen.zoom == Zoom::Cell && looked.pass.keep != Keep::Everything {
            "Only the weights were kept, because every stage of a text this long would take too much \
             memory. A shorter text (e) shows the making of each weight."
        } else if state.layers_and_heads().1 == 0 {
            lines::NO_ATTENTION
        } else {
            "This weight's making is not known."
        };
        for (y, line) in wrap(text, usize::from(area.width.saturating_sub(4))).iter().enumerate() {
            put(canvas.buffer, area, 2, y as u16, line, roles.warning);
        }
        return;
    };
    let (from, to) =
        (visible(looked.row_label(state.chosen.query)), visible(looked.column_label(state.chosen.key)));
    let number = CellStep::ALL.iter().position(|step| *step == state.chosen.step).unwrap_or_default() + 1;
    let title = format!("how much \"{}\" looks at \"{}\"", fit(&from, 20), fit(&to, 20));
    let heading = if looked.stale { roles.stale } else { roles.heading };
    let x = put(canvas.buffer, area, 2, 0, &title, heading);
    put(canvas.buffer, area, x + 2, 0, &format!("step {number} of {}", CellStep::ALL.len()), roles.faint);
    let rows = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    draw_stages(looked, steps, canvas, rows);
    let used = 2 + CellStep::ALL.len() as u16;
    if area.height < HEIGHT_FOR_DETAIL {
        return;
    }
    let detail = Rect { y: area.y + used, height: area.height.saturating_sub(used), ..area };
    draw_detail(looked, steps, canvas, detail);
}

/// One line a stage; those still to come show no number.
fn draw_stages(looked: &Looked, steps: &CellSteps, canvas: &mut Canvas<'_>, area: Rect) {
    let roles = canvas.theme.roles();
    let current = looked.state.chosen.step;
    // On a few lines the present stage stays inside.
    let index = CellStep::ALL.iter().position(|step| *step == current).unwrap_or_default();
    let first = (index + 1).saturating_sub(usize::from(area.height));
    for (index, stage) in CellStep::ALL.into_iter().skip(first).enumerate() {
        let y = index as u16;
        let style = match stage {
            _ if looked.stale => roles.stale,
            _ if stage == current => roles.selected,
            _ if stage < current => roles.text,
            _ => roles.faint,
        };
        canvas.hit(Rect { y: area.y + y, height: u16::from(y < area.height), ..area }, STEP, first + index);
        let marker = if stage == current { ">" } else { " " };
        put(canvas.buffer, area, 0, y, marker, roles.focus);
        put(canvas.buffer, area, 2, y, stage.title(), style);
        if stage <= current {
            let numbers = if looked.stale { roles.stale } else { roles.number };
            put(canvas.buffer, area, 24, y, &formula(stage, steps), numbers);
        }
    }
}

/// A stage in numbers.
fn formula(stage: CellStep, steps: &CellSteps) -> String {
    match stage {
        CellStep::QueryKey => format!("two vectors of {} numbers", steps.query.len()),
        CellStep::Products => {
            let mut text = String::from("q·k = ");
            for (index, (_, product)) in steps.products.iter().take(3).enumerate() {
                text.push_str(&if index == 0 {
                    decimal(*product, 2)
                } else {
                    format!(" {}", signed_decimal(*product, 2))
                });
            }
            let rest = if steps.products.len() > 3 { " ..." } else { "" };
            format!("{text}{rest} = {}", decimal(steps.dot, 4))
        }
        CellStep::Scale => {
            let [dot, scaled] = [steps.dot, steps.scaled].map(|value| decimal(value, 4));
            format!("{dot} x {:.4} = {scaled}", steps.scale)
        }
        CellStep::Mask => match (steps.mask, steps.soft_cap) {
            (Some(Mask::Later), _) => String::from("masked: it comes later in the text, so minus infinity"),
            (Some(Mask::OutsideWindow), _) => {
                String::from("masked: it is too far back for this layer's window")
            }
            (Some(Mask::Hidden), _) => String::from("masked: you hid this token"),
            (None, Some(cap)) => {
                let sum = decimal(steps.scaled + steps.position_bias, 4);
                format!("capped: {cap} x tanh({sum} / {cap}) = {}", decimal(steps.score, 4))
            }
            (None, None) if steps.position_bias != 0.0 => {
                let [scaled, score] = [steps.scaled, steps.score].map(|value| decimal(value, 4));
                let bias = signed_decimal(steps.position_bias, 4);
                format!("{scaled} {bias} for the distance = {score}")
            }
            (None, None) => format!("not masked, nothing added: {}", decimal(steps.score, 4)),
        },
        CellStep::Softmax if steps.replaced => {
            format!("replaced by your change: {:.4}", steps.weight)
        }
        CellStep::Softmax if steps.mask.is_some() => String::from("exp(-infinity) = 0: weight 0"),
        CellStep::Softmax => format!(
            "exp({} - {}) / {:.4} = {:.4} / {:.4} = {:.4}",
            decimal(steps.score, 3),
            decimal(steps.row_maximum, 3),
            steps.sum,
            steps.exponential,
            steps.sum,
            steps.weight
        ),
        CellStep::Value => {
            let length = |vector: &[f32]| vector.iter().map(|value| value * value).sum::<f32>().sqrt();
            format!(
                "{:.4} x value of length {:.3} = length {:.3}",
                steps.weight,
                length(&steps.value),
                length(&steps.weighted_value)
            )
        }
    }
}

/// What the present stage means, in a sentence.
fn meaning(stage: CellStep, steps: &CellSteps, change: Option<&HeadChange>) -> String {
    let size = steps.query.len();
    match stage {
        CellStep::QueryKey => String::from(
            "The query says what the token looks for, the key what the other token offers. \
             Both are the token's state times a learned matrix.",
        ),
        CellStep::Products => String::from(
            "Multiply them number by number and add up: large when both point the same way. \
             The largest products carry the score:",
        ),
        CellStep::Scale => format!(
            "Multiplied by {:.4} (usually 1 / square root of {size}), so that longer vectors do not make \
             the softmax harder.",
            steps.scale
        ),
        CellStep::Mask => String::from(
            "Some models add a number for the distance here, and set what must not be seen to minus infinity.",
        ),
        CellStep::Softmax => String::from(
            "exp of each score of the row, divided by their sum: all weights of the row are positive \
             and add up to 1. The row:",
        ),
        CellStep::Value => format!(
            "The weight says how much of the other token's value is carried over. All weighted values \
             of the row, added up, {}",
            match change {
                Some(HeadChange::Zero) => "would be the head's output; you switched it off, so it is 0.",
                Some(HeadChange::Mean) => {
                    "would be the head's output; you put its mean over all tokens in its place."
                }
                Some(HeadChange::Uniform) | None => "are the head's output for this token.",
            }
        ),
    }
}

fn draw_detail(looked: &Looked, steps: &CellSteps, canvas: &mut Canvas<'_>, area: Rect) {
    let (theme, roles) = (canvas.theme, canvas.theme.roles());
    let state = looked.state;
    let change = looked.pass.interventions.heads.get(&steps.place);
    let text =
        wrap(&meaning(state.chosen.step, steps, change), usize::from(area.width.saturating_sub(4)).min(96));
    for (y, line) in text.iter().enumerate() {
        put(canvas.buffer, area, 2, y as u16, line, roles.faint);
    }
    let top = text.len() as u16 + 1;
    let area = Rect {
        x: area.x + 2,
        width: area.width.saturating_sub(4),
        y: area.y + top,
        height: area.height.saturating_sub(top),
    };
    let (from, to) = (looked.row_label(state.chosen.query), looked.column_label(state.chosen.key));
    match state.chosen.step {
        CellStep::QueryKey => {
            let vectors = [
                (format!("query of {}", visible(from)), &steps.query),
                (format!("key of {}", visible(to)), &steps.key),
            ];
            draw_strips(&vectors, theme, canvas.buffer, area);
        }
        CellStep::Products => draw_products(steps, theme, canvas.buffer, area),
        CellStep::Scale | CellStep::Mask => {
            let line = Rect { x: area.x.saturating_sub(2), height: area.height.min(1), ..area };
            draw_scores(looked, steps, canvas, line);
        }
        CellStep::Softmax => draw_row(looked, canvas, area),
        CellStep::Value => {
            let vectors = [
                (format!("value of {}", visible(to)), &steps.value),
                (format!("x {:.4}", steps.weight), &steps.weighted_value),
                (format!("output for {}", visible(from)), &steps.head_output),
            ];
            draw_strips(&vectors, theme, canvas.buffer, area);
        }
    }
}

/// Vectors as strips below each other, all on one scale, which stands below.
fn draw_strips(vectors: &[(String, &Vec<f32>)], theme: &Theme, buffer: &mut Buffer, area: Rect) {
    let roles = theme.roles();
    let full = vectors.iter().map(|(_, vector)| largest(vector.iter())).fold(0.0, f32::max);
    let label = vectors.iter().map(|(name, _)| columns(name)).max().unwrap_or(0).min(20) as u16 + 2;
    let width = area.width.saturating_sub(label);
    let mut y = 0;
    for (name, vector) in vectors {
        let height =
            strip::lines_wanted(vector.len() * 2, width, 4).min(area.height.saturating_sub(y + 1)).max(1);
        if y + 1 >= area.height {
            return;
        }
        put(buffer, area, 0, y, &fit(name, usize::from(label - 2)), roles.text);
        let place = Rect { x: area.x + label.min(area.width), y: area.y + y, width, height };
        strip::draw(vector, full, theme, buffer, place.intersection(area));
        y += height + u16::from(area.height > 9);
    }
    strip::legend(full, theme, buffer, area, label, y);
}

/// The products q x k by size, with their sum so far.
fn draw_products(steps: &CellSteps, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    let roles = theme.roles();
    let full = steps.products.first().map_or(1.0, |(_, product)| f64::from(product.abs()));
    let mut sum = 0.0f64;
    put(buffer, area, 0, 0, "number     query      key   product       sum", roles.faint);
    let room = usize::from(area.height.saturating_sub(1));
    for (y, &(index, product)) in steps.products.iter().enumerate().take(room) {
        sum += f64::from(product);
        let (query, key) = (steps.query.get(index), steps.key.get(index));
        let get = |value: Option<&f32>| value.copied().unwrap_or(f32::NAN);
        let numbers = [get(query), get(key), product, sum as f32].map(|value| decimal(value, 3));
        let [query, key, product_shown, sum_shown] = numbers;
        let text = format!("{index:>6} {query:>9} {key:>8} {product_shown:>9} {sum_shown:>9}");
        let y = y as u16 + 1;
        let end = put(buffer, area, 0, y, &text, roles.number);
        let width = area.width.saturating_sub(end + 2).min(33);
        signed_bar(f64::from(product), full, theme, buffer, area, (end + 2, y), width);
    }
    let hidden = steps.products.len().saturating_sub(room);
    if hidden > 0 && room > 0 {
        let rest = f64::from(steps.dot)
            - steps.products.iter().take(room - 1).map(|(_, product)| f64::from(*product)).sum::<f64>();
        let (rest, dot) = (signed_decimal(rest, 3), decimal(steps.dot, 4));
        let text = format!("{:>6} more add {rest}, q·k = {dot}", hidden + 1);
        let y = room as u16;
        put(buffer, area, 0, y, &" ".repeat(usize::from(area.width)), Style::new());
        put(buffer, area, 0, y, &text, roles.number);
    }
}

/// The row as it is at this step: q·k x scale, or with the position's bias and the mask.
fn draw_scores(looked: &Looked, steps: &CellSteps, canvas: &mut Canvas<'_>, line: Rect) {
    let state = looked.state;
    let Some(trace) = state.chosen.stack.trace(&looked.pass.trace, state.chosen.layer) else { return };
    let (head, query) = (state.chosen.head, state.chosen.query);
    let row = match state.chosen.step {
        CellStep::Scale => trace.products_of(head, query).map(|products| products * steps.scale),
        _ => {
            let scores = trace.scores.as_ref().filter(|scores| query < scores.dim().1);
            scores.map(|scores| scores.slice(s![head, query, ..]).to_owned())
        }
    };
    let Some(row) = row else { return };
    let lane = lines::Lane {
        title: format!("{} scores", visible(looked.row_label(state.chosen.query))),
        values: row.view(),
        of_row: true,
        are_changes: false,
    };
    lines::lane(looked, &lane, canvas, line);
}

/// The whole row after the softmax, largest first.
fn draw_row(looked: &Looked, canvas: &mut Canvas<'_>, area: Rect) {
    let state = looked.state;
    let query = state.chosen.query;
    let Some(weights) = state.weights(looked.pass, state.chosen.layer, state.chosen.head) else { return };
    if query >= weights.nrows() {
        return;
    }
    let row = weights.row(query);
    let order: Vec<(usize, f64)> =
        ranking::largest_first(row.iter().copied().map(f64::from), false).collect();
    let items: Vec<RankedWord> = order
        .iter()
        .map(|&(index, weight)| RankedWord { word: looked.column_label(index), score: weight })
        .collect();
    let selected = order.iter().position(|(index, _)| *index == state.chosen.key);
    RankedList { items: &items, selected, focused: true, stale: looked.stale, full: 1.0, digits: 4 }.draw(
        canvas.theme,
        canvas.buffer,
        area,
    );
    let first = first_shown(selected, usize::from(area.height));
    for (y, (column, _)) in (area.y..area.bottom()).zip(order.iter().skip(first)) {
        let line = Rect { y, height: 1, ..area };
        canvas.hit_grid(line, (line.width, 1), Target { kind: CELL, row: query, column: *column });
    }
}

/// The numbers of a vector's largest entries, for panels.
pub(super) fn few(values: &[f64], count: usize) -> String {
    values.iter().take(count).map(|value| number(*value as f32)).collect::<Vec<_>>().join("  ")
}
