//! Lines of text with exact numbers: where the cursor is, what the head does, how a cell came
//! about, what its row and column hold.

use std::borrow::Cow;

use ndarray::ArrayView1;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::state::{Attention, Zoom};
use super::super::update::CELL;
use super::super::work::{Derive, RunChanged};
use super::Looked;
use crate::analysis::heads::{HeadFigures, HeadKind};
use crate::analysis::maps::View;
use crate::analysis::names::labels;
use crate::analysis::{HeadPlace, Stack, ranking};
use crate::jobs::Job;
use crate::model::interventions::{HeadChange, PositionChange};
use crate::theme::Theme;
use crate::widgets::canvas::{Canvas, Target};
use crate::widgets::text::{columns, decimal, fit, fraction, put, put_right, signed_decimal, visible};

/// The head, the view and the scale; what is changed goes before the rest.
pub(super) fn place(state: &Attention, theme: &Theme, buffer: &mut Buffer, line: Rect) {
    let roles = theme.roles();
    let (layers, heads) = state.layers_and_heads();
    if layers == 0 {
        return;
    }
    let stack = match state.before.as_ref().is_some_and(|pass| pass.decoder_tokens.is_some()) {
        true => format!("{}: ", stack_name(state.chosen.stack)),
        false => String::new(),
    };
    let mut text = format!("{stack}layer {} of 0-{}", state.chosen.layer, layers - 1);
    if heads == 0 {
        text.push_str("  no heads");
    } else if !state.chosen.view.is_per_layer() || state.chosen.zoom == Zoom::Cell {
        text.push_str(&format!("  head {} of 0-{}", state.chosen.head, heads - 1));
    }
    let mut x = put(buffer, line, 2, 0, &text, roles.heading) + 2;
    let changes = changes(state);
    let view = match state.chosen.zoom {
        Zoom::Cell => String::from("one weight"),
        _ if heads == 0 => String::new(),
        _ => format!("{} | {}", state.chosen.view.title(), state.chosen.scale.title()),
    };
    if changes.is_empty() {
        if usize::from(x) + columns(&view) <= usize::from(line.width) {
            put_right(buffer, line, 0, &view, roles.faint);
        }
        return;
    }
    let changed = match (state.after.is_some(), state.chosen.show_before) {
        (true, false) => format!("after: {changes}"),
        (true, true) => format!("as it was, without: {changes}"),
        (false, _) => format!("to change: {changes}"),
    };
    // What is looked at is never left out; where room is short the scale is.
    let room = usize::from(line.width.saturating_sub(x));
    let name = view.split(" | ").next().unwrap_or_default();
    let shown = if columns(&view) + 2 + columns(&changed) <= room { view.as_str() } else { name };
    x = put(buffer, line, x, 0, shown, roles.faint) + 2;
    put(buffer, line, x, 0, &changed, roles.warning);
}

/// What an attention of an encoder-decoder model is called.
pub(super) fn stack_name(stack: Stack) -> &'static str {
    match stack {
        Stack::Text => "encoder",
        Stack::Decoder => "decoder",
        Stack::Cross => "decoder to encoder",
    }
}

/// A head in short: 5.11, with its stack where it is not the one that is looked at.
fn head_name(place: HeadPlace, looked_at: Stack) -> String {
    let HeadPlace { stack, layer, head } = place;
    match stack == looked_at {
        true => format!("{layer}.{head}"),
        false => format!("{layer}.{head} of {}", stack_name(stack)),
    }
}

