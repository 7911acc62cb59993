//! A ranked list: marker, rank, word, a bar in eighths of a column, and the exact number.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::text::{columns, fit, fit_padded, put, visible};
use crate::theme::Theme;

/// Bars from one eighth of a column to a whole one.
const EIGHTHS: [&str; 9] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"];
const LONGEST_BAR: usize = 28;
const LONGEST_WORD: usize = 24;
const SHORTEST_BAR: usize = 4;

/// One line of a ranked list.
#[derive(Debug, Clone, Copy)]
pub struct RankedWord<'a> {
    /// The word, as stored.
    pub word: &'a str,
    /// Its score.
    pub score: f64,
}

/// A ranked list; see the module.
#[derive(Debug, Clone)]
pub struct RankedList<'a> {
    /// Best first.
    pub items: &'a [RankedWord<'a>],
    /// The line under the cursor.
    pub selected: Option<usize>,
    /// Whether the list has the keys.
    pub focused: bool,
    /// Whether the list answers an earlier question.
    pub stale: bool,
    /// The score of a full bar.
    pub full: f64,
    /// Digits behind the point.
    pub digits: usize,
}

/// A bar of `share` (0 to 1) of `width` columns, in eighths of a column, without padding.
pub fn bar(share: f64, width: usize) -> String {
    let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
    let eighths = (share * width as f64 * 8.0).round() as usize;
    let mut bar = "█".repeat(eighths / 8);
    bar.push_str(EIGHTHS[eighths % 8]);
    bar
}

/// The first line to show so that line `selected` is among `height` lines.
pub fn first_shown(selected: Option<usize>, height: usize) -> usize {
    selected.map_or(0, |selected| (selected + 1).saturating_sub(height))
}

impl RankedList<'_> {
    /// Columns that the list can make use of, for layouts.
    pub fn widest(&self) -> u16 {
        let (rank, word, number) = self.column_widths(usize::MAX);
        u16::try_from(2 + rank + 1 + word + 1 + LONGEST_BAR + 1 + number).unwrap_or(u16::MAX)
    }

    /// Widths of rank, word and number for `width` columns in all.
    fn column_widths(&self, width: usize) -> (usize, usize, usize) {
        let rank = self.items.len().to_string().len();
        let number = self.items.iter().map(|item| self.number(item.score).len()).max().unwrap_or(0);
        let longest = self.items.iter().map(|item| columns(&visible(item.word))).max().unwrap_or(0);
        // The word gives way first to a long word's tail, then the bar goes, then the number.
        let fixed = 2 + rank + 1 + 1 + number + 1 + SHORTEST_BAR;
        let room = width.saturating_sub(fixed).max(6);
        (rank, longest.min(LONGEST_WORD).min(room), number)
    }

    fn number(&self, score: f64) -> String {
        format!("{score:.*}", self.digits)
    }

    /// Draws the list into `area`, scrolled so that the selection is inside.
    pub fn draw(&self, theme: &Theme, buffer: &mut Buffer, area: Rect) {
        let roles = theme.roles();
        let width = usize::from(area.width);
        let (rank_width, word_width, number_width) = self.column_widths(width);
        let used = 2 + rank_width + 1 + word_width + 1 + number_width + 1;
        let bar_width = width.saturating_sub(used).min(LONGEST_BAR);
        let pick = |style: Style| if self.stale { roles.stale } else { style };
        let first = first_shown(self.selected, usize::from(area.height));
        for (line, item) in self.items.iter().enumerate().skip(first).take(usize::from(area.height)) {
            let y = (line - first) as u16;
            let chosen = self.selected == Some(line);
            let marker = match (chosen, self.focused) {
                (true, true) => "> ",
                (true, false) => "- ",
                _ => "  ",
            };
            let mut x = put(buffer, area, 0, y, marker, pick(roles.focus));
            x = put(buffer, area, x, y, &format!("{:>rank_width$} ", line + 1), pick(roles.faint));
            let word_style = if chosen && self.focused { roles.selected } else { pick(roles.text) };
            // Only the word itself is highlighted, so a reversed style stays as long as the word.
            let end = put(buffer, area, x, y, &fit(item.word, word_width), word_style);
            x = put(
                buffer,
                area,
                end,
                y,
                &fit_padded(" ", (x as usize + word_width + 1).saturating_sub(end as usize)),
                pick(roles.text),
            );
            if bar_width >= SHORTEST_BAR {
                let drawn = bar(item.score / self.full, bar_width);
                put(buffer, area, x, y, &drawn, pick(roles.bar));
                x += bar_width as u16;
            }
            let number = format!(" {:>number_width$}", self.number(item.score));
            put(buffer, area, x, y, &number, pick(roles.number));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(0.0, 4, "")]
    #[case(1.0, 4, "████")]
    #[case(0.5, 4, "██")]
    #[case(0.53125, 4, "██▏")]
    #[case(9.0, 2, "██")]
    #[case(-1.0, 2, "")]
    #[case(f64::NAN, 2, "")]
    fn bars_count_eighths(#[case] share: f64, #[case] width: usize, #[case] expected: &str) {
        assert_eq!(bar(share, width), expected);
    }

    #[test]
    fn the_selection_is_always_inside() {
        assert_eq!(first_shown(Some(0), 5), 0);
        assert_eq!(first_shown(Some(4), 5), 0);
        assert_eq!(first_shown(Some(5), 5), 1);
        assert_eq!(first_shown(None, 5), 0);
    }

    #[test]
    fn words_bars_and_numbers_stand_in_columns() {
        let items = [RankedWord { word: "queen", score: 0.75 }, RankedWord { word: "日本語", score: -0.25 }];
        let list = RankedList {
            items: &items,
            selected: Some(1),
            focused: true,
            stale: false,
            full: 1.0,
            digits: 3,
        };
        let mut buffer = Buffer::empty(Rect::new(0, 0, 24, 2));
        list.draw(&Theme::default(), &mut buffer, Rect::new(0, 0, 24, 2));
        // The second line ends in a wide word; the buffer fills its second columns with spaces.
        assert_eq!(buffer, Buffer::with_lines(["  1 queen  ████▌   0.750", "> 2 日本語        -0.250"]));
    }
}
