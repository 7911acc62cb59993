//! Files that were damaged in every way that comes to mind: each reader answers, with what is wrong or
//! with what it could still read, and none panics. The damage follows from a seed, so that a failure
//! can be had again: the message names fixture and seed.

mod readers;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use lexiscope::random::Random;
use lexiscope::vectors::cache;
use readers::{READERS, Reader};

/// How often each fixture is damaged.
const TIMES: u64 = 200;
/// Larger files are left to the fuzz targets.
const LARGEST: u64 = 1 << 20;

/// The folders of `tests/fixtures` (and the themes) whose files a reader reads.
const FIXTURES: &[(&str, &[&str])] = &[
    (
        "vectors",
        &["fasttext", "finalfusion", "word2vec", "wild", "wild/npy-list", "wild/npy-f64", "golden/vectors"],
    ),
    ("model", &["gguf"]),
    ("image", &["images"]),
    ("evaluation", &["cli", "evaluation"]),
    ("words", &["cli"]),
    ("theme", &["../../themes"]),
];

/// Families whose folders are damaged one file at a time; one of each kind of tokenizer and attention.
const FAMILIES: &[&str] = &["bert", "gpt2", "llama", "t5", "vit", "gemma"];

/// Words of files that make a difference when they change.
const INTERESTING: &[&[u8]] = &[
    b"0",
    b"-1",
    b"1e999",
    b"NaN",
    b"null",
    b"\"\"",
    b"[]",
    b"{}",
    b"4294967296",
    b"18446744073709551615",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\0",
    b"\r",
    b"\t",
    b"\n\n",
    b" ",
];

/// `bytes`, damaged once or a few times.
fn damaged(bytes: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..=random.bits() % 3 {
        damage(&mut bytes, random);
    }
    bytes
}

fn damage(bytes: &mut Vec<u8>, random: &mut Random) {
    let below = |random: &mut Random, count: usize| (random.bits() % count.max(1) as u64) as usize;
    // Headers say most, so half of the damage is done there.
    let reach = if random.bits().is_multiple_of(2) { bytes.len().min(256) } else { bytes.len() };
    let at = below(random, reach);
    match random.bits() % 8 {
        0 => bytes.truncate(at),
        1 => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1 << (random.bits() % 8)),
        2 => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte = random.bits() as u8),
        3 => bytes.iter_mut().skip(at).take(4).for_each(|byte| *byte = 0xff),
        4 => bytes.iter_mut().skip(at).take(8).for_each(|byte| *byte = 0),
        5 => {
            let end = (at + 1 + below(random, 64)).min(bytes.len());
            bytes.drain(at.min(end)..end);
        }
        6 => {
            let word = INTERESTING[below(random, INTERESTING.len())];
            let end = (at + word.len()).min(bytes.len());
            bytes.splice(at.min(end)..end, word.iter().copied());
        }
        _ => {
            let end = (at + 1 + below(random, 64)).min(bytes.len());
            let again = bytes[at.min(end)..end].to_vec();
            bytes.splice(end..end, again);
        }
    }
}

struct Damage {
    scratch: tempfile::TempDir,
    panics: Vec<String>,
    tried: usize,
}

impl Damage {
    fn new() -> Self {
        let scratch = tempfile::tempdir().unwrap();
        cache::set_folder(scratch.path().join("cache"));
        Self { scratch, panics: Vec::new(), tried: 0 }
    }

    /// Damages `original` and hands `reader` what `place` makes of it.
    fn try_reader(&mut self, original: &Path, reader: Reader, place: impl Fn(&Path, &[u8]) -> PathBuf) {
        let bytes = fs::read(original).unwrap();
        for seed in 0..TIMES {
            let damaged = damaged(&bytes, &mut Random::new(seed));
            let path = place(self.scratch.path(), &damaged);
            self.tried += 1;
            if catch_unwind(AssertUnwindSafe(|| reader(&path))).is_err() {
                self.panics.push(format!("{} with seed {seed}", original.display()));
            }
        }
    }

    fn finish(self, at_least: usize) {
        assert!(self.tried >= at_least, "only {} files were read", self.tried);
        assert!(self.panics.is_empty(), "panicked on\n{}", self.panics.join("\n"));
    }
}

fn files_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.is_file() && fs::metadata(path).unwrap().len() <= LARGEST);
    files.sort();
    files
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

#[test]
fn no_reader_panics_on_a_damaged_file() {
    let mut damage = Damage::new();
    for (name, folders) in FIXTURES {
        let (_, reader) = READERS.iter().find(|(known, _)| known == name).expect("a reader");
        for original in folders.iter().flat_map(|folder| files_in(&fixtures().join(folder))) {
            damage.try_reader(&original, *reader, |scratch, bytes| {
                // What stands beside it (a word list, metadata) is read, too.
                for beside in files_in(original.parent().unwrap()) {
                    let beside_copy = scratch.join(beside.file_name().unwrap());
                    if !beside_copy.exists() {
                        fs::copy(&beside, beside_copy).unwrap();
                    }
                }
                let path = scratch.join(original.file_name().unwrap());
                fs::write(&path, bytes).unwrap();
                path
            });
        }
    }
    damage.finish(1000);
}

#[test]
fn no_model_panics_with_a_damaged_file_in_its_folder() {
    let mut damage = Damage::new();
    let (_, reader) = READERS.iter().find(|(name, _)| *name == "model").expect("a reader");
    for family in FAMILIES {
        let folder = fixtures().join("golden/transformers").join(family);
        let files = files_in(&folder);
        let parts = ["config.json", "tokenizer.json", "model.safetensors"];
        for original in files.iter().filter(|path| parts.iter().any(|part| path.ends_with(part))) {
            damage.try_reader(original, *reader, |scratch, bytes| {
                let copy = scratch.join(family);
                fs::create_dir_all(&copy).unwrap();
                for file in &files {
                    fs::copy(file, copy.join(file.file_name().unwrap())).unwrap();
                }
                fs::write(copy.join(original.file_name().unwrap()), bytes).unwrap();
                copy
            });
        }
    }
    damage.finish(300);
}

#[test]
fn no_configuration_panics_when_it_is_damaged() {
    let mut damage = Damage::new();
    let sample =
        lexiscope::terminal::config::sample(&lexiscope::app::App::new(lexiscope::screens::all(), None));
    let original = damage.scratch.path().join("config.toml");
    // Settings of the sample are commented out, without a blank.
    let setting =
        |line: &str| line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).map(str::to_owned);
    let uncommented: String =
        sample.lines().map(|line| setting(line).unwrap_or(line.to_owned()) + "\n").collect();
    assert!(uncommented.contains("\nquit = "), "{uncommented}");
    fs::write(&original, uncommented).unwrap();
    let (_, reader) = READERS.iter().find(|(name, _)| *name == "configuration").expect("a reader");
    damage.try_reader(&original, *reader, |scratch, bytes| {
        let path = scratch.join("damaged.toml");
        fs::write(&path, bytes).unwrap();
        path
    });
    damage.finish(TIMES as usize);
}
