//! The screen Positions.

use super::attention::model;
use super::*;
use crate::app::positions::PositionKind;
use crate::jobs::positions::{PositionExperiments, PositionTable};

fn table(kind: PositionKind, rows: usize, columns: usize, first_column: i64) -> Result<Outcome, Failure> {
    Ok(Outcome::Tabulated(Box::new(PositionTable {
        kind,
        of_model: false,
        origin: String::new(),
        values: ndarray::Array2::zeros((rows, columns)),
        row_name: "row",
        column_name: "column",
        first_column,
        curve_name: String::new(),
        curve: Vec::new(),
    })))
}

/// On the screen, with a table and experiments asked for.
fn looking() -> (App, Vec<Effect>) {
    let mut app = ready();
    let opened = generation(&key(&mut app, "alt-4"), Slot::Model);
    let effects = finish(&mut app, Slot::Model, opened, Ok(Outcome::ModelOpened(model())));
    (app, effects)
}

#[test]
fn table_and_experiments_are_asked_for_once() {
    let (mut app, effects) = looking();
    let (first, found) = (generation(&effects, Slot::Positions), generation(&effects, Slot::Experiments));
    finish(&mut app, Slot::Positions, first, table(PositionKind::Learned, 8, 8, 0));
    let text = app.positions.input.text().to_owned();
    let experiments = PositionExperiments { text, shuffle: None, places: Vec::new() };
    finish(&mut app, Slot::Experiments, found, Ok(Outcome::Experimented(Box::new(experiments))));
    key(&mut app, "1");
    assert!(key(&mut app, "alt-4").is_empty(), "all of it is there");
}

#[test]
fn the_table_of_an_earlier_method_is_not_shown() {
    let (mut app, effects) = looking();
    let first = generation(&effects, Slot::Positions);
    let rotary = generation(&key(&mut app, "v"), Slot::Positions);
    let alibi = generation(&key(&mut app, "v"), Slot::Positions);
    finish(&mut app, Slot::Positions, first, table(PositionKind::Learned, 8, 8, 0));
    finish(&mut app, Slot::Positions, rotary, table(PositionKind::Rotary, 8, 8, 0));
    assert!(app.positions.table.is_none());
    finish(&mut app, Slot::Positions, alibi, table(PositionKind::Alibi, 8, 8, 0));
    assert_eq!(app.positions.table.as_ref().unwrap().kind, PositionKind::Alibi);
}

#[test]
fn a_smaller_table_takes_the_cursor_along_and_offsets_begin_at_zero() {
    let (mut app, effects) = looking();
    let first = generation(&effects, Slot::Positions);
    finish(&mut app, Slot::Positions, first, table(PositionKind::Learned, 100, 8, 0));
    keys(&mut app, "G right right");
    assert_eq!((app.positions.row, app.positions.column), (99, 2));
    let next = generation(&key(&mut app, "v"), Slot::Positions);
    finish(&mut app, Slot::Positions, next, table(PositionKind::T5, 4, 129, -64));
    assert_eq!((app.positions.row, app.positions.column), (3, 64));
}

#[test]
fn a_method_that_a_model_lacks_is_told_until_the_next() {
    let (mut app, effects) = looking();
    let first = generation(&effects, Slot::Positions);
    let failure = Failure::Refused("no learned table".into());
    finish(&mut app, Slot::Positions, first, Err(failure));
    assert_eq!(app.positions.table_problem.as_deref(), Some("no learned table"));
    keys(&mut app, "j l home G");
    assert_eq!((app.positions.row, app.positions.column), (0, 0));
    key(&mut app, "v");
    assert!(app.positions.table_problem.is_none());
}

#[test]
fn a_blank_line_asks_nothing() {
    let (mut app, effects) = looking();
    let found = generation(&effects, Slot::Experiments);
    key(&mut app, "e");
    let effects = key(&mut app, "ctrl-u");
    assert!(matches!(effects.as_slice(), [Effect::Cancel(Slot::Experiments)]), "{effects:?}");
    let experiments = PositionExperiments { text: "late".into(), shuffle: None, places: Vec::new() };
    finish(&mut app, Slot::Experiments, found, Ok(Outcome::Experimented(Box::new(experiments))));
    assert!(app.positions.experiments.is_none());
}

#[test]
fn experiments_that_were_cancelled_are_asked_for_by_enter() {
    let (mut app, _) = looking();
    key(&mut app, "e");
    key(&mut app, "x");
    let effects = key(&mut app, "esc");
    assert!(matches!(effects.as_slice(), [Effect::Cancel(Slot::Experiments)]), "{effects:?}");
    generation(&key(&mut app, "enter"), Slot::Experiments);
    assert!(!app.is_typing());
}
