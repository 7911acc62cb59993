//! The wall: a thumbnail of every head, a line of them a layer, with what each head does below.

use std::ops::Range;

use ndarray::ArrayView2;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::heatmap::{Cells, ThumbnailScale, thumbnail, window};
use super::text::{fit, put};
use crate::theme::Theme;

/// One head.
#[derive(Debug, Clone)]
pub struct Tile<'a> {
    /// Its map.
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
    pub by: ThumbnailScale,
    /// How many tokens a map is wide: a thumbnail of as many columns shows each.
    pub tokens: usize,
    /// Whether layers and heads are numbered at the sides.
    pub numbered: bool,
    /// Whether the labels have a line of their own.
    pub labels: bool,
    /// Whether it answers an earlier question.
    pub stale: bool,
}

/// Columns before the first thumbnail, for the layer's number.
const MARGIN: usize = 4;
/// Columns between two bands of layers.
const BETWEEN: usize = 2;
const SMALLEST: usize = 4;
const LARGEST: usize = 64;

/// How the thumbnails lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Layout {
    /// Columns and lines of a thumbnail.
    tile: (usize, usize),
    /// Columns between two thumbnails.
    gap: usize,
    /// Columns before the thumbnails of a band.
    margin: usize,
    /// Lines of one layer.
    pitch: usize,
    /// Whether labels stand below the thumbnails.
    labels: bool,
    /// Heads in a band.
    heads: usize,
    /// Layers in a band.
    rows: usize,
    /// Bands, side by side: layers that find no room below go on in the next.
    bands: usize,
}

impl Layout {
    fn band_width(&self) -> usize {
        self.margin + self.heads * (self.tile.0 + self.gap)
    }
}

