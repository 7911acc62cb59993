//! Many questions at once: every line is answered as it would be alone.

use serde_json::Value;

use super::{json, lexiscope, stderr};

/// The answers to `lines`, the exit code and what stderr says.
fn batch(arguments: &[&str], lines: &str) -> (Vec<Value>, i32, String) {
    let output = lexiscope().args(arguments).args(["--format", "jsonl"]).write_stdin(lines).output().unwrap();
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    let answers = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (answers, output.status.code().unwrap(), stderr(&output))
}

#[test]
fn every_line_is_answered_as_it_would_be_alone() {
    let single = |command: &str, words: &[&str]| json(&[&[command], words].concat());
    let (answers, code, errors) = batch(&["neighbors", "-", "-k", "3"], "king\nqueen\r\nfrance");
    assert_eq!((code, errors.as_str()), (0, ""));
    let expected = ["king", "queen", "france"].map(|word| single("neighbors", &[word, "-k", "3"]));
    assert_eq!(answers, expected);
    for method in ["3cosadd", "3cosmul", "pair-direction"] {
        let (answers, ..) =
            batch(&["analogy", "--batch", "-", "--method", method], "man king woman\nparis\tfrance\trome\n");
        let expected = [["man", "king", "woman"], ["paris", "france", "rome"]]
            .map(|words| single("analogy", &[&words[..], &["--method", method]].concat()));
        assert_eq!(answers, expected, "{method}");
    }
    let (answers, ..) = batch(&["query", "-", "--include-query"], "king - man + woman\n2 * paris\n");
    let expected =
        ["king - man + woman", "2 * paris"].map(|text| single("query", &[text, "--include-query"]));
    assert_eq!(answers, expected);
    let (answers, ..) = batch(&["similarity", "-"], "king queen\nking king\n");
    assert_eq!(answers, [single("similarity", &["king", "queen"]), single("similarity", &["king", "king"])]);
}

#[test]
fn a_model_is_opened_once_for_all_texts() {
    let texts = ["the cat sat", "dogs bark at night"];
    let lines = texts.join("\n");
    let attend = ["attend", "--layer", "0", "--head", "2"];
    let (answers, code, _) = batch(&[&attend[..], &["--batch", "-"]].concat(), &lines);
    assert_eq!(answers, texts.map(|text| json(&[&attend[..], &[text]].concat())));
    assert_eq!(code, 0);
    let (answers, ..) = batch(&["predict", "-k", "2", "--batch", "-"], &lines);
    assert_eq!(answers, texts.map(|text| json(&["predict", "-k", "2", text])));
}

#[test]
fn a_line_without_an_answer_says_why_and_stops_no_other() {
    let (answers, code, errors) = batch(&["neighbors", "-", "-k", "1"], "king\nqueeen\n\nfrance\n");
    assert_eq!(code, 1);
    assert!(errors.contains("no answer to 2 of 4 questions"), "{errors}");
    assert_eq!(answers[1]["query"], "queeen");
    assert!(answers[1]["error"].as_str().unwrap().contains("\"queeen\" is not among"), "{}", answers[1]);
    assert!(answers[1]["hint"].as_str().unwrap().contains("queen"), "{}", answers[1]);
    assert!(answers[2]["error"].is_string(), "{}", answers[2]);
    assert_eq!(answers[3]["query"], "france");
    let (answers, code, _) = batch(&["analogy", "-"], "man king\nman king woman\n");
    assert_eq!((answers[0]["error"].as_str(), code), (Some("expected 3 words, found 2"), 1));
    assert_eq!(answers[1]["results"][0]["word"], "queen");
    let (answers, code, _) = batch(&["attend", "--batch", "-", "--layer", "99"], "the cat\n");
    assert!(answers[0]["error"].as_str().unwrap().contains("99") && code == 1, "{}", answers[0]);
    let (answers, code, _) = batch(&["predict", "--batch", "-"], "");
    assert_eq!((answers.len(), code), (0, 0));
}

#[test]
fn people_get_a_block_a_line() {
    let output =
        lexiscope().args(["neighbors", "-", "-k", "1"]).write_stdin("king\nqueeen\n").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let mut blocks = text.split("\n\n");
    assert!(blocks.next().unwrap().starts_with("query  king\nrank  word"), "{text}");
    assert!(blocks.next().unwrap().starts_with("query  queeen\nerror  \"queeen\" is not"), "{text}");
}

#[test]
fn what_does_not_go_together_is_refused() {
    let refused = |arguments: &[&str], wanted: &str| {
        let output = lexiscope().args(arguments).write_stdin("king\n").output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(stderr(&output).contains(wanted), "{arguments:?}: {}", stderr(&output));
    };
    refused(&["neighbors", "--batch", "-", "--format", "csv"], "one answer only");
    refused(&["neighbors", "king", "--batch", "-"], "cannot be used with");
    refused(&["neighbors", "--batch", "-", "--explain"], "cannot be used with");
    refused(&["attend", "the cat", "--batch", "-"], "--batch has texts of its own");
    refused(&["analogy", "man", "king"], "expected 3 words, found 2");
    let output = lexiscope().args(["query", "--batch", "/nowhere/at/all"]).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(stderr(&output).contains("/nowhere/at/all"), "{}", stderr(&output));
}
