//! Bad input gets one clear line, a hint where there is one, and a documented exit code.

use std::fs;
use std::io::Read;
use std::process::{Command, Stdio};

use super::{golden, lexiscope, stderr};

pub const NO_ANSWER: i32 = 1;
pub const USAGE: i32 = 2;
pub const FILE: i32 = 3;

/// Runs the binary, expects this exit code, nothing on stdout, and `error: ` on the one line before
/// any hint; returns what stderr says.
pub fn refusal(code: i32, arguments: &[&str]) -> String {
    let output = lexiscope().args(arguments).output().unwrap();
    let message = stderr(&output);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {message}");
    assert_eq!(output.stdout, b"", "{arguments:?}");
    let lines: Vec<&str> = message.lines().collect();
    assert!(lines[0].starts_with("error: "), "{arguments:?}: {message}");
    assert!(
        lines.len() == 1 || (lines.len() == 2 && lines[1].starts_with("hint: ")),
        "{arguments:?}: {message}"
    );
    message
}

#[test]
fn an_unknown_word_brings_suggestions() {
    let message = refusal(NO_ANSWER, &["neighbors", "kigndom"]);
    assert!(message.contains("\"kigndom\" is not among the 30000 words"), "{message}");
    assert!(message.contains("hint: did you mean ") && message.contains("kingdom"), "{message}");
    let message = refusal(NO_ANSWER, &["neighbors", "King"]);
    assert!(message.contains("hint: did you mean king"), "{message}");
    refusal(NO_ANSWER, &["analogy", "man", "king", "wmoan"]);
    refusal(NO_ANSWER, &["similarity", "king", "quene"]);
    refusal(NO_ANSWER, &["query", "king - xqzzyx"]);
    refusal(NO_ANSWER, &["odd-one-out", "king", "queen", "xqzzyx"]);
}

#[test]
fn an_empty_query_says_what_to_give() {
    for arguments in [&["neighbors", ""][..], &["query", "  "], &["analogy", "man", "", "woman"]] {
        assert!(refusal(USAGE, arguments).contains("empty"), "{arguments:?}");
    }
}

#[test]
fn an_open_parenthesis_is_found_with_its_column() {
    let message = refusal(USAGE, &["query", "2 * (king - man"]);
    assert!(message.contains("column"), "{message}");
    assert!(message.contains(')') || message.contains("parenthesis"), "{message}");
    refusal(USAGE, &["query", "king +"]);
}

#[test]
fn vectors_of_another_dimension_are_named() {
    let message = refusal(USAGE, &["query", "[0.1, 0.2, 0.3]"]);
    assert!(message.contains('3') && message.contains("100"), "{message}");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("vector.txt");
    fs::write(&file, "0.1 0.2").unwrap();
    let message = refusal(USAGE, &["query", &format!("@{}", file.display())]);
    assert!(message.contains("vector.txt has 2 dimensions, but these vectors have 100"), "{message}");
}

#[test]
fn a_file_that_is_no_vector_of_numbers_is_refused() {
    let message = refusal(FILE, &["query", "@/nowhere/vector.txt"]);
    assert!(message.contains("/nowhere/vector.txt"), "{message}");
    let vectors = golden("word2vec.bin");
    refusal(FILE, &["query", &format!("@{}", vectors.display())]);
    refusal(NO_ANSWER, &["query", &format!("[{}]", ["0"; 100].join(" "))]);
}

#[test]
fn what_is_no_vector_file_is_refused_with_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("words.txt");
    fs::write(&list, "the\nand\nking\nqueen\n").unwrap();
    let empty = folder.path().join("empty.bin");
    fs::write(&empty, "").unwrap();
    let bare = folder.path().join("bare");
    fs::create_dir(&bare).unwrap();
    let missing = folder.path().join("missing.bin");
    for path in [&list, &empty, &bare, &missing] {
        let path = path.to_str().unwrap();
        for arguments in [&["neighbors", "king", "--vectors", path][..], &["info", path]] {
            let message = refusal(FILE, arguments);
            assert!(message.contains(path), "{message}");
        }
    }
}

