//! What holds for all screens: their commands, their choices, and what can be clicked.

use std::collections::BTreeSet;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::testing::{app, key, ready};
use crate::app::{App, Message, draw};
use crate::theme;

/// What is drawn, with what can be clicked told to the application.
fn drawn(app: &mut App) -> String {
    let area = Rect::new(0, 0, 100, 30);
    let mut buffer = Buffer::empty(area);
    let theme = theme::load("mono", None).unwrap();
    app.frame.hits = draw::render(app, &theme, &mut buffer, area).hits;
    let lines =
        buffer.content.chunks(100).map(|line| line.iter().map(|cell| cell.symbol()).collect::<String>());
    lines.collect::<Vec<_>>().join("\n")
}

/// Draws `app` at many sizes, in every kind of theme: nothing may panic. Returns what is seen at 80 x 24
/// without colours.
pub(super) fn drawn_at_all_sizes(app: &App) -> String {
    for theme in ["dark", "light", "mono", "terminal"] {
        let theme = theme::load(theme, None).expect("a built-in theme");
        for (width, height) in
            [(1, 1), (24, 8), (31, 9), (40, 12), (79, 23), (80, 24), (97, 30), (160, 50), (240, 70)]
        {
            let area = Rect::new(0, 0, width, height);
            draw::render(app, &theme, &mut Buffer::empty(area), area);
        }
    }
    let area = Rect::new(0, 0, 80, 24);
    let mut buffer = Buffer::empty(area);
    draw::render(app, &theme::load("mono", None).expect("a built-in theme"), &mut buffer, area);
    let line = |line: &[ratatui::buffer::Cell]| line.iter().map(|cell| cell.symbol()).collect::<String>();
    buffer.content.chunks(80).map(line).collect::<Vec<_>>().join("\n")
}

/// Column and row at which `text` begins.
fn place(app: &mut App, text: &str) -> (u16, u16) {
    let screen = drawn(app);
    let (row, line) = screen.lines().enumerate().find(|(_, line)| line.contains(text)).expect(text);
    let column = line.split(text).next().unwrap().chars().count();
    (column as u16, row as u16)
}

fn click(app: &mut App, text: &str) {
    let (column, row) = place(app, text);
    app.handle(Message::Click(column, row));
}

#[test]
fn no_key_has_two_meanings_and_multiplexers_keep_theirs() {
    let app = app();
    app.frame.keymap.check().unwrap();
    for listed in app.registry.iter() {
        for (_, key) in &listed.entry.keys {
            let key = key.to_string();
            assert!(!["ctrl-a", "ctrl-b", "ctrl-s"].contains(&key.as_str()), "{}: {key}", listed.entry.id);
        }
    }
}

#[test]
fn every_command_has_one_name_on_a_screen_and_a_sentence() {
    let app = app();
    let mut seen = BTreeSet::new();
    for listed in app.registry.iter() {
        let entry = &listed.entry;
        assert!(seen.insert((listed.screen(), entry.id)), "{} twice", entry.id);
        assert!(entry.help.ends_with('.') && entry.title.len() <= 24, "{}: {}", entry.id, entry.help);
        assert_eq!(app.registry.id(entry.id), Some(entry.id));
    }
    assert!(seen.len() > 60, "{}", seen.len());
}

#[test]
fn the_choices_of_every_screen_can_be_gone_back_to() {
    let mut app = app();
    let kept: Vec<_> = app.screens.iter().map(|screen| screen.choices()).collect();
    for (screen, choices) in app.screens.iter_mut().zip(&kept) {
        let id = screen.place().id;
        assert!(choices.as_object().is_some_and(|object| !object.is_empty()), "{id}: {choices}");
        screen.restore(choices.clone()).unwrap();
        assert_eq!(screen.choices(), *choices, "{id}");
        let error = screen.restore(serde_json::json!({ "no such choice": 1 })).unwrap_err();
        assert!(error.contains("no such choice"), "{id}: {error}");
        assert_eq!(screen.choices(), *choices, "{id}: nothing changes by what is not understood");
    }
}

#[test]
fn a_click_on_a_tab_shows_its_screen() {
    let mut app = ready();
    click(&mut app, "2 Analogy");
    assert_eq!(app.screens.place().id, "analogy");
    click(&mut app, "1 Words");
    assert_eq!(app.screens.place().id, "words");
}

#[test]
fn a_click_on_an_entry_on_top_selects_and_a_second_one_chooses() {
    let mut app = ready();
    key(&mut app, "f2");
    click(&mut app, "Use the next theme");
    assert!(app.frame.overlay.is_some(), "one click selects");
    app.frame.themes = vec!["dark".into(), "light".into()];
    click(&mut app, "Use the next theme");
    assert!(app.frame.overlay.is_none());
    assert_eq!(app.frame.theme, "light");
}

#[test]
fn two_clicks_with_something_between_are_no_second_click() {
    let mut app = ready();
    key(&mut app, "f2");
    click(&mut app, "Use the next theme");
    key(&mut app, "down");
    click(&mut app, "Use the next theme");
    assert!(app.frame.overlay.is_some());
}
