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
    let long = format!(
        "{} rows as {}, {} rescored, {}",
        grouped(certificate.scanned),
        certificate.plane,
        grouped(certificate.rescored),
        duration(certificate.elapsed)
    );
    let short = format!("{} rows, {}", grouped(certificate.scanned), duration(certificate.elapsed));
    let text = if columns(&long) <= usize::from(line.width) { long } else { short };
    put_right(buffer, line, 0, &text, style);
}

/// What the query is, in a few words.
pub(super) fn origin(answer: &NeighbourAnswer) -> String {
    match answer.origin {
        Origin::Row(row) => format!("rank {}", grouped(row + 1)),
        Origin::Subwords => String::from("not in the file: made of its subwords"),
        Origin::Expression => String::from("a sum of words"),
    }
}
