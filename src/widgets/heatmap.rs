//! A matrix as coloured cells, with labels, a cursor and a legend in numbers.
//!
//! A cell is two columns by one row by default (about a square), larger where there is room, so
//! that labels fit above it. What is masked is NaN and stays off the ramp. A matrix that is larger
//! than its area is shown as a window around the cursor.

use ndarray::ArrayView2;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_segmentation::UnicodeSegmentation;

use super::canvas::{Canvas, Target};
use super::legend::{Full, Legend, Scale, Signs};
use super::text::{columns as columns_of, fit, fraction, put, visible};
use crate::analysis::thumbnails::pool;
use crate::theme::{HeatCell, Theme};

/// A matrix; see the module.
#[derive(Debug, Clone, Copy)]
pub struct Heatmap<'a> {
    /// Rows by columns; NaN where masked.
    pub values: ArrayView2<'a, f32>,
    /// One a row.
    pub row_labels: &'a [String],
    /// One a column.
    pub column_labels: &'a [String],
    /// Row and column under the cursor.
    pub cursor: Option<(usize, usize)>,
    /// How values become colours.
    pub scale: Scale,
    /// What the ramp spans.
    pub signs: Signs,
    /// The value of a full colour; larger ones have no more.
    pub full: f32,
    /// Whether two digits stand in every cell.
    pub digits: bool,
    /// Whether it answers an earlier question.
    pub stale: bool,
}

/// Where the cells of a map that was drawn lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cells {
    /// All of them that are shown.
    pub area: Rect,
    /// Width and height of one.
    pub size: (u16, u16),
    /// Row and column of the one in the upper left corner.
    pub first: (usize, usize),
    /// The whole map: what stands left of the cells and above them are labels.
    pub map: Rect,
}

impl Cells {
    /// Makes the cells targets, told apart by row and column.
    pub fn hit(&self, canvas: &mut Canvas<'_>, kind: &'static str) {
        let (row, column) = self.first;
        canvas.hit_grid(self.area, self.size, Target { kind, row, column });
    }

    /// Makes the labels of the rows targets.
    pub fn hit_rows(&self, canvas: &mut Canvas<'_>, kind: &'static str) {
        let labels = Rect { x: self.map.x, width: self.area.x.saturating_sub(self.map.x), ..self.area };
        canvas.hit_grid(labels, (labels.width, self.size.1), Target { kind, row: self.first.0, column: 0 });
    }

    /// Makes the labels of the columns targets.
    pub fn hit_columns(&self, canvas: &mut Canvas<'_>, kind: &'static str) {
        let labels = Rect { y: self.map.y, height: self.area.y.saturating_sub(self.map.y), ..self.area };
        canvas.hit_grid(labels, (self.size.0, labels.height), Target { kind, row: 0, column: self.first.1 });
    }
}

/// Where the parts of a map stand in its area.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Layout {
    cell: (usize, usize),
    label_width: usize,
    header: usize,
    rows: (usize, usize),
    columns: (usize, usize),
}

const LONGEST_LABEL: usize = 20;
const TALLEST_HEADER: usize = 6;
/// Lines of a label over cells that are wide enough for a few letters.
const MOST_LABEL_LINES: usize = 3;

/// The window of `shown` entries of `count` that has `cursor` near its middle.
pub fn window(cursor: usize, shown: usize, count: usize) -> usize {
    cursor.saturating_sub(shown / 2).min(count.saturating_sub(shown))
}

/// The largest finite magnitude among `values`; 1 when there is none, so that it can be divided by.
pub fn largest<'a>(values: impl IntoIterator<Item = &'a f32>) -> f32 {
    let most = values
        .into_iter()
        .filter(|value| value.is_finite())
        .fold(0.0f32, |most, value| most.max(value.abs()));
    if most > 0.0 { most } else { 1.0 }
}

