//! Hands the fuzzer's bytes to one of the readers, as a file.

#[path = "../../mutations/readers.rs"]
pub mod readers;

use std::path::PathBuf;
use std::sync::LazyLock;

/// A folder of this run: the file, and a cache of its own.
pub static FOLDER: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a folder");
    lexiscope::vectors::cache::set_folder(folder.path().join("cache"));
    folder
});

/// The file that has `bytes`, under a name that its reader expects.
pub fn file(reader: &str, bytes: &[u8]) -> PathBuf {
    let name = if reader == "theme" { "fuzzed.toml" } else { "fuzzed" };
    let path = FOLDER.path().join(name);
    std::fs::write(&path, bytes).expect("written");
    path
}

/// A target for the reader of this name.
macro_rules! target {
    ($reader:literal) => {
        libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
            file::readers::reader($reader)(&file::file($reader, bytes));
        });
    };
}
pub(crate) use target;
