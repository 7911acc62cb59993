//! The screen *Words*: what is typed and what completes it, neighbours beside their map, and the
//! vector itself (or a comparison, or the subwords) below.

mod certificate;
mod panels;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::state::{Focus, Panel, Words};
use super::update::{LINE, NEIGHBOUR};
use super::work::FindNeighbours;
use crate::app::Frame;
use crate::app::draw::{chrome, opening};
use crate::jobs::Job;
use crate::theme::Theme;
use crate::vectors::explain::NeighbourAnswer;
use crate::widgets::bars::{RankedList, RankedWord, first_shown};
use crate::widgets::canvas::Canvas;
use crate::widgets::input::input;
use crate::widgets::plot::{Mark, Plot, Point};
use crate::widgets::text::{columns, fit, grouped, put, put_right, visible};

/// From this width on, the map stands beside the list.
const WIDTH_FOR_MAP: u16 = 68;
/// From this height on, the vector is shown below the list.
const HEIGHT_FOR_PANEL: u16 = 14;
/// From this height on, a narrow screen shows the map below the list.
const HEIGHT_FOR_MAP: u16 = 26;
/// How far one axis of the map may be stretched against the other to fill its area: distances
/// should mean something.
const MOST_STRETCH: f64 = 1.8;
/// Free columns on both sides.
const MARGIN: u16 = 1;

/// Draws the screen.
pub(super) fn draw(words: &Words, frame: &Frame, canvas: &mut Canvas<'_>) {
    let area = inset(canvas.area);
    let line = |y: u16| Rect { y: area.y + y, height: u16::from(y < area.height), ..area };
    draw_input(words, frame, canvas, line(0));
    let (theme, buffer) = (canvas.theme, &mut *canvas.buffer);
    draw_suggestions(words, theme, buffer, line(1));
    let top = if area.height < HEIGHT_FOR_PANEL { 2 } else { 3 };
    draw_notice(words, theme, buffer, line(top - 1));
    let rest = Rect { y: area.y + top, height: area.height.saturating_sub(top), ..area };
    if opening::vectors(frame, theme, buffer, rest) {
        return;
    }
    match &words.answer {
        Some(answer) => draw_answer(words, frame, answer, canvas, rest),
        None => draw_welcome(words, frame, theme, buffer, rest),
    }
}

fn inset(area: Rect) -> Rect {
    Rect { x: area.x + MARGIN, width: area.width.saturating_sub(2 * MARGIN), ..area }
}

fn draw_input(words: &Words, frame: &Frame, canvas: &mut Canvas<'_>, line: Rect) {
    let (theme, roles) = (canvas.theme, canvas.theme.roles());
    let typing = words.chosen.focus == Focus::Input;
    let typed = &words.chosen.input;
    let (sign, style) = if typing { (">", roles.focus) } else { ("/", roles.faint) };
    put(canvas.buffer, line, 0, 0, sign, style);
    let mut about = match frame.vectors.open() {
        Some(vectors) if !typed.is_blank() && words.suggestions.total > 0 => {
            format!("{} of {}", grouped(words.suggestions.total), grouped(vectors.len()))
        }
        _ => String::new(),
    };
    if words.is_bookmarked(typed.text().trim()) {
        about.insert_str(0, "bookmarked  ");
    }
    let mut room = line.width.saturating_sub(4);
    let about_width = u16::try_from(columns(&about)).unwrap_or(u16::MAX);
    if !about.is_empty() && room > about_width + 16 {
        put_right(canvas.buffer, line, 0, &about, roles.faint);
        room -= about_width + 2;
    }
    // The spinner has a column of its own, so that nothing moves when it comes.
    if frame.is_late(FindNeighbours::SLOT) {
        put(canvas.buffer, line, 2 + room, 0, chrome::spinner(frame), roles.focus);
    }
    let cursor = input(typed, theme, canvas.buffer, line, (2, 0), room);
    if typed.text().is_empty() {
        put(canvas.buffer, line, 2, 0, "a word, or king - man + woman", roles.faint);
    }
    canvas.cursor = cursor.filter(|_| typing);
    canvas.hit(line, LINE, 0);
}

