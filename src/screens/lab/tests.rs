//! What the screen *Lab* does with keys and with what its work tells.

use super::state::{Ending, Lab, View};
use super::work::{Conduct, Show, Shown};
use crate::app::overlay::Form;
use crate::app::{App, Effect, Message, Overlay};
use crate::jobs::Failure;
use crate::lab::experiments::ALL;
use crate::lab::outcome::{Cell, News, Outcome, Point};
use crate::screens::testing::{app, finish, generation, key, note};
use crate::screens::tests::drawn_at_all_sizes;

/// With the screen in front.
fn in_the_lab() -> App {
    let mut app = app();
    let index = app.screens.iter().position(|screen| screen.place().id == "lab").expect("the screen");
    key(&mut app, &format!("alt-{}", index + 1));
    assert_eq!(app.screens.place().id, "lab");
    app
}

fn row(network: &str, distance: u64, accuracy: f64) -> Vec<Cell> {
    vec![Cell::Text(network.into()), Cell::Count(distance), Cell::Number(accuracy), Cell::Count(50)]
}

fn outcome() -> Outcome {
    let columns = ALL[0].card().columns.iter().map(|&column| column.to_owned()).collect();
    let mut outcome =
        Outcome { experiment: "recall".into(), seed: 1, budget: 1500, columns, ..Outcome::default() };
    for news in [
        point(0.3),
        News::Row(row("rnn", 5, 0.25)),
        News::Row(row("gru", 5, 1.0)),
        News::Row(row("rnn", 10, 0.0625)),
    ] {
        outcome.add(news);
    }
    outcome
}

fn lab(app: &App) -> &Lab {
    app.screen::<Lab>()
}

#[test]
fn enter_runs_what_is_chosen_and_rows_come_one_after_the_other() {
    let mut app = in_the_lab();
    let run = generation::<Conduct>(&key(&mut app, "enter"));
    assert_eq!(lab(&app).running.as_ref().map(|running| running.name), Some("recall"));
    note::<Conduct>(&mut app, run, News::Row(row("rnn", 5, 0.25)));
    assert_eq!(lab(&app).shown().map(|outcome| outcome.rows.len()), Some(1));
    key(&mut app, "j");
    assert_eq!(lab(&app).card().name, "influence");
    assert!(lab(&app).shown().is_none(), "what runs is another experiment");
    finish::<Conduct>(&mut app, run, Ok(outcome()));
    assert!(!lab(&app).is_running());
    key(&mut app, "k");
    assert_eq!(lab(&app).shown(), Some(&outcome()));
}

#[test]
fn escape_stops_and_keeps_what_came_out() {
    let mut app = in_the_lab();
    let run = generation::<Conduct>(&key(&mut app, "enter"));
    note::<Conduct>(&mut app, run, News::Row(row("rnn", 5, 0.25)));
    let effects = key(&mut app, "esc");
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Cancel(_))), "{effects:?}");
    assert_eq!(lab(&app).results["recall"].ending, Ending::Stopped);
    assert_eq!(lab(&app).shown().map(|outcome| outcome.rows.len()), Some(1));
    let again = generation::<Conduct>(&key(&mut app, "enter"));
    key(&mut app, "esc");
    finish::<Conduct>(&mut app, again, Ok(outcome()));
    assert_eq!(lab(&app).results["recall"].outcome.rows.len(), 1, "what comes late is not taken");
}

#[test]
fn what_cannot_run_says_why() {
    let mut app = in_the_lab();
    let run = generation::<Conduct>(&key(&mut app, "enter"));
    finish::<Conduct>(&mut app, run, Err(Failure::Refused("no heads".into())));
    assert_eq!(lab(&app).problems["recall"], "no heads");
    generation::<Conduct>(&key(&mut app, "enter"));
    assert!(lab(&app).problems.is_empty());
}

fn fill(app: &mut App, index: usize, text: &str) {
    let Some(Overlay::Form(form)) = &mut app.frame.overlay else { panic!("a form") };
    form.fields[index].line.set(text);
}

fn form(app: &App) -> Option<&Form> {
    match &app.frame.overlay {
        Some(Overlay::Form(form)) => Some(form),
        _ => None,
    }
}