impl Wall<'_> {
    /// The largest thumbnails with which every head is seen, with labels if that can be; the smallest
    /// where none are small enough. Gaps and labels go where each token gets a pixel of its own that
    /// way. `None` where there is no room for one thumbnail.
    fn layout(&self, width: usize, height: usize) -> Option<Layout> {
        let (layers, heads) = (self.layers.len(), self.layers.iter().map(Vec::len).max().unwrap_or(0));
        let all = |layout: &Layout| layout.heads == heads && layout.bands * layout.rows >= layers;
        let sizes: Vec<usize> = (SMALLEST..=LARGEST).rev().filter(|&size| self.is_even(size)).collect();
        let labelled = sizes.iter().flat_map(|&size| {
            let tight = [(size, 0, self.labels), (size, 1, false), (size, 0, false)];
            let more = if size == self.tokens { &tight[..] } else { &[] };
            [(size, 1, self.labels)].into_iter().chain(more.to_vec())
        });
        let bare = sizes.iter().map(|&size| (size, 1, false));
        let mut smallest = None;
        for (size, gap, labels) in labelled.chain(bare) {
            let layout = self.layout_of(size, gap, labels, heads, (width, height))?;
            if all(&layout) {
                return Some(layout);
            }
            if labels == self.labels {
                smallest = Some(layout);
            }
        }
        smallest
    }

    /// Whether every token has as many columns of a thumbnail as any other, or no token one of its own.
    fn is_even(&self, size: usize) -> bool {
        size < self.tokens.max(1) || size.is_multiple_of(self.tokens.max(1))
    }

    fn layout_of(
        &self,
        size: usize,
        gap: usize,
        labels: bool,
        heads: usize,
        room: (usize, usize),
    ) -> Option<Layout> {
        let lines = if size >= self.tokens { size.div_ceil(2) } else { size / 2 };
        let (margin, top) = if self.numbered { (MARGIN, 1) } else { (1, 0) };
        let pitch = lines + usize::from(labels);
        let heads = (room.0.saturating_sub(margin) / (size + gap)).min(heads);
        let rows = (room.1.saturating_sub(top) / pitch).max(usize::from(room.1 > top));
        let mut layout = Layout { tile: (size, lines), gap, margin, pitch, labels, heads, rows, bands: 1 };
        layout.bands = ((room.0 + BETWEEN) / (layout.band_width() + BETWEEN)).max(1);
        (rows > 0 && (heads > 0 || size > SMALLEST)).then_some(layout)
    }

    /// Draws the wall into `area`, scrolled so that the selected head is inside. Returns where the
    /// heads lie, a band at a time, layers as rows; none where there is no room for any.
    pub fn draw(&self, theme: &Theme, buffer: &mut Buffer, area: Rect) -> Vec<Cells> {
        let area = area.intersection(buffer.area);
        let heads = self.layers.iter().map(Vec::len).max().unwrap_or(0);
        let layout = self.layout(usize::from(area.width), usize::from(area.height));
        let Some(layout) = layout.filter(|layout| layout.heads > 0) else { return Vec::new() };
        let shown = (layout.bands * layout.rows).min(self.layers.len());
        let first =
            (window(self.selected.0, shown, self.layers.len()), window(self.selected.1, layout.heads, heads));
        let bands = shown.div_ceil(layout.rows.max(1));
        let cells = (0..bands).map(|band| {
            let x = (band * (layout.band_width() + BETWEEN)) as u16;
            let place = Rect { x: area.x + x, width: area.width.saturating_sub(x), ..area };
            let from = first.0 + band * layout.rows;
            let layers = from..(from + layout.rows).min(first.0 + shown);
            self.draw_band(&layout, layers, first.1, theme, buffer, place)
        });
        let cells: Vec<Cells> = cells.collect();
        self.draw_more(&layout, first, shown, theme, buffer, area);
        cells
    }

    /// Signs at the edges where the wall goes on.
    fn draw_more(
        &self,
        layout: &Layout,
        (first_layer, first_head): (usize, usize),
        shown: usize,
        theme: &Theme,
        buffer: &mut Buffer,
        area: Rect,
    ) {
        let (faint, heads) = (theme.roles().faint, self.layers.iter().map(Vec::len).max().unwrap_or(0));
        let end = layout.band_width() as u16;
        let signs = [
            (first_head + layout.heads < heads, end, 0, "→"),
            (first_head > 0, 2, 0, "←"),
            (first_layer + shown < self.layers.len(), 0, area.height.saturating_sub(1), "↓"),
            (first_layer > 0, 0, 0, "↑"),
        ];
        for (_, x, y, sign) in signs.into_iter().filter(|(there, ..)| *there) {
            put(buffer, area, x.min(area.width.saturating_sub(1)), y, sign, faint);
        }
    }

    /// One band: `layers`, with the heads from `first_head` on.
    fn draw_band(
        &self,
        layout: &Layout,
        layers: Range<usize>,
        first_head: usize,
        theme: &Theme,
        buffer: &mut Buffer,
        area: Rect,
    ) -> Cells {
        let roles = theme.roles();
        let mut framed = None;
        let step = layout.tile.0 + layout.gap;
        let top = usize::from(self.numbered);
        if self.numbered {
            for place in 0..layout.heads {
                let head = first_head + place;
                let style = if head == self.selected.1 { roles.selected } else { roles.faint };
                let name = fit(&format!("h{head}"), layout.tile.0);
                put(buffer, area, (layout.margin + place * step) as u16, 0, &name, style);
            }
        }
        for (line, layer) in layers.clone().enumerate() {
            let y = top + line * layout.pitch;
            if self.numbered {
                let style = if layer == self.selected.0 { roles.selected } else { roles.faint };
                put(buffer, area, 0, y as u16, &format!("L{layer}"), style);
            }
            for (place, tile) in self.layers[layer].iter().skip(first_head).take(layout.heads).enumerate() {
                let at = Rect {
                    x: area.x.saturating_add((layout.margin + place * step) as u16),
                    y: area.y.saturating_add(y as u16),
                    width: layout.tile.0 as u16,
                    height: layout.tile.1 as u16,
                };
                let chosen = self.selected == (layer, first_head + place);
                self.draw_tile(tile, at.intersection(area), theme, buffer);
                if layout.labels {
                    self.draw_label(tile, chosen, at, theme, buffer, area);
                }
                if chosen {
                    framed = Some(at);
                }
            }
        }
        if let Some(at) = framed {
            draw_frame(at, layout.gap as u16, theme, buffer, area);
        }
        let tiles = Rect {
            x: area.x + layout.margin as u16,
            y: area.y + top as u16,
            width: (layout.heads * step) as u16,
            height: (layers.len() * layout.pitch).min(usize::from(area.height).saturating_sub(top)) as u16,
        };
        Cells {
            area: tiles,
            size: (step as u16, layout.pitch as u16),
            first: (layers.start, first_head),
            map: area,
        }
    }

    fn draw_tile(&self, tile: &Tile, place: Rect, theme: &Theme, buffer: &mut Buffer) {
        if tile.off {
            put(buffer, place, 0, 0, "off", theme.roles().warning);
        } else {
            thumbnail(tile.values, self.by, theme, buffer, place);
        }
    }

    fn draw_label(
        &self,
        tile: &Tile,
        chosen: bool,
        at: Rect,
        theme: &Theme,
        buffer: &mut Buffer,
        area: Rect,
    ) {
        let roles = theme.roles();
        let style = match (chosen, self.stale) {
            (true, _) => roles.selected,
            (false, true) => roles.stale,
            (false, false) => roles.faint,
        };
        let label = fit_label(tile.label, usize::from(at.width));
        let below = Rect { y: at.bottom(), height: 1, ..at }.intersection(area);
        put(buffer, below, 0, 0, &label, style);
    }
}

