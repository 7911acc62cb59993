//! Bars that grow to both sides of a zero line.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::bars::bar;
use super::text::put;
use crate::theme::Theme;

/// Draws `value` (on a scale from -`full` to `full`) into `width` columns at `x`, `y` of `area`,
/// zero in the middle: below zero to the left, above zero to the right.
pub fn signed_bar(
    value: f64,
    full: f64,
    theme: &Theme,
    buffer: &mut Buffer,
    area: Rect,
    (x, y): (u16, u16),
    width: u16,
) {
    let half = width.saturating_sub(1) / 2;
    if half == 0 {
        return;
    }
    let share = if full > 0.0 { value.abs() / full } else { 0.0 };
    let roles = theme.roles();
    put(buffer, area, x + half, y, "│", roles.faint);
    if value < 0.0 {
        // There are no glyphs for eighths from the right, so this side counts whole columns, and
        // half ones.
        let halves = (share.min(1.0) * f64::from(half) * 2.0).round() as usize;
        let mut drawn = String::new();
        if halves % 2 == 1 {
            drawn.push('▐');
        }
        drawn.push_str(&"█".repeat(halves / 2));
        let length = (halves.div_ceil(2)) as u16;
        put(buffer, area, x + half - length.min(half), y, &drawn, roles.negative);
    } else {
        put(buffer, area, x + half + 1, y, &bar(share, usize::from(half)), roles.positive);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_signs_start_at_the_zero_line() {
        let area = Rect::new(0, 0, 9, 3);
        let mut buffer = Buffer::empty(area);
        for (y, value) in [(0, 1.0), (1, -0.625), (2, f64::NAN)] {
            signed_bar(value, 1.0, &Theme::default(), &mut buffer, area, (0, y), 9);
        }
        assert_eq!(buffer, Buffer::with_lines(["    │████", " ▐██│    ", "    │    "]));
    }
}
