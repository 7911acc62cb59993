//! One head: its map, beside it every other head, below it the cell, row and column of the cursor.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{Looked, image_view, lines, panels, wall_view};
use crate::analysis::maps;
use crate::app::attention::{AttentionPanel, View};
use crate::theme::Theme;
use crate::ui::text::{fit, put};
use crate::ui::widgets::arcs::Arcs;
use crate::ui::widgets::heatmap::{Heatmap, Scale, largest};

/// Columns between two parts.
pub(super) const GAP: u16 = 3;
/// The least columns for all heads as thumbnails.
const WIDTH_FOR_WALL: u16 = 44;
/// The least columns for one cell in all heads.
const WIDTH_FOR_STRIPS: u16 = 12;
/// The least height of the whole for arcs.
const HEIGHT_FOR_ARCS: u16 = 26;
const ARC_LINES: u16 = 6;

/// Draws the head into `area`.
pub(super) fn draw(looked: &Looked, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    let arcs = if area.height >= HEIGHT_FOR_ARCS { ARC_LINES + 1 } else { 0 };
    let panel = match looked.state.panel {
        AttentionPanel::Row => 3 + arcs,
        _ if area.height >= 16 => 2 + (area.height / 3),
        _ => area.height / 2,
    };
    let figures = looked.figures(looked.state.layer, looked.state.head).filter(|_| area.height >= 9);
    let top = u16::from(figures.is_some());
    let below = panel + u16::from(area.height >= 14);
    let upper = Rect { y: area.y + top, height: area.height.saturating_sub(below + top), ..area };
    if let Some(figures) = figures {
        // Directly below the line that names the head.
        let line = Rect { y: area.y.saturating_sub(u16::from(area.height >= 16)), height: 1, ..area };
        if !lines::change(looked, theme, buffer, line) {
            lines::label(figures, theme, buffer, line);
        }
    }
    draw_maps(looked, theme, buffer, upper);
    let lower = Rect { y: area.bottom().saturating_sub(panel), height: panel.min(area.height), ..area };
    let line = |y: u16| Rect { y: lower.y + y, height: u16::from(y < lower.height), ..lower };
    lines::cell(looked, theme, buffer, line(0));
    if looked.state.panel != AttentionPanel::Row {
        panels::draw(
            looked,
            theme,
            buffer,
            Rect { y: lower.y + 1, height: lower.height.saturating_sub(1), ..lower },
        );
        return;
    }
    lines::largest(looked, true, theme, buffer, line(1));
    lines::largest(looked, false, theme, buffer, line(2));
    if arcs > 0 {
        draw_arcs(looked, theme, buffer, Rect { y: lower.y + 4, height: ARC_LINES, ..lower });
    }
}

/// The map of the head (with before and after beside it, where something is changed), then what
/// the other heads do as far as there is room.
fn draw_maps(looked: &Looked, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    let roles = theme.roles();
    let Some(map) = &looked.map else {
        let text = if looked.state.deriving.is_running() {
            "computing this view"
        } else if looked.state.changing.is_running() {
            "running the model with your changes"
        } else if looked.state.view == View::Difference {
            "nothing is changed yet: switch a head or a token off, then this shows after minus before"
        } else if looked.state.view == View::Scores {
            "the scores were not kept for a text this long; weights are"
        } else {
            "this view is not known for this text"
        };
        put(buffer, area, 2, 1, text, roles.faint);
        return;
    };
    let heat = looked.heatmap(map);
    let height = area.height.saturating_sub(1);
    let body = Rect { height, ..area };
    let image = image_view::Place::new(looked, body);
    let kept_free = image.as_ref().map_or(0, image_view::Place::columns);
    let used = heat.used(Rect { width: body.width.saturating_sub(kept_free), ..body }).min(area.width);
    let left = Rect { width: used, ..body };
    heat.draw(theme, buffer, left);
    let legend = Rect { y: area.y + height, height: 1, width: used.max(46).min(area.width), ..area };
    heat.legend(theme, buffer, legend, 0);
    let right_of =
        |x: u16| Rect { x: area.x + x.min(area.width), width: area.width.saturating_sub(x), ..area };
    let beside = Rect { height, ..right_of(used + GAP) };
    let drawn = image.map_or(0, |place| image_view::draw(looked, &place, theme, buffer, beside));
    let x = used + GAP + drawn;
    // What stands beside a narrow map ends above its legend, which is wider.
    let right = if legend.width > x { Rect { height, ..right_of(x) } } else { right_of(x) };
    if compared(looked, theme, buffer, Rect { height, ..right }) {
        return;
    }
    if right.width >= WIDTH_FOR_WALL && right.height >= 8 && !looked.state.view.is_per_layer() {
        put(buffer, right, 0, 0, "all heads", roles.heading);
        let wall = Rect { y: right.y + 1, height: right.height - 1, ..right };
        wall_view::wall(looked, looked.figures(0, 0).is_some(), theme, buffer, wall);
    } else {
        draw_everywhere(looked, theme, buffer, Rect { height, ..right });
    }
}