impl Heatmap<'_> {
    /// The columns of `area` that the map will use, so that something can stand beside it.
    pub fn used(&self, area: Rect) -> u16 {
        self.layout(area)
            .map_or(0, |layout| (layout.label_width + 2 + layout.columns.1 * layout.cell.0) as u16)
    }

    /// The rows of `area` that the map will use.
    pub fn used_rows(&self, area: Rect) -> u16 {
        self.layout(area).map_or(0, |layout| (layout.header + layout.rows.1 * layout.cell.1) as u16)
    }

    fn label_width(&self, width: usize) -> usize {
        let longest = self.row_labels.iter().map(|label| columns_of(&visible(label))).max().unwrap_or(0);
        2 + longest.min(LONGEST_LABEL).min(width / 4).max(longest.min(3))
    }

    fn layout(&self, area: Rect) -> Option<Layout> {
        let (width, height) = (usize::from(area.width), usize::from(area.height));
        let (rows, columns) = self.values.dim();
        let label_width = self.label_width(width);
        let room = width.checked_sub(label_width + 1)?;
        if rows == 0 || columns == 0 || room < 2 || height < 2 {
            return None;
        }
        let sizes: &[(usize, usize)] =
            if self.digits { &[(6, 3), (4, 2), (4, 1)] } else { &[(6, 3), (4, 2), (4, 1), (3, 1), (2, 1)] };
        let fits = |&&(w, h): &&(usize, usize)| columns * w <= room && rows * h < height;
        let cell = sizes.iter().find(fits).copied().unwrap_or(if self.digits { (4, 1) } else { (2, 1) });
        // Labels go on in further lines where rows can be spared; over the narrowest cells they are
        // written downwards.
        let header = if cell.0 > 2 {
            let widest = self.column_labels.iter().map(|label| columns_of(&visible(label.trim()))).max();
            let lines = widest.unwrap_or(0).div_ceil(cell.0 - 1).min(MOST_LABEL_LINES);
            lines.min(height.saturating_sub(rows * cell.1)).max(1)
        } else {
            let longest =
                self.column_labels.iter().map(|label| label.graphemes(true).count()).max().unwrap_or(0);
            longest
                .min(TALLEST_HEADER)
                .min(height.saturating_sub(rows).max(height / 5).max(2 * usize::from(height > 4)))
                .max(1)
        };
        let shown_rows = ((height.saturating_sub(header)) / cell.1).min(rows);
        // Where the map goes on, a column is kept for the signs that say so.
        let signs = usize::from(shown_rows < rows || room / cell.0 < columns);
        let shown_columns = (room.saturating_sub(signs) / cell.0).min(columns);
        if shown_rows == 0 || shown_columns == 0 {
            return None;
        }
        let (row, column) = self.cursor.unwrap_or_default();
        Some(Layout {
            cell,
            label_width,
            header,
            rows: (window(row, shown_rows, rows), shown_rows),
            columns: (window(column, shown_columns, columns), shown_columns),
        })
    }

    /// Draws the map into `area`. Returns where its cells lie; `None` where there is no room for any.
    pub fn draw(&self, theme: &Theme, buffer: &mut Buffer, area: Rect) -> Option<Cells> {
        let area = area.intersection(buffer.area);
        let layout = self.layout(area)?;
        self.draw_column_labels(&layout, theme, buffer, area);
        for line in 0..layout.rows.1 {
            let row = layout.rows.0 + line;
            let y = layout.header + line * layout.cell.1;
            self.draw_row_label(row, &layout, y + (layout.cell.1 - 1) / 2, theme, buffer, area);
            let row_full = match self.scale {
                Scale::PerRow => largest(self.values.row(row)),
                _ => self.full,
            };
            for place in 0..layout.columns.1 {
                let column = layout.columns.0 + place;
                let x = layout.label_width + 1 + place * layout.cell.0;
                self.draw_cell((row, column), row_full, layout.cell, (x, y), theme, buffer, area);
            }
        }
        self.draw_more(&layout, theme, buffer, area);
        let (width, height) = layout.cell;
        let cells = Rect {
            x: area.x + (layout.label_width + 1) as u16,
            y: area.y + layout.header as u16,
            width: (layout.columns.1 * width) as u16,
            height: (layout.rows.1 * height) as u16,
        };
        Some(Cells {
            area: cells,
            size: (width as u16, height as u16),
            first: (layout.rows.0, layout.columns.0),
            map: area,
        })
    }

    /// Signs at the edges where the matrix goes on.
    fn draw_more(&self, layout: &Layout, theme: &Theme, buffer: &mut Buffer, area: Rect) {
        let (rows, columns) = self.values.dim();
        let faint = theme.roles().faint;
        let top = layout.header as u16;
        let bottom = (layout.header + layout.rows.1 * layout.cell.1 - 1) as u16;
        let right = (layout.label_width + 1 + layout.columns.1 * layout.cell.0) as u16;
        if layout.rows.0 > 0 {
            put(buffer, area, right, top, "↑", faint);
        }
        if layout.rows.0 + layout.rows.1 < rows {
            put(buffer, area, right, bottom, "↓", faint);
        }
        if layout.columns.0 > 0 {
            put(buffer, area, layout.label_width as u16, top.saturating_sub(1), "←", faint);
        }
        if layout.columns.0 + layout.columns.1 < columns {
            put(buffer, area, right, top.saturating_sub(1), "→", faint);
        }
    }

    fn label_style(&self, chosen: bool, theme: &Theme) -> Style {
        let roles = theme.roles();
        match (self.stale, chosen) {
            (true, _) => roles.stale,
            (false, true) => roles.selected,
            (false, false) => roles.text,
        }
    }

    fn draw_row_label(
        &self,
        row: usize,
        layout: &Layout,
        y: usize,
        theme: &Theme,
        buffer: &mut Buffer,
        area: Rect,
    ) {
        let Some(label) = self.row_labels.get(row) else { return };
        let chosen = self.cursor.is_some_and(|(cursor, _)| cursor == row);
        if chosen {
            put(buffer, area, 0, y as u16, ">", theme.roles().focus);
        }
        let fitted = fit(label.trim(), layout.label_width - 2);
        put(buffer, area, 2, y as u16, &fitted, self.label_style(chosen, theme));
    }

    fn draw_column_labels(&self, layout: &Layout, theme: &Theme, buffer: &mut Buffer, area: Rect) {
        for place in 0..layout.columns.1 {
            let column = layout.columns.0 + place;
            let Some(label) = self.column_labels.get(column) else { continue };
            let x = (layout.label_width + 1 + place * layout.cell.0) as u16;
            let style = self.label_style(self.cursor.is_some_and(|(_, cursor)| cursor == column), theme);
            if layout.cell.0 > 2 {
                let lines = in_lines(label.trim(), layout.cell.0 - 1, layout.header);
                for (line, part) in lines.iter().enumerate() {
                    let y = (layout.header - lines.len() + line) as u16;
                    put(buffer, area, x, y, part, style);
                }
                continue;
            }
            let shown = visible(label.trim()).into_owned();
            let letters: Vec<&str> = shown.graphemes(true).collect();
            let kept = letters.len().min(layout.header);
            let digits = letters.iter().rev().take_while(|letter| letter.chars().all(is_position)).count();
            for line in 0..kept {
                // Of a word that is too long the position stays, or a sign says that it goes on.
                let from_end = kept - line;
                let letter = match letters.len() > kept {
                    true if from_end <= digits => letters[letters.len() - from_end],
                    true if from_end == 1 => "…",
                    _ => letters[line],
                };
                put(buffer, area, x, (layout.header - kept + line) as u16, &fit(letter, 2), style);
            }
        }
    }

    /// The colour of `value`.
    pub fn heat(&self, value: f32, full: f32, theme: &Theme) -> HeatCell {
        let share = f64::from(value) / f64::from(full);
        let share = if full > 0.0 || value.is_nan() { share } else { 0.0 };
        self.signs.heat(self.scale.place(share), theme)
    }

    #[expect(clippy::too_many_arguments, reason = "where, what and on which scale")]
    fn draw_cell(
        &self,
        at: (usize, usize),
        full: f32,
        (width, height): (usize, usize),
        (x, y): (usize, usize),
        theme: &Theme,
        buffer: &mut Buffer,
        area: Rect,
    ) {
        let value = self.values.get(at).copied().unwrap_or(f32::NAN);
        let masked = value.is_nan();
        let heat = self.heat(value, full, theme);
        let style = if self.stale && !theme.has_ramps() { theme.roles().stale } else { heat.style };
        let middle = (height - 1) / 2;
        for line in 0..height {
            let mut text = if masked {
                let sign = if line == middle { "·" } else { " " };
                format!("{sign:^width$}")
            } else if self.digits && theme.has_ramps() {
                " ".repeat(width)
            } else {
                heat.glyph.repeat(width)
            };
            let mut style = if masked { theme.roles().faint } else { style };
            if self.digits && line == middle && !masked {
                text = format!("{:^width$}", digits(value));
                style = theme.readable_on(style);
            }
            if self.cursor == Some(at) {
                let inside =
                    if width > 2 { text.chars().skip(1).take(width - 2).collect() } else { String::new() };
                text = format!("[{inside}]");
                style = theme.readable_on(if masked { theme.roles().focus } else { style });
            }
            put(buffer, area, x as u16, (y + line) as u16, &text, style);
        }
    }

    /// Draws the legend `linear  0 ░▒▓ 0.83` at the right end of row `y` of `area`, as long as
    /// there is room.
    pub fn legend(&self, theme: &Theme, buffer: &mut Buffer, area: Rect, y: u16) {
        let full = match self.scale {
            Scale::PerRow => Full::Own("row's largest"),
            _ if largest(self.values.iter()) > self.full => Full::Cut(self.full),
            _ => Full::Largest(self.full),
        };
        let masked = self.values.iter().any(|value| value.is_nan());
        Legend { scale: self.scale, signs: self.signs, full, masked }.draw(theme, buffer, area, y);
    }
}

