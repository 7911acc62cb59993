//! What the screens look like: text at three sizes, styles once a theme, and no panic at any size
//! with any words.

mod attention;
mod attention_state;
#[path = "../support/screens.rs"]
mod look;
mod networks;
mod state;

use std::time::Duration;

use lexiscope::app::overlay::{Form, List};
use lexiscope::app::{App, Message, Opened, Overlay, Severity, Status, draw};
use lexiscope::screens::words::work::FindNeighbours;
use lexiscope::screens::words::{Focus, Panel, Unknown, Words};
use lexiscope::theme::{self, ColourDepth, Theme};
use lexiscope::widgets::line::Line;
use look::{Look, show};
use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier};

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (40, 12)];

fn theme(name: &str) -> Theme {
    theme::load(name, None).expect("a built-in theme")
}

fn render(app: &App, theme: &Theme, width: u16, height: u16) -> Buffer {
    let area = Rect::new(0, 0, width, height);
    let mut buffer = Buffer::empty(area);
    draw::render(app, theme, &mut buffer, area);
    buffer
}

fn text(buffer: &Buffer) -> String {
    let mut text = String::new();
    for row in buffer.content.chunks(usize::from(buffer.area.width.max(1))) {
        let mut line = String::new();
        let mut skip = 0;
        for cell in row {
            if skip == 0 {
                line.push_str(cell.symbol());
                skip = unicode_width::UnicodeWidthStr::width(cell.symbol()).max(1);
            }
            skip -= 1;
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Snapshots without colour, where everything must still be told apart.
fn assert_text(name: &str, app: &App) {
    for (width, height) in SIZES {
        let buffer = render(app, &theme("mono"), width, height);
        insta::assert_snapshot!(format!("{name}_{width}x{height}"), text(&buffer));
    }
}

#[test]
fn words() {
    assert_text("words", &state::words());
}

#[test]
fn words_comparison() {
    let mut app = state::words();
    app.words_mut().chosen.panel = Panel::Comparison;
    app.words_mut().comparison = Some(state::comparison());
    assert_text("words_comparison", &app);
}

#[test]
fn words_subwords() {
    let mut app = state::words();
    app.words_mut().chosen.panel = Panel::Subwords;
    app.words_mut().subwords = Some(state::subwords());
    assert_text("words_subwords", &app);
}

#[test]
fn words_before_a_question() {
    let mut app = look::app();
    app.frame.vectors = state::vectors(&["the"]);
    assert_text("words_empty", &app);
}

#[test]
fn words_unknown() {
    let mut app = state::words();
    app.words_mut().chosen.focus = Focus::Input;
    app.words_mut().chosen.input = Line::new("kigndom");
    let message = String::from("`kigndom` is not in these vectors; did you mean kingdom?");
    app.words_mut().unknown = Some(Unknown { query: "kigndom".into(), message });
    assert_text("words_unknown", &app);
}

#[test]
fn analogy() {
    assert_text("analogy", &state::analogy());
}

#[test]
fn analogy_before_a_question() {
    let mut app = look::app();
    show(&mut app, "analogy");
    app.frame.vectors = state::vectors(&["the"]);
    assert_text("analogy_empty", &app);
}

/// What lies on top once a key is pressed.
fn on_top(key: &str) -> Overlay {
    let mut app = state::words();
    app.handle(Message::Key(key.parse().unwrap()));
    app.frame.overlay.expect("something on top")
}

fn filter(texts: &[&str], field: usize, error: &str) -> Overlay {
    let Overlay::Form(mut form) = on_top("f") else { panic!("no form") };
    for (line, text) in form.fields.iter_mut().zip(texts) {
        line.line = Line::new(*text);
    }
    Overlay::Form(Form { field, error: Some(error.into()), ..form })
}

fn go_to(typed: &str, selected: usize) -> Overlay {
    let Overlay::List(list) = on_top("g") else { panic!("no list") };
    Overlay::List(List { input: Line::new(typed), selected, ..list })
}

#[test]
fn overlays() {
    let overlays = [
        ("help", Overlay::Help { scroll: 0 }),
        ("palette", Overlay::Palette { input: Line::new("co"), selected: 1 }),
        ("go_to", go_to("", 0)),
        ("filter", filter(&[], 0, "ranks: expected 1-5000, found x")),
        (
            "message",
            Overlay::Message { title: "Copied".into(), text: "one line\nanother line".into(), scroll: 0 },
        ),
    ];
    for (name, overlay) in overlays {
        let mut app = state::words();
        app.frame.overlay = Some(overlay);
        let buffer = render(&app, &theme("mono"), 80, 24);
        insta::assert_snapshot!(name, text(&buffer));
    }
}

#[test]
fn opening_and_failing() {
    let mut app = look::app();
    insta::assert_snapshot!("first_frame", text(&render(&app, &theme("mono"), 80, 24)));
    let progress = std::sync::Arc::new(lexiscope::progress::Progress::unobserved());
    progress.start(100);
    progress.advance(37);
    app.frame.vectors =
        Opened::Opening { name: "glove.840B.300d.txt".into(), progress, since: Duration::ZERO };
    insta::assert_snapshot!("opening", text(&render(&app, &theme("mono"), 80, 24)));
    app.frame.vectors = Opened::Failed {
        message: "reading vectors.bin: expected 400 bytes of row 7 at byte 3120, found the end of the file"
            .into(),
        way_out: "The file was cut short: copy or download it again, then press R.".into(),
    };
    insta::assert_snapshot!("failed", text(&render(&app, &theme("mono"), 80, 24)));
}

#[test]
fn a_window_that_is_too_small_says_so() {
    let screen = text(&render(&state::words(), &theme("mono"), 20, 5));
    assert!(screen.contains("too small") && screen.contains("need 24x8"), "{screen}");
}

/// Asks for neighbours that nobody looks for.
fn search(app: &mut App) {
    let vectors = app.frame.vectors.open().cloned().expect("vectors");
    let (query, count, filter) = ("king".into(), 10, Default::default());
    app.frame.start::<Words, _>(FindNeighbours {
        vectors,
        query,
        count,
        filter,
        kept: std::sync::Arc::default(),
    });
}

/// Nothing may move when a result is late, when a message comes, or when words are selected: only
/// the answer's own lines change.
#[test]
fn nothing_jumps() {
    let app = state::words();
    let before = text(&render(&app, &theme("mono"), 80, 24));
    let mut late = app.clone();
    search(&mut late);
    late.frame.now = Duration::from_secs(1);
    late.frame.status = Some(Status { severity: Severity::Information, text: "copied king".into() });
    let after = text(&render(&late, &theme("mono"), 80, 24));
    let changed: Vec<usize> = before
        .lines()
        .zip(after.lines())
        .enumerate()
        .filter(|(_, (x, y))| x != y)
        .map(|(line, _)| line)
        .collect();
    assert_eq!(changed, [1, 22], "only the spinner's line and the message's line:\n{after}");
}

#[test]
fn an_old_answer_is_dimmed_once_the_new_one_is_late() {
    let (theme, mut app) = (theme("dark"), state::words());
    search(&mut app);
    app.frame.now = Duration::from_millis(50);
    let queen = |app: &App| {
        let buffer = render(app, &theme, 80, 24);
        let place = buffer
            .content
            .windows(5)
            .position(|cells| cells.iter().map(|cell| cell.symbol()).eq(["q", "u", "e", "e", "n"]));
        buffer.content[place.expect("queen is on the screen")].fg
    };
    assert_eq!(Some(queen(&app)), theme.roles().text.fg);
    app.frame.now = Duration::from_millis(150);
    assert_eq!(Some(queen(&app)), theme.roles().stale.fg);
}

/// Foreground, background and modifiers of every cell as letters, with a key below.
fn styles(buffer: &Buffer) -> String {
    let mut seen: Vec<(Color, Color, Modifier)> = Vec::new();
    let mut lines = String::new();
    for row in buffer.content.chunks(usize::from(buffer.area.width)) {
        let letters: String = row
            .iter()
            .map(|cell| {
                let style = (cell.fg, cell.bg, cell.modifier);
                let index = seen.iter().position(|other| *other == style).unwrap_or_else(|| {
                    seen.push(style);
                    seen.len() - 1
                });
                LETTERS.chars().nth(index).unwrap_or('?')
            })
            .collect();
        lines.push_str(letters.trim_end());
        lines.push('\n');
    }
    for (letter, (foreground, background, modifier)) in LETTERS.chars().zip(&seen) {
        lines.push_str(&format!("{letter}: {foreground} on {background} {modifier:?}\n"));
    }
    lines
}

const LETTERS: &str = ".abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

#[test]
fn styles_of_every_theme() {
    for name in ["dark", "light", "high-contrast", "mono", "terminal"] {
        let theme = theme(name).with_depth(ColourDepth::C256);
        insta::assert_snapshot!(format!("styles_{name}"), styles(&render(&state::words(), &theme, 80, 24)));
    }
}

#[test]
fn without_colour_no_cell_has_any() {
    for name in ["dark", "light", "high-contrast", "terminal"] {
        let theme = theme(name).with_depth(ColourDepth::Mono);
        let buffer = render(&state::words(), &theme, 120, 40);
        assert!(
            buffer.content.iter().all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset),
            "{name}"
        );
    }
}

/// Words as they come in real files: wide, right to left, joined, invisible, dangerous, long.
fn nasty_words() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        Just("日本語の言葉".into()),
        Just("שלום".into()),
        Just("العربية".into()),
        Just("\u{1f469}\u{200d}\u{1f469}\u{200d}\u{1f467}".into()),
        Just("\u{200d}".into()),
        Just("\u{301}\u{301}".into()),
        Just("a\u{a0}b".into()),
        Just("\u{1b}[2J\u{7}\u{85}\u{9b}".into()),
        Just("\u{202e}evil".into()),
        Just("각".into()),
        Just("x".repeat(300)),
        Just("語".repeat(300)),
        ".{0,40}",
    ]
}

