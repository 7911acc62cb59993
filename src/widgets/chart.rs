//! A line over evenly spaced values, in braille dots, with numbers at both axes.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::braille::Dots;
use super::legend::number;
use super::text::{columns, put, put_right};
use crate::theme::Theme;

/// A line; see the module.
#[derive(Debug, Clone, Copy)]
pub struct Chart<'a> {
    /// The values at 0, 1, 2, ...; those that are not finite leave a gap.
    pub values: &'a [f32],
    /// The value under the cursor.
    pub cursor: Option<usize>,
    /// What is counted along the line.
    pub unit: &'a str,
    /// Whether it answers an earlier question.
    pub stale: bool,
}

/// The smallest and largest finite value, apart from each other.
fn range(values: &[f32]) -> Option<(f32, f32)> {
    let finite = || values.iter().copied().filter(|value| value.is_finite());
    let low = finite().reduce(f32::min)?;
    let high = finite().reduce(f32::max)?;
    Some(if low < high { (low, high) } else { (low - 0.5, high + 0.5) })
}

impl Chart<'_> {
    /// Draws the line into `area`: the axis on the last line, the scale on the left.
    pub fn draw(&self, theme: &Theme, buffer: &mut Buffer, area: Rect) {
        let area = area.intersection(buffer.area);
        let Some((low, high)) = range(self.values) else { return };
        let roles = theme.roles();
        let (top, bottom) = (number(high), number(low));
        let margin = columns(&top).max(columns(&bottom)) + 1;
        let height = usize::from(area.height).saturating_sub(1);
        let Some(width) = usize::from(area.width).checked_sub(margin + 1).filter(|width| *width > 1) else {
            return;
        };
        if height == 0 {
            return;
        }
        put(buffer, area, 0, 0, &format!("{top:>width$}", width = margin - 1), roles.number);
        if height > 1 {
            put(
                buffer,
                area,
                0,
                height as u16 - 1,
                &format!("{bottom:>width$}", width = margin - 1),
                roles.number,
            );
        }
        let plane = Rect { x: area.x + margin as u16, width: width as u16, height: height as u16, ..area };
        self.draw_zero((low, high), theme, buffer, plane);
        self.draw_dots((low, high), theme, buffer, plane);
        if let Some(at) = self.cursor.filter(|at| *at < self.values.len()) {
            let x = margin + self.place(at, width);
            put(buffer, area, x as u16, height as u16, "^", roles.focus);
        }
        put(buffer, area, margin as u16, height as u16, "0", roles.faint);
        let last = format!("{} {}", self.values.len().saturating_sub(1), self.unit);
        put_right(buffer, area, height as u16, &last, roles.faint);
    }

    /// The column of value `index`.
    fn place(&self, index: usize, width: usize) -> usize {
        index * (width - 1) / self.values.len().saturating_sub(1).max(1)
    }

    fn draw_zero(&self, (low, high): (f32, f32), theme: &Theme, buffer: &mut Buffer, plane: Rect) {
        if low < 0.0 && high > 0.0 {
            let share = high / (high - low);
            let y = (share * f32::from(plane.height - 1)).round() as u16;
            put(buffer, plane, 0, y, &"╌".repeat(usize::from(plane.width)), theme.roles().faint);
        }
    }

    fn draw_dots(&self, (low, high): (f32, f32), theme: &Theme, buffer: &mut Buffer, plane: Rect) {
        let (across, down) = (2 * usize::from(plane.width), 4 * usize::from(plane.height));
        let mut dots = Dots::new(plane.width, plane.height);
        let last = self.values.len().saturating_sub(1);
        let mut before: Option<usize> = None;
        for x in 0..across {
            // Between two values the line is straight.
            let position = x as f32 * last as f32 / (across - 1) as f32;
            let (left, share) = (position as usize, position.fract());
            let value = match (self.values.get(left), self.values.get(left + 1)) {
                (Some(one), Some(other)) if share > 0.0 => one + (other - one) * share,
                (Some(one), _) => *one,
                _ => f32::NAN,
            };
            if !value.is_finite() {
                before = None;
                continue;
            }
            let y = (((high - value) / (high - low)) * (down - 1) as f32)
                .round()
                .clamp(0.0, (down - 1) as f32) as usize;
            let (first, end) = before.map_or((y, y), |old| (old.min(y), old.max(y)));
            for dot in first..=end {
                // A steep piece is drawn without its first dot, which the column before has.
                if dot != y && before == Some(dot) {
                    continue;
                }
                dots.set(x, dot);
            }
            before = Some(y);
        }
        let style = if self.stale { theme.roles().stale } else { theme.roles().positive };
        dots.draw(style, buffer, plane);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_falling_line_falls() {
        let values: Vec<f32> = (0..11).map(|step| 1.0 - step as f32 / 10.0).collect();
        let mut buffer = Buffer::empty(Rect::new(0, 0, 20, 5));
        let area = buffer.area;
        Chart { values: &values, cursor: Some(10), unit: "apart", stale: false }.draw(
            &Theme::default(),
            &mut buffer,
            area,
        );
        let row = |y: u16| (0..20).map(|x| buffer[(x, y)].symbol()).collect::<String>();
        assert!(row(0).starts_with("1.00 "), "{:?}", row(0));
        assert!(row(3).starts_with("0.00 "), "{:?}", row(3));
        assert!(row(4).ends_with("10 apart"));
        let filled = |y: u16| {
            row(y)
                .chars()
                .enumerate()
                .filter(|(_, c)| ('\u{2801}'..='\u{28ff}').contains(c))
                .map(|(x, _)| x)
                .max()
        };
        assert!(filled(0) < filled(3), "{:?}", (0..5).map(row).collect::<Vec<_>>());
    }

    #[test]
    fn gaps_and_constants_are_no_trouble() {
        assert_eq!(range(&[f32::NAN, 2.0]), Some((1.5, 2.5)));
        assert_eq!(range(&[f32::INFINITY]), None);
        let mut buffer = Buffer::empty(Rect::new(0, 0, 12, 3));
        let area = buffer.area;
        let values = [1.0, f32::NAN, f32::INFINITY, 1.0];
        Chart { values: &values, cursor: Some(9), unit: "", stale: true }.draw(
            &Theme::default(),
            &mut buffer,
            area,
        );
    }
}
