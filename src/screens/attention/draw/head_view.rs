//! One head: its map, beside it every other head, below it the cell, row and column of the cursor.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::pass::Pass;
use super::super::state::Panel;
use super::super::update::{CELL, HEAD, KEY, QUERY};
use super::{GAP, Looked, image_view, lines, panels, wall_view};
use crate::analysis::maps::{self, View};
use crate::analysis::names::labels;
use crate::theme::Theme;
use crate::widgets::arcs::Arcs;
use crate::widgets::canvas::Canvas;
use crate::widgets::heatmap::{Heatmap, largest};
use crate::widgets::legend::{Scale, Signs};
use crate::widgets::text::{fit, put};

/// The least columns for all heads as thumbnails.
const WIDTH_FOR_WALL: u16 = 44;
/// The least columns for one cell in all heads.
const WIDTH_FOR_STRIPS: u16 = 12;
/// The least height of the whole for arcs.
const HEIGHT_FOR_ARCS: u16 = 26;
const ARC_LINES: u16 = 6;

/// Draws the head into `area`.
pub(super) fn draw(looked: &Looked, canvas: &mut Canvas<'_>, area: Rect) {
    let theme = canvas.theme;
    let arcs = if area.height >= HEIGHT_FOR_ARCS { ARC_LINES + 1 } else { 0 };
    let panel = match looked.state.chosen.panel {
        Panel::Row => 3 + arcs,
        _ if area.height >= 16 => 2 + (area.height / 3),
        _ => area.height / 2,
    };
    let figures = looked.figures_shown().filter(|_| area.height >= 9);
    let top = u16::from(figures.is_some());
    let below = panel + u16::from(area.height >= 14);
    let upper = Rect { y: area.y + top, height: area.height.saturating_sub(below + top), ..area };
    if let Some(figures) = figures {
        // Directly below the line that names the head.
        let line = Rect { y: area.y.saturating_sub(u16::from(area.height >= 16)), height: 1, ..area };
        if !lines::change(looked, theme, canvas.buffer, line) {
            lines::label(looked, figures, theme, canvas.buffer, line);
        }
    }
    draw_maps(looked, canvas, upper);
    let lower = Rect { y: area.bottom().saturating_sub(panel), height: panel.min(area.height), ..area };
    let line = |y: u16| Rect { y: lower.y + y, height: u16::from(y < lower.height), ..lower };
    lines::cell(looked, theme, canvas.buffer, line(0));
    if looked.state.chosen.panel != Panel::Row {
        let below = Rect { y: lower.y + 1, height: lower.height.saturating_sub(1), ..lower };
        return panels::draw(looked, canvas, below);
    }
    lines::largest(looked, true, canvas, line(1));
    lines::largest(looked, false, canvas, line(2));
    if arcs > 0 {
        draw_arcs(looked, theme, canvas.buffer, Rect { y: lower.y + 4, height: ARC_LINES, ..lower });
    }
}

/// The map of the head (with before and after beside it, where something is changed), then what
/// the other heads do as far as there is room.
fn draw_maps(looked: &Looked, canvas: &mut Canvas<'_>, area: Rect) {
    let (theme, roles) = (canvas.theme, canvas.theme.roles());
    let Some(map) = &looked.map else {
        put(canvas.buffer, area, 2, 1, lines::why_no_map(looked), roles.faint);
        return;
    };
    let heat = looked.heatmap(map);
    let height = area.height.saturating_sub(1);
    let body = Rect { height, ..area };
    let image = image_view::Place::new(looked, body);
    let kept_free = image.as_ref().map_or(0, image_view::Place::columns);
    let used = heat.used(Rect { width: body.width.saturating_sub(kept_free), ..body }).min(area.width);
    let left = Rect { width: used, ..body };
    if let Some(cells) = heat.draw(theme, canvas.buffer, left) {
        cells.hit(canvas, CELL);
        cells.hit_rows(canvas, QUERY);
        cells.hit_columns(canvas, KEY);
    }
    let legend = Rect { y: area.y + height, height: 1, width: used.max(46).min(area.width), ..area };
    heat.legend(theme, canvas.buffer, legend, 0);
    let right_of =
        |x: u16| Rect { x: area.x + x.min(area.width), width: area.width.saturating_sub(x), ..area };
    let beside = Rect { height, ..right_of(used + GAP) };
    let drawn = image.map_or(0, |place| image_view::draw(looked, &place, theme, canvas.buffer, beside));
    let x = used + GAP + drawn;
    // What stands beside a narrow map ends above its legend, which is wider.
    let right = if legend.width > x { Rect { height, ..right_of(x) } } else { right_of(x) };
    if compared(looked, canvas, Rect { height, ..right }) {
        return;
    }
    if right.width >= WIDTH_FOR_WALL && right.height >= 8 {
        let title = if looked.state.chosen.view.is_per_layer() { "all layers" } else { "all heads" };
        put(canvas.buffer, right, 0, 0, title, roles.heading);
        let wall = Rect { y: right.y + 1, height: right.height - 1, ..right };
        wall_view::wall(looked, looked.figures(0, 0).is_some(), canvas, wall);
    } else {
        draw_everywhere(looked, canvas, Rect { height, ..right });
    }
}