/// What is changed, in words.
fn changes(state: &Attention) -> String {
    let mut parts = Vec::new();
    let heads = &state.chosen.interventions.heads;
    for (place, change) in heads.iter().take(3) {
        let what = match change {
            HeadChange::Zero => "off",
            HeadChange::Mean => "its mean",
            HeadChange::Uniform => "uniform",
        };
        parts.push(format!("head {} {what}", head_name(*place, state.chosen.stack)));
    }
    if heads.len() > 3 {
        parts.push(format!("and {} heads more", heads.len() - 3));
    }
    let names = state.before.as_ref().map(|pass| labels(&pass.tokens)).unwrap_or_default();
    let hidden = &state.chosen.interventions.hidden_tokens;
    for &index in hidden.iter().take(3) {
        parts.push(format!("\"{}\" hidden", fit(names.get(index).map_or("?", String::as_str), 12)));
    }
    if hidden.len() > 3 {
        parts.push(format!("and {} tokens more", hidden.len() - 3));
    }
    match &state.chosen.interventions.positions {
        PositionChange::Keep => {}
        PositionChange::Permute(_) => parts.push(String::from("positions shuffled")),
        PositionChange::Remove => parts.push(String::from("positions removed")),
    }
    parts.join(", ")
}

/// What a kind of head does, in a sentence that needs no other.
fn explanation(kind: HeadKind) -> &'static str {
    match kind {
        HeadKind::PreviousToken => "every token looks at the one before it",
        HeadKind::NextToken => "every token looks at the one after it",
        HeadKind::FirstToken => "attention rests on the first token: often a head with nothing to do here",
        HeadKind::SameToken => "tokens look at themselves and at the same word elsewhere",
        HeadKind::Separator => "attention rests on separators and punctuation",
        HeadKind::Induction => "looks at what followed the same token earlier, to repeat it",
        HeadKind::OneToken(_) => "attention gathers on one token, whichever looks",
        HeadKind::Mixed => "no one pattern: what it looks at depends on the token",
        HeadKind::Broad => "spreads over many tokens",
    }
}

/// What a kind of head is called beside its score.
fn title<'a>(kind: HeadKind, looked: &'a Looked) -> Cow<'a, str> {
    match kind {
        HeadKind::OneToken(token) => {
            format!("{} {}", kind.title(), fit(looked.column_label(token), 16)).into()
        }
        _ => kind.title().into(),
    }
}

/// A head's label in a few letters, for thumbnails.
pub(super) fn short<'a>(kind: HeadKind, looked: &'a Looked) -> &'a str {
    match kind {
        HeadKind::OneToken(token) => looked.column_label(token),
        HeadKind::Mixed => "mix",
        HeadKind::PreviousToken => "prev",
        HeadKind::NextToken => "next",
        HeadKind::FirstToken => "first",
        HeadKind::SameToken => "same",
        HeadKind::Separator => "sep",
        HeadKind::Induction => "ind",
        HeadKind::Broad => "broad",
    }
}

/// What a head does: its label, why, and its figures as far as there is room.
pub(super) fn label(looked: &Looked, figures: &HeadFigures, theme: &Theme, buffer: &mut Buffer, line: Rect) {
    let roles = theme.roles();
    let label = figures.label;
    let name = format!("{} {}", title(label.kind, looked), fraction(label.score, 2));
    let mut x = put(buffer, line, 2, 0, &name, roles.query);
    let why = format!("  {}", explanation(label.kind));
    let numbers = format!(
        "entropy {:.2}  distance {:.1}  on first {:.2}",
        figures.entropy, figures.mean_distance, figures.first_token_mass
    );
    let width = usize::from(line.width);
    if usize::from(x) + columns(&why) <= width {
        x = put(buffer, line, x, 0, &why, roles.faint);
    }
    if usize::from(x) + 2 + columns(&numbers) <= width {
        put_right(buffer, line, 0, &numbers, roles.faint);
    }
}

