//! What can be shown below a head in place of its row and column.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::pass::Inspection;
use super::super::state::Panel;
use super::super::update::HEAD;
use super::super::work::{Inspect, MeasureImportance};
use super::{Looked, cell_view};
use crate::analysis::HeadPlace;
use crate::analysis::importance::Importance;
use crate::analysis::lens::LensRow;
use crate::analysis::names::labels;
use crate::analysis::spectra::HeadSpectrum;
use crate::app::draw::chrome;
use crate::jobs::Job;
use crate::theme::Theme;
use crate::widgets::bars::bar;
use crate::widgets::canvas::Canvas;
use crate::widgets::chart::Chart;
use crate::widgets::heatmap::{Heatmap, largest};
use crate::widgets::legend::{Scale, Signs};
use crate::widgets::text::{columns, fit, fit_padded, fraction, put, signed_decimal, visible, wrap};

/// Draws the chosen panel into `area`.
pub(super) fn draw(looked: &Looked, canvas: &mut Canvas<'_>, area: Rect) {
    let (theme, roles) = (canvas.theme, canvas.theme.roles());
    let state = looked.state;
    let mut x = put(canvas.buffer, area, 2, 0, state.chosen.panel.title(), roles.heading) + 2;
    let late = [Inspect::SLOT, MeasureImportance::SLOT].into_iter().any(|slot| looked.frame.is_late(slot));
    if late {
        x = put(canvas.buffer, area, x, 0, chrome::spinner(looked.frame), roles.focus) + 2;
        if let Some(share) = state.inspection_progress.fraction() {
            x = put(canvas.buffer, area, x, 0, &format!("{:.0} %, Esc stops", share * 100.0), roles.number)
                + 2;
        }
    }
    let body = Rect {
        x: area.x + 2,
        width: area.width.saturating_sub(2),
        y: area.y + 1,
        height: area.height.saturating_sub(1),
    };
    if let Some(problem) = &state.panel_problem {
        for (y, line) in wrap(problem, usize::from(body.width)).iter().enumerate() {
            put(canvas.buffer, body, 0, y as u16, line, roles.warning);
        }
        return;
    }
    let stale = late || looked.stale;
    let title =
        Rect { x: area.x + x, width: area.width.saturating_sub(x), height: area.height.min(1), ..area };
    match (&state.inspection, state.chosen.panel) {
        (Some(Inspection::Lens { position, rows }), Panel::Lens) => {
            // A decoder predicts, where there is one, whichever attention is looked at.
            let predicting = looked.pass.decoder_tokens.as_deref().unwrap_or(&looked.pass.tokens);
            let token = labels(predicting).get(*position).cloned().unwrap_or_default();
            let about = format!("at {}: what each layer would say if it were the last", visible(&token));
            put(canvas.buffer, title, 0, 0, &about, roles.faint);
            lens(rows, stale, theme, canvas.buffer, body);
        }
        (Some(Inspection::Spectrum(place, spectrum)), Panel::Spectra) => {
            spectra(*place, spectrum, stale, theme, canvas.buffer, title, body);
        }
        (Some(Inspection::Importance(importance)), Panel::Importance) => {
            draw_importance(looked, importance, stale, canvas, title, body);
        }
        _ => {}
    }
}

/// One line a layer: the likeliest tokens with their probabilities.
fn lens(rows: &[LensRow], stale: bool, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    let roles = theme.roles();
    // The last layers say most, so they stay when there are more than lines.
    let skip = rows.len().saturating_sub(usize::from(area.height));
    for (y, row) in rows.iter().skip(skip).enumerate() {
        let name = match row.after_blocks {
            0 => String::from("embedding"),
            n => format!("layer {}", n - 1),
        };
        let mut x = put(
            buffer,
            area,
            0,
            y as u16,
            &fit_padded(&name, 10),
            if stale { roles.stale } else { roles.faint },
        ) + 1;
        for (index, (word, probability)) in row.candidates.iter().enumerate() {
            let shown = if word.trim().is_empty() { format!("\"{word}\"") } else { word.trim().to_owned() };
            let shown = fit(&shown, 14);
            if usize::from(x) + columns(&shown) + 7 > usize::from(area.width) {
                break;
            }
            let style = match index {
                _ if stale => roles.stale,
                0 => roles.query,
                _ => roles.text,
            };
            x = put(buffer, area, x, y as u16, &shown, style) + 1;
            let number = fraction(f64::from(*probability), 3);
            x = put(buffer, area, x, y as u16, &number, if stale { roles.stale } else { roles.number }) + 2;
        }
    }
}

