//! The wall: a thumbnail of every head, a line of them a layer, with what each head does below.

use ndarray::ArrayView2;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::heatmap::{Cells, Scale, thumbnail, window};
use super::text::{fit, put};
use crate::theme::Theme;

/// One head.
#[derive(Debug, Clone)]
pub struct Tile<'a> {
    /// Its attention map.
    pub values: ArrayView2<'a, f32>,
    /// What it does, in a few letters; empty when not known.
    pub label: &'a str,
    /// Whether it is switched off.
    pub off: bool,
}

/// All heads; see the module.
#[derive(Debug, Clone)]
pub struct Wall<'a> {
    /// One line a layer; lines may differ in length.
    pub layers: &'a [Vec<Tile<'a>>],
    /// Layer and head that are looked at.
    pub selected: (usize, usize),
    /// How values become colours.
    pub scale: Scale,
    /// Whether the labels have a line of their own.
    pub labels: bool,
    /// Whether it answers an earlier question.
    pub stale: bool,
}

/// Columns before the first thumbnail, for the layer's number.
const MARGIN: usize = 4;
const SMALLEST: usize = 4;
const LARGEST: usize = 16;

/// Width and height of a thumbnail when `heads` of them stand in `width` columns and `layers` in
/// `height` rows: as large as fits whole, else the smallest.
fn tile_size(heads: usize, layers: usize, width: usize, height: usize, labels: bool) -> (usize, usize) {
    let by_width = (width.saturating_sub(MARGIN) / heads.max(1)).saturating_sub(1);
    let extra = usize::from(labels);
    let by_height = (height.saturating_sub(1) / layers.max(1)).saturating_sub(extra) * 2;
    let wide = by_width.clamp(SMALLEST, LARGEST);
    let size = wide.min(by_height.max(SMALLEST)).max(SMALLEST);
    (size, (size / 2).max(1))
}

impl Wall<'_> {
    /// The columns that the wall can make use of in `height` rows.
    pub fn widest(&self, height: u16) -> u16 {
        let heads = self.layers.iter().map(Vec::len).max().unwrap_or(0);
        let (tile, _) = tile_size(heads, self.layers.len(), usize::MAX / 2, usize::from(height), self.labels);
        u16::try_from(MARGIN + heads * (tile + 1)).unwrap_or(u16::MAX)
    }

    /// Draws the wall into `area`, scrolled so that the selected head is inside. Returns where the
    /// heads lie, layers as rows; `None` where there is no room for any.
    pub fn draw(&self, theme: &Theme, buffer: &mut Buffer, area: Rect) -> Option<Cells> {
        let area = area.intersection(buffer.area);
        let (width, height) = (usize::from(area.width), usize::from(area.height));
        let heads = self.layers.iter().map(Vec::len).max().unwrap_or(0);
        let (tile, lines) = tile_size(heads, self.layers.len(), width, height, self.labels);
        let pitch = lines + usize::from(self.labels);
        let shown_heads = (width.saturating_sub(MARGIN) / (tile + 1)).min(heads);
        let shown_layers = (height.saturating_sub(1).div_ceil(pitch.max(1))).min(self.layers.len());
        if shown_heads == 0 || shown_layers == 0 {
            return None;
        }
        let whole = (height.saturating_sub(1) / pitch).clamp(1, shown_layers);
        let first_head = window(self.selected.1, shown_heads, heads);
        let first_layer = window(self.selected.0, whole, self.layers.len());
        let roles = theme.roles();
        for place in 0..shown_heads {
            let head = first_head + place;
            let style = if head == self.selected.1 { roles.selected } else { roles.faint };
            put(
                buffer,
                area,
                (MARGIN + place * (tile + 1)) as u16,
                0,
                &fit(&format!("h{head}"), tile),
                style,
            );
        }
        for (line, (layer, tiles)) in
            self.layers.iter().enumerate().skip(first_layer).take(shown_layers).enumerate()
        {
            let y = 1 + line * pitch;
            let style = if layer == self.selected.0 { roles.selected } else { roles.faint };
            put(buffer, area, 0, y as u16, &format!("L{layer}"), style);
            for (place, one) in tiles.iter().skip(first_head).take(shown_heads).enumerate() {
                let x = MARGIN + place * (tile + 1);
                let chosen = self.selected == (layer, first_head + place);
                self.draw_tile(one, chosen, (x, y), (tile, lines), theme, buffer, area);
            }
        }
        if first_head + shown_heads < heads {
            put(buffer, area, (MARGIN + shown_heads * (tile + 1)) as u16, 0, "→", roles.faint);
        }
        if first_head > 0 {
            put(buffer, area, 2, 0, "←", roles.faint);
        }
        if first_layer + whole < self.layers.len() {
            put(buffer, area, 0, area.height.saturating_sub(1), "↓", roles.faint);
        }
        if first_layer > 0 {
            put(buffer, area, 0, 0, "↑", roles.faint);
        }
        let last_layers = self.layers.len().saturating_sub(first_layer).min(shown_layers);
        let tiles = Rect {
            x: area.x + MARGIN as u16,
            y: area.y + 1,
            width: (shown_heads * (tile + 1)) as u16,
            height: (last_layers * pitch).min(height - 1) as u16,
        };
        let size = ((tile + 1) as u16, pitch as u16);
        Some(Cells { area: tiles, size, first: (first_layer, first_head), map: area })
    }

    #[expect(clippy::too_many_arguments, reason = "what, where and how large")]
    fn draw_tile(
        &self,
        tile: &Tile,
        chosen: bool,
        (x, y): (usize, usize),
        (width, lines): (usize, usize),
        theme: &Theme,
        buffer: &mut Buffer,
        area: Rect,
    ) {
        let roles = theme.roles();
        let left = area.x.saturating_add(x as u16);
        let top = area.y.saturating_add(y as u16);
        let place = Rect::new(left, top, width as u16, lines as u16).intersection(area);
        if tile.off {
            put(buffer, place, 0, 0, "off", roles.warning);
        } else {
            thumbnail(tile.values, self.scale, theme, buffer, place);
        }
        if chosen {
            for line in 0..lines {
                put(buffer, area, (x - 1) as u16, (y + line) as u16, "[", roles.focus);
                put(buffer, area, (x + width) as u16, (y + line) as u16, "]", roles.focus);
            }
        }
        if self.labels {
            let style = match (chosen, self.stale) {
                (true, _) => roles.selected,
                (false, true) => roles.stale,
                (false, false) => roles.faint,
            };
            put(buffer, area, x as u16, (y + lines) as u16, &fit_label(tile.label, width), style);
        }
    }
}

