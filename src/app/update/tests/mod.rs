//! Keys in, state and effects out: no terminal, no threads.

mod attention;
mod positions;

use std::time::Duration;

use super::*;
use crate::app::key::KeyCode;
use crate::jobs::answers::{
    Certificate, Neighbour, NeighbourAnswer, Origin, Suggestion, SuggestionKind, VectorStrip,
};
use crate::jobs::{Failure, Outcome};
use crate::vectors::formats::{Flaws, Parts};
use crate::vectors::lookup::Lookup;
use crate::vectors::{Rows, Vocabulary, WordVectors};

fn vectors() -> Arc<WordVectors> {
    let parts = Parts {
        format: "GloVe text".into(),
        vocabulary: Vocabulary::from_words(["king", "queen", "man"]),
        rows: Rows::Owned(ndarray::arr2(&[[1.0_f32, 0.0], [0.9, 0.1], [0.0, 1.0]])),
        subwords: None,
        flaws: Flaws::default(),
    };
    Arc::new(WordVectors::from_parts("test", None, parts))
}

fn key(app: &mut App, text: &str) -> Vec<Effect> {
    handle(app, Message::Key(text.parse().unwrap()))
}

/// Several keys, a space between two.
fn keys(app: &mut App, texts: &str) {
    texts.split(' ').for_each(|text| drop(key(app, text)));
}

fn generation(effects: &[Effect], slot: Slot) -> u64 {
    effects
        .iter()
        .find_map(|effect| match effect {
            Effect::Start { generation, request, .. } if request.slot() == slot => Some(*generation),
            _ => None,
        })
        .unwrap_or_else(|| panic!("no work for {slot:?} among {effects:?}"))
}

fn finish(app: &mut App, slot: Slot, generation: u64, result: Result<Outcome, Failure>) -> Vec<Effect> {
    handle(app, Message::Finished(Finished { slot, generation, result }))
}

/// An application with open vectors.
fn ready() -> App {
    let mut app = App::default();
    let effects = start(&mut app);
    let opened = generation(&effects, Slot::Open);
    let effects = finish(&mut app, Slot::Open, opened, Ok(Outcome::Opened(vectors())));
    let indexed = generation(&effects, Slot::Lookup);
    finish(&mut app, Slot::Lookup, indexed, Ok(Outcome::Indexed(Arc::new(Lookup::build(&vectors())))));
    assert!(!app.is_waiting());
    app
}

fn answer(query: &str, words: &[&str]) -> Outcome {
    let neighbour = |(row, word): (usize, &&str)| Neighbour { row, word: (*word).into(), score: 0.5 };
    Outcome::Neighbours(Box::new(NeighbourAnswer {
        query: query.into(),
        origin: Origin::Row(0),
        neighbours: words.iter().enumerate().map(neighbour).collect(),
        strip: VectorStrip { values: vec![1.0, 0.0], norm: 1.0, extremes: vec![(0, 1.0)] },
        map: None,
        certificate: Certificate::default(),
    }))
}

#[test]
fn every_keystroke_searches_and_overtaken_results_are_dropped() {
    let mut app = ready();
    let first = generation(&key(&mut app, "k"), Slot::Neighbours);
    let second = generation(&key(&mut app, "i"), Slot::Neighbours);
    app.changed = false;
    finish(&mut app, Slot::Neighbours, first, Ok(answer("k", &["late"])));
    assert!(app.words.answer.is_none() && !app.changed);
    finish(&mut app, Slot::Neighbours, second, Ok(answer("ki", &["kin"])));
    assert_eq!(app.words.answer.as_ref().unwrap().query, "ki");
}

#[test]
fn what_is_typed_while_opening_is_asked_once_open() {
    let mut app = App::default();
    let opened = generation(&start(&mut app), Slot::Open);
    assert!(key(&mut app, "k").is_empty());
    let effects = finish(&mut app, Slot::Open, opened, Ok(Outcome::Opened(vectors())));
    generation(&effects, Slot::Neighbours);
}