/// A label in at most `most` lines of `width` columns. In a few columns a sign for what is cut would
/// take the place of a letter that tells labels apart, and the position of a repeated token stays.
fn in_lines(label: &str, width: usize, most: usize) -> Vec<String> {
    let shown = visible(label);
    let mut lines = vec![String::new()];
    for grapheme in shown.graphemes(true) {
        let last = lines.last().map_or(0, |line| columns_of(line));
        if last + columns_of(grapheme) > width {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            line.push_str(grapheme);
        }
    }
    if lines.len() > most {
        lines.truncate(most.max(1));
        let position: String = shown.chars().rev().take_while(|character| is_position(*character)).collect();
        let position: String = position.chars().rev().collect();
        if let Some(line) = lines.last_mut()
            && !position.is_empty()
            && position.chars().count() < width
        {
            let kept = width - position.chars().count();
            *line = line.graphemes(true).take(kept).chain([position.as_str()]).collect();
        }
    }
    lines
}

fn is_position(character: char) -> bool {
    "⁰¹²³⁴⁵⁶⁷⁸⁹".contains(character)
}

/// Two digits of a value, without a leading zero.
fn digits(value: f32) -> String {
    let decimals = match value.abs() {
        size if size >= 9.95 => 0,
        size if size >= 0.995 => 1,
        _ => 2,
    };
    fraction(f64::from(value), decimals)
}

