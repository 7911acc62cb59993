//! What is told of an answer in a few words: what was asked, and how it was found.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::theme::Theme;
use crate::vectors::explain::{NeighbourAnswer, Origin};
use crate::widgets::text::{columns, duration, grouped, put_right};

/// How the answer was found, in one line.
pub(super) fn draw(answer: &NeighbourAnswer, stale: bool, theme: &Theme, buffer: &mut Buffer, line: Rect) {
    let style = if stale { theme.roles().stale } else { theme.roles().faint };
    let certificate = &answer.certificate;
    let (rows, time) = (grouped(certificate.scanned), duration(certificate.elapsed));
    let rescored = format!("{} rescored", grouped(certificate.rescored));
    let texts = [
        format!("{rows} rows as {}, {rescored}, {time}", certificate.plane),
        format!("{rows} rows, {rescored}, {time}"),
        format!("{rows} rows, {time}"),
    ];
    let fitting = texts.iter().find(|text| columns(text) <= usize::from(line.width));
    let text = fitting.unwrap_or(&texts[2]);
    put_right(buffer, line, 0, text, style);
}

/// What the query is, in a few words.
pub(super) fn origin(answer: &NeighbourAnswer) -> String {
    match answer.origin {
        Origin::Row(row) => format!("rank {}", grouped(row + 1)),
        Origin::Subwords => String::from("not in the file: made of its subwords"),
        Origin::Expression => String::from("a sum of words"),
    }
}