/// The singular values of what a head reads and what it writes, as falling lines.
fn spectra(
    place: HeadPlace,
    spectrum: &HeadSpectrum,
    stale: bool,
    theme: &Theme,
    buffer: &mut Buffer,
    title: Rect,
    area: Rect,
) {
    let roles = theme.roles();
    let about =
        format!("head {}.{}, whatever the text: few large ones mean few directions", place.layer, place.head);
    put(buffer, title, 0, 0, &about, roles.faint);
    let half = area.width.saturating_sub(3) / 2;
    let both = [
        ("what looks for what (QK)", &spectrum.query_key),
        ("what is moved where (OV)", &spectrum.output_value),
    ];
    for (index, (name, values)) in both.into_iter().enumerate() {
        let x = area.x + index as u16 * (half + 3);
        let place = Rect { x, width: half, ..area }.intersection(area);
        put(buffer, place, 0, 0, &fit(name, usize::from(half)), roles.text);
        put(
            buffer,
            place,
            0,
            1,
            &fit(&format!("largest {}", cell_view::few(values, 4)), usize::from(half)),
            roles.number,
        );
        let line: Vec<f32> = values.iter().map(|value| *value as f32).collect();
        let chart =
            Rect { y: place.y + 2, height: place.height.saturating_sub(2), ..place }.intersection(place);
        Chart { values: &line, cursor: None, unit: "th", stale }.draw(theme, buffer, chart);
    }
}

/// What is lost without each head, as a map of layers by heads and the largest in words.
fn draw_importance(
    looked: &Looked,
    importance: &Importance,
    stale: bool,
    canvas: &mut Canvas<'_>,
    title: Rect,
    area: Rect,
) {
    let (theme, roles) = (canvas.theme, canvas.theme.roles());
    put(canvas.buffer, title, 0, 0, importance.measure.title(), roles.faint);
    let values = importance.changes.mapv(|change| change as f32);
    let rows: Vec<String> = (0..values.nrows()).map(|layer| format!("L{layer}")).collect();
    let heads: Vec<String> = (0..values.ncols()).map(|head| head.to_string()).collect();
    let map = Heatmap {
        values: values.view(),
        row_labels: &rows,
        column_labels: &heads,
        cursor: Some((looked.state.chosen.layer, looked.state.chosen.head)),
        scale: Scale::Linear,
        signs: Signs::of(&values),
        full: largest(&values),
        digits: false,
        stale,
    };
    let body = Rect { height: area.height.saturating_sub(1), ..area };
    let used = map.used(body);
    let drawn = map.draw(theme, canvas.buffer, Rect { width: used.min(body.width), ..body });
    if let Some(cells) = drawn.filter(|_| looked.state.chosen.stack == importance.stack) {
        cells.hit(canvas, HEAD);
    }
    let legend = Rect { width: used.max(40).min(area.width), ..area };
    map.legend(theme, canvas.buffer, legend, area.height.saturating_sub(1));
    let list =
        Rect { x: area.x + (used + 3).min(area.width), width: area.width.saturating_sub(used + 3), ..body };
    let ranked = importance.ranked();
    let full = ranked.first().map_or(1.0, |(_, _, change)| change.abs());
    for (y, (layer, head, change)) in ranked.into_iter().take(usize::from(list.height)).enumerate() {
        let text = format!("{:>5} {:>9} ", format!("{layer}.{head}"), signed_decimal(change, 5));
        let x = put(canvas.buffer, list, 0, y as u16, &text, if stale { roles.stale } else { roles.number });
        let width = usize::from(list.width.saturating_sub(x)).min(20);
        put(canvas.buffer, list, x, y as u16, &bar(change.abs() / full, width), roles.bar);
    }
}
