//! Labelled points on a plane, with lines between them: the neighbourhood map and the
//! parallelogram of an analogy.
//!
//! Labels are placed in the order of importance, each at the first place beside its point where
//! nothing stands yet; a point whose label finds no place keeps its dot.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::braille::Dots;
use super::text::{columns, fit, put, visible};
use crate::theme::Theme;

const LONGEST_LABEL: usize = 18;

/// What a point stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// The word that was asked about.
    Query,
    /// A word under the cursor.
    Selected,
    /// Any other word.
    Word,
}

impl Mark {
    /// The sign of the point, different without colour, too.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Query => "*",
            Self::Selected => "◆",
            Self::Word => "•",
        }
    }
}

/// A labelled point. `y` grows upwards.
#[derive(Debug, Clone, Copy)]
pub struct Point<'a> {
    /// The word beside it.
    pub label: &'a str,
    /// Horizontal coordinate.
    pub x: f64,
    /// Vertical coordinate.
    pub y: f64,
    /// What it stands for.
    pub mark: Mark,
}

/// A line between two points, given by their indices.
#[derive(Debug, Clone, Copy)]
pub struct Line {
    /// From this point,
    pub from: usize,
    /// to this one.
    pub to: usize,
    /// Every other dot only.
    pub dashed: bool,
}

/// Points and lines; see the module.
#[derive(Debug, Clone, Copy)]
pub struct Plot<'a> {
    /// The points, most important labels first (selected points and queries go before all).
    pub points: &'a [Point<'a>],
    /// Lines below the points.
    pub lines: &'a [Line],
    /// Whether the plot answers an earlier question.
    pub stale: bool,
    /// How far one axis may be stretched against the other to fill the area, at least 1.
    pub most_stretch: f64,
}

/// From coordinates to cells.
struct Projection {
    centre: (f64, f64),
    scale: (f64, f64),
    middle: (f64, f64),
}

impl Projection {
    /// Fits `points` into `width` x `height` cells, leaving `margin` columns on both sides.
    fn fit(points: &[Point], width: u16, height: u16, margin: u16, most_stretch: f64) -> Self {
        let finite = || points.iter().filter(|point| point.x.is_finite() && point.y.is_finite());
        let range = |value: fn(&Point) -> f64| {
            let low = finite().map(value).fold(f64::INFINITY, f64::min);
            let high = finite().map(value).fold(f64::NEG_INFINITY, f64::max);
            if low <= high { (low, high) } else { (0.0, 0.0) }
        };
        let ((left, right), (bottom, top)) = (range(|point| point.x), range(|point| point.y));
        let columns = f64::from(width.saturating_sub(1).saturating_sub(2 * margin).max(1));
        let rows = f64::from(height.saturating_sub(1));
        // Cells are about twice as high as wide, so one row is worth two columns.
        let per_unit = |cells: f64, span: f64| if span > 0.0 { cells / span } else { f64::INFINITY };
        let (x, y) = (per_unit(columns, right - left), per_unit(rows * 2.0, top - bottom));
        let least = if x.min(y).is_finite() { x.min(y) } else { 0.0 };
        let most = least * most_stretch;
        Self {
            centre: ((left + right) / 2.0, (bottom + top) / 2.0),
            scale: (x.min(most), y.min(most) / 2.0),
            middle: (f64::from(width.saturating_sub(1)) / 2.0, rows / 2.0),
        }
    }

    /// Columns and rows from the top left corner, in fractions of a cell.
    fn place(&self, point: &Point) -> Option<(f64, f64)> {
        let x = self.middle.0 + (point.x - self.centre.0) * self.scale.0;
        let y = self.middle.1 - (point.y - self.centre.1) * self.scale.1;
        (x.is_finite() && y.is_finite()).then_some((x, y))
    }
}

/// Which cells of the plot are taken.
struct Taken {
    width: usize,
    cells: Vec<bool>,
    /// Cells with a piece of a line, which labels avoid if they can.
    lined: Vec<bool>,
}

impl Taken {
    fn new(area: Rect) -> Self {
        let cells = usize::from(area.width) * usize::from(area.height);
        Self { width: usize::from(area.width), cells: vec![false; cells], lined: vec![false; cells] }
    }

    fn take(&mut self, x: usize, y: usize, length: usize) {
        let start = y * self.width + x;
        if let Some(cells) = self.cells.get_mut(start..start + length) {
            cells.fill(true);
        }
    }

