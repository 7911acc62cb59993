//! Keys, clicks and results in, state and effects out.

use std::sync::{Arc, OnceLock};

use serde_json::json;

use super::state::Positions;
use super::work::{Experiment, Tabulate};
use crate::analysis::positions::{PositionExperiments, PositionKind, PositionTable};
use crate::app::{App, Effect, OpenModel, Screen};
use crate::jobs::{Failure, Job};
use crate::model::{Model, open};
use crate::screens::testing::{app, finish, generation, key};

fn model() -> Arc<Model> {
    static MODEL: OnceLock<Arc<Model>> = OnceLock::new();
    Arc::clone(MODEL.get_or_init(|| Arc::new(open::shipped().unwrap())))
}

/// Several keys, a space between two.
fn keys(app: &mut App, texts: &str) {
    texts.split(' ').for_each(|text| drop(key(app, text)));
}

pub(super) fn table(kind: PositionKind, rows: usize, columns: usize, first_column: i64) -> PositionTable {
    PositionTable {
        kind,
        of_model: false,
        origin: String::new(),
        values: ndarray::Array2::zeros((rows, columns)),
        row_name: "row",
        column_name: "column",
        first_column,
        curve_name: String::new(),
        curve: Vec::new(),
    }
}

fn experiments(text: &str) -> PositionExperiments {
    PositionExperiments { text: text.into(), shuffle: None, places: Vec::new() }
}

fn state(app: &App) -> &Positions {
    app.screen()
}

/// On the screen, with a table and experiments asked for.
pub(super) fn looking() -> (App, Vec<Effect>) {
    let mut app = app();
    let opened = generation::<OpenModel>(&key(&mut app, "alt-4"));
    let effects = finish::<OpenModel>(&mut app, opened, Ok(model()));
    (app, effects)
}

#[test]
fn table_and_experiments_are_asked_for_once() {
    let (mut app, effects) = looking();
    let (first, found) = (generation::<Tabulate>(&effects), generation::<Experiment>(&effects));
    finish::<Tabulate>(&mut app, first, Ok(table(PositionKind::Learned, 8, 8, 0)));
    let text = state(&app).chosen.input.text().to_owned();
    finish::<Experiment>(&mut app, found, Ok(experiments(&text)));
    key(&mut app, "1");
    assert!(key(&mut app, "alt-4").is_empty(), "all of it is there");
}

#[test]
fn nothing_is_asked_before_the_screen_was_in_front() {
    let mut app = app();
    let opened = generation::<OpenModel>(&key(&mut app, "alt-3"));
    let asked = |effects: &[Effect]| {
        let own = [Tabulate::SLOT, Experiment::SLOT];
        effects.iter().any(|effect| matches!(effect, Effect::Start(task) if own.contains(&task.slot)))
    };
    assert!(!asked(&finish::<OpenModel>(&mut app, opened, Ok(model()))));
    assert!(asked(&key(&mut app, "alt-4")));
}

#[test]
fn the_table_of_an_earlier_method_is_not_shown() {
    let (mut app, effects) = looking();
    let first = generation::<Tabulate>(&effects);
    let rotary = generation::<Tabulate>(&key(&mut app, "v"));
    let alibi = generation::<Tabulate>(&key(&mut app, "v"));
    finish::<Tabulate>(&mut app, first, Ok(table(PositionKind::Learned, 8, 8, 0)));
    finish::<Tabulate>(&mut app, rotary, Ok(table(PositionKind::Rotary, 8, 8, 0)));
    assert!(state(&app).table.is_none());
    finish::<Tabulate>(&mut app, alibi, Ok(table(PositionKind::Alibi, 8, 8, 0)));
    assert_eq!(state(&app).table.as_ref().unwrap().kind, PositionKind::Alibi);
}

#[test]
fn a_smaller_table_takes_the_cursor_along_and_offsets_begin_at_zero() {
    let (mut app, effects) = looking();
    let first = generation::<Tabulate>(&effects);
    finish::<Tabulate>(&mut app, first, Ok(table(PositionKind::Learned, 100, 8, 0)));
    keys(&mut app, "G right right");
    assert_eq!(state(&app).cell(), (99, 2));
    let next = generation::<Tabulate>(&key(&mut app, "v"));
    finish::<Tabulate>(&mut app, next, Ok(table(PositionKind::T5, 4, 129, -64)));
    assert_eq!(state(&app).cell(), (3, 64));
}

#[test]
fn a_method_that_a_model_lacks_is_told_until_the_next() {
    let (mut app, effects) = looking();
    let first = generation::<Tabulate>(&effects);
    finish::<Tabulate>(&mut app, first, Err(Failure::Refused("no learned table".into())));
    assert_eq!(state(&app).table_problem.as_deref(), Some("no learned table"));
    keys(&mut app, "j l home G");
    assert_eq!(state(&app).cell(), (0, 0));
    key(&mut app, "v");
    assert!(state(&app).table_problem.is_none());
}

#[test]
fn a_blank_line_asks_nothing() {
    let (mut app, effects) = looking();
    let found = generation::<Experiment>(&effects);
    key(&mut app, "e");
    let effects = key(&mut app, "ctrl-u");
    assert!(matches!(effects.as_slice(), [Effect::Cancel(slot)] if *slot == Experiment::SLOT), "{effects:?}");
    finish::<Experiment>(&mut app, found, Ok(experiments("late")));
    assert!(state(&app).experiments.is_none());
}

#[test]
fn experiments_that_were_cancelled_are_asked_for_by_enter() {
    let (mut app, _) = looking();
    key(&mut app, "e");
    key(&mut app, "x");
    let effects = key(&mut app, "esc");
    assert!(matches!(effects.as_slice(), [Effect::Cancel(slot)] if *slot == Experiment::SLOT), "{effects:?}");
    generation::<Experiment>(&key(&mut app, "enter"));
    assert!(!app.is_typing());
}

#[test]
fn choices_are_kept_for_the_first_model_and_forgotten_for_the_next() {
    let mut app = app();
    app.screen_mut::<Positions>().restore(json!({"method": "T5", "row": 2, "column": -3})).unwrap();
    let opened = generation::<OpenModel>(&key(&mut app, "alt-4"));
    let effects = finish::<OpenModel>(&mut app, opened, Ok(model()));
    let first = generation::<Tabulate>(&effects);
    finish::<Tabulate>(&mut app, first, Ok(table(PositionKind::T5, 4, 129, -64)));
    assert_eq!((state(&app).method(), state(&app).cell()), (PositionKind::T5, (2, 61)));
    let again = generation::<OpenModel>(&key(&mut app, "D"));
    finish::<OpenModel>(&mut app, again, Ok(model()));
    assert_eq!((state(&app).method(), state(&app).cell()), (PositionKind::Learned, (0, 0)));
}

#[test]
fn choices_go_out_and_back_and_what_is_not_understood_is_told() {
    let (mut app, effects) = looking();
    let first = generation::<Tabulate>(&effects);
    finish::<Tabulate>(&mut app, first, Ok(table(PositionKind::Learned, 8, 8, 0)));
    keys(&mut app, "j right e x esc esc v");
    let chosen = state(&app).choices();
    let mut other = Positions::default();
    other.restore(chosen.clone()).unwrap();
    assert_eq!(other.choices(), chosen);
    let error = other.restore(json!({"method": "sundial"})).unwrap_err();
    assert!(error.contains("sundial") && error.contains("rotary"), "{error}");
    assert!(other.restore(json!({"colour": 1})).unwrap_err().contains("colour"));
    assert_eq!(other.choices(), chosen, "nothing is changed by a mistake");
}