fn draw_suggestions(words: &Words, theme: &Theme, buffer: &mut Buffer, line: Rect) {
    use crate::vectors::explain::SuggestionKind as Kind;
    let roles = theme.roles();
    if words.chosen.input.is_blank() {
        return;
    }
    let stale = words.suggestions.typed.trim() != words.chosen.input.text().trim();
    let mut x = 2;
    let mut before = None;
    // The word itself needs no suggesting.
    for suggestion in words.suggestions.items.iter().filter(|one| one.kind != Kind::Exact) {
        let style = match suggestion.kind {
            _ if stale => roles.stale,
            Kind::Exact | Kind::Prefix => roles.prefix,
            Kind::Case | Kind::Unicode => roles.variant,
            Kind::Typo => roles.typo,
        };
        let reason = if before == Some(suggestion.kind) { "" } else { suggestion.kind.label() };
        let word = fit(&suggestion.word, 24);
        let needed = columns(reason) + usize::from(!reason.is_empty()) + columns(&word);
        // A word that does not fit whole is left out: half a word helps nobody.
        if usize::from(x) + needed > usize::from(line.width) {
            break;
        }
        if !reason.is_empty() {
            let gap = if before.is_some() { 1 } else { 0 };
            x = put(buffer, line, x + gap, 0, reason, if stale { roles.stale } else { roles.faint }) + 1;
        }
        x = put(buffer, line, x, 0, &word, style) + 2;
        before = Some(suggestion.kind);
    }
}

/// What keeps the list from being the whole answer: an unknown word, or a filter.
fn draw_notice(words: &Words, theme: &Theme, buffer: &mut Buffer, line: Rect) {
    let roles = theme.roles();
    if let Some(unknown) = &words.unknown {
        chrome::clear(theme, buffer, line);
        put(buffer, line, 2, 0, &unknown.message, roles.error);
    } else if !words.chosen.filter.is_empty() {
        chrome::clear(theme, buffer, line);
        put(
            buffer,
            line,
            2,
            0,
            &format!("only words with {}", words.chosen.filter.describe()),
            roles.warning,
        );
    }
}

fn draw_welcome(words: &Words, frame: &Frame, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    let roles = theme.roles();
    if words.unknown.is_some() || frame.is_running(FindNeighbours::SLOT) {
        return;
    }
    let lines = [
        ("Type a word to see its nearest neighbours.", roles.text),
        ("", roles.text),
        ("king                   a word", roles.faint),
        ("king - man + woman     a sum of words", roles.faint),
        ("2 paris - france       with weights", roles.faint),
        ("(cat + dog) - \"well-known\"   brackets, and quotes around what has other signs", roles.faint),
    ];
    for (y, (text, style)) in lines.into_iter().enumerate() {
        put(buffer, area, 2, y as u16, text, style);
    }
    let remembered = [("bookmarks", &words.chosen.bookmarks), ("earlier", &words.chosen.history)];
    let remembered = remembered.into_iter().filter(|(_, list)| !list.is_empty());
    for (y, (title, list)) in (lines.len() as u16 + 1..).zip(remembered) {
        let mut x = put(buffer, area, 2, y, title, roles.heading) + 2;
        for word in list.iter().rev() {
            x = put(buffer, area, x, y, word, roles.text) + 2;
        }
    }
}

fn draw_answer(words: &Words, frame: &Frame, answer: &NeighbourAnswer, canvas: &mut Canvas<'_>, area: Rect) {
    let stale = frame.is_late(FindNeighbours::SLOT) || words.unknown.is_some();
    let asked_for = words.chosen.panel != Panel::Strip;
    let small = area.height + 3 < HEIGHT_FOR_PANEL;
    if small && asked_for {
        // There is room for one of the two: the one that was asked for.
        panels::draw(words, answer, stale, canvas.theme, canvas.buffer, area);
        return;
    }
    let last = Rect { y: area.bottom().saturating_sub(1), height: area.height.min(1), ..area };
    let panel_height = match (words.chosen.panel, small) {
        (_, true) => 1,
        (Panel::Strip, _) => 2 + panels::strip_lines(answer, area.width),
        _ => (area.height * 2 / 5).max(6),
    };
    let gap = u16::from(!small);
    let upper = Rect { height: area.height.saturating_sub(panel_height + gap), ..area };
    draw_neighbours(words, answer, stale, canvas, upper);
    if small {
        certificate::draw(answer, stale, canvas.theme, canvas.buffer, last);
        return;
    }
    let panel =
        Rect { y: upper.bottom() + gap, height: area.bottom().saturating_sub(upper.bottom() + gap), ..area };
    panels::draw(words, answer, stale, canvas.theme, canvas.buffer, panel);
}