#[test]
fn the_old_answer_stays_until_the_new_one_is_there() {
    let mut app = ready();
    let first = generation(&key(&mut app, "k"), Slot::Neighbours);
    finish(&mut app, Slot::Neighbours, first, Ok(answer("k", &["old"])));
    app.now = Duration::from_secs(5);
    key(&mut app, "i");
    assert_eq!(app.words.answer.as_ref().unwrap().query, "k");
    assert!(!app.is_late());
    app.now += Duration::from_millis(100);
    assert!(app.is_late());
}

#[test]
fn an_unknown_word_is_told_and_enter_takes_the_first_suggestion() {
    let mut app = ready();
    let mut effects = Vec::new();
    for letter in ["q", "u", "e"] {
        effects = key(&mut app, letter);
    }
    let message = String::from("\"que\" is not among the 3 words");
    let (search, complete) = (generation(&effects, Slot::Neighbours), generation(&effects, Slot::Complete));
    finish(&mut app, Slot::Neighbours, search, Err(Failure::Refused(message.clone())));
    let items = vec![Suggestion { row: 1, word: "queen".into(), kind: SuggestionKind::Prefix }];
    let suggestions = crate::jobs::answers::Suggestions { typed: "que".into(), items, total: 1 };
    finish(&mut app, Slot::Complete, complete, Ok(Outcome::Completed(suggestions)));
    assert_eq!(app.words.unknown.as_ref().unwrap().message, message);
    key(&mut app, "enter");
    assert_eq!((app.words.input.text(), app.words.focus), ("queen", WordsFocus::List));
    assert_eq!(app.words.history, ["queen"]);
}

#[test]
fn history_goes_back_and_forward() {
    let mut app = ready();
    for word in ["king", "queen", "man"] {
        app.go_to_word(word);
    }
    key(&mut app, "[");
    key(&mut app, "[");
    assert_eq!(app.words.input.text(), "king");
    key(&mut app, "[");
    assert!(app.status.as_ref().unwrap().text.contains("nothing to go back to"));
    key(&mut app, "]");
    assert_eq!(app.words.input.text(), "queen");
    app.go_to_word("king");
    assert_eq!(app.words.history, ["king", "queen", "king"]);
}

#[test]
fn esc_cancels_a_search_then_leaves_the_line() {
    let mut app = ready();
    key(&mut app, "k");
    let effects = key(&mut app, "esc");
    assert!(matches!(effects.as_slice(), [Effect::Cancel(Slot::Neighbours)]), "{effects:?}");
    assert!(app.is_typing());
    key(&mut app, "esc");
    assert!(!app.is_typing());
    key(&mut app, "q");
    assert!(app.quit);
}

#[test]
fn opening_can_be_cancelled_and_tells_the_way_out() {
    let mut app = App::new(Some("glove.txt".into()), crate::app::Keymap::default());
    start(&mut app);
    key(&mut app, "esc");
    let effects = key(&mut app, "esc");
    assert!(matches!(effects.as_slice(), [Effect::Cancel(Slot::Open)]));
    let VectorsState::Failed { way_out, .. } = &app.vectors else { panic!("{:?}", app.vectors) };
    assert!(
        way_out.contains("R opens it again") && way_out.contains("D opens the vectors shipped"),
        "{way_out}"
    );
    generation(&key(&mut app, "D"), Slot::Open);
    assert!(app.path.is_none());
}

#[test]
fn a_failed_open_is_on_the_screen() {
    let mut app = App::default();
    let opened = generation(&start(&mut app), Slot::Open);
    finish(&mut app, Slot::Open, opened, Err(Failure::Refused("x.bin: cut short at byte 7".into())));
    let VectorsState::Failed { message, .. } = &app.vectors else { panic!("{:?}", app.vectors) };
    assert_eq!(message, "x.bin: cut short at byte 7");
}

#[test]
fn help_is_text_free_and_closes_by_q() {
    let mut app = ready();
    key(&mut app, "esc");
    key(&mut app, "?");
    assert!(matches!(app.overlay, Some(Overlay::Help { scroll: 0 })));
    key(&mut app, "j");
    assert!(matches!(app.overlay, Some(Overlay::Help { scroll: 1 })));
    key(&mut app, "q");
    assert!(app.overlay.is_none() && !app.quit);
}