/// Before and difference beside after. `false` where nothing is changed or there is no room.
fn compared(looked: &Looked, theme: &Theme, buffer: &mut Buffer, area: Rect) -> bool {
    let roles = theme.roles();
    let state = looked.state;
    let (Some(before), Some(after)) = (&state.before, &state.after) else { return false };
    let Some(difference) = maps::difference(&before.trace, &after.trace, state.place()) else { return false };
    let other = if state.show_before { after } else { before };
    let Some(other) = state.weights(other, state.layer, state.head) else { return false };
    if area.width < 24 || area.height < 4 {
        return false;
    }
    let half = (area.width - GAP) / 2;
    let both = half >= 20;
    let titled = |x: u16, width: u16| Rect { x: area.x + x, y: area.y + 1, width, height: area.height - 1 };
    let plain = Heatmap {
        values: difference.view(),
        signed: true,
        full: largest(&difference),
        scale: Scale::Linear,
        cursor: Some((state.query, state.key)),
        row_labels: &looked.rows,
        column_labels: &looked.columns,
        digits: false,
        stale: looked.stale,
    };
    let width = if both { half } else { area.width };
    let most = difference.iter().fold(0.0f32, |most, value| most.max(value.abs()));
    put(
        buffer,
        area,
        0,
        0,
        &fit(&format!("after - before, at most {most:.4}"), usize::from(width)),
        roles.heading,
    );
    let place = titled(0, width);
    plain.draw(theme, buffer, Rect { height: place.height - 1, ..place });
    plain.legend(theme, buffer, place, place.height - 1);
    if both {
        let x = half + GAP;
        let title = if state.show_before { "after" } else { "before" };
        put(buffer, area, x, 0, title, roles.heading);
        let map = Heatmap { values: other, signed: false, full: largest(other), ..plain };
        map.draw(theme, buffer, titled(x, half));
    }
    true
}

/// The cell under the cursor in every layer and head: one strip a layer.
fn draw_everywhere(looked: &Looked, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    let state = looked.state;
    let (layers, heads) = state.layers_and_heads();
    if area.width < WIDTH_FOR_STRIPS || area.height < 4 || layers == 0 || heads == 0 {
        return;
    }
    let values = maps::everywhere(&looked.pass.trace, state.stack, state.query, state.key);
    let rows: Vec<String> = (0..layers).map(|layer| format!("L{layer}")).collect();
    let columns: Vec<String> = (0..values.ncols()).map(|head| head.to_string()).collect();
    let roles = theme.roles();
    let heading = if looked.stale { roles.stale } else { roles.heading };
    let width = usize::from(area.width);
    let titles = ["this weight in all heads", "in all heads"];
    let title = titles.into_iter().find(|title| title.len() <= width).unwrap_or("all");
    put(buffer, area, 0, 0, title, heading);
    let strips = Heatmap {
        values: values.view(),
        row_labels: &rows,
        column_labels: &columns,
        cursor: Some((state.layer, state.head)),
        scale: super::scale(state.scale),
        signed: false,
        full: largest(&values),
        digits: false,
        stale: looked.stale,
    };
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(2), ..area };
    let used = strips.used_rows(body);
    strips.draw(theme, buffer, body);
    if let Some(((layer, head), most)) = values
        .indexed_iter()
        .filter(|(_, value)| !value.is_nan())
        .max_by(|one, other| one.1.total_cmp(other.1))
    {
        let text = format!("most: {layer}.{head} with {most:.3}");
        put(buffer, area, 0, 1 + used, &text, roles.faint);
    }
}

fn draw_arcs(looked: &Looked, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    let state = looked.state;
    let Some(map) = &looked.map else { return };
    // Arcs stand over one text: attention from one text to another has none.
    if state.query >= map.nrows() || map.nrows() != map.ncols() {
        return;
    }
    let weights = map.row(state.query).to_vec();
    Arcs {
        tokens: &looked.columns,
        weights: &weights,
        from: state.query,
        to: state.key,
        stale: looked.stale,
    }
    .draw(theme, buffer, area);
}
