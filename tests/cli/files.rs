//! Commands on vector files as people have them.

use super::{answer, golden, json, lexiscope};

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
    let log = folder.path().join("pass");
    answer(&["heads", "the cat sat", "--log", log.to_str().unwrap()]);
    let log = std::fs::read_to_string(log).unwrap();
    assert!(log.contains("passed") && log.contains("BERT"), "{log}");
    let log = folder.path().join("refusal");
    let refused = ["neighbors", "nobodyxyz", "--log", log.to_str().unwrap()];
    assert_eq!(lexiscope().args(refused).output().unwrap().status.code(), Some(1));
    let log = std::fs::read_to_string(log).unwrap();
    assert!(log.contains("no answer") && log.contains("nobodyxyz"), "{log}");
}

#[test]
fn unknown_words_are_named_and_left_out_where_that_is_asked_for() {
    let words = ["odd-one-out", "king", "nobodyxyz", "queen", "banana"];
    let output = lexiscope().args(words).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = answer(&[&words[..], &["--skip-unknown", "--format", "json"]].concat());
    let found: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&found["odd_one_out"], &found["unknown"][0]), (&"banana".into(), &"nobodyxyz".into()));
}

#[cfg(unix)]
#[test]
fn a_signal_leaves_no_half_written_file() {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("large.txt");
    let row = " 0.123456 -1.5".repeat(20);
    let text: String = (0..150_000).map(|index| format!("word{index}{row}\n")).collect();
    std::fs::write(&source, text).unwrap();
    let cache = folder.path().join("cache");
    let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin("lexiscope"))
        .args(["info", source.to_str().unwrap()])
        .env("LEXISCOPE_CACHE", &cache)
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let partial = || {
        let entries = std::fs::read_dir(&cache).into_iter().flatten().flatten();
        entries.filter(|entry| entry.file_name().to_string_lossy().ends_with(".partial")).count()
    };
    while partial() == 0 && child.try_wait().unwrap().is_none() {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    let ended = child.try_wait().unwrap().is_some();
    assert!(!ended, "it was done before it could be stopped");
    assert!(std::process::Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
    child.wait().unwrap();
    assert_eq!(partial(), 0);
}

/// Blanks that are no ASCII are words like any other (they are, in files of the wild).
#[test]
fn words_of_blanks_can_be_asked_for_in_every_command() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("blanks.vec");
    std::fs::write(&path, "4 2\n\u{a0} 1 2\n\u{3000} 2 1\nking 1 1\nqueen 1 1.5\n").unwrap();
    let file = path.to_str().unwrap();
    for word in ["\u{a0}", "\u{3000}"] {
        for command in [
            vec!["neighbors", word],
            vec!["query", word],
            vec!["similarity", word, "king"],
            vec!["vector", word],
            vec!["analogy", "king", "queen", word],
            vec!["odd-one-out", "king", "queen", word],
        ] {
            let arguments = [&command[..], &["--vectors", file]].concat();
            assert!(!answer(&arguments).is_empty(), "{command:?}");
        }
    }
    // What is only ASCII blanks is still nothing.
    let output = lexiscope().args(["neighbors", "  ", "--vectors", file]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_minus_is_standard_input() {
    let run = |arguments: &[&str], input: &str| {
        let output = lexiscope().args(arguments).write_stdin(input).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(run(&["tokens", "-"], "the cat\n"), answer(&["tokens", "the cat"]));
    let vectors = "a 1 0\nb 0 1\nc 1 1\n";
    assert!(run(&["neighbors", "a", "--vectors", "-"], vectors).contains('c'));
    assert!(run(&["info", "-"], vectors).contains("dimensions"));
    assert_eq!(answer(&["help", "attend"]), answer(&["attend", "--help"]));
}

/// A member that cannot be read is named as its user knows it, not by its place in the cache.
#[test]
fn what_was_unpacked_is_named_by_where_it_came_from() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("both.zip");
    let mut archive = zip::ZipWriter::new(std::fs::File::create(&path).unwrap());
    let options = zip::write::SimpleFileOptions::default();
    archive.start_file("model.bin", options).unwrap();
    // A word2vec file that promises more than it has.
    std::io::Write::write_all(&mut archive, b"100000 300\nking \x00\x01\x02").unwrap();
    archive.finish().unwrap();
    let output = lexiscope().args(["info", path.to_str().unwrap()]).output().unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{message}");
    assert!(message.contains("both.zip/model.bin") && !message.contains(".unpacked"), "{message}");
}

#[test]
fn files_are_read_into_memory_where_that_is_asked_for() {
    let file = golden("word2vec.bin").display().to_string();
    let info = |more: &[&str]| json(&[&["info", file.as_str()], more].concat());
    let (mapped, read) = (info(&[]), info(&["--no-mmap"]));
    assert!(mapped["mapped_bytes"].as_u64().unwrap() > 0, "{mapped}");
    assert_eq!(read["mapped_bytes"], 0, "{read}");
    assert!(read["private_bytes"].as_u64() > mapped["private_bytes"].as_u64(), "{read}");
    assert_eq!(read["words"], mapped["words"]);
}
