//! The command `lab`: its list, its answers, and what it refuses.

use assert_cmd::Command;
use lexiscope::lab::experiments::ALL;
use serde_json::Value;

fn lab(arguments: &[&str]) -> std::process::Output {
    let mut command = Command::cargo_bin("lexiscope").expect("the binary");
    command.arg("lab").args(arguments).output().expect("runs")
}

fn json(arguments: &[&str]) -> Value {
    let output = lab(&[arguments, &["--format", "json"]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn the_list_has_every_experiment_with_its_question() {
    let listed = json(&["--list"]);
    let names: Vec<&str> = listed["experiments"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|experiment| {
            assert!(experiment["question"].as_str().is_some_and(|question| question.ends_with('?')));
            experiment["name"].as_str().expect("a name")
        })
        .collect();
    let wanted = [
        "recall",
        "influence",
        "sequential",
        "order",
        "extrapolation",
        "sinks",
        "simplified",
        "hybrid",
        "hunger",
        "importance",
        "explanation",
        "induction",
        "resources",
        "kinds",
    ];
    assert_eq!(names, wanted);
    assert_eq!(ALL.len(), wanted.len());
}

#[test]
fn an_answer_names_what_was_asked_and_the_same_seed_gives_the_same() {
    let ask = || json(&["recall", "--budget", "2", "--seed", "5"]);
    let first = ask();
    assert_eq!(
        (&first["experiment"], &first["seed"], &first["budget"]),
        (&"recall".into(), &5.into(), &2.into())
    );
    let rows = first["rows"].as_array().expect("rows");
    assert_eq!(rows.len(), 6 * 5);
    for row in rows {
        let network = row["network"].as_str().expect("a network");
        assert!(["rnn", "gru", "lstm", "lstm-forget-3", "hybrid", "transformer"].contains(&network));
        assert!([5, 10, 20, 50, 100].contains(&row["distance"].as_u64().expect("a distance")));
        assert!(row["accuracy"].as_f64().is_some_and(|accuracy| (0.0..=1.0).contains(&accuracy)));
        assert_eq!(row["steps"], 2);
    }
    assert_eq!(first, ask());
}

#[test]
fn other_formats_have_the_same_rows() {
    let json = json(&["resources", "--budget", "128"]);
    let rows = json["rows"].as_array().expect("rows").len();
    assert_eq!((json["model"].as_str(), rows), (Some("minilm-l6"), 4 * 2));
    let csv = lab(&["resources", "--budget", "128", "--format", "csv"]);
    let csv = String::from_utf8(csv.stdout).expect("UTF-8");
    assert_eq!(csv.lines().count(), rows + 1);
    assert!(csv.starts_with("setting,tokens,"), "{csv}");
    let plain = lab(&["resources", "--budget", "128"]);
    let plain = String::from_utf8(plain.stdout).expect("UTF-8");
    assert!(plain.contains("What does a longer text cost") && plain.contains("Vaswani"), "{plain}");
}

#[test]
fn what_cannot_be_run_is_refused_with_a_reason() {
    for (arguments, expected) in [
        (&["sense"][..], "sense"),
        (&["recall", "--budget", "0"], "--budget"),
        (&["recall", "--budget", "100001"], "at most 100000 steps"),
        (&[], "NAME"),
    ] {
        let output = lab(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(error.contains(expected), "{arguments:?}: {error}");
    }
    let mut command = Command::cargo_bin("lexiscope").expect("the binary");
    let output = command.args(["--model", "minilm-l6", "lab", "recall"]).output().expect("runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no effect"));
    let mut command = Command::cargo_bin("lexiscope").expect("the binary");
    let output = command.args(["--model", "minilm-l6", "lab", "sinks"]).output().expect("runs");
    assert_eq!(output.status.code(), Some(1));
}