/// What the changes did to the whole pass, as far as there is room; `false` where nothing is changed.
pub(super) fn change(looked: &Looked, theme: &Theme, buffer: &mut Buffer, line: Rect) -> bool {
    let state = looked.state;
    let (Some(_), Some(difference)) = (&state.after, &state.difference) else { return false };
    let roles = theme.roles();
    let most = difference.heads.iter().max_by(|one, other| one.largest.total_cmp(&other.largest));
    let maps = match most.filter(|most| most.largest > 0.0) {
        Some(most) => {
            let (from, to) = (looked.row_label(most.at.0), looked.column_label(most.at.1));
            let pair = match most.place.stack == state.chosen.stack {
                true => fit(&format!(", {} -> {}", visible(from), visible(to)), 40),
                false => String::new(),
            };
            let name = head_name(most.place, state.chosen.stack);
            format!("most changed: head {name} by {:.4}{pair}", most.largest)
        }
        None => String::from("no map changes, only the output"),
    };
    let vector = if looked.pass.image.is_some() { "image vector" } else { "sentence vector" };
    let cosine = difference.sentence_cosine.map(|cosine| format!("{vector} cosine {cosine:.4}"));
    let logit = difference.largest_logit_change.map(|change| format!("a logit changes by {change:.3}"));
    let mut x = put(buffer, line, 2, 0, &maps, if looked.stale { roles.stale } else { roles.query }) + 2;
    for text in [cosine, logit].into_iter().flatten() {
        if usize::from(x) + columns(&text) <= usize::from(line.width) {
            x = put(buffer, line, x, 0, &text, if looked.stale { roles.stale } else { roles.number }) + 2;
        }
    }
    true
}

/// What stands in place of a map where a layer has no heads.
pub(super) const NO_ATTENTION: &str = "this layer has no attention: choose another with k and j";

/// What stands in place of a map that is not there.
pub(super) fn why_no_map(looked: &Looked) -> &'static str {
    if looked.state.layers_and_heads().1 == 0 {
        NO_ATTENTION
    } else if looked.frame.is_running(Derive::SLOT) {
        "computing this view"
    } else if looked.frame.is_running(RunChanged::SLOT) {
        "running the model with your changes"
    } else if looked.state.chosen.view == View::Difference {
        "nothing is changed yet: switch a head or a token off, then this shows after minus before"
    } else if looked.state.chosen.view == View::Scores {
        "the scores were not kept for a text this long; weights are"
    } else {
        "this view is not known for this text"
    }
}

/// The value under the cursor, with what it was made of as far as there is room.
pub(super) fn cell(looked: &Looked, theme: &Theme, buffer: &mut Buffer, line: Rect) {
    let roles = theme.roles();
    let state = looked.state;
    let (row, column) = (state.chosen.query, state.chosen.key);
    let strong = if looked.stale { roles.stale } else { roles.query };
    let soft = if looked.stale { roles.stale } else { roles.number };
    let pair = format!("{} -> {}", visible(looked.row_label(row)), visible(looked.column_label(column)));
    let mut x = put(buffer, line, 2, 0, &fit(&pair, 40), strong) + 2;
    let Some(map) = &looked.map else {
        put(buffer, line, x, 0, "not known yet", roles.faint);
        return;
    };
    let value = map.get((row, column)).copied().unwrap_or(f32::NAN);
    let shown = if value.is_nan() { String::from("masked") } else { decimal(value, 4) };
    x = put(buffer, line, x, 0, &shown, roles.selected) + 2;
    for text in parts(looked, row, column) {
        if usize::from(x) + columns(&text) > usize::from(line.width) {
            return;
        }
        x = put(buffer, line, x, 0, &text, soft) + 2;
    }
}

