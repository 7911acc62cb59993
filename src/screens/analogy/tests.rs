//! Keys, clicks and results in, state and effects out.

use serde_json::json;

use super::state::{Analogy, Focus};
use super::work::SolveAnalogy;
use crate::app::{App, Effect, OpenVectors, Screen};
use crate::jobs::{Failure, Job};
use crate::screens::testing::{app, finish, generation, key, paste, ready, vectors};
use crate::vectors::explain::{AnalogyAnswer, Certificate, Neighbour};

fn answer(expression: &str, add: &[&str], multiply: &[&str]) -> AnalogyAnswer {
    let list = |words: &[&str]| -> Vec<Neighbour> {
        let words = words.iter().enumerate();
        words.map(|(row, word)| Neighbour { row, word: (*word).into(), score: 0.5 }).collect()
    };
    AnalogyAnswer {
        expression: expression.into(),
        add: list(add),
        multiply: list(multiply),
        add_with_asked: list(add),
        multiply_with_asked: list(multiply),
        rank_without_offset: None,
        parallelogram: None,
        explanations: Vec::new(),
        certificate: Certificate::default(),
    }
}

fn state(app: &App) -> &Analogy {
    app.screen()
}

/// On the screen, with open vectors.
fn looking() -> App {
    let mut app = ready();
    key(&mut app, "alt-2");
    app
}

/// The same, with an answer.
pub(super) fn answered(add: &[&str], multiply: &[&str]) -> App {
    let mut app = looking();
    paste(&mut app, "man");
    key(&mut app, "enter");
    paste(&mut app, "king");
    key(&mut app, "enter");
    let asked = generation::<SolveAnalogy>(&paste(&mut app, "woman"));
    finish::<SolveAnalogy>(&mut app, asked, Ok(answer("king - man + woman", add, multiply)));
    app
}

#[test]
fn an_analogy_is_asked_once_it_is_whole() {
    let mut app = looking();
    for word in ["man", "king"] {
        paste(&mut app, word);
        assert!(!app.frame.is_running(SolveAnalogy::SLOT));
        key(&mut app, "enter");
    }
    generation::<SolveAnalogy>(&paste(&mut app, "woman"));
    assert_eq!(state(&app).as_expression(), "king - man + woman");
    key(&mut app, "esc");
    key(&mut app, "esc");
    generation::<SolveAnalogy>(&key(&mut app, "e"));
    assert_eq!(state(&app).chosen.expression.text(), "king - man + woman");
}

#[test]
fn what_is_typed_while_opening_is_asked_once_open() {
    let mut app = app();
    let opened = generation::<OpenVectors>(&app.start());
    for text in ["alt-2", "a", "tab", "b", "tab", "c"] {
        key(&mut app, text);
    }
    assert!(!app.frame.is_running(SolveAnalogy::SLOT));
    generation::<SolveAnalogy>(&finish::<OpenVectors>(&mut app, opened, Ok(vectors())));
}

#[test]
fn esc_cancels_a_search_then_leaves_the_line() {
    let mut app = looking();
    app.screen_mut::<Analogy>().restore(json!({"fields": ["man", "king", ""]})).unwrap();
    for text in ["tab", "tab", "x"] {
        key(&mut app, text);
    }
    let effects = key(&mut app, "esc");
    assert!(
        matches!(effects.as_slice(), [Effect::Cancel(slot)] if *slot == SolveAnalogy::SLOT),
        "{effects:?}"
    );
    assert!(app.is_typing());
    key(&mut app, "esc");
    assert_eq!(state(&app).chosen.focus, Focus::Add);
}

#[test]
fn a_question_without_an_answer_keeps_the_old_one_and_says_why() {
    let mut app = answered(&["queen"], &[]);
    let asked = generation::<SolveAnalogy>(&key(&mut app, "x"));
    finish::<SolveAnalogy>(&mut app, asked, Err(Failure::Refused("no such word".into())));
    assert_eq!(state(&app).problem.as_deref(), Some("no such word"));
    assert!(state(&app).answer.is_some());
}

#[test]
fn enter_on_an_answer_goes_to_the_screen_that_looks_at_it() {
    let mut app = answered(&["queen", "king"], &["queen"]);
    for text in ["enter", "down", "enter"] {
        key(&mut app, text);
    }
    assert_ne!(app.screens.place(), Analogy::PLACE);
    assert!(app.screens.front().choices().to_string().contains("\"king\""));
}

#[test]
fn the_list_of_a_product_is_gone_to_only_where_there_is_one() {
    let mut app = answered(&["queen"], &[]);
    key(&mut app, "esc");
    key(&mut app, "right");
    assert!(app.frame.status.as_ref().unwrap().text.contains("3CosMul has no answers here"));
    assert_eq!(state(&app).chosen.focus, Focus::Add);
    let mut app = answered(&["queen"], &["king"]);
    key(&mut app, "esc");
    key(&mut app, "right");
    assert_eq!(state(&app).selected_neighbour().unwrap().word, "king");
}

#[test]
fn choices_go_out_and_back_and_what_is_not_understood_is_told() {
    let mut app = answered(&["queen", "king"], &["queen", "man"]);
    for text in ["enter", "right", "down", "a"] {
        key(&mut app, text);
    }
    let chosen = state(&app).choices();
    assert_eq!(chosen["focus"], json!("multiply"));
    let mut other = Analogy::default();
    other.restore(chosen.clone()).unwrap();
    assert_eq!(other.choices(), chosen);
    for wrong in [json!({"focus": {"field": 3}}), json!({"colour": 1}), json!({"free": true})] {
        assert!(other.restore(wrong).is_err());
    }
    assert_eq!(other.choices(), chosen, "nothing is changed by a mistake");
}
