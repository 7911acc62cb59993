//! Dots finer than cells: braille patterns, two dots by four a cell.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::text::put;

/// Bits of the eight dots of a braille cell by row and column (Unicode chapter 21.1).
const BITS: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];

/// The braille cell without a dot.
const BLANK: u32 = 0x2800;

/// Dots over an area.
#[derive(Debug, Clone)]
pub struct Dots {
    width: usize,
    cells: Vec<u8>,
}

impl Dots {
    /// None yet, over `width` x `height` cells.
    pub fn new(width: u16, height: u16) -> Self {
        Self { width: width.into(), cells: vec![0; usize::from(width) * usize::from(height)] }
    }

    /// Sets the dot in column `x` and row `y`; outside of the area there is none.
    pub fn set(&mut self, x: usize, y: usize) {
        let cell = y / 4 * self.width + x / 2;
        if x / 2 < self.width
            && let Some(cell) = self.cells.get_mut(cell)
        {
            *cell |= BITS[y % 4][x % 2];
        }
    }

    /// The cells that have a dot, row by row.
    pub fn cells(&self) -> impl Iterator<Item = usize> + '_ {
        self.cells.iter().enumerate().filter(|(_, pattern)| **pattern != 0).map(|(cell, _)| cell)
    }

    /// Draws the cells that have a dot into `area`.
    pub fn draw(&self, style: Style, buffer: &mut Buffer, area: Rect) {
        for cell in self.cells() {
            let dots = char::from_u32(BLANK + u32::from(self.cells[cell])).unwrap_or(' ');
            let (x, y) = ((cell % self.width) as u16, (cell / self.width) as u16);
            put(buffer, area, x, y, dots.encode_utf8(&mut [0; 4]), style);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_are_where_they_were_set_and_nowhere_else() {
        let mut dots = Dots::new(3, 2);
        for (x, y) in [(0, 0), (1, 3), (4, 7), (6, 0), (0, 8)] {
            dots.set(x, y);
        }
        assert_eq!(dots.cells().collect::<Vec<_>>(), [0, 5]);
        let area = Rect::new(0, 0, 3, 2);
        let mut buffer = Buffer::empty(area);
        dots.draw(Style::default(), &mut buffer, area);
        assert_eq!((buffer[(0, 0)].symbol(), buffer[(2, 1)].symbol()), ("⢁", "⡀"));
        assert_eq!(buffer[(1, 0)].symbol(), " ");
    }
}