/// List and map, side by side or one above the other or the list alone.
fn draw_neighbours(
    words: &Words,
    answer: &NeighbourAnswer,
    stale: bool,
    canvas: &mut Canvas<'_>,
    area: Rect,
) {
    let items: Vec<RankedWord> =
        answer.neighbours.iter().map(|found| RankedWord { word: &found.word, score: found.score }).collect();
    let list = RankedList {
        items: &items,
        selected: Some(words.chosen.selected).filter(|selected| *selected < items.len()),
        focused: words.chosen.focus == Focus::List,
        stale,
        full: 1.0,
        digits: 3,
    };
    let (left, map) = if area.width >= WIDTH_FOR_MAP {
        let width = list.widest().min(area.width * 9 / 20).max(28);
        let map = Rect { x: area.x + width + 3, width: area.width.saturating_sub(width + 3), ..area };
        (Rect { width, ..area }, Some(map))
    } else if area.height >= HEIGHT_FOR_MAP {
        let height = area.height / 2;
        let map = Rect { y: area.y + height + 1, height: area.height - height - 1, ..area };
        (Rect { height, ..area }, Some(map))
    } else {
        (area, None)
    };
    draw_list(answer, &list, canvas, left);
    if let Some(map) = map {
        draw_map(words, answer, stale, canvas, map);
    }
}

fn draw_list(answer: &NeighbourAnswer, list: &RankedList, canvas: &mut Canvas<'_>, area: Rect) {
    let (theme, buffer) = (canvas.theme, &mut *canvas.buffer);
    let style = if list.stale { theme.roles().stale } else { theme.roles().heading };
    let below = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let height = usize::from(below.height);
    let first = first_shown(list.selected, height);
    let shown = if list.items.len() > height {
        format!("{}-{} of {}", first + 1, (first + height).min(list.items.len()), list.items.len())
    } else {
        String::from("cosine")
    };
    let room = usize::from(area.width).saturating_sub(columns(&shown) + 4);
    put(buffer, area, 2, 0, &fit(&format!("neighbours of {}", visible(&answer.query)), room), style);
    put_right(buffer, area, 0, &shown, theme.roles().faint);
    if list.items.is_empty() {
        put(buffer, below, 2, 0, "no word passes the filter", theme.roles().warning);
    }
    list.draw(theme, buffer, below);
    let lines = list.items.len().saturating_sub(first).min(height) as u16;
    canvas.hit_lines(Rect { height: lines, ..below }, NEIGHBOUR, first);
}

fn draw_map(words: &Words, answer: &NeighbourAnswer, stale: bool, canvas: &mut Canvas<'_>, area: Rect) {
    let (theme, buffer) = (canvas.theme, &mut *canvas.buffer);
    let roles = theme.roles();
    let style = if stale { roles.stale } else { roles.heading };
    let Some(map) = &answer.map else {
        put(buffer, area, 0, 0, "no map: too few words", roles.faint);
        return;
    };
    let long =
        format!("map of these {} (PCA, {:.0} % of the spread)", map.points.len(), map.explained * 100.0);
    let short = format!("map (PCA, {:.0} %)", map.explained * 100.0);
    let title = if columns(&long) <= usize::from(area.width) { long } else { short };
    put(buffer, area, 0, 0, &title, style);
    let selected = words.selected_neighbour().map(|neighbour| neighbour.row);
    let points: Vec<Point> = map
        .points
        .iter()
        .enumerate()
        .map(|(index, point)| {
            let mark = match index {
                0 => Mark::Query,
                _ if point.row.is_some() && point.row == selected => Mark::Selected,
                _ => Mark::Word,
            };
            Point { label: &point.word, x: point.x, y: point.y, mark }
        })
        .collect();
    let below = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    Plot { points: &points, lines: &[], stale, most_stretch: MOST_STRETCH }.draw(theme, buffer, below);
}
