//! Keys in, state and effects out: the screen *Words*, and the frame around it.

use std::time::Duration;

use super::state::{Focus, Words};
use super::work::{Complete, FindNeighbours};
use crate::app::{App, Effect, Message, OpenVectors, Opened, Overlay, Screen, Severity};
use crate::jobs::{Failure, Job};
use crate::screens;
use crate::screens::testing::{self, finish, generation, key, paste, ready};
use crate::vectors::explain::{
    Certificate, Neighbour, NeighbourAnswer, Origin, Suggestion, SuggestionKind, Suggestions, VectorStrip,
};

fn words(app: &App) -> &Words {
    app.screen()
}

fn go_to(app: &mut App, word: &str) {
    let App { screens, frame, .. } = app;
    screens.get_mut::<Words>().unwrap().go_to(word, frame);
}

fn answer(query: &str, words: &[&str]) -> NeighbourAnswer {
    let neighbour = |(row, word): (usize, &&str)| Neighbour { row, word: (*word).into(), score: 0.5 };
    NeighbourAnswer {
        query: query.into(),
        origin: Origin::Row(0),
        neighbours: words.iter().enumerate().map(neighbour).collect(),
        strip: VectorStrip { values: vec![1.0, 0.0], norm: 1.0, extremes: vec![(0, 1.0)] },
        map: None,
        certificate: Certificate::default(),
    }
}

#[test]
fn every_keystroke_searches_and_overtaken_results_are_dropped() {
    let mut app = ready();
    let first = generation::<FindNeighbours>(&key(&mut app, "k"));
    let second = generation::<FindNeighbours>(&key(&mut app, "i"));
    app.frame.changed = false;
    finish::<FindNeighbours>(&mut app, first, Ok(answer("k", &["late"])));
    assert!(words(&app).answer.is_none() && !app.frame.changed);
    finish::<FindNeighbours>(&mut app, second, Ok(answer("ki", &["kin"])));
    assert_eq!(words(&app).answer.as_ref().unwrap().query, "ki");
}

#[test]
fn what_is_typed_while_opening_is_asked_once_open() {
    let mut app = testing::app();
    let opened = generation::<OpenVectors>(&app.start());
    assert!(key(&mut app, "k").is_empty());
    let effects = finish::<OpenVectors>(&mut app, opened, Ok(testing::vectors()));
    generation::<FindNeighbours>(&effects);
}

#[test]
fn the_old_answer_stays_until_the_new_one_is_there() {
    let mut app = ready();
    let first = generation::<FindNeighbours>(&key(&mut app, "k"));
    finish::<FindNeighbours>(&mut app, first, Ok(answer("k", &["old"])));
    app.frame.now = Duration::from_secs(5);
    key(&mut app, "i");
    assert_eq!(words(&app).answer.as_ref().unwrap().query, "k");
    assert!(!app.frame.anything_late());
    app.frame.now += Duration::from_millis(100);
    assert!(app.frame.anything_late());
}

#[test]
fn an_unknown_word_is_told_and_enter_takes_the_first_suggestion() {
    let mut app = ready();
    let mut effects = Vec::new();
    for letter in ["q", "u", "e"] {
        effects = key(&mut app, letter);
    }
    let message = String::from("\"que\" is not among the 3 words");
    let (search, complete) = (generation::<FindNeighbours>(&effects), generation::<Complete>(&effects));
    finish::<FindNeighbours>(&mut app, search, Err(Failure::Refused(message.clone())));
    let items = vec![Suggestion { row: 1, word: "queen".into(), kind: SuggestionKind::Prefix }];
    let suggestions = Suggestions { typed: "que".into(), range: 0..3, items, total: 1 };
    finish::<Complete>(&mut app, complete, Ok(suggestions));
    assert_eq!(words(&app).unknown.as_ref().unwrap().message, message);
    key(&mut app, "enter");
    let chosen = &words(&app).chosen;
    assert_eq!((chosen.input.text(), chosen.focus), ("queen", Focus::List));
    assert_eq!(chosen.history, ["queen"]);
}

#[test]
fn history_goes_back_and_forward() {
    let mut app = ready();
    for word in ["king", "queen", "man"] {
        go_to(&mut app, word);
    }
    key(&mut app, "[");
    key(&mut app, "[");
    assert_eq!(words(&app).chosen.input.text(), "king");
    key(&mut app, "[");
    assert!(app.frame.status.as_ref().unwrap().text.contains("nothing to go back to"));
    key(&mut app, "]");
    assert_eq!(words(&app).chosen.input.text(), "queen");
    go_to(&mut app, "king");
    assert_eq!(words(&app).chosen.history, ["king", "queen", "king"]);
}

#[test]
fn esc_cancels_a_search_then_leaves_the_line() {
    let mut app = ready();
    key(&mut app, "k");
    let effects = key(&mut app, "esc");
    assert!(
        matches!(effects.as_slice(), [Effect::Cancel(slot)] if *slot == FindNeighbours::SLOT),
        "{effects:?}"
    );
    assert!(app.is_typing());
    key(&mut app, "esc");
    assert!(!app.is_typing());
    key(&mut app, "q");
    assert!(app.frame.quit);
}

