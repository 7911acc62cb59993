//! All heads at once.

use ratatui::layout::Rect;

use super::super::update::{HEAD, LAYER};
use super::{Looked, lines, scale, signs};
use crate::analysis::thumbnails::SmallMaps;
use crate::model::interventions::HeadChange;
use crate::widgets::canvas::Canvas;
use crate::widgets::heatmap::ThumbnailScale;
use crate::widgets::legend::{Full, Legend, Scale};
use crate::widgets::text::put;
use crate::widgets::wall::{Tile, Wall, columns_for};

/// The columns that the legend may take.
const WIDEST_LEGEND: u16 = 60;

/// Draws every head of the part that is looked at, and what the selected one does below.
pub(super) fn draw(looked: &Looked, canvas: &mut Canvas<'_>, area: Rect) {
    let theme = canvas.theme;
    let upper = Rect { height: area.height.saturating_sub(2), ..area };
    wall(looked, true, canvas, upper);
    let line = |from_end: u16| Rect {
        y: area.bottom().saturating_sub(from_end),
        height: u16::from(from_end <= area.height),
        ..area
    };
    match looked.figures_shown() {
        _ if lines::change(looked, theme, canvas.buffer, line(2)) => {}
        Some(figures) => lines::label(looked, figures, theme, canvas.buffer, line(2)),
        None => {
            let text = match looked.state.chosen.view.is_per_layer() {
                true => "every square is one layer: rows look at columns",
                false => "every square is one head: rows look at columns",
            };
            put(canvas.buffer, line(2), 2, 0, text, theme.roles().faint);
        }
    }
    lines::largest(looked, true, canvas, line(1));
}

/// The wall itself, into `area`, with what its colours mean in the last line.
pub(super) fn wall(looked: &Looked, labels: bool, canvas: &mut Canvas<'_>, area: Rect) {
    let state = looked.state;
    let Some(small) = state.small() else {
        put(canvas.buffer, area, 2, 1, lines::why_no_map(looked), canvas.theme.roles().faint);
        return;
    };
    let by = ThumbnailScale {
        scale: scale(state.chosen.scale),
        signs: signs(state.chosen.view),
        full: (!state.chosen.own_scales).then_some(if small.largest() > 0.0 { small.largest() } else { 1.0 }),
    };
    let tokens = small.get(0, 0).map_or(1, |map| map.ncols());
    let body = Rect { height: area.height.saturating_sub(1), ..area };
    let wall = Wall {
        layers: &[],
        selected: (state.chosen.layer, state.chosen.head),
        by,
        tokens,
        numbered: true,
        labels,
        stale: looked.stale,
    };
    if state.chosen.view.is_per_layer() {
        draw_layers(looked, small, wall, canvas, body);
    } else {
        let layers: Vec<Vec<Tile>> = (0..small.layers()).map(|layer| tiles(looked, small, layer)).collect();
        for heads in (Wall { layers: &layers, ..wall }).draw(canvas.theme, canvas.buffer, body) {
            heads.hit(canvas, HEAD);
        }
    }
    let full = match by.full {
        _ if by.scale == Scale::PerRow => Full::Own("row's largest"),
        None => Full::Own("its own largest"),
        Some(full) => Full::Largest(full),
    };
    let legend = Legend { scale: by.scale, signs: by.signs, full, masked: false };
    let width = area.width.min(WIDEST_LEGEND);
    let place = Rect { y: body.bottom(), height: area.height - body.height, width, ..area };
    legend.draw(canvas.theme, canvas.buffer, place, 0);
}

/// The heads of one layer.
fn tiles<'a>(looked: &'a Looked, small: &'a SmallMaps, layer: usize) -> Vec<Tile<'a>> {
    let tile = |head| {
        let values = small.get(layer, head)?;
        let label = looked.figures(layer, head).map_or("", |one| lines::short(one.label.kind, looked));
        let off = matches!(looked.state.change_of(layer, head), Some(HeadChange::Zero));
        Some(Tile { values, label, off: off && !looked.state.chosen.show_before })
    };
    (0..small.heads(layer)).filter_map(tile).collect()
}

/// One map a layer, in as many lines as make them largest.
fn draw_layers(looked: &Looked, small: &SmallMaps, wall: Wall<'_>, canvas: &mut Canvas<'_>, area: Rect) {
    let names: Vec<String> = (0..small.layers()).map(|layer| format!("L{layer}")).collect();
    let across = columns_for(small.layers(), wall.tokens, area);
    let maps: Vec<Tile> = (0..small.layers())
        .filter_map(|layer| Some(Tile { values: small.get(layer, 0)?, label: &names[layer], off: false }))
        .collect();
    let rows: Vec<Vec<Tile>> = maps.chunks(across).map(<[Tile]>::to_vec).collect();
    let layer = looked.state.chosen.layer;
    let selected = (layer / across, layer % across);
    let wall = Wall { layers: &rows, selected, numbered: false, labels: true, ..wall };
    for cells in wall.draw(canvas.theme, canvas.buffer, area) {
        let (width, height) = cells.size;
        for layer in 0..small.layers() {
            let (row, column) = (layer / across, layer % across);
            let offset = |place: usize, first: usize, size: u16| {
                u16::try_from(place.checked_sub(first)?).ok()?.checked_mul(size)
            };
            let at = offset(row, cells.first.0, height).zip(offset(column, cells.first.1, width));
            if let Some((y, x)) = at {
                let tile = Rect { x: cells.area.x + x, y: cells.area.y + y, width, height };
                canvas.hit(tile.intersection(cells.area), LAYER, layer);
            }
        }
    }
}