/// Before and difference beside after, in the view that is shown. `false` where nothing is changed, the
/// view has nothing to compare, or there is no room.
fn compared(looked: &Looked, canvas: &mut Canvas<'_>, area: Rect) -> bool {
    let (theme, roles) = (canvas.theme, canvas.theme.roles());
    let state = looked.state;
    let (Some(before), Some(after)) = (&state.before, &state.after) else { return false };
    let of_scores = state.chosen.view == View::Scores;
    let map = |pass: &Pass| match state.chosen.view {
        View::Weights | View::Difference => {
            maps::weights(&pass.trace, state.place()).map(|map| map.to_owned())
        }
        View::Scores => maps::scores(&pass.trace, state.place())
            .map(|map| map.mapv(|score| if score.is_finite() { score } else { f32::NAN })),
        View::Norm | View::Mean | View::Rollout => None,
    };
    let Some((before, after)) = map(before).zip(map(after)).filter(|(one, other)| one.dim() == other.dim())
    else {
        return false;
    };
    let difference = &after - &before;
    let other = if state.chosen.show_before { &after } else { &before };
    if area.width < 24 || area.height < 4 {
        return false;
    }
    let half = (area.width - GAP) / 2;
    let both = half >= 20;
    let titled = |x: u16, width: u16| Rect { x: area.x + x, y: area.y + 1, width, height: area.height - 1 };
    let plain = Heatmap {
        values: difference.view(),
        signs: Signs::Both,
        full: largest(&difference),
        scale: Scale::Linear,
        cursor: Some((state.chosen.query, state.chosen.key)),
        row_labels: &looked.rows,
        column_labels: &looked.columns,
        digits: false,
        stale: looked.stale,
    };
    let width = if both { half } else { area.width };
    let most = difference.iter().fold(0.0f32, |most, value| most.max(value.abs()));
    let what = if of_scores { "scores, " } else { "" };
    let title = fit(&format!("{what}after - before, at most {most:.4}"), usize::from(width));
    put(canvas.buffer, area, 0, 0, &title, roles.heading);
    let place = titled(0, width);
    let drawn = plain.draw(theme, canvas.buffer, Rect { height: place.height - 1, ..place });
    plain.legend(theme, canvas.buffer, place, place.height - 1);
    let mut all = vec![drawn];
    if both {
        let x = half + GAP;
        let title = if state.chosen.show_before { "after" } else { "before" };
        put(canvas.buffer, area, x, 0, title, roles.heading);
        let signs = if of_scores { Signs::Both } else { Signs::Positive };
        let map = Heatmap {
            values: other.view(),
            signs,
            full: largest(other),
            scale: super::scale(state.chosen.scale),
            ..plain
        };
        all.push(map.draw(theme, canvas.buffer, titled(x, half)));
    }
    all.into_iter().flatten().for_each(|cells| cells.hit(canvas, CELL));
    true
}

/// The cell under the cursor in every layer and head: one strip a layer.
fn draw_everywhere(looked: &Looked, canvas: &mut Canvas<'_>, area: Rect) {
    let state = looked.state;
    let (layers, heads) = state.layers_and_heads();
    if area.width < WIDTH_FOR_STRIPS || area.height < 4 || layers == 0 || heads == 0 {
        return;
    }
    let values =
        maps::everywhere(&looked.pass.trace, state.chosen.stack, state.chosen.query, state.chosen.key);
    let rows: Vec<String> = (0..layers).map(|layer| format!("L{layer}")).collect();
    let columns: Vec<String> = (0..values.ncols()).map(|head| head.to_string()).collect();
    let (theme, roles) = (canvas.theme, canvas.theme.roles());
    let heading = if looked.stale { roles.stale } else { roles.heading };
    let width = usize::from(area.width);
    let titles = ["this weight in all heads", "in all heads"];
    let title = titles.into_iter().find(|title| title.len() <= width).unwrap_or("all");
    put(canvas.buffer, area, 0, 0, title, heading);
    let strips = Heatmap {
        values: values.view(),
        row_labels: &rows,
        column_labels: &columns,
        cursor: Some((state.chosen.layer, state.chosen.head)),
        scale: super::scale(state.chosen.scale),
        signs: Signs::Positive,
        full: largest(&values),
        digits: false,
        stale: looked.stale,
    };
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(2), ..area };
    let used = strips.used_rows(body);
    if let Some(cells) = strips.draw(theme, canvas.buffer, body) {
        cells.hit(canvas, HEAD);
    }
    if let Some(((layer, head), most)) = values
        .indexed_iter()
        .filter(|(_, value)| !value.is_nan())
        .max_by(|one, other| one.1.total_cmp(other.1))
    {
        let text = format!("most: {layer}.{head} with {most:.3}");
        put(canvas.buffer, area, 0, 1 + used, &text, roles.faint);
    }
}

fn draw_arcs(looked: &Looked, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    let state = looked.state;
    let Some(map) = &looked.map else { return };
    // Arcs stand over one text: attention from one text to another has none.
    if state.chosen.query >= map.nrows() || map.nrows() != map.ncols() {
        return;
    }
    let weights = map.row(state.chosen.query).to_vec();
    // In the text itself every token is where it stands.
    let tokens = state.key_tokens().map(labels).unwrap_or_default();
    Arcs {
        tokens: &tokens,
        weights: &weights,
        from: state.chosen.query,
        to: state.chosen.key,
        stale: looked.stale,
    }
    .draw(theme, buffer, area);
}