/// The frame of the thumbnail at `at`: in the gaps beside it, or, without gaps, over its sides.
fn draw_frame(at: Rect, gap: u16, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    let left = at.x.saturating_sub(gap);
    let right = at.right().saturating_sub(1) + gap;
    for y in at.y..at.bottom().min(area.bottom()) {
        for (x, sign) in [(left, "["), (right, "]")] {
            let inside = area.contains((x, y).into());
            if let Some(cell) = buffer.cell_mut((x, y)).filter(|_| inside) {
                let over = theme.readable_on(cell.style());
                cell.set_symbol(sign).set_style(if gap == 0 { over } else { theme.roles().focus });
            }
        }
    }
}

/// In how many columns `count` maps of `tokens` tokens are seen largest.
pub fn columns_for(count: usize, tokens: usize, area: Rect) -> usize {
    let (width, height) = (usize::from(area.width), usize::from(area.height));
    let side = |columns: usize| {
        let rows = count.max(1).div_ceil(columns);
        let lines = (height / rows).saturating_sub(1);
        (width / columns).saturating_sub(1).min(2 * lines)
    };
    let whole = |columns: &usize| {
        let side = side(*columns);
        if side >= tokens.max(1) { side / tokens.max(1) * tokens.max(1) } else { side }
    };
    (1..=count.max(1)).rev().max_by_key(whole).unwrap_or(1)
}

/// A label cut without a sign: its first letters say enough.
fn fit_label(label: &str, width: usize) -> String {
    if label.is_empty() { String::new() } else { label.chars().take(width).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theme::load;
    use crate::widgets::legend::{Scale, Signs};
    use ndarray::Array2;

    fn wall<'a>(layers: &'a [Vec<Tile<'a>>], tokens: usize) -> Wall<'a> {
        let by = ThumbnailScale { scale: Scale::Linear, signs: Signs::Positive, full: Some(1.0) };
        Wall { layers, selected: (0, 0), by, tokens, numbered: true, labels: true, stale: false }
    }

    fn tiles(map: &Array2<f32>, layers: usize, heads: usize) -> Vec<Vec<Tile<'_>>> {
        let tile = Tile { values: map.view(), label: "prev", off: false };
        vec![vec![tile; heads]; layers]
    }

    #[test]
    fn thumbnails_are_as_large_as_fit() {
        let map = Array2::zeros((12, 12));
        let layout = |layers, heads, tokens, (width, height)| {
            wall(&tiles(&map, layers, heads), tokens).layout(width, height).expect("room")
        };
        let sizes = |layout: Layout| (layout.tile, layout.rows, layout.bands);
        // Twelve tokens have twelve pixels, in half blocks, of a terminal of 150 x 45.
        assert_eq!(layout(6, 12, 12, (148, 37)).tile, (12, 6));
        // Every pixel of a map of six tokens is two columns wide, or each has one.
        assert_eq!(layout(6, 12, 6, (148, 37)).tile, (6, 3));
        // Thirty layers of nine heads stand in two bands.
        assert_eq!(sizes(layout(30, 9, 40, (118, 46))), ((5, 2), 15, 2));
        // Rather than a layer the labels are left out.
        assert_eq!(sizes(layout(6, 12, 12, (78, 17))), ((5, 2), 8, 1));
        // What does not fit stays readable, and is scrolled.
        assert_eq!(sizes(layout(12, 12, 40, (78, 20))), ((4, 2), 6, 1));
        assert!(wall(&tiles(&map, 3, 3), 12).layout(7, 9).is_none());
        assert!(wall(&tiles(&map, 3, 3), 12).layout(70, 1).is_none());
    }

    #[test]
    fn maps_of_layers_fill_the_room() {
        assert_eq!(columns_for(6, 12, Rect::new(0, 0, 80, 20)), 3);
        assert_eq!(columns_for(1, 12, Rect::new(0, 0, 80, 20)), 1);
        assert_eq!(columns_for(0, 12, Rect::new(0, 0, 0, 0)), 1);
    }

    #[test]
    fn the_selected_head_is_framed_even_at_the_far_end() {
        let map = Array2::from_elem((8, 8), 1.0);
        let layers = tiles(&map, 12, 12);
        let wall = Wall { selected: (11, 11), ..wall(&layers, 8) };
        let mut buffer = Buffer::empty(Rect::new(0, 0, 40, 12));
        let area = buffer.area;
        let bands = wall.draw(&load("mono", None).expect("built in"), &mut buffer, area);
        let [cells] = bands.as_slice() else { panic!("one band: {bands:?}") };
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
