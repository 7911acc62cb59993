//! Text for the screen, made visible and cut by columns, not bytes.

use std::fmt::Write;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

pub use crate::numerals::{decimal, fraction, grouped, short, signed_decimal, spoken};
pub use crate::visible::visible;

/// Columns that `text` takes on the screen, grapheme by grapheme as the buffer counts them.
pub fn columns(text: &str) -> usize {
    text.graphemes(true).map(UnicodeWidthStr::width).sum()
}

/// `text` made visible and cut to `width` columns, `…` standing for what was cut.
pub fn fit(text: &str, width: usize) -> String {
    let shown = visible(text);
    if columns(&shown) <= width {
        return shown.into_owned();
    }
    let Some(room) = width.checked_sub(1) else { return String::new() };
    let mut cut = String::new();
    let mut used = 0;
    for grapheme in shown.graphemes(true) {
        used += grapheme.width();
        if used > room {
            break;
        }
        cut.push_str(grapheme);
    }
    cut.push('…');
    cut
}

/// [`fit`], filled with spaces on the right to exactly `width` columns.
pub fn fit_padded(text: &str, width: usize) -> String {
    let mut fitted = fit(text, width);
    let missing = width.saturating_sub(columns(&fitted));
    fitted.extend(std::iter::repeat_n(' ', missing));
    fitted
}

/// Writes `text` at column `x` and row `y` *of `area`*, never outside of it, cut with `…`.
/// Returns the column of `area` behind it.
pub fn put(buffer: &mut Buffer, area: Rect, x: u16, y: u16, text: &str, style: Style) -> u16 {
    let area = area.intersection(buffer.area);
    if x >= area.width || y >= area.height || text.is_empty() {
        return x.min(area.width);
    }
    let room = area.width - x;
    let fitted = fit(text, usize::from(room));
    let (end, _) = buffer.set_stringn(area.x + x, area.y + y, fitted, usize::from(room), style);
    end.saturating_sub(area.x)
}

/// [`put`] with the end of the text at the right edge of `area`. Returns the column it begins at.
pub fn put_right(buffer: &mut Buffer, area: Rect, y: u16, text: &str, style: Style) -> u16 {
    let width = u16::try_from(columns(&visible(text))).unwrap_or(u16::MAX);
    let x = area.width.saturating_sub(width);
    put(buffer, area, x, y, text, style);
    x
}

/// `text` in lines of at most `width` columns, broken between words where possible.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            if !line.is_empty() && columns(&line) + 1 + columns(word) > width {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    lines
}

/// A duration in the unit that needs the fewest digits, as in `1.2 ms`.
pub fn duration(duration: std::time::Duration) -> String {
    let milliseconds = duration.as_secs_f64() * 1e3;
    let mut text = String::new();
    let _ = match milliseconds {
        ..1000.0 => write!(text, "{milliseconds:.1} ms"),
        _ => write!(text, "{:.1} s", milliseconds / 1e3),
    };
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("kingdom", 7, "kingdom")]
    #[case("kingdom", 5, "king…")]
    #[case("kingdom", 1, "…")]
    #[case("kingdom", 0, "")]
    #[case("日本語", 5, "日本…")]
    #[case("日本語", 4, "日…")]
    #[case("e\u{301}e\u{301}e\u{301}", 2, "e\u{301}…")]
    fn cutting_counts_columns(#[case] text: &str, #[case] width: usize, #[case] expected: &str) {
        assert_eq!(fit(text, width), expected);
        assert_eq!(columns(&fit_padded(text, width)), width);
    }

    #[test]
    fn nothing_is_written_outside() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 6, 2));
        let area = Rect::new(2, 1, 3, 1);
        put(&mut buffer, area, 1, 0, "日本語", Style::new());
        put(&mut buffer, area, 0, 5, "below", Style::new());
        put(&mut buffer, Rect::new(9, 9, 4, 4), 0, 0, "away", Style::new());
        assert_eq!(buffer, Buffer::with_lines(["      ", "   …  "]));
    }

    #[test]
    fn lines_break_between_words() {
        assert_eq!(wrap("one two three\nfour", 8), ["one two", "three", "four"]);
    }
}