fn app_with(words: &[String], kind: u8, number: f64, selected: usize) -> App {
    let shown: Vec<&str> = words.iter().map(String::as_str).collect();
    let query = shown.first().copied().unwrap_or_default();
    let mut app = if kind.is_multiple_of(2) { state::words() } else { state::analogy() };
    app.frame.vectors = state::vectors(&shown);
    app.words_mut().chosen.input = Line::new(query);
    let mut answer = state::neighbour_answer(query, &shown);
    if let Some(neighbour) = answer.neighbours.first_mut() {
        neighbour.score = number;
    }
    if let Some(point) = answer.map.as_mut().and_then(|map| map.points.last_mut()) {
        point.x = number;
    }
    answer.strip.values.truncate(selected);
    answer.strip.values.push(number as f32);
    app.words_mut().answer = Some(answer);
    app.words_mut().chosen.selected = selected;
    app.analogy_mut().chosen.selected = selected;
    for (field, word) in app.analogy_mut().chosen.fields.iter_mut().zip(words.iter().cycle()) {
        *field = Line::new(word.clone());
    }
    if let Some(point) = app.analogy_mut().answer.as_mut().and_then(|answer| answer.parallelogram.as_mut()) {
        point.points[0].y = number;
        point.points[3].word = query.to_owned();
    }
    if kind & 2 != 0 {
        app.words_mut().chosen.panel = Panel::Comparison;
        app.words_mut().comparison = Some(state::comparison());
        app.frame.status = Some(Status { severity: Severity::Error, text: query.to_owned() });
    }
    if kind & 4 != 0 {
        app.words_mut().chosen.panel = Panel::Subwords;
        app.words_mut().subwords = Some(state::subwords());
        app.words_mut().unknown = Some(Unknown { query: query.to_owned(), message: query.to_owned() });
        app.analogy_mut().problem = Some(query.to_owned());
    }
    app.frame.overlay = match kind >> 3 {
        1 => Some(Overlay::Help { scroll: selected * 100 }),
        2 => Some(Overlay::Palette { input: Line::new(query), selected }),
        3 => Some(filter(&[query, "", query], selected % 3, query)),
        4 => Some(go_to(query, selected)),
        5 => Some(Overlay::Message { title: query.to_owned(), text: words.join("\n"), scroll: selected }),
        _ => None,
    };
    app
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn nothing_panics_at_any_size(
        words in prop::collection::vec(nasty_words(), 0..16),
        kind in 0u8..48,
        number in prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(f64::MAX), Just(-0.0), -2.0..2.0f64],
        selected in 0usize..40,
        width in 0u16..=200,
        height in 0u16..=80,
        depth in prop::sample::select(&[ColourDepth::Mono, ColourDepth::C16, ColourDepth::C256, ColourDepth::TrueColour]),
    ) {
        let app = app_with(&words, kind, number, selected);
        let buffer = render(&app, &theme("dark").with_depth(depth), width, height);
        for cell in &buffer.content {
            prop_assert!(!cell.symbol().chars().any(char::is_control), "{:?}", cell.symbol());
        }
    }

    #[test]
    fn nothing_panics_before_there_are_vectors(width in 0u16..=200, height in 0u16..=80, word in nasty_words(), kind in 0u8..2) {
        let screen = if kind == 0 { "words" } else { "analogy" };
        let mut app = look::app();
        show(&mut app, screen);
        app.words_mut().chosen.input = Line::new(word.clone());
        render(&app, &theme("light"), width, height);
        app.frame.vectors = state::vectors(&[]);
        render(&app, &theme("light"), width, height);
        app.frame.vectors = Opened::Failed { message: word.clone(), way_out: word };
        render(&app, &theme("light"), width, height);
    }
}