#[test]
fn a_folder_with_several_vector_files_asks_for_one() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["one.bin", "two.bin"] {
        fs::copy(golden("word2vec.bin"), folder.path().join(name)).unwrap();
    }
    let message = refusal(FILE, &["neighbors", "king", "--vectors", folder.path().to_str().unwrap()]);
    assert!(message.contains("one.bin") && message.contains("two.bin"), "{message}");
}

#[cfg(unix)]
#[test]
fn a_file_without_read_permission_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("locked.bin");
    fs::copy(golden("word2vec.bin"), &file).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::File::open(&file).is_ok() {
        return; // the superuser may read everything
    }
    assert!(refusal(FILE, &["info", file.to_str().unwrap()]).contains("locked.bin"));
}

#[test]
fn filters_that_make_no_sense_are_refused() {
    for arguments in [
        &["neighbors", "king", "--ranks", "9..3"][..],
        &["neighbors", "king", "--ranks", "many"],
        &["neighbors", "king", "--pattern", "king("],
    ] {
        refusal(USAGE, arguments);
    }
    refusal(FILE, &["neighbors", "king", "--only", "/nowhere/list.txt"]);
}

#[test]
fn an_empty_list_is_written_and_is_no_answer() {
    let arguments = ["neighbors", "king", "--pattern", "^no such word$", "--format", "json"];
    let output = lexiscope().args(arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(NO_ANSWER));
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(found["results"], serde_json::json!([]));
    assert!(stderr(&output).starts_with("error: no word passes the filters\nhint: "));
}

#[test]
fn an_evaluation_wants_questions_or_pairs() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("letter.txt");
    fs::write(&file, "Dear Sir or Madam,\nthis is a letter and not a set of questions.\n").unwrap();
    let message = refusal(FILE, &["evaluate", file.to_str().unwrap()]);
    assert!(message.contains("letter.txt"), "{message}");
    refusal(FILE, &["evaluate", "/nowhere/questions.txt"]);
}

#[test]
fn conversions_that_cannot_be_are_refused() {
    let source = golden("word2vec.bin");
    let source = source.to_str().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let target = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    assert!(refusal(USAGE, &["convert", source, &target("noending")]).contains("--to"));
    refusal(USAGE, &["convert", source, &target("a.bin"), "--int8"]);
    refusal(FILE, &["convert", source, "/nowhere/at/all.bin"]);
    refusal(FILE, &["convert", "/nowhere/at/all.bin", &target("b.bin")]);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "a refused conversion leaves nothing");
}

#[test]
fn subwords_of_vectors_without_any_are_refused() {
    assert!(refusal(USAGE, &["subwords", "king"]).contains("subword"));
}

#[test]
fn wrong_usage_has_code_2() {
    for arguments in [
        &["neighbors"][..],
        &["analogy", "man", "king"],
        &["no-such-command"],
        &["neighbors", "king", "-k", "0"],
        &["neighbors", "king", "--format", "xml"],
        &["analogy", "a", "b", "c", "--method", "4cosadd"],
        &["--theme", "dark", "neighbors", "king"],
    ] {
        lexiscope().args(arguments).assert().code(USAGE);
    }
}

#[test]
fn a_closed_pipe_is_no_error() {
    let binary = assert_cmd::cargo::cargo_bin("lexiscope");
    for arguments in [&["neighbors", "king", "-k", "30000"][..], &["man"], &["--help"]] {
        let mut child = Command::new(&binary)
            .args(arguments)
            .env_remove("LEXISCOPE_VECTORS")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let status = child.wait().unwrap();
        let mut message = String::new();
        child.stderr.take().unwrap().read_to_string(&mut message).unwrap();
        assert_eq!((status.code(), message.as_str()), (Some(0), ""), "{arguments:?}");
    }
}
