//! The lower part of the screen *Words*: the vector as a strip, two words dimension by dimension,
//! or the subwords that a vector is made of.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::state::{Panel, Words};
use super::certificate::{self, origin};
use crate::theme::Theme;
use crate::vectors::explain::{Comparison, NeighbourAnswer, SubwordReport};
use crate::widgets::signed::signed_bar;
use crate::widgets::strip;
use crate::widgets::text::{
    columns, decimal, fit, fit_padded, grouped, put, put_right, signed_decimal, visible,
};

/// Lines that a strip may take.
const MOST_STRIP_LINES: u16 = 4;

/// Lines that the strip of `answer` wants in `width` columns.
pub(super) fn strip_lines(answer: &NeighbourAnswer, width: u16) -> u16 {
    strip::lines_wanted(answer.strip.values.len(), width.saturating_sub(2), MOST_STRIP_LINES).max(1)
}

/// Draws the panel that is chosen.
pub(super) fn draw(
    words: &Words,
    answer: &NeighbourAnswer,
    stale: bool,
    theme: &Theme,
    buffer: &mut Buffer,
    area: Rect,
) {
    match (words.chosen.panel, &words.comparison, &words.subwords) {
        (Panel::Strip, ..) => draw_strip(words, answer, stale, theme, buffer, area),
        (Panel::Comparison, Some(comparison), _) => {
            draw_comparison(comparison, stale, theme, buffer, area);
        }
        (Panel::Subwords, _, Some(report)) => draw_subwords(report, stale, theme, buffer, area),
        (Panel::Comparison, None, _) => {
            put(buffer, area, 2, 0, "comparing", theme.roles().stale);
        }
        (Panel::Subwords, _, None) => {
            put(buffer, area, 2, 0, "taking the word apart", theme.roles().stale);
        }
    }
}

fn draw_strip(
    words: &Words,
    answer: &NeighbourAnswer,
    stale: bool,
    theme: &Theme,
    buffer: &mut Buffer,
    area: Rect,
) {
    let roles = theme.roles();
    let pick = |style| if stale { roles.stale } else { style };
    let vector = &answer.strip;
    // What is said on the right is the more important, so it takes its room first.
    let against = words.selected_neighbour().map_or_else(String::new, |selected| {
        let score = decimal(selected.score, 4);
        format!("{}: {score}, rank {}", fit(&selected.word, 20), grouped(selected.row + 1))
    });
    let mut room = usize::from(area.width);
    if columns(&against) + 30 < room {
        put_right(buffer, area, 0, &against, pick(roles.number));
        room -= columns(&against) + 2;
    }
    let left = Rect { width: room as u16, ..area };
    let mut x = put(buffer, left, 2, 0, "vector", pick(roles.heading)) + 2;
    let mut facts = vec![format!("norm {:.2}", vector.norm), origin(answer)];
    facts.extend(
        vector
            .extremes
            .iter()
            .map(|(dimension, value)| format!("dim {dimension} {}", signed_decimal(*value, 2))),
    );
    for fact in facts {
        if usize::from(x) + columns(&fact) > room {
            break;
        }
        x = put(buffer, left, x, 0, &fact, pick(roles.number)) + 2;
    }
    let lines = area.height.saturating_sub(2);
    let strip_area =
        Rect { x: area.x + 2, y: area.y + 1, width: area.width.saturating_sub(2), height: lines };
    let full = vector
        .values
        .iter()
        .filter(|value| value.is_finite())
        .fold(0.0f32, |most, value| most.max(value.abs()));
    let values = strip::draw(&vector.values, full, theme, buffer, strip_area);
    let bottom = Rect { y: area.bottom().saturating_sub(1), height: area.height.min(1), ..area };
    let x = strip::legend(full, theme, buffer, bottom, 2, 0) + 2;
    let each = match values {
        1 => format!("{} dimensions", vector.values.len()),
        several => format!("{} dimensions, the largest of each {several}", vector.values.len()),
    };
    let x = put(buffer, bottom, x, 0, &each, roles.faint) + 2;
    let rest = Rect { x: bottom.x + x.min(bottom.width), width: bottom.width.saturating_sub(x), ..bottom };
    if rest.width >= 24 {
        certificate::draw(answer, stale, theme, buffer, rest);
    }
}

