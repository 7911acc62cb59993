//! The screen Lab: an experiment that takes a second, shown, written and shown again.

use lexiscope::lab::outcome::Outcome;
use lexiscope::screens::lab::View;
use serde_json::Value;

use crate::look::Look;
use crate::{Played, Start};

fn look(script: &str) -> Played {
    Start::on_model(None).play(&format!("<alt-6>{script}"))
}

#[test]
fn every_experiment_says_what_it_is_before_it_runs() {
    let first = look("");
    first.shows("After how many words does a network forget the first one?");
    first.shows("not run yet");
    first.shows("Khandelwal");
    let last = look("<end>");
    last.shows("What are vector to sequence");
    assert_eq!(last.app.lab().chosen.experiment, "kinds");
}

#[test]
fn an_experiment_runs_and_its_rows_are_seen() {
    let played = look("jjj<enter>");
    played.shows("without_positions".replace("without", "with").as_str());
    played.shows("done");
    let outcome = played.app.lab().shown().expect("rows").clone();
    assert_eq!(outcome.rows.len(), 9);
    let rows = look("jjj<enter>v");
    assert_eq!(rows.app.lab().chosen.view, View::Rows);
    rows.shows("without positions");
    rows.shows("the dog bit the man");
}

#[test]
fn what_came_out_is_written_and_read_again() {
    let played = look("jjj<enter>w<ctrl-u>order.json<enter>");
    let (name, text) = played.notes.saved.first().expect("a file");
    assert_eq!(name, "order.json");
    let written: Value = serde_json::from_str(text).expect("JSON");
    let columns = ["sentence", "order", "shuffled", "with_positions", "without_positions"];
    let read = Outcome::from_json(&written, &columns).expect("an outcome");
    assert_eq!(read.rows.len(), 9);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("order.json");
    std::fs::write(&path, text).expect("written");
    let shown = look(&format!(":<paste:show a file><enter><paste:{}><enter>", path.display()));
    shown.shows("from before");
    assert_eq!(shown.app.lab().shown(), Some(&read));
    let missing = look(":<paste:show a file><enter><paste:/nowhere.json><enter>");
    assert!(missing.status().contains("/nowhere.json"), "{}", missing.status());
}

#[test]
fn a_run_that_is_stopped_at_once_says_so() {
    let stopped = look("{<enter><esc>}");
    assert!(stopped.status().contains("stopped"), "{}", stopped.status());
    assert!(!stopped.app.lab().is_running());
}
