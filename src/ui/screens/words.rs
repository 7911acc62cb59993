//! The screen *Words*: what is typed and what completes it, neighbours beside their map, and the
//! vector itself (or a comparison, or the subwords) below.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::words_panels;
use crate::app::words::{WordsFocus, WordsPanel, WordsState};
use crate::app::{App, VectorsState};
use crate::jobs::answers::{NeighbourAnswer, Origin};
use crate::theme::Theme;
use crate::ui::chrome;
use crate::ui::text::{columns, duration, fit, grouped, put, put_right, visible};
use crate::ui::widgets::bars::{RankedList, RankedWord, first_shown};
use crate::ui::widgets::plot::{Mark, Plot, Point};

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

/// Draws the screen into `area`. Returns where the terminal's cursor belongs, if anywhere.
pub fn draw(app: &App, theme: &Theme, buffer: &mut Buffer, area: Rect) -> Option<Position> {
    let area = inset(area);
    let line = |y: u16| Rect { y: area.y + y, height: u16::from(y < area.height), ..area };
    let cursor = draw_input(app, theme, buffer, line(0));
    draw_suggestions(&app.words, theme, buffer, line(1));
    let top = if area.height < HEIGHT_FOR_PANEL { 2 } else { 3 };
    draw_notice(&app.words, theme, buffer, line(top - 1));
    let rest = Rect { y: area.y + top, height: area.height.saturating_sub(top), ..area };
    if chrome::opening(app, theme, buffer, rest) {
        return cursor;
    }
    match &app.words.answer {
        Some(answer) => draw_answer(app, answer, theme, buffer, rest),
        None => draw_welcome(&app.words, theme, buffer, rest),
    }
    cursor
}

fn inset(area: Rect) -> Rect {
    Rect { x: area.x + MARGIN, width: area.width.saturating_sub(2 * MARGIN), ..area }
}

fn draw_input(app: &App, theme: &Theme, buffer: &mut Buffer, line: Rect) -> Option<Position> {
    let roles = theme.roles();
    let words = &app.words;
    let typing = words.focus == WordsFocus::Input;
    put(buffer, line, 0, 0, if typing { ">" } else { "/" }, if typing { roles.focus } else { roles.faint });
    let mut about = match &app.vectors {
        VectorsState::Ready(vectors) if !words.input.is_blank() && words.suggestions.total > 0 => {
            format!("{} of {}", grouped(words.suggestions.total), grouped(vectors.len()))
        }
        _ => String::new(),
    };
    if words.is_bookmarked(words.input.text().trim()) {
        about.insert_str(0, "bookmarked  ");
    }
    let mut room = line.width.saturating_sub(4);
    let about_width = u16::try_from(columns(&about)).unwrap_or(u16::MAX);
    if !about.is_empty() && room > about_width + 16 {
        put_right(buffer, line, 0, &about, roles.faint);
        room -= about_width + 2;
    }
    // The spinner has a column of its own, so that nothing moves when it comes.
    if words.searching.is_late(app.now) {
        put(buffer, line, 2 + room, 0, chrome::spinner(app), roles.focus);
    }
    let cursor = super::input(&words.input, theme, buffer, line, (2, 0), room);
    if words.input.text().is_empty() {
        put(buffer, line, 2, 0, "a word, or king - man + woman", roles.faint);
    }
    cursor.filter(|_| typing)
}

