//! Clicks and the wheel, on what was drawn.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::state::{CellStep, Focus, Zoom};
use super::super::tests::{keys, looking, model, state};
use super::super::update::{CELL, HEAD, KEY, LINE, QUERY, STEP};
use super::super::work::ExplainCell;
use crate::analysis::cell::{self, CellSteps};
use crate::app::{App, Effect, Message, draw};
use crate::screens::testing::{finish, generation, key};
use crate::theme::load;
use crate::widgets::canvas::{Hits, Target};

/// Draws the application and keeps what can be clicked.
fn drawn(app: &mut App) -> Hits {
    let theme = load("dark", None).unwrap();
    let area = Rect::new(0, 0, 100, 30);
    let hits = draw::render(app, &theme, &mut Buffer::empty(area), area).hits;
    app.frame.hits = hits.clone();
    hits
}

/// A place on the screen where a target lies.
fn place_of(hits: &Hits, target: Target) -> (u16, u16) {
    let all = (0..30).flat_map(|row| (0..100).map(move |column| (column, row)));
    all.into_iter()
        .find(|(column, row)| hits.at(*column, *row) == Some(target))
        .unwrap_or_else(|| panic!("{target:?} was not drawn"))
}

fn click(app: &mut App, kind: &'static str, row: usize, column: usize) -> Vec<Effect> {
    let hits = drawn(app);
    let (x, y) = place_of(&hits, Target { kind, row, column });
    app.handle(Message::Click(x, y))
}

/// The making of the cell under the cursor.
fn making_of_the_cell(app: &App) -> CellSteps {
    let attention = state(app);
    let trace = &attention.shown().unwrap().trace;
    let (from, to) = (attention.chosen.query, attention.chosen.key);
    cell::explain(&model().network, trace, attention.place(), from, to).unwrap()
}

#[test]
fn a_click_selects_and_a_second_one_goes_closer() {
    let (mut app, _) = looking();
    let (x, y) = place_of(&drawn(&mut app), Target { kind: CELL, row: 3, column: 5 });
    let asked = generation::<ExplainCell>(&app.handle(Message::Click(x, y)));
    assert_eq!((state(&app).chosen.query, state(&app).chosen.key), (3, 5));
    let making = making_of_the_cell(&app);
    finish::<ExplainCell>(&mut app, asked, Ok(making));
    app.handle(Message::Click(x, y));
    assert_eq!(state(&app).chosen.zoom, Zoom::Cell);
    click(&mut app, STEP, 3, 0);
    assert_eq!(state(&app).chosen.step, CellStep::Mask);
    keys(&mut app, "esc esc");
    click(&mut app, HEAD, 2, 7);
    assert_eq!((state(&app).chosen.layer, state(&app).chosen.head), (2, 7));
    click(&mut app, LINE, 0, 0);
    assert_eq!(state(&app).chosen.focus, Focus::Input);
    keys(&mut app, "esc enter");
    click(&mut app, QUERY, 6, 0);
    click(&mut app, KEY, 0, 1);
    assert_eq!((state(&app).chosen.query, state(&app).chosen.key), (6, 1));
    assert_eq!(state(&app).chosen.zoom, Zoom::Head);
}

#[test]
fn the_wheel_goes_through_what_lies_under_it() {
    let (mut app, _) = looking();
    let (x, y) = place_of(&drawn(&mut app), Target { kind: CELL, row: 0, column: 0 });
    let query = state(&app).chosen.query;
    app.handle(Message::Scroll(x, y, -1));
    assert_eq!(state(&app).chosen.query, query - 3);
    key(&mut app, "esc");
    let hits = drawn(&mut app);
    let (x, y) = place_of(&hits, Target { kind: HEAD, row: 4, column: 4 });
    app.handle(Message::Scroll(x, y, -1));
    assert_eq!((state(&app).chosen.layer, state(&app).chosen.query), (4, query - 3));
}
