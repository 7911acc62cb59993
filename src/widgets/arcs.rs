//! One row of attention as arcs: from the token that looks to the tokens that it looks at, over
//! the text itself, heavier lines for larger weights, each with its number.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::heatmap::window;
use super::text::{columns, fit, fraction, put};
use crate::theme::Theme;

/// One row of attention; see the module.
#[derive(Debug, Clone, Copy)]
pub struct Arcs<'a> {
    /// The tokens in their order.
    pub tokens: &'a [String],
    /// What each of them receives; NaN where masked.
    pub weights: &'a [f32],
    /// The token that looks.
    pub from: usize,
    /// The token under the cursor.
    pub to: usize,
    /// Whether it answers an earlier question.
    pub stale: bool,
}

const LONGEST_TOKEN: usize = 12;
/// Weights below this are not drawn.
const LEAST: f32 = 0.02;

/// Where the shown tokens stand: index, first column, width.
fn places(tokens: &[String], around: usize, width: usize) -> Vec<(usize, usize, usize)> {
    let widths: Vec<usize> =
        tokens.iter().map(|token| columns(&fit(token.trim(), LONGEST_TOKEN)).max(1)).collect();
    let mut starts = Vec::with_capacity(widths.len());
    let mut total = 0;
    for width in &widths {
        starts.push(total);
        total += width + 1;
    }
    let first = starts.get(around).map_or(0, |&start| window(start, width, total));
    (0..tokens.len())
        .filter(|&index| starts[index] >= first && starts[index] + widths[index] <= first + width)
        .map(|index| (index, starts[index] - first, widths[index]))
        .collect()
}

impl Arcs<'_> {
    /// Draws the arcs over the tokens, which stand on the last line of `area`.
    pub fn draw(&self, theme: &Theme, buffer: &mut Buffer, area: Rect) {
        let area = area.intersection(buffer.area);
        let shown = places(self.tokens, self.from, usize::from(area.width));
        let Some(&(_, start, width)) = shown.iter().find(|(index, ..)| *index == self.from) else { return };
        let source = start + width / 2;
        let roles = theme.roles();
        let lines = usize::from(area.height).saturating_sub(1);
        let mut targets: Vec<(usize, usize, f32)> = shown
            .iter()
            .filter_map(|&(index, start, width)| {
                let weight = *self.weights.get(index)?;
                (index != self.from && weight >= LEAST).then_some((index, start + width / 2, weight))
            })
            .collect();
        // The largest that there are lines for; then the longest on top, so that arcs nest.
        targets.sort_by(|one, other| other.2.total_cmp(&one.2).then(one.0.cmp(&other.0)));
        targets.truncate(lines);
        targets.sort_by_key(|&(_, x, _)| x.abs_diff(source));
        for (level, &(index, x, weight)) in targets.iter().enumerate() {
            let y = lines - 1 - level;
            let style = match (self.stale, index == self.to) {
                (true, _) => roles.stale,
                (false, true) => roles.focus,
                (false, false) if weight < 0.1 => roles.faint,
                (false, false) => roles.text,
            };
            let (left, right) = (x.min(source), x.max(source));
            let line = if weight >= 0.3 { "━" } else { "─" };
            let middle = right.saturating_sub(left + 1);
            let number = fraction(f64::from(weight), 2);
            let mut text = line.repeat(middle);
            if middle >= number.len() + 2 {
                let before = (middle - number.len()) / 2;
                text =
                    format!("{}{number}{}", line.repeat(before), line.repeat(middle - number.len() - before));
            }
            put(buffer, area, left as u16, y as u16, &format!("╭{text}╮"), style);
            for below in y + 1..lines {
                for column in [x, source] {
                    put(buffer, area, column as u16, below as u16, "│", style);
                }
            }
        }
        for &(index, start, width) in &shown {
            let token = fit(self.tokens.get(index).map_or("", |token| token.trim()), width);
            let style = match index {
                _ if self.stale => roles.stale,
                _ if index == self.from => roles.selected,
                _ if index == self.to => roles.focus,
                _ if targets.iter().any(|(target, ..)| *target == index) => roles.text,
                _ => roles.faint,
            };
            put(buffer, area, start as u16, lines as u16, &token, style);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::style::Style;

    #[test]
    fn arcs_nest_and_carry_numbers() {
        let tokens: Vec<String> = ["the", "cat", "sat", "on"].map(String::from).to_vec();
        let weights = [0.31, 0.6, 0.09, f32::NAN];
        let arcs = Arcs { tokens: &tokens, weights: &weights, from: 2, to: 1, stale: false };
        let mut buffer = Buffer::empty(Rect::new(0, 0, 16, 3));
        let area = buffer.area;
        arcs.draw(&Theme::default(), &mut buffer, area);
        for cell in &mut buffer.content {
            cell.set_style(Style::reset());
        }
        let text =
            |buffer: &Buffer| buffer.content.iter().map(|cell| cell.symbol().to_owned()).collect::<String>();
        let expected =
            Buffer::with_lines([" ╭━━.31━━╮       ", " │  ╭━━━╮       ".trim_end(), "the cat sat on  "]);
        let lines: Vec<String> =
            text(&buffer).chars().collect::<Vec<_>>().chunks(16).map(|line| line.iter().collect()).collect();
        assert_eq!(lines[2], "the cat sat on  ", "{lines:#?} {expected:?}");
        assert!(lines[0].starts_with(" ╭━"), "{lines:#?}");
        assert!(lines[0].contains("31") && lines[1].contains('╭'), "{lines:#?}");
    }

    #[test]
    fn a_long_text_is_shown_around_the_token() {
        let tokens: Vec<String> = (0..500).map(|index| format!("w{index}")).collect();
        let shown = places(&tokens, 250, 40);
        assert!(shown.iter().any(|(index, ..)| *index == 250));
        assert!(shown.iter().all(|(_, start, width)| start + width <= 40));
        assert!(places(&tokens, 0, 0).is_empty());
    }
}