#[test]
fn opening_can_be_cancelled_and_tells_the_way_out() {
    let mut app = App::new(screens::all(), Some("glove.txt".into()));
    app.start();
    key(&mut app, "esc");
    let effects = key(&mut app, "esc");
    assert!(matches!(effects.as_slice(), [Effect::Cancel(slot)] if *slot == OpenVectors::SLOT));
    let Opened::Failed { way_out, .. } = &app.frame.vectors else { panic!("{:?}", app.frame.vectors) };
    assert!(
        way_out.contains("R opens it again") && way_out.contains("D opens the vectors shipped"),
        "{way_out}"
    );
    generation::<OpenVectors>(&key(&mut app, "D"));
    assert!(app.frame.path.is_none());
}

#[test]
fn a_failed_open_is_on_the_screen() {
    let mut app = testing::app();
    let opened = generation::<OpenVectors>(&app.start());
    finish::<OpenVectors>(&mut app, opened, Err(Failure::Refused("x.bin: cut short at byte 7".into())));
    let Opened::Failed { message, .. } = &app.frame.vectors else { panic!("{:?}", app.frame.vectors) };
    assert_eq!(message, "x.bin: cut short at byte 7");
}

#[test]
fn help_is_text_free_and_closes_by_q() {
    let mut app = ready();
    key(&mut app, "esc");
    key(&mut app, "?");
    assert!(matches!(app.frame.overlay, Some(Overlay::Help { scroll: 0 })));
    key(&mut app, "j");
    assert!(matches!(app.frame.overlay, Some(Overlay::Help { scroll: 1 })));
    key(&mut app, "q");
    assert!(app.frame.overlay.is_none() && !app.frame.quit);
}

#[test]
fn the_palette_runs_commands_and_says_why_not() {
    let mut app = ready();
    key(&mut app, "f2");
    paste(&mut app, "compare");
    key(&mut app, "enter");
    assert!(app.frame.overlay.is_none());
    assert_eq!(app.frame.status.as_ref().unwrap().text, "compare: ask for a word first");
    key(&mut app, "f2");
    paste(&mut app, "screen analogy");
    key(&mut app, "enter");
    assert_eq!(app.screens.place().id, "analogy");
}

#[test]
fn filters_are_read_and_mistakes_are_told_in_the_form() {
    let mut app = ready();
    app.screen_mut::<Words>().chosen.input.set("king");
    key(&mut app, "esc");
    key(&mut app, "f");
    paste(&mut app, "10-2");
    key(&mut app, "enter");
    let Some(Overlay::Form(form)) = &app.frame.overlay else { panic!("closed") };
    assert!(form.error.as_ref().unwrap().contains("ranks"));
    key(&mut app, "ctrl-u");
    paste(&mut app, "1-2");
    key(&mut app, "tab");
    paste(&mut app, "^[a-z]+$");
    let effects = key(&mut app, "enter");
    generation::<FindNeighbours>(&effects);
    assert_eq!(words(&app).chosen.filter.ranks, Some(0..2));
    assert_eq!(words(&app).chosen.filter.describe(), "rank 1-2, matches ^[a-z]+$");
}

#[test]
fn bookmarks_history_and_ranks_are_ways_to_go() {
    let mut app = ready();
    go_to(&mut app, "king");
    app.screen_mut::<Words>().chosen.bookmarks.push("man".into());
    let entries = words(&app).places_to_go("2", &app.frame);
    assert_eq!(entries[0].text, "queen");
    let entries: Vec<_> = words(&app)
        .places_to_go("", &app.frame)
        .into_iter()
        .map(|entry| (entry.text, entry.reason))
        .collect();
    assert_eq!(entries, [("man".into(), "bookmark".into()), (String::from("king"), String::from("history"))]);
}

#[test]
fn a_panic_of_a_worker_is_told_in_the_status_line() {
    let mut app = ready();
    let search = generation::<FindNeighbours>(&key(&mut app, "k"));
    finish::<FindNeighbours>(&mut app, search, Err(Failure::Panicked("index out of bounds".into())));
    let status = app.frame.status.as_ref().unwrap();
    assert_eq!(status.severity, Severity::Error);
    assert!(status.text.contains("index out of bounds"));
    assert!(!app.frame.is_running(FindNeighbours::SLOT));
}

#[test]
fn another_size_draws_everything_again() {
    let effects = ready().handle(Message::Redraw);
    assert!(matches!(effects.as_slice(), [Effect::Redraw]), "{effects:?}");
}

#[test]
fn keys_without_a_meaning_change_nothing() {
    let mut app = ready();
    key(&mut app, "esc");
    app.frame.changed = false;
    assert!(key(&mut app, "Z").is_empty());
    assert!(app.handle(Message::Tick).is_empty());
    assert!(!app.frame.changed);
    assert_eq!(crate::app::key::KeyCode::Char('Z'), "Z".parse::<crate::app::key::Key>().unwrap().code);
}

#[test]
fn what_was_chosen_can_be_kept_and_gone_back_to() {
    let mut app = ready();
    for word in ["king", "queen"] {
        go_to(&mut app, word);
    }
    app.screen_mut::<Words>().chosen.bookmarks.push("man".into());
    let kept = words(&app).choices();
    let mut other = ready();
    other.screen_mut::<Words>().restore(kept.clone()).unwrap();
    assert_eq!(words(&other).choices(), kept);
    assert_eq!(words(&other).chosen.history, ["king", "queen"]);
    let unknown = serde_json::json!({"bookmark": ["man"]});
    let error = other.screen_mut::<Words>().restore(unknown).unwrap_err();
    assert!(error.contains("bookmark"), "{error}");
    assert_eq!(words(&other).choices(), kept, "nothing is changed by what is not understood");
}