/// What the value under the cursor is made of, in order; what goes together stands together.
fn parts(looked: &Looked, row: usize, column: usize) -> Vec<String> {
    let state = looked.state;
    if let (Some(before), Some(after), View::Weights | View::Difference) =
        (&state.before, &state.after, state.chosen.view)
    {
        let weight = |pass| {
            state
                .weights(pass, state.chosen.layer, state.chosen.head)
                .and_then(|map| map.get((row, column)).copied())
        };
        if let (Some(before), Some(after)) = (weight(before), weight(after)) {
            return vec![{
                let [before_shown, after_shown] = [before, after].map(|weight| decimal(weight, 4));
                let change = signed_decimal(after - before, 4);
                format!("before {before_shown}  after {after_shown}  change {change}")
            }];
        }
    }
    let at = (state.chosen.head, row, column);
    let Some(attention) = state.chosen.stack.trace(&looked.pass.trace, state.chosen.layer) else {
        return Vec::new();
    };
    let get = |stage: &Option<ndarray::Array3<f32>>| stage.as_ref().and_then(|stage| stage.get(at).copied());
    let products = attention.products_of(state.chosen.head, row);
    let product = products.and_then(|products| products.get(column).copied());
    let (Some(product), Some(score)) = (product, get(&attention.scores)) else {
        return Vec::new();
    };
    if !matches!(state.chosen.view, View::Weights | View::Scores) || !score.is_finite() {
        return Vec::new();
    }
    let mut parts = vec![format!("q·k {}", decimal(product, 2)), format!("scaled {}", decimal(score, 3))];
    let weight = attention.weights.get(at).copied().unwrap_or_default();
    if let Some(scores) = attention.scores.as_ref() {
        let row = scores.slice(ndarray::s![state.chosen.head, row, ..]);
        let most = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let sum: f64 = row.iter().map(|score| f64::from(score - most).exp()).sum();
        parts.push({
            let [score, most] = [score, most].map(|value| decimal(value, 3));
            format!("softmax exp({score} - {most}) / {sum:.3} = {weight:.4}")
        });
    }
    parts
}

/// The largest values of the cursor's row or column, each with its token.
pub(super) fn largest(looked: &Looked, of_row: bool, canvas: &mut Canvas<'_>, line: Rect) {
    let state = looked.state;
    let Some(map) = &looked.map else { return };
    let (row, column) = (state.chosen.query, state.chosen.key);
    let (values, title) = if of_row && row < map.nrows() {
        (map.row(row), format!("{} looks at", visible(looked.row_label(row))))
    } else if !of_row && column < map.ncols() {
        (map.column(column), format!("{} is seen by", visible(looked.column_label(column))))
    } else {
        return;
    };
    let are_changes = state.chosen.view == View::Difference;
    self::lane(looked, &Lane { title, values, of_row, are_changes }, canvas, line);
}

/// A row or a column of numbers.
pub(super) struct Lane<'a> {
    /// What it is.
    pub title: String,
    /// One number a token.
    pub values: ArrayView1<'a, f32>,
    /// Whether it is the cursor's row rather than its column.
    pub of_row: bool,
    /// Whether the numbers are changes, of which the largest step comes first whatever its sign.
    pub are_changes: bool,
}

/// The largest numbers of a lane, each with its token.
pub(super) fn lane(looked: &Looked, lane: &Lane<'_>, canvas: &mut Canvas<'_>, line: Rect) {
    let (roles, state) = (canvas.theme.roles(), looked.state);
    let Lane { title, values, of_row, are_changes } = lane;
    let (row, column) = (state.chosen.query, state.chosen.key);
    let (of_row, cursor) = (*of_row, if *of_row { column } else { row });
    let order = ranking::largest_first(values.iter().copied().map(f64::from), *are_changes);
    let heading = if looked.stale { roles.stale } else { roles.heading };
    let mut x = put(canvas.buffer, line, 2, 0, &fit(title, 30), heading) + 2;
    for (index, value) in order {
        let label = if of_row { looked.column_label(index) } else { looked.row_label(index) };
        let number = fraction(value, 3);
        let word = fit(label, 16);
        if usize::from(x) + columns(&word) + 1 + number.len() > usize::from(line.width) {
            break;
        }
        let style = match index == cursor {
            _ if looked.stale => roles.stale,
            true => roles.selected,
            false => roles.text,
        };
        let left = line.x + x;
        x = put(canvas.buffer, line, x, 0, &word, style);
        x = put(canvas.buffer, line, x + 1, 0, &number, roles.number);
        let (row, column) = if of_row { (row, index) } else { (index, column) };
        let shown = Rect { x: left, width: (line.x + x).saturating_sub(left), ..line };
        canvas.hit_grid(shown, (shown.width, 1), Target { kind: CELL, row, column });
        x += 2;
    }
}
