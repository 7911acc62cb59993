//! All heads at once.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{Looked, lines, scale};
use crate::model::interventions::HeadChange;
use crate::theme::Theme;
use crate::ui::text::put;
use crate::ui::widgets::wall::{Tile, Wall};

/// Draws every head of the part that is looked at, and what the selected one does below.
pub(super) fn draw(looked: &Looked, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    let upper = Rect { height: area.height.saturating_sub(3), ..area };
    wall(looked, true, theme, buffer, upper);
    let line = |from_end: u16| Rect {
        y: area.bottom().saturating_sub(from_end),
        height: u16::from(from_end <= area.height),
        ..area
    };
    match looked.figures(looked.state.layer, looked.state.head) {
        _ if lines::change(looked, theme, buffer, line(2)) => {}
        Some(figures) => lines::label(figures, theme, buffer, line(2)),
        None => {
            let text = "every square is one head: rows look at columns, brighter is more attention";
            put(buffer, line(2), 2, 0, text, theme.roles().faint);
        }
    }
    lines::largest(looked, true, theme, buffer, line(1));
}

/// The wall itself, into `area`.
pub(super) fn wall(looked: &Looked, labels: bool, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    let state = looked.state;
    let (layers, _) = state.layers_and_heads();
    let tiles: Vec<Vec<Tile>> = (0..layers)
        .map(|layer| {
            let heads =
                state.stack.trace(&looked.pass.trace, layer).map_or(0, |attention| attention.weights.dim().0);
            (0..heads)
                .filter_map(|head| {
                    let values = looked.pass.thumbnails.get(state.stack, layer, head)?;
                    let label = looked.figures(layer, head).map_or("", |one| lines::short(one.label.kind));
                    let off = matches!(state.change_of(layer, head), Some(HeadChange::Zero));
                    Some(Tile { values, label, off })
                })
                .collect()
        })
        .collect();
    Wall {
        layers: &tiles,
        selected: (state.layer, state.head),
        scale: scale(state.scale),
        labels,
        stale: looked.stale,
    }
    .draw(theme, buffer, area);
}