#[test]
fn the_palette_runs_commands_and_says_why_not() {
    let mut app = ready();
    key(&mut app, "f2");
    handle(&mut app, Message::Paste("compare".into()));
    key(&mut app, "enter");
    assert!(app.overlay.is_none());
    assert_eq!(app.status.as_ref().unwrap().text, "compare: ask for a word first");
    key(&mut app, "f2");
    handle(&mut app, Message::Paste("screen analogy".into()));
    key(&mut app, "enter");
    assert_eq!(app.screen, Screen::Analogy);
}

#[test]
fn filters_are_read_and_mistakes_are_told_in_the_form() {
    let mut app = ready();
    app.words.input.set("king");
    key(&mut app, "esc");
    key(&mut app, "f");
    handle(&mut app, Message::Paste("10-2".into()));
    key(&mut app, "enter");
    let Some(Overlay::Filter(form)) = &app.overlay else { panic!("closed") };
    assert!(form.error.as_ref().unwrap().contains("ranks"));
    key(&mut app, "ctrl-u");
    handle(&mut app, Message::Paste("1-2".into()));
    key(&mut app, "tab");
    handle(&mut app, Message::Paste("^[a-z]+$".into()));
    let effects = key(&mut app, "enter");
    generation(&effects, Slot::Neighbours);
    assert_eq!(app.words.filter.ranks, Some(0..2));
    assert_eq!(app.words.filter.describe(), "rank 1-2, matches ^[a-z]+$");
}

#[test]
fn an_analogy_is_asked_once_it_is_whole() {
    let mut app = ready();
    key(&mut app, "alt-2");
    for word in ["man", "king"] {
        handle(&mut app, Message::Paste(word.into()));
        assert!(!app.analogy.searching.is_running());
        key(&mut app, "enter");
    }
    let effects = handle(&mut app, Message::Paste("woman".into()));
    generation(&effects, Slot::Analogy);
    assert_eq!(app.analogy.as_expression(), "king - man + woman");
    key(&mut app, "esc");
    key(&mut app, "esc");
    let effects = key(&mut app, "e");
    generation(&effects, Slot::Analogy);
    assert_eq!(app.analogy.expression.text(), "king - man + woman");
}

#[test]
fn bookmarks_history_and_ranks_are_ways_to_go() {
    let mut app = ready();
    app.go_to_word("king");
    app.words.bookmarks.push("man".into());
    let entries = app.go_to_entries("2");
    assert_eq!(entries[0].query, "queen");
    let entries: Vec<_> =
        app.go_to_entries("").into_iter().map(|entry| (entry.query, entry.reason)).collect();
    assert_eq!(entries, [("man".into(), "bookmark".into()), (String::from("king"), String::from("history"))]);
}

#[test]
fn a_panic_of_a_worker_is_told_in_the_status_line() {
    let mut app = ready();
    let search = generation(&key(&mut app, "k"), Slot::Neighbours);
    finish(&mut app, Slot::Neighbours, search, Err(Failure::Panicked("index out of bounds".into())));
    let status = app.status.as_ref().unwrap();
    assert_eq!(status.severity, Severity::Error);
    assert!(status.text.contains("index out of bounds"));
    assert!(!app.words.searching.is_running());
}

#[test]
fn another_size_draws_everything_again() {
    let effects = handle(&mut ready(), Message::Redraw);
    assert!(matches!(effects.as_slice(), [Effect::Redraw]), "{effects:?}");
}

#[test]
fn keys_without_a_meaning_change_nothing() {
    let mut app = ready();
    key(&mut app, "esc");
    app.changed = false;
    assert!(key(&mut app, "Z").is_empty());
    assert!(handle(&mut app, Message::Tick).is_empty());
    assert!(!app.changed);
    assert_eq!(KeyCode::Char('Z'), "Z".parse::<Key>().unwrap().code);
}