    /// Whether `length` cells from `x` on are inside the line `y` and free of points and labels,
    /// and of lines as well if so asked.
    fn is_free(&self, x: isize, y: isize, length: usize, of_lines: bool) -> bool {
        let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y)) else { return false };
        let range = y * self.width + x..y * self.width + x + length;
        let none = |cells: &[bool]| cells.get(range.clone()).is_some_and(|cells| !cells.contains(&true));
        x + length <= self.width && none(&self.cells) && (!of_lines || none(&self.lined))
    }
}

impl Plot<'_> {
    /// Draws the plot into `area`.
    pub fn draw(&self, theme: &Theme, buffer: &mut Buffer, area: Rect) {
        let area = area.intersection(buffer.area);
        if area.is_empty() || self.points.is_empty() {
            return;
        }
        let margin = (area.width / 6).min(8);
        let projection = Projection::fit(self.points, area.width, area.height, margin, self.most_stretch);
        let exact: Vec<_> = self.points.iter().map(|point| projection.place(point)).collect();
        let mut taken = Taken::new(area);
        self.draw_lines(&exact, &mut taken, theme, buffer, area);
        let places: Vec<Option<(usize, usize)>> = exact
            .iter()
            .map(|place| place.map(|(x, y)| (x.round().max(0.0) as usize, y.round().max(0.0) as usize)))
            .collect();
        let order = self.by_importance();
        // All dots first: a label must not hide a point. The most important is drawn last, on top.
        for &index in order.iter().rev() {
            if let Some((x, y)) = places[index] {
                taken.take(x, y, 1);
                put(
                    buffer,
                    area,
                    x as u16,
                    y as u16,
                    self.points[index].mark.sign(),
                    self.style(index, theme, false),
                );
            }
        }
        let mut owned = Vec::new();
        for &index in &order {
            // Of points in one cell only the most important is seen, so only that one is named.
            if let Some((x, y)) = places[index].filter(|place| !owned.contains(place)) {
                owned.push((x, y));
                self.draw_label(index, (x, y), &mut taken, theme, buffer, area);
            }
        }
    }

    /// Selected points first, then queries, then the rest in their order.
    fn by_importance(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.points.len()).collect();
        order.sort_by_key(|&index| match self.points[index].mark {
            Mark::Selected => 0,
            Mark::Query => 1,
            Mark::Word => 2,
        });
        order
    }

    fn style(&self, index: usize, theme: &Theme, label: bool) -> Style {
        let roles = theme.roles();
        match self.points[index].mark {
            _ if self.stale => roles.stale,
            Mark::Selected if label => roles.selected,
            Mark::Selected => roles.focus,
            Mark::Query => roles.query,
            Mark::Word if label => roles.word,
            Mark::Word => roles.faint,
        }
    }

    fn draw_label(
        &self,
        index: usize,
        (x, y): (usize, usize),
        taken: &mut Taken,
        theme: &Theme,
        buffer: &mut Buffer,
        area: Rect,
    ) {
        let label = fit(&visible(self.points[index].label), LONGEST_LABEL);
        let length = columns(&label);
        let (column, row, long) = (x as isize, y as isize, length as isize);
        let candidates = [
            (column + 2, row),
            (column - 1 - long, row),
            (column - long / 2, row - 1),
            (column - long / 2, row + 1),
            (column + 1, row - 1),
            (column + 1, row + 1),
            (column - long, row - 1),
            (column - long, row + 1),
        ];
        // One free cell before and behind keeps labels apart, and from the points of others.
        let is_free = |x: isize, y, of_lines| {
            let before = usize::from(x > 0);
            let behind = usize::from((x + long) < taken.width as isize);
            taken.is_free(x - before as isize, y, before + length + behind, of_lines)
        };
        let find = |of_lines| candidates.into_iter().find(|&(x, y)| is_free(x, y, of_lines));
        let free = find(true).or_else(|| find(false));
        // The word under the cursor is named in any case, over other points if need be.
        let forced = (self.points[index].mark == Mark::Selected).then(|| {
            candidates.into_iter().take(2).find(|&(x, _)| x >= 0 && x + long <= taken.width as isize)
        });
        if let Some((x, y)) = free.or(forced.flatten()) {
            taken.take(x as usize, y as usize, length);
            put(buffer, area, x as u16, y as u16, &label, self.style(index, theme, true));
        }
    }

    /// Draws the lines in braille dots, two by four a cell.
    fn draw_lines(
        &self,
        exact: &[Option<(f64, f64)>],
        taken: &mut Taken,
        theme: &Theme,
        buffer: &mut Buffer,
        area: Rect,
    ) {
        for (dashed, style) in [(true, theme.roles().faint), (false, theme.roles().bar)] {
            let mut dots = Dots::new(area.width, area.height);
            for line in self.lines.iter().filter(|line| line.dashed == dashed) {
                let (Some(Some(from)), Some(Some(to))) = (exact.get(line.from), exact.get(line.to)) else {
                    continue;
                };
                dot_line(&mut dots, *from, *to, dashed);
            }
            let style = if self.stale { theme.roles().stale } else { style };
            dots.cells().for_each(|cell| taken.lined[cell] = true);
            dots.draw(style, buffer, area);
        }
    }
}