fn draw_comparison(comparison: &Comparison, stale: bool, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    const NUMBERS: u16 = 30;
    const LEAST_CELL: u16 = NUMBERS + 8;
    let roles = theme.roles();
    let pick = |style| if stale { roles.stale } else { style };
    let (left, right) = (fit(&comparison.left, 24), fit(&comparison.right, 24));
    let mut x = put(buffer, area, 2, 0, &format!("{left} against {right}"), pick(roles.heading)) + 2;
    x = put(buffer, area, x, 0, &format!("cosine {}", decimal(comparison.similarity, 4)), pick(roles.number))
        + 2;
    put(buffer, area, x, 0, &format!("= sum over {} dimensions", comparison.dimensions.len()), roles.faint);
    let most = comparison.dimensions.iter().map(|one| one.share.abs()).fold(0.0, f64::max);
    let across = (area.width.saturating_sub(2) / LEAST_CELL).max(1);
    let cell = area.width.saturating_sub(2) / across;
    let lines = area.height.saturating_sub(2);
    for column in 0..across {
        let heads = format!("{:>4} {:>7} {:>7}  product", "dim", fit(&left, 7), fit(&right, 7));
        // With wide characters in the heading, columns and characters differ.
        put(buffer, area, 2 + column * cell, 1, &fit_padded(&heads, usize::from(NUMBERS)), roles.faint);
    }
    for (index, one) in
        comparison.dimensions.iter().take(usize::from(lines) * usize::from(across)).enumerate()
    {
        let (column, line) = (index as u16 / lines, index as u16 % lines);
        let (x, y) = (2 + column * cell, 2 + line);
        let [left, right, share] =
            [one.left.into(), one.right.into(), one.share].map(|value: f64| signed_decimal(value, 3));
        let numbers = format!("{:>4} {left:>7} {right:>7} {share:>7}", one.dimension);
        let x = put(buffer, area, x, y, &numbers, pick(roles.number)) + 1;
        signed_bar(one.share, most, theme, buffer, area, (x, y), cell.saturating_sub(NUMBERS + 2).min(24));
    }
}

fn draw_subwords(report: &SubwordReport, stale: bool, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    let roles = theme.roles();
    let pick = |style| if stale { roles.stale } else { style };
    let origin = if report.in_vocabulary { "has a row of its own, too" } else { "has no row of its own" };
    let title = format!("{}: {} n-grams", visible(&report.word), report.ngrams.len());
    let x = put(buffer, area, 2, 0, &title, pick(roles.heading)) + 2;
    put(buffer, area, x, 0, origin, roles.faint);
    let longest =
        report.ngrams.iter().map(|ngram| columns(&visible(&ngram.ngram))).max().unwrap_or(0).clamp(6, 12);
    let most = report.ngrams.iter().map(|ngram| ngram.share.abs()).fold(0.0, f64::max);
    let cell = longest as u16 + 10 + 8 + 12;
    let across = (area.width.saturating_sub(2) / (cell + 2)).clamp(1, 4);
    let lines = area.height.saturating_sub(2).max(1);
    for column in 0..across {
        let heads = format!("{} {:>9} {:>7}", fit_padded("n-gram", longest), "bucket", "share");
        put(buffer, area, 2 + column * (cell + 2), 1, &heads, roles.faint);
    }
    for (index, ngram) in report.ngrams.iter().take(usize::from(lines) * usize::from(across)).enumerate() {
        let (column, line) = (index as u16 / lines, index as u16 % lines);
        let (x, y) = (2 + column * (cell + 2), 2 + line);
        let bucket = ngram.bucket.map_or_else(|| String::from("none"), |bucket| bucket.to_string());
        let share = signed_decimal(ngram.share, 3);
        let text = format!("{} {bucket:>9} {share:>7}", fit_padded(&ngram.ngram, longest));
        let x = put(buffer, area, x, y, &text, pick(roles.number)) + 1;
        if ngram.collisions.is_empty() {
            signed_bar(ngram.share, most, theme, buffer, area, (x, y), 9);
        } else {
            let room = usize::from(cell + 2).saturating_sub(columns(&text) + 3);
            let text = format!("= {}", ngram.collisions.join(" "));
            put(buffer, area, x, y, &fit(&text, room), pick(roles.warning));
        }
    }
}