/// How the thumbnails of a wall become colours.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ThumbnailScale {
    /// How values become colours.
    pub scale: Scale,
    /// What the ramp spans.
    pub signs: Signs,
    /// The value of a full colour; `None` for each thumbnail's own largest.
    pub full: Option<f32>,
}

/// A matrix pooled by the largest into `area`: two values a column by half blocks where the theme has
/// ramps, shade glyphs elsewhere. A block that is zero throughout is masked, as far as a thumbnail can
/// tell, and stays off the ramp, as NaN does.
pub fn thumbnail(
    values: ArrayView2<f32>,
    by: ThumbnailScale,
    theme: &Theme,
    buffer: &mut Buffer,
    area: Rect,
) {
    let area = area.intersection(buffer.area);
    let (rows, columns) = values.dim();
    if area.is_empty() || rows == 0 || columns == 0 {
        return;
    }
    let halves = if theme.has_ramps() { 2 } else { 1 };
    let (width, lines) = (usize::from(area.width), usize::from(area.height) * halves);
    let blocks = pool(values, lines, width);
    let full = by.full.unwrap_or_else(|| largest(&blocks));
    let fulls: Vec<f32> = match by.scale {
        Scale::PerRow => blocks.rows().into_iter().map(largest).collect(),
        Scale::Linear | Scale::SquareRoot => vec![full; lines],
    };
    let place = |x: usize, line: usize| match blocks[[line, x]] {
        0.0 => f64::NAN,
        value => by.scale.place(f64::from(value) / f64::from(fulls[line])),
    };
    for y in 0..usize::from(area.height) {
        for x in 0..width {
            let heat = match halves {
                2 => by.signs.heat_pair(place(x, 2 * y), place(x, 2 * y + 1), theme),
                _ => by.signs.heat(place(x, y), theme),
            };
            put(buffer, area, x as u16, y as u16, heat.glyph, heat.style);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theme::load;
    use ndarray::{Array2, array};

    fn labels(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    fn map<'a>(values: &'a Array2<f32>, labels: &'a [String], cursor: (usize, usize)) -> Heatmap<'a> {
        Heatmap {
            values: values.view(),
            row_labels: labels,
            column_labels: labels,
            cursor: Some(cursor),
            scale: Scale::Linear,
            signs: Signs::Positive,
            full: 1.0,
            digits: false,
            stale: false,
        }
    }

    #[test]
    fn masked_cells_stay_off_the_ramp_and_the_cursor_is_seen_without_colour() {
        let values = array![[1.0, f32::NAN], [0.5, 0.0]];
        let labels = labels(&["ab", "cd"]);
        let theme = load("mono", None).expect("built in");
        let mut buffer = Buffer::empty(Rect::new(0, 0, 9, 4));
        let area = buffer.area;
        map(&values, &labels, (1, 1)).draw(&theme, &mut buffer, area);
        for cell in &mut buffer.content {
            cell.set_style(Style::reset());
        }
        let expected = Buffer::with_lines(["     a c ", "     b d ", "  ab ██· ", "> cd ▒▒[]"]);
        let text =
            |buffer: &Buffer| buffer.content.iter().map(|cell| cell.symbol().to_owned()).collect::<Vec<_>>();
        assert_eq!(text(&buffer), text(&expected));
    }

    #[test]
    fn a_click_finds_a_cell_and_its_labels_in_the_window() {
        let values = Array2::zeros((40, 3));
        let labels: Vec<String> = (0..40).map(|index| format!("w{index}")).collect();
        let theme = load("mono", None).expect("built in");
        let mut buffer = Buffer::empty(Rect::new(0, 0, 30, 12));
        let mut canvas = Canvas::new(&mut buffer, &theme, Rect::new(2, 1, 26, 11));
        let area = canvas.area;
        let cells = map(&values, &labels, (20, 1)).draw(&theme, canvas.buffer, area).expect("room");
        cells.hit(&mut canvas, "cell");
        cells.hit_rows(&mut canvas, "row");
        cells.hit_columns(&mut canvas, "column");
        let at = |x: u16, y: u16| canvas.hits.at(x, y).map(|target| (target.kind, target.row, target.column));
        let cursor = (0..30u16 * 12)
            .map(|index| (index % 30, index / 30))
            .find(|(x, y)| canvas.buffer[(*x, *y)].symbol() == "[");
        let (x, y) = cursor.expect("the cursor is drawn");
        assert_eq!(at(x, y), Some(("cell", 20, 1)));
        assert_eq!(at(x + cells.size.0, y + 1), Some(("cell", 21, 2)));
        assert_eq!(at(area.x, y), Some(("row", 20, 0)));
        assert_eq!(at(x, area.y), Some(("column", 0, 1)));
        assert_eq!(at(area.x, area.y), None);
    }

    #[test]
    fn a_window_follows_the_cursor() {
        assert_eq!(window(0, 10, 100), 0);
        assert_eq!(window(50, 10, 100), 45);
        assert_eq!(window(99, 10, 100), 90);
        assert_eq!(window(3, 10, 5), 0);
    }

    #[test]
    fn labels_take_further_lines_and_keep_their_position() {
        assert_eq!(in_lines("because", 3, 3), ["bec", "aus", "e"]);
        assert_eq!(in_lines("because", 3, 1), ["bec"]);
        assert_eq!(in_lines("because¹²", 5, 1), ["bec¹²"]);
        assert_eq!(in_lines("the⁵", 3, 1), ["th⁵"]);
        assert_eq!(in_lines("日本語", 3, 2), ["日", "本"]);
        assert_eq!(in_lines("", 3, 2), ["(em", "pty"]);
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!(digits(0.684), ".68");
        assert_eq!(digits(1.0), "1.0");
        assert_eq!(digits(-0.25), "-.25");
        assert_eq!(digits(13.2), "13");
        assert_eq!(largest(&[0.0, f32::NAN, -2.0]), 2.0);
        assert_eq!(largest(&[]), 1.0);
    }
}
