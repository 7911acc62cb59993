//! What several tests need: where fixtures and golden answers lie, and comparing numbers.
#![allow(dead_code)]

use std::path::{Path, PathBuf};

use lexiscope::mmap::Bytes;
use lexiscope::progress::Progress;
use lexiscope::vectors::formats::Parts;
use lexiscope::vectors::{Result, WordVectors};
use serde_json::Value;

/// A file of `tests/fixtures`.
pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// A file among the golden answers: of the folder that `LEXISCOPE_GOLDEN` names, else of our copy.
pub fn golden(name: &str) -> PathBuf {
    let folder = std::env::var_os("LEXISCOPE_GOLDEN").map_or_else(|| fixture("golden"), PathBuf::from);
    folder.join(name)
}

/// A JSON file.
pub fn json(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A format's reader.
pub type Reader = fn(&Bytes, &Path, &Progress) -> Result<Parts>;

/// Reads a whole file with `reader`.
pub fn read(reader: Reader, path: &Path) -> WordVectors {
    let bytes = Bytes::map(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let parts = reader(&bytes, path, &Progress::unobserved()).unwrap_or_else(|error| panic!("{error}"));
    WordVectors::from_parts("test", Some(path.to_owned()), parts)
}

/// Reads `bytes` as if they were a file that does not exist, so that nothing is cached.
pub fn read_bytes(reader: Reader, bytes: Vec<u8>) -> Result<Parts> {
    reader(&Bytes::from_vec(bytes), Path::new("no-such-folder/model"), &Progress::unobserved())
}

/// The vector of a word, known or made of subwords.
pub fn vector(vectors: &WordVectors, word: &str) -> Option<Vec<f32>> {
    match vectors.vocabulary().row(word) {
        Some(row) => Some(vectors.rows().to_vec(row)),
        None => vectors.subwords()?.vector(word.as_bytes()),
    }
}

/// Fails unless both have the same numbers to `tolerance`.
pub fn assert_close(found: &[f32], expected: &Value, tolerance: f64, what: &str) {
    let expected: Vec<f64> =
        expected.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect();
    assert_eq!(found.len(), expected.len(), "{what}");
    for (dimension, (&found, expected)) in found.iter().zip(expected).enumerate() {
        let gap = (f64::from(found) - expected).abs();
        assert!(gap <= tolerance, "{what}, dimension {dimension}: {found} instead of {expected}");
    }
}

/// Checks every file of an `expected.json` of the form `{file: {words, vectors: {word: numbers}}}`.
pub fn check_vectors(reader: Reader, folder: &str, tolerance: f64) {
    let expected = json(&fixture(folder).join("expected.json"));
    for (file, expected) in expected.as_object().unwrap() {
        let vectors = read(reader, &fixture(folder).join(file));
        assert_eq!(vectors.len() as u64, expected["words"].as_u64().unwrap(), "{file}");
        for (word, numbers) in expected["vectors"].as_object().unwrap() {
            let found = vector(&vectors, word).unwrap_or_else(|| panic!("{file}: no vector for {word}"));
            assert_close(&found, numbers, tolerance, &format!("{file}: {word}"));
        }
    }
}

/// Runs the ignored test `name` of this test program on its own, with an environment variable set.
pub fn run_alone(name: &str, variable: &str, value: &Path) -> std::process::Output {
    std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", name])
        .env(variable, value)
        .output()
        .unwrap()
}

/// A cache folder for this test program alone, so that no test touches the user's.
pub fn own_cache() {
    static FOLDER: std::sync::OnceLock<tempfile::TempDir> = std::sync::OnceLock::new();
    let folder = FOLDER.get_or_init(|| tempfile::tempdir().unwrap());
    lexiscope::vectors::cache::set_folder(folder.path().join("cache"));
}