#[test]
fn seed_and_budget_are_asked_for_and_wrong_ones_are_told() {
    let mut app = in_the_lab();
    key(&mut app, "b");
    fill(&mut app, 0, "7");
    fill(&mut app, 1, "0");
    key(&mut app, "enter");
    assert!(form(&app).is_some_and(|form| form.error.is_some()), "a budget of 0");
    fill(&mut app, 1, "many");
    key(&mut app, "enter");
    assert!(form(&app).is_some_and(|form| form.error.as_ref().is_some_and(|error| error.contains("many"))));
    fill(&mut app, 1, "300");
    key(&mut app, "enter");
    assert!(form(&app).is_none());
    assert_eq!((lab(&app).chosen.seed, lab(&app).budget()), (7, 300));
}

#[test]
fn results_are_written_and_remembered() {
    let mut app = in_the_lab();
    let run = generation::<Conduct>(&key(&mut app, "enter"));
    finish::<Conduct>(&mut app, run, Ok(outcome()));
    for (name, expected) in [
        ("a.csv", "network,distance,accuracy,steps\nrnn,5,0.250000,50\n"),
        ("a.json", "\"experiment\": \"recall\""),
        ("a.svg", "<polyline"),
    ] {
        key(&mut app, "w");
        fill(&mut app, 0, name);
        let effects = key(&mut app, "enter");
        let saved = effects.iter().find_map(|effect| match effect {
            Effect::Save { text, .. } => Some(text),
            _ => None,
        });
        assert!(saved.is_some_and(|text| text.contains(expected)), "{name}: {saved:?}");
    }
    key(&mut app, "w");
    fill(&mut app, 0, "a.txt");
    key(&mut app, "enter");
    assert!(form(&app).is_some_and(|form| form.error.is_some()));
    let front = app.screens.front();
    let memory = front.memory();
    let mut other = Lab::default();
    other.remember_results(&memory).unwrap();
    assert_eq!(other.results["recall"].outcome, outcome());
    assert!(other.remember_results(&serde_json::json!([{"experiment": "recall"}])).is_err());
    other.remember_results(&serde_json::json!([{"experiment": "gone"}])).unwrap();
    assert_eq!(other.results.len(), 1);
}

#[test]
fn a_run_is_shown_once_more() {
    let mut app = in_the_lab();
    let run = generation::<Conduct>(&key(&mut app, "enter"));
    finish::<Conduct>(&mut app, run, Ok(outcome()));
    let show = generation::<Show>(&key(&mut app, "a"));
    assert_eq!(lab(&app).shown().map(|outcome| outcome.rows.len()), Some(0));
    note::<Show>(&mut app, show, Shown::Begins(outcome()));
    note::<Show>(&mut app, show, Shown::Goes(News::Row(row("rnn", 5, 0.25))));
    assert_eq!(lab(&app).shown().map(|outcome| outcome.rows.len()), Some(1));
    finish::<Show>(&mut app, show, Ok(outcome()));
    assert_eq!(lab(&app).shown(), Some(&outcome()));
    assert_eq!(lab(&app).results["recall"].ending, Ending::Done);
}

fn point(value: f64) -> News {
    News::Point(Point { curve: "rnn 5".into(), measure: "accuracy".into(), at: 50, value })
}

#[test]
fn views_go_round_and_experiments_without_curves_have_two() {
    let mut app = in_the_lab();
    let mut seen = Vec::new();
    for _ in 0..4 {
        seen.push(lab(&app).chosen.view);
        key(&mut app, "v");
    }
    assert_eq!(seen, [View::Table, View::Rows, View::Curves, View::Table]);
    app.handle(Message::Tick);
}

#[test]
fn every_view_is_drawn_at_every_size() {
    let mut app = in_the_lab();
    assert!(drawn_at_all_sizes(&app).contains("not run yet"));
    let run = generation::<Conduct>(&key(&mut app, "enter"));
    assert!(drawn_at_all_sizes(&app).contains("runs, 0 %"));
    note::<Conduct>(&mut app, run, point(0.3));
    assert!(drawn_at_all_sizes(&app).contains("a rnn 5 0.30"), "the curve before the first row");
    finish::<Conduct>(&mut app, run, Ok(outcome()));
    let table = drawn_at_all_sizes(&app);
    assert!(table.contains("a rnn") && table.contains("b gru") && table.contains("0.062"), "{table}");
    key(&mut app, "v");
    assert!(drawn_at_all_sizes(&app).contains("accuracy  steps"));
    key(&mut app, "v");
    assert!(drawn_at_all_sizes(&app).contains("step 50"));
    key(&mut app, "b");
    key(&mut app, "7");
    drawn_at_all_sizes(&app);
}
