//! What a screen is drawn on: cells, the theme, the cursor, and where what can be clicked lies.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::theme::Theme;

/// Something that was drawn and can be clicked: an entry of a list, a cell of a map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// What it is; each screen has its own words for it.
    pub kind: &'static str,
    /// Its index, or its row in a table.
    pub row: usize,
    /// Its column in a table.
    pub column: usize,
}

/// A table of targets on the screen: cells of one size, in rows and columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Grid {
    area: Rect,
    cell: (u16, u16),
    first: Target,
}

/// Where what can be clicked lies; what was drawn later lies on top.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hits {
    grids: Vec<Grid>,
}

impl Hits {
    /// What lies at a column and row of the terminal.
    pub fn at(&self, column: u16, row: u16) -> Option<Target> {
        let grid = self.grids.iter().rev().find(|grid| grid.area.contains(Position::new(column, row)))?;
        let across = usize::from((column - grid.area.x) / grid.cell.0.max(1));
        let down = usize::from((row - grid.area.y) / grid.cell.1.max(1));
        Some(Target { row: grid.first.row + down, column: grid.first.column + across, ..grid.first })
    }
}

/// What a screen is drawn on.
#[derive(Debug)]
pub struct Canvas<'a> {
    /// The cells.
    pub buffer: &'a mut Buffer,
    /// How things look.
    pub theme: &'a Theme,
    /// Where to draw.
    pub area: Rect,
    /// Where the terminal's cursor belongs, if anywhere.
    pub cursor: Option<Position>,
    /// What can be clicked.
    pub hits: Hits,
}

impl<'a> Canvas<'a> {
    /// A canvas over `area` of `buffer`, without a cursor.
    pub fn new(buffer: &'a mut Buffer, theme: &'a Theme, area: Rect) -> Self {
        Self { buffer, theme, area, cursor: None, hits: Hits::default() }
    }

    /// Makes `area` one target.
    pub fn hit(&mut self, area: Rect, kind: &'static str, row: usize) {
        self.hit_grid(area, (area.width, area.height), Target { kind, row, column: 0 });
    }

    /// Makes `area` a table of targets, each `cell` (width, height) large, counted from `first` in
    /// its upper left corner.
    pub fn hit_grid(&mut self, area: Rect, cell: (u16, u16), first: Target) {
        let area = area.intersection(self.buffer.area);
        if !area.is_empty() {
            self.hits.grids.push(Grid { area, cell, first });
        }
    }

    /// Makes each line of `area` a target, counted from `first`.
    pub fn hit_lines(&mut self, area: Rect, kind: &'static str, first: usize) {
        self.hit_grid(area, (area.width, 1), Target { kind, row: first, column: 0 });
    }

    /// Nothing that was drawn so far can be clicked any more: something lies over it.
    pub fn cover(&mut self) {
        self.hits.grids.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theme::load;

    #[test]
    fn a_click_finds_the_cell_that_was_drawn_last() {
        let theme = load("dark", None).unwrap();
        let mut buffer = Buffer::empty(Rect::new(0, 0, 40, 10));
        let mut canvas = Canvas::new(&mut buffer, &theme, Rect::new(0, 0, 40, 10));
        let first = Target { kind: "cell", row: 2, column: 5 };
        canvas.hit_grid(Rect::new(10, 1, 12, 4), (3, 2), first);
        canvas.hit_lines(Rect::new(0, 0, 12, 2), "word", 7);
        let hits = canvas.hits;
        assert_eq!(hits.at(21, 4), Some(Target { kind: "cell", row: 3, column: 8 }));
        assert_eq!(hits.at(12, 1), Some(first));
        assert_eq!(hits.at(11, 1), Some(Target { kind: "word", row: 8, column: 0 }));
        assert_eq!(hits.at(22, 4), None);
        assert_eq!(hits.at(0, 9), None);
    }

    #[test]
    fn nothing_outside_of_the_screen_can_be_clicked() {
        let theme = load("dark", None).unwrap();
        let mut buffer = Buffer::empty(Rect::new(0, 0, 4, 4));
        let mut canvas = Canvas::new(&mut buffer, &theme, Rect::new(0, 0, 4, 4));
        canvas.hit(Rect::new(9, 9, 3, 3), "word", 0);
        assert_eq!(canvas.hits, Hits::default());
    }
}
