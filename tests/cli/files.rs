//! Commands on vector files as people have them.

use super::{answer, lexiscope};

fn wild(name: &str) -> String {
    format!("{}/tests/fixtures/wild/{name}", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn vector_prints_the_numbers_of_words_and_expressions() {
    let file = wild("at-word.vec");
    assert_eq!(
        answer(&["vector", "king", "@user", "#tag", "--vectors", &file]),
        "king 1 1\n@user 1 2\n#tag 2 1\n"
    );
    assert_eq!(answer(&["vector", "king", "--vectors", &file, "--format", "csv"]), "word,d1,d2\nking,1,1\n");
    let json: serde_json::Value =
        serde_json::from_str(&answer(&["vector", "king + king", "--vectors", &file, "--format", "json"]))
            .unwrap();
    assert!((json["vectors"][0]["vector"][0].as_f64().unwrap() - 0.5_f64.sqrt()).abs() < 1e-7);
    let output = lexiscope().args(["vector", "nobody", "--vectors", &file]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let output =
        lexiscope().args(["vector", "--batch", "-", "--vectors", &file]).write_stdin("king\n#tag\n").output();
    assert_eq!(output.unwrap().stdout, b"king 1 1\n#tag 2 1\n");
}

#[test]
fn text_in_another_encoding_is_read_when_it_is_named() {
    let file = wild("latin1.vec");
    assert_eq!(
        answer(&["vector", "caf\u{e9}", "--vectors", &file, "--encoding", "latin1"]),
        "caf\u{e9} 1 2\n"
    );
    let output = lexiscope().args(["info", &file, "--encoding", "klingon"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn words_of_all_kinds_can_be_asked_for() {
    for (file, word) in [
        ("at-word.vec", "@user"),
        ("at-word.vec", "#tag"),
        ("slash.vec", "/c/en/king"),
        ("numbers-as-words.vec", "12"),
        ("spaced.txt", "New York"),
        ("cased.vec", "Los_Angeles"),
    ] {
        let file = wild(file);
        answer(&["neighbors", word, "--vectors", &file]);
        answer(&["query", word, "--vectors", &file]);
        answer(&["vector", word, "--vectors", &file]);
        answer(&["similarity", word, word, "--vectors", &file]);
    }
    let file = wild("spaced.txt");
    answer(&["query", "'New York' + food", "--vectors", &file]);
    answer(&["query", "\"New York\" + food", "--vectors", &file]);
}

#[test]
fn a_log_file_says_what_was_done() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    answer(&["info", &wild("csv.csv"), "--log", log.to_str().unwrap()]);
    let log = std::fs::read_to_string(log).unwrap();
    assert!(log.contains("opened vectors") && log.contains("csv.csv"), "{log}");
}