fn dot_line(dots: &mut Dots, from: (f64, f64), to: (f64, f64), dashed: bool) {
    // The middle of a cell is half a cell from its corner.
    let fine = |(x, y): (f64, f64)| ((x + 0.5) * 2.0, (y + 0.5) * 4.0);
    let (from, to) = (fine(from), fine(to));
    let steps = (to.0 - from.0).abs().max((to.1 - from.1).abs()).ceil().max(1.0) as usize;
    for step in (0..=steps).filter(|step| !dashed || step % 4 < 2) {
        let share = step as f64 / steps as f64;
        let (x, y) = (from.0 + (to.0 - from.0) * share, from.1 + (to.1 - from.1) * share);
        if x >= 0.0 && y >= 0.0 {
            dots.set(x as usize, y as usize);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(points: &[Point], lines: &[Line], width: u16, height: u16) -> String {
        let area = Rect::new(0, 0, width, height);
        let mut buffer = Buffer::empty(area);
        Plot { points, lines, stale: false, most_stretch: 1.8 }.draw(&Theme::default(), &mut buffer, area);
        let rows = buffer.content.chunks(usize::from(width.max(1)));
        rows.map(|row| row.iter().map(|cell| cell.symbol()).collect::<String>() + "\n").collect()
    }

    fn point(label: &str, x: f64, y: f64, mark: Mark) -> Point<'_> {
        Point { label, x, y, mark }
    }

    #[test]
    fn labels_never_cover_points_or_each_other() {
        let words = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta"];
        let points: Vec<Point> = words
            .iter()
            .enumerate()
            .map(|(index, word)| point(word, (index % 3) as f64, (index / 3) as f64 * 0.1, Mark::Word))
            .collect();
        let text = drawn(&points, &[], 40, 10);
        assert_eq!(text.matches('•').count(), words.len(), "{text}");
        for word in words {
            assert!(text.contains(word), "{word} in\n{text}");
        }
    }

    #[test]
    fn the_query_is_starred_and_the_selection_stands_out() {
        let points = [
            point("king", 0.0, 0.0, Mark::Query),
            point("queen", 1.0, 1.0, Mark::Selected),
            point("prince", -1.0, 0.5, Mark::Word),
        ];
        let text = drawn(&points, &[], 40, 7);
        assert!(text.contains("* king") && text.contains("◆ queen") && text.contains("prince"), "{text}");
    }

    #[test]
    fn higher_values_stand_higher() {
        let points = [point("low", 0.0, 0.0, Mark::Word), point("high", 0.0, 5.0, Mark::Word)];
        let text = drawn(&points, &[], 20, 5);
        assert!(text.find("high") < text.find("low"), "{text}");
    }

    #[test]
    fn points_in_one_place_or_nowhere_do_no_harm() {
        let points = [
            point("a", 1.0, 1.0, Mark::Query),
            point("b", 1.0, 1.0, Mark::Word),
            point("c", f64::NAN, 0.0, Mark::Word),
        ];
        let lines = [Line { from: 0, to: 2, dashed: true }, Line { from: 0, to: 9, dashed: false }];
        for (width, height) in [(0, 0), (1, 1), (2, 1), (30, 5)] {
            drawn(&points, &lines, width, height);
        }
    }

    #[test]
    fn lines_join_their_points() {
        let points = [point("a", 0.0, 0.0, Mark::Word), point("b", 4.0, 0.0, Mark::Word)];
        let text = drawn(&points, &[Line { from: 0, to: 1, dashed: false }], 20, 1);
        assert!(text.chars().filter(|sign| ('\u{2801}'..='\u{28ff}').contains(sign)).count() >= 5, "{text}");
    }
}
