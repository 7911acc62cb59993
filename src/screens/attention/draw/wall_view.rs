//! All heads at once.

use ratatui::layout::Rect;

use super::super::update::HEAD;
use super::{Looked, lines, scale};
use crate::model::interventions::HeadChange;
use crate::widgets::canvas::Canvas;
use crate::widgets::text::put;
use crate::widgets::wall::{Tile, Wall};

/// Draws every head of the part that is looked at, and what the selected one does below.
pub(super) fn draw(looked: &Looked, canvas: &mut Canvas<'_>, area: Rect) {
    let theme = canvas.theme;
    let upper = Rect { height: area.height.saturating_sub(3), ..area };
    wall(looked, true, canvas, upper);
    let line = |from_end: u16| Rect {
        y: area.bottom().saturating_sub(from_end),
        height: u16::from(from_end <= area.height),
        ..area
    };
    match looked.figures(looked.state.chosen.layer, looked.state.chosen.head) {
        _ if lines::change(looked, theme, canvas.buffer, line(2)) => {}
        Some(figures) => lines::label(figures, theme, canvas.buffer, line(2)),
        None => {
            let text = "every square is one head: rows look at columns, brighter is more attention";
            put(canvas.buffer, line(2), 2, 0, text, theme.roles().faint);
        }
    }
    lines::largest(looked, true, canvas, line(1));
}

/// The wall itself, into `area`.
pub(super) fn wall(looked: &Looked, labels: bool, canvas: &mut Canvas<'_>, area: Rect) {
    let state = looked.state;
    let (layers, _) = state.layers_and_heads();
    let tiles: Vec<Vec<Tile>> = (0..layers)
        .map(|layer| {
            let heads = state
                .chosen
                .stack
                .trace(&looked.pass.trace, layer)
                .map_or(0, |attention| attention.weights.dim().0);
            (0..heads)
                .filter_map(|head| {
                    let values = looked.pass.thumbnails.get(state.chosen.stack, layer, head)?;
                    let label = looked.figures(layer, head).map_or("", |one| lines::short(one.label.kind));
                    let off = matches!(state.change_of(layer, head), Some(HeadChange::Zero));
                    Some(Tile { values, label, off })
                })
                .collect()
        })
        .collect();
    let wall = Wall {
        layers: &tiles,
        selected: (state.chosen.layer, state.chosen.head),
        scale: scale(state.chosen.scale),
        labels,
        stale: looked.stale,
    };
    if let Some(heads) = wall.draw(canvas.theme, canvas.buffer, area) {
        heads.hit(canvas, HEAD);
    }
}