fn draw_suggestions(words: &WordsState, theme: &Theme, buffer: &mut Buffer, line: Rect) {
    use crate::jobs::answers::SuggestionKind as Kind;
    let roles = theme.roles();
    if words.input.is_blank() {
        return;
    }
    let stale = words.suggestions.typed.trim() != words.input.text().trim();
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
fn draw_notice(words: &WordsState, theme: &Theme, buffer: &mut Buffer, line: Rect) {
    let roles = theme.roles();
    if let Some(unknown) = &words.unknown {
        chrome::clear(theme, buffer, line);
        put(buffer, line, 2, 0, &unknown.message, roles.error);
    } else if !words.filter.is_empty() {
        chrome::clear(theme, buffer, line);
        put(buffer, line, 2, 0, &format!("only words with {}", words.filter.describe()), roles.warning);
    }
}

fn draw_welcome(words: &WordsState, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    let roles = theme.roles();
    if words.unknown.is_some() || words.searching.is_running() {
        return;
    }
    let lines = [
        ("Type a word to see its nearest neighbours.", roles.text),
        ("", roles.text),
        ("king                   a word", roles.faint),
        ("king - man + woman     a sum of words", roles.faint),
        ("2 paris - france       with weights", roles.faint),
        ("(cat + dog) - \"new york\"", roles.faint),
    ];
    for (y, (text, style)) in lines.into_iter().enumerate() {
        put(buffer, area, 2, y as u16, text, style);
    }
    let remembered = [("bookmarks", &words.bookmarks), ("earlier", &words.history)];
    let remembered = remembered.into_iter().filter(|(_, list)| !list.is_empty());
    for (y, (title, list)) in (lines.len() as u16 + 1..).zip(remembered) {
        let mut x = put(buffer, area, 2, y, title, roles.heading) + 2;
        for word in list.iter().rev() {
            x = put(buffer, area, x, y, word, roles.text) + 2;
        }
    }
}

fn draw_answer(app: &App, answer: &NeighbourAnswer, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    let stale = app.words.searching.is_late(app.now) || app.words.unknown.is_some();
    let asked_for = app.words.panel != WordsPanel::Strip;
    let small = area.height + 3 < HEIGHT_FOR_PANEL;
    if small && asked_for {
        // There is room for one of the two: the one that was asked for.
        words_panels::draw(app, answer, stale, theme, buffer, area);
        return;
    }
    let last = Rect { y: area.bottom().saturating_sub(1), height: area.height.min(1), ..area };
    let panel_height = match (&app.words.panel, small) {
        (_, true) => 1,
        (WordsPanel::Strip, _) => 2 + words_panels::strip_lines(answer, area.width),
        _ => (area.height * 2 / 5).max(6),
    };
    let gap = u16::from(!small);
    let upper = Rect { height: area.height.saturating_sub(panel_height + gap), ..area };
    draw_neighbours(app, answer, stale, theme, buffer, upper);
    if small {
        draw_certificate(answer, stale, theme, buffer, last);
        return;
    }
    let panel =
        Rect { y: upper.bottom() + gap, height: area.bottom().saturating_sub(upper.bottom() + gap), ..area };
    words_panels::draw(app, answer, stale, theme, buffer, panel);
}

/// List and map, side by side or one above the other or the list alone.
fn draw_neighbours(
    app: &App,
    answer: &NeighbourAnswer,
    stale: bool,
    theme: &Theme,
    buffer: &mut Buffer,
    area: Rect,
) {
    let items: Vec<RankedWord> =
        answer.neighbours.iter().map(|found| RankedWord { word: &found.word, score: found.score }).collect();
    let list = RankedList {
        items: &items,
        selected: Some(app.words.selected).filter(|selected| *selected < items.len()),
        focused: app.words.focus == WordsFocus::List,
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
    draw_list(answer, &list, theme, buffer, left);
    if let Some(map) = map {
        draw_map(app, answer, stale, theme, buffer, map);
    }
}

fn draw_list(answer: &NeighbourAnswer, list: &RankedList, theme: &Theme, buffer: &mut Buffer, area: Rect) {
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
}

fn draw_map(
    app: &App,
    answer: &NeighbourAnswer,
    stale: bool,
    theme: &Theme,
    buffer: &mut Buffer,
    area: Rect,
) {
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
    let selected = app.words.selected_neighbour().map(|neighbour| neighbour.row);
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

/// How the answer was found, in one line.
pub(super) fn draw_certificate(
    answer: &NeighbourAnswer,
    stale: bool,
    theme: &Theme,
    buffer: &mut Buffer,
    line: Rect,
) {
    let style = if stale { theme.roles().stale } else { theme.roles().faint };
    let certificate = &answer.certificate;
    let long = format!(
        "{} rows, {} rescored, {}",
        grouped(certificate.scanned),
        grouped(certificate.rescored),
        duration(certificate.elapsed)
    );
    let short = format!("{} rows, {}", grouped(certificate.scanned), duration(certificate.elapsed));
    let text = if columns(&long) <= usize::from(line.width) { long } else { short };
    put_right(buffer, line, 0, &text, style);
}

/// What the query is, in a few words.
pub(super) fn origin(answer: &NeighbourAnswer) -> String {
    match answer.origin {
        Origin::Row(row) => format!("rank {}", grouped(row + 1)),
        Origin::Subwords => String::from("not in the file: made of its subwords"),
        Origin::Expression => String::from("a sum of words"),
    }
}
