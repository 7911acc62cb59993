//! The command line, through the real binary: what it answers, in every format, and how it refuses.

mod answers;
mod attention;
mod batch;
mod classifiers;
mod files;
mod help;
mod memory;
mod panels;
mod refusals;
mod sounds;
mod towers;
mod writing;

use std::path::{Path, PathBuf};
use std::process::Output;

use assert_cmd::Command;

/// The binary, without anything from the caller's environment that changes its answers.
fn lexiscope() -> Command {
    let mut command = Command::cargo_bin("lexiscope").unwrap();
    command
        .env_remove("LEXISCOPE_VECTORS")
        .env_remove("LEXISCOPE_MODEL")
        .env("HF_HUB_CACHE", concat!(env!("CARGO_TARGET_TMPDIR"), "/hub"))
        .env("LEXISCOPE_CACHE", concat!(env!("CARGO_TARGET_TMPDIR"), "/cache"))
        .env("LC_ALL", "C.UTF-8");
    command
}

/// A golden vector file, written by gensim or fastText.
fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/golden/vectors").join(name)
}

/// Runs the binary and expects an answer on stdout and nothing on stderr.
fn answer(arguments: &[&str]) -> String {
    let output = lexiscope().args(arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", stderr(&output));
    assert_eq!(stderr(&output), "", "{arguments:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// As [`answer`], with `--format json` added and read.
fn json(arguments: &[&str]) -> serde_json::Value {
    let text = answer(&[arguments, &["--format", "json"]].concat());
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{arguments:?}: {error}\n{text}"))
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}
