//! A vector as a strip of coloured cells: zero exactly in the middle of the scale, the scale in
//! numbers beside it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::text::put;
use crate::theme::Theme;

/// How a vector is laid out over an area.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Grid {
    /// Columns a cell.
    cell_width: usize,
    /// Cells a line.
    cells: usize,
    /// Values a cell: above one, the value of the largest magnitude stands for all of them.
    values: usize,
    /// Lines in use.
    lines: usize,
}

/// Two columns a value where all fit that way, else one, else several values a cell.
fn grid(count: usize, width: usize, height: usize) -> Option<Grid> {
    if count == 0 || width == 0 || height == 0 {
        return None;
    }
    for cell_width in [2, 1] {
        // Lines of whole tens, so that a dimension can be found by counting.
        let cells = round_down(width / cell_width);
        if cells > 0 && cells.checked_mul(height).is_some_and(|room| count <= room) {
            return Some(Grid { cell_width, cells, values: 1, lines: count.div_ceil(cells) });
        }
    }
    let values = count.div_ceil(width * height);
    Some(Grid { cell_width: 1, cells: width, values, lines: count.div_ceil(values).div_ceil(width) })
}

fn round_down(cells: usize) -> usize {
    if cells >= 10 { cells - cells % 10 } else { cells }
}

/// Lines that a strip of `count` values wants in `width` columns, at most `most`.
pub fn lines_wanted(count: usize, width: u16, most: u16) -> u16 {
    let per_line = round_down(usize::from(width)).max(1);
    u16::try_from(count.div_ceil(per_line)).unwrap_or(u16::MAX).min(most)
}

/// Draws `values` on a scale from -`full` to `full`. Returns how many values one cell stands for.
pub fn draw(values: &[f32], full: f32, theme: &Theme, buffer: &mut Buffer, area: Rect) -> usize {
    let area = area.intersection(buffer.area);
    let Some(grid) = grid(values.len(), usize::from(area.width), usize::from(area.height)) else { return 1 };
    for (index, group) in values.chunks(grid.values).enumerate() {
        let (line, cell) = (index / grid.cells, index % grid.cells);
        let value = group.iter().copied().max_by(|x, y| x.abs().total_cmp(&y.abs())).unwrap_or(0.0);
        let heat = theme.signed_heat(scaled(value, full));
        for column in 0..grid.cell_width {
            let x = area.x + (cell * grid.cell_width + column) as u16;
            if let Some(target) = buffer.cell_mut((x, area.y + line as u16)) {
                target.set_symbol(heat.glyph).set_style(heat.style);
            }
        }
    }
    grid.values
}

/// `value` on a scale where `full` is 1; a vector of zeros is zero.
fn scaled(value: f32, full: f32) -> f64 {
    if full > 0.0 || value.is_nan() { f64::from(value) / f64::from(full) } else { 0.0 }
}

/// Draws the legend `-1.41 ▓▒░ 0 ░▒▓ +1.41` with the same cells as the strip, at column `x` and
/// row `y` of `area`. Returns the column behind it.
pub fn legend(full: f32, theme: &Theme, buffer: &mut Buffer, area: Rect, x: u16, y: u16) -> u16 {
    let roles = theme.roles();
    let mut x = put(buffer, area, x, y, &format!("-{full:.2} "), roles.number);
    for step in -4i32..=4 {
        let heat = theme.signed_heat(f64::from(step) / 4.0);
        if step == 0 {
            x = put(buffer, area, x, y, " 0 ", roles.number);
        } else {
            x = put(buffer, area, x, y, heat.glyph, heat.style);
        }
    }
    put(buffer, area, x, y, &format!(" +{full:.2}"), roles.number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theme::ColourDepth;
    use rstest::rstest;

    #[rstest]
    #[case(10, 80, 1, Some((2, 40, 1, 1)))]
    #[case(100, 76, 2, Some((1, 70, 1, 2)))]
    #[case(100, 160, 2, Some((2, 80, 1, 2)))]
    #[case(300, 40, 2, Some((1, 40, 4, 2)))]
    #[case(0, 40, 2, None)]
    #[case(3, 0, 2, None)]
    #[case(3, 1, 1, Some((1, 1, 3, 1)))]
    fn the_grid_fits(
        #[case] count: usize,
        #[case] width: usize,
        #[case] height: usize,
        #[case] expected: Option<(usize, usize, usize, usize)>,
    ) {
        let found = grid(count, width, height);
        assert_eq!(found.map(|grid| (grid.cell_width, grid.cells, grid.values, grid.lines)), expected);
        if let Some(grid) = found {
            assert!(grid.lines <= height && grid.cells * grid.cell_width <= width);
            assert!(grid.lines * grid.cells * grid.values >= count);
        }
    }

    #[test]
    fn without_colour_sign_and_size_are_glyphs() {
        let theme = Theme::default().with_depth(ColourDepth::Mono);
        let area = Rect::new(0, 0, 6, 1);
        let mut buffer = Buffer::empty(area);
        draw(&[1.0, 0.0, -1.0, 0.5, f32::NAN, -0.5], 1.0, &theme, &mut buffer, area);
        assert_eq!(buffer, Buffer::with_lines(["█ #▒·~"]));
    }
}
