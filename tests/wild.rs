//! Vector files as people have them: what their author meant is read, or one sentence says what is
//! wrong. The fixtures and their right answers are described in tests/fixtures/README.md.

mod support;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use lexiscope::progress::Progress;
use lexiscope::vectors::evaluate::{PairSet, QuestionSet};
use lexiscope::vectors::open::open;
use lexiscope::vectors::{Result, WordVectors};
use rstest::rstest;
use support::{fixture, own_cache};

fn wild(name: &str) -> Result<WordVectors> {
    own_cache();
    open(&fixture("wild").join(name), &Progress::unobserved())
}

fn first_word(vectors: &WordVectors) -> String {
    vectors.vocabulary().display(0).into_owned()
}

const FIRST: [f32; 5] = [-0.6518, -0.1747, 1.6637, 0.6591, -1.6414];

#[rstest]
#[case("double-spaces.vec", "")]
#[case("tab-after-word.txt", "")]
#[case("leading-space.vec", "")]
#[case("bom-no-header.txt", "")]
#[case("csv.csv", "")]
#[case("decimal-comma.txt", "")]
#[case("brackets.txt", "")]
#[case("utf16.txt", "")]
#[case("header-dimension-too-small.vec", "the header announces 4 numbers a row, the rows have 5")]
#[case("vectors.tar.gz", "")]
fn six_words_of_five_numbers(#[case] name: &str, #[case] remark: &str) {
    let vectors = wild(name).unwrap();
    assert_eq!(
        (vectors.len(), vectors.dimensions(), first_word(&vectors).as_str()),
        (6, 5, "TP53"),
        "{name}"
    );
    assert_eq!(vectors.rows().to_vec(0), FIRST, "{name}");
    assert_eq!(vectors.flaws().skipped, 0, "{name}");
    assert_eq!(vectors.flaws().remarks.iter().map(String::as_str).collect::<String>(), remark, "{name}");
}

#[test]
fn tabs_between_the_numbers_are_text_and_not_binary() {
    let vectors = wild("tabs-header.vec").unwrap();
    assert_eq!((vectors.len(), vectors.dimensions(), first_word(&vectors).as_str()), (6, 5, "word0"));
}

#[rstest]
#[case("rows-without-words.txt", "numbers only")]
#[case("glove-model0-header.txt", "-model 0")]
fn what_is_no_set_of_vectors_is_said(#[case] name: &str, #[case] reason: &str) {
    let error = wild(name).unwrap_err().to_string();
    assert!(error.contains(reason) && error.lines().count() == 1, "{error}");
}

#[test]
fn a_line_with_one_number_too_many_is_counted_and_left_out() {
    let vectors = wild("one-number-too-many.txt").unwrap();
    assert_eq!((vectors.len(), vectors.dimensions(), vectors.flaws().skipped), (3, 3, 1));
    assert!(vectors.flaws().first_skipped[0].1.contains("more numbers"));
}

#[test]
fn words_may_be_numbers_phrases_and_broken() {
    assert_eq!(wild("numbers-as-words.vec").unwrap().vocabulary().row("12"), Some(0));
    assert_eq!(wild("spaced.txt").unwrap().vocabulary().row("New York"), Some(0));
    assert_eq!(wild("latin1.vec").unwrap().vocabulary().row(b"caf\xe9"), Some(0));
}

#[test]
fn fasttext_without_ngrams_opens() {
    let vectors = wild("fasttext-no-ngrams-gensim.bin").unwrap();
    assert_eq!((vectors.len(), vectors.dimensions()), (186, 6));
    assert!(vectors.subwords().is_none());
}

#[test]
fn word_lists_are_lines_and_rounding_is_told() {
    let list = |name: &str| wild(name).unwrap().vocabulary().display(0).into_owned();
    assert_eq!(list("npy-list/p.npy"), "page 1");
    assert_eq!(list("npy-list/q.npy"), "a");
    assert!(wild("npy-f64/m.npy").unwrap().flaws().remarks[0].contains("64 bits"));
}

#[test]
fn an_edited_word_list_is_used_at_once() {
    own_cache();
    let folder = tempfile::tempdir().unwrap();
    let array = folder.path().join("m.npy");
    fs::copy(fixture("wild/npy-stale/m.npy"), &array).unwrap();
    for word in ["a", "other"] {
        fs::write(folder.path().join("m.txt"), format!("{word}\nb\nc\nd\n")).unwrap();
        assert_eq!(first_word(&open(&array, &Progress::unobserved()).unwrap()), word);
    }
    fs::remove_file(folder.path().join("m.txt")).unwrap();
    assert!(open(&array, &Progress::unobserved()).is_err());
}

fn packed(folder: &Path, name: &str, write: impl FnOnce(fs::File)) -> PathBuf {
    let path = folder.join(name);
    write(fs::File::create(&path).unwrap());
    path
}