/// A label cut without a sign: its first letters say enough.
fn fit_label(label: &str, width: usize) -> String {
    if label.is_empty() { String::new() } else { label.chars().take(width).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theme::load;
    use ndarray::Array2;

    #[test]
    fn tiles_are_as_large_as_fit() {
        assert_eq!(tile_size(12, 6, 80, 22, true), (4, 2));
        assert_eq!(tile_size(12, 6, 80, 26, true), (5, 2));
        assert_eq!(tile_size(12, 12, 80, 20, true), (4, 2));
        assert_eq!(tile_size(4, 2, 160, 40, true), (16, 8));
        assert_eq!(tile_size(64, 64, 10, 3, false), (4, 2));
    }

    #[test]
    fn the_selected_head_is_framed_even_at_the_far_end() {
        let map = Array2::from_elem((8, 8), 1.0);
        let layers: Vec<Vec<Tile>> = (0..12)
            .map(|_| (0..12).map(|_| Tile { values: map.view(), label: "prev", off: false }).collect())
            .collect();
        let wall =
            Wall { layers: &layers, selected: (11, 11), scale: Scale::Linear, labels: true, stale: false };
        let mut buffer = Buffer::empty(Rect::new(0, 0, 40, 12));
        let area = buffer.area;
        let cells = wall.draw(&load("mono", None).expect("built in"), &mut buffer, area).expect("room");
        let text: String = buffer.content.iter().map(|cell| cell.symbol()).collect();
        assert!(text.contains("[████]"), "{text}");
        assert!(text.contains("h11") && text.contains("L11") && text.contains("prev"), "{text}");
        let byte = |index: usize| (index % 40, index / 40);
        let frame = buffer.content.iter().position(|cell| cell.symbol() == "[").map(byte).expect("framed");
        let (x, y) = (frame.0 as u16 + 1 - cells.area.x, frame.1 as u16 - cells.area.y);
        let (row, column) = (usize::from(y / cells.size.1), usize::from(x / cells.size.0));
        assert_eq!((cells.first.0 + row, cells.first.1 + column), (11, 11));
    }
}