#[test]
fn packed_binary_and_text_files_open_and_stay_unpacked() {
    own_cache();
    let folder = tempfile::tempdir().unwrap();
    for name in ["word2vec/similarity.bin", "word2vec/similarity.txt", "fasttext/lee_fasttext.bin"] {
        let content = fs::read(fixture(name)).unwrap();
        let gzip = packed(folder.path(), "a.gz", |file| {
            let mut encoder = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
            encoder.write_all(&content).unwrap();
            encoder.finish().unwrap();
        });
        let bzip2 = packed(folder.path(), "a.bz2", |file| {
            let mut encoder = bzip2::write::BzEncoder::new(file, bzip2::Compression::fast());
            encoder.write_all(&content).unwrap();
            encoder.finish().unwrap();
        });
        let zip = packed(folder.path(), "a.zip", |file| {
            let mut archive = zip::ZipWriter::new(file);
            archive.start_file("vectors.bin", zip::write::SimpleFileOptions::default()).unwrap();
            archive.write_all(&content).unwrap();
            archive.finish().unwrap();
        });
        let plain = open(&fixture(name), &Progress::unobserved()).unwrap();
        for path in [gzip, bzip2, zip] {
            for _ in 0..2 {
                let vectors = open(&path, &Progress::unobserved()).unwrap();
                assert!(vectors.vocabulary().iter().eq(plain.vocabulary().iter()), "{}", path.display());
                assert_eq!(vectors.rows().to_vec(3), plain.rows().to_vec(3), "{}", path.display());
            }
        }
    }
}

#[test]
fn one_of_several_files_in_an_archive_is_asked_for_by_its_name() {
    own_cache();
    let folder = tempfile::tempdir().unwrap();
    let path = packed(folder.path(), "glove.zip", |file| {
        let mut archive = zip::ZipWriter::new(file);
        for (name, text) in
            [("g/50d.txt", "a 1 2\nb 3 4\n"), ("g/100d.txt", "c 1 2 3\nd 4 5 6\n"), ("g/pic.png", "")]
        {
            archive.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
            archive.write_all(text.as_bytes()).unwrap();
        }
        archive.finish().unwrap();
    });
    let error = open(&path, &Progress::unobserved()).unwrap_err().to_string();
    assert!(
        error.contains("2 files") && error.contains("g/100d.txt") && error.contains("--member"),
        "{error}"
    );
    let vectors = open(&path.join("g/100d.txt"), &Progress::unobserved()).unwrap();
    assert_eq!((vectors.dimensions(), vectors.name()), (3, "100d"));
    let error = open(&path.join("g/300d.txt"), &Progress::unobserved()).unwrap_err().to_string();
    assert!(error.contains("has no g/300d.txt"), "{error}");
}

#[test]
fn a_folder_with_one_packed_file_stands_for_it() {
    assert!(wild("folder-gz").is_ok());
}

#[cfg(unix)]
#[test]
fn a_pipe_is_read_once_and_a_device_is_refused() {
    own_cache();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    let writer = std::thread::spawn({
        let path = path.clone();
        move || fs::write(path, "a 1 2\nb 3 4\n").unwrap()
    });
    let vectors = open(&path, &Progress::unobserved()).unwrap();
    writer.join().unwrap();
    assert_eq!((vectors.len(), vectors.dimensions()), (2, 2));
    let error = open(Path::new("/dev/zero"), &Progress::unobserved()).unwrap_err().to_string();
    assert!(error.contains("device"), "{error}");
}

#[test]
fn pairs_are_read_from_every_table() {
    for name in ["wordsim-csv-header.csv", "pairs-quoted.csv", "pairs-cr.csv", "pairs-four-column-header.tsv"]
    {
        let set = PairSet::read(&fixture("wild").join(name)).unwrap();
        let pairs: Vec<(&str, &str, f64)> = set
            .pairs
            .iter()
            .map(|pair| (pair.words[0].as_str(), pair.words[1].as_str(), pair.judgement))
            .collect();
        let expected = [
            ("king", "queen", 8.5),
            ("car", "train", 6.1),
            ("tiger", "cat", 7.35),
            ("book", "paper", 7.46),
            ("cup", "coffee", 6.58),
        ];
        assert_eq!(pairs, expected, "{name}");
    }
}

#[test]
fn questions_are_read_and_the_bad_line_is_named() {
    for (name, questions, skipped) in
        [("questions-bom.txt", 2, 0), ("questions-comment.txt", 1, 0), ("questions-five-words.txt", 2, 1)]
    {
        let set = QuestionSet::read(&fixture("wild").join(name)).unwrap();
        assert_eq!(
            (set.len(), set.skipped.len(), set.sections[0].name.as_str()),
            (questions, skipped, "family"),
            "{name}"
        );
    }
}
