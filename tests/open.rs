//! Opening files: golden answers, real files with their quirks, and files that are none or broken.

mod support;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use lexiscope::progress::Progress;
use lexiscope::vectors::convert::{Wanted, convert};
use lexiscope::vectors::formats::{by_id, text};
use lexiscope::vectors::open::{find_in_folder, open, shipped};
use lexiscope::vectors::{Result, VectorsError, WordVectors};
use proptest::prelude::*;
use rstest::rstest;
use support::{assert_close, fixture, golden, json, own_cache};

fn open_file(path: &Path) -> Result<WordVectors> {
    own_cache();
    open(path, &Progress::unobserved())
}

fn open_bytes(bytes: &[u8]) -> Result<WordVectors> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    fs::write(&path, bytes).unwrap();
    open_file(&path)
}

fn words(vectors: &WordVectors) -> Vec<Vec<u8>> {
    vectors.vocabulary().iter().map(<[u8]>::to_vec).collect()
}

fn assert_same(a: &WordVectors, b: &WordVectors, tolerance: f32) {
    assert_eq!(words(a), words(b));
    for row in 0..a.len() {
        for (x, y) in a.rows().to_vec(row).iter().zip(b.rows().to_vec(row)) {
            assert!((x - y).abs() <= tolerance, "row {row}: {x} and {y}");
        }
    }
}

#[rstest]
#[case("word2vec.bin", "word2vec binary")]
#[case("word2vec.txt", "word2vec text")]
#[case("glove.txt", "GloVe text")]
fn golden_words_and_vectors(#[case] file: &str, #[case] format: &str) {
    let vectors = open_file(&golden("vectors").join(file)).unwrap();
    let expected = &json(&golden("vectors/expected.json"))["word2vec"];
    assert_eq!(vectors.format(), format);
    if format == "GloVe text" {
        // It has rows of its own beside the others': ". . ." and "<unk>".
        let lines = fs::read(golden("vectors").join(file)).unwrap().split(|&byte| byte == b'\n').count() - 1;
        assert_eq!(vectors.len(), lines);
        let spaced = vectors.vocabulary().row(". . .").unwrap();
        assert!(vectors.rows().to_vec(spaced).iter().all(|number| number.is_finite()));
    } else {
        assert_eq!(vectors.len() as u64, expected["words"].as_u64().unwrap());
    }
    for (row, word) in expected["first"].as_array().unwrap().iter().enumerate() {
        assert_eq!(vectors.vocabulary().display(row), word.as_str().unwrap());
    }
    for (word, numbers) in expected["vectors"].as_object().unwrap() {
        let row = vectors.vocabulary().row(word).unwrap();
        assert_close(&vectors.rows().to_vec(row), numbers, 1e-4, word);
    }
    assert_eq!(vectors.flaws().skipped, 0);
}

#[test]
fn real_files_open_alike_in_all_their_forms() {
    let binary = open_file(&fixture("word2vec/similarity.bin")).unwrap();
    let text = open_file(&fixture("word2vec/similarity.txt")).unwrap();
    let headless = open_file(&fixture("word2vec/similarity.nodims")).unwrap();
    assert_eq!((binary.len(), binary.dimensions()), (41, 100));
    assert_eq!(headless.format(), "GloVe text");
    assert_same(&binary, &text, 0.0);
    assert_same(&text, &headless, 0.0);

    let gensim = open_file(&fixture("word2vec/euclidean_vectors.bin")).unwrap();
    assert_eq!((gensim.len(), gensim.dimensions()), (2747, 10));
    assert_eq!(gensim.rows().to_vec(1)[0], 1.047_577_6);
    let glove = open_file(&fixture("word2vec/test_glove.txt")).unwrap();
    assert_eq!((glove.len(), glove.dimensions()), (76, 50));
    assert_eq!(glove.rows().to_vec(0)[..2], [0.418, 0.24968]);
}

#[test]
fn every_kind_is_opened_whatever_its_name() {
    let folder = tempfile::tempdir().unwrap();
    for (source, format) in [
        (fixture("fasttext/lee_fasttext.bin"), "fastText"),
        (golden("vectors/fasttext_quantized.ftz"), "quantised fastText"),
        (fixture("finalfusion/similarity.fifu"), "finalfusion"),
        (fixture("word2vec/similarity.bin"), "word2vec binary"),
        (fixture("word2vec/similarity.txt"), "word2vec text"),
    ] {
        let path = folder.path().join("misnamed.npy");
        fs::copy(&source, &path).unwrap();
        assert_eq!(open_file(&path).unwrap().format(), format, "{}", source.display());
    }
}

#[test]
fn shipped_vectors_open() {
    let vectors = shipped().unwrap();
    assert_eq!(vectors.dimensions(), 100);
    assert_eq!(vectors.name(), "glove-6b-100d");
    assert!(vectors.path().is_none());
    assert!(vectors.vocabulary().row("queen").is_some());
}

#[test]
fn compressed_text_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let source = fixture("word2vec/similarity.txt");
    let path = folder.path().join("similarity.txt.gz");
    let mut gzip =
        flate2::write::GzEncoder::new(fs::File::create(&path).unwrap(), flate2::Compression::fast());
    gzip.write_all(&fs::read(&source).unwrap()).unwrap();
    gzip.finish().unwrap();
    let vectors = open_file(&path).unwrap();
    assert_eq!(vectors.name(), "similarity");
    assert_same(&vectors, &open_file(&source).unwrap(), 0.0);

    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    assert!(matches!(open_file(&path), Err(VectorsError::Io { action: "decompress", .. })));
}

#[test]
fn compressed_xz_text_is_read() {
    // `printf 'a 1 2\nb 3 4.5\n' | xz`
    let bytes: &[u8] = include_bytes!("fixtures/word2vec/two_words.txt.xz");
    let vectors = open_bytes(bytes).unwrap();
    assert_eq!(words(&vectors), [b"a", b"b"]);
    assert_eq!(vectors.rows().to_vec(1), [3.0, 4.5]);
}

#[test]
fn flaws_and_places_survive_the_cache() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flawed.txt");
    fs::write(&path, b"a 1 2\nb 1\n\xff 0 0\nc 3 4\n").unwrap();
    let first = open_file(&path).unwrap();
    let second = open_file(&path).unwrap();
    assert_eq!(first.flaws(), second.flaws());
    assert_eq!((first.flaws().skipped, first.flaws().first_skipped[0].0), (1, 6));
    let inspection = lexiscope::vectors::inspect::inspect(&second, &Progress::unobserved()).unwrap();
    assert_eq!(inspection.zero.first[0].byte, Some(10));
    assert_eq!(inspection.broken_utf8.first[0].row, 1);
    assert!(inspection.storage.contains("mapped"));
    assert_same(&first, &second, 0.0);
}

#[rstest]
#[case(b"", "empty")]
#[case(b"the\nof\nand\n", "list of words")]
#[case(b"the 0\nof 5\n", "-classes")]
#[case(b"GGUF\x03\0\0\0\0", "GGUF")]
#[case(b"{\"the\": \"a\"}\n", "JSON")]
#[case(b"PAR1\0\0\0\0\0", "parquet")]
#[case(b"\x80\x04\x95\0\0\0\0\0\0", "pickle")]
fn other_files_are_refused_with_advice(#[case] bytes: &[u8], #[case] named: &str) {
    let error = open_bytes(bytes).unwrap_err().to_string();
    assert!(error.contains(named) && error.contains("; "), "{error}");
}

#[test]
fn a_folder_stands_for_its_one_vector_file() {
    own_cache();
    let folder = tempfile::tempdir().unwrap();
    let error = find_in_folder(folder.path()).unwrap_err().to_string();
    assert!(error.contains("without a vector file"), "{error}");
    fs::write(folder.path().join("README"), "Some text.\n").unwrap();
    fs::copy(fixture("word2vec/similarity.bin"), folder.path().join("a.bin")).unwrap();
    assert_eq!(open_file(folder.path()).unwrap().name(), "a");
    fs::copy(fixture("word2vec/similarity.txt"), folder.path().join("b.txt")).unwrap();
    let error = open_file(folder.path()).unwrap_err().to_string();
    assert!(error.contains("a.bin") && error.contains("b.txt"), "{error}");
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = open_file(Path::new("no/such.bin")).unwrap_err().to_string();
    assert!(error.starts_with("cannot open no/such.bin"), "{error}");
}

#[cfg(unix)]
#[test]
fn a_file_that_may_not_be_read_is_named() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret.bin");
    fs::write(&path, b"1 1\na 1234").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read(&path).is_ok() {
        eprintln!("skipped: this user may read every file");
        return;
    }
    let error = open_file(&path).unwrap_err().to_string();
    assert!(error.contains("cannot open") && error.contains("secret.bin"), "{error}");
}

/// A small file of every format that this room reads.
fn small_files() -> Vec<(&'static str, Vec<u8>)> {
    own_cache();
    let source = open_bytes(b"a 1 2\nbc 3 4.5\n\xff -1 0\n").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let written = |id, int8| {
        let path: PathBuf = folder.path().join("out");
        let wanted = Wanted { int8, ..Wanted::all(by_id(id).unwrap()) };
        convert(&source, &wanted, &path, &Progress::unobserved()).unwrap();
        fs::read(path).unwrap()
    };
    vec![
        ("word2vec binary", written("word2vec-binary", false)),
        ("word2vec text", written("word2vec-text", false)),
        ("GloVe", written("glove", false)),
        ("finalfusion", written("fifu", false)),
        ("safetensors", written("safetensors", false)),
        ("safetensors int8", written("safetensors", true)),
    ]
}

#[test]
fn files_cut_short_at_any_byte_never_panic() {
    for (name, whole) in small_files() {
        assert_eq!(open_bytes(&whole).unwrap().dimensions(), 2, "{name}");
        // The reserved header of a container is thousands of blanks: every byte matters alike there.
        let step = if whole.len() > 2000 { 37 } else { 1 };
        for length in (0..whole.len()).step_by(step) {
            let outcome = open_bytes(&whole[..length]);
            let text = name.contains("text") || name == "GloVe";
            // The newline after the last row may be missing.
            let whole_but_newline = name == "word2vec binary" && length + 1 == whole.len();
            assert!(text || whole_but_newline || outcome.is_err(), "{name} cut at {length} was opened");
        }
    }
}

#[test]
fn changed_bytes_never_panic() {
    for (name, whole) in small_files() {
        let heads = whole.len().min(600);
        for index in 0..heads {
            for byte in [0, b'9', 0xff] {
                let mut changed = whole.clone();
                changed[index] = byte;
                if let Ok(vectors) = open_bytes(&changed) {
                    // Every row that was promised can be read.
                    (0..vectors.len()).for_each(|row| drop(vectors.rows().to_vec(row)));
                    let _ = words(&vectors);
                }
            }
        }
        let _ = name;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = open_bytes(&bytes);
        for magic in [&b"\x93NUMPY"[..], b"\x93NUMPY\x01\x00", b"3 2\n", b"FiFu", b"\x1f\x8b\x08\0", b"\xfd7zXZ\0",
            b"\x40\0\0\0\0\0\0\0{", b"a 1 2\n"] {
            let _ = open_bytes(&[magic, &bytes].concat());
        }
    }

    #[test]
    fn arbitrary_text_never_panics(text in "([a-z0-9. \n\r-]{0,12}[ \n]){0,40}") {
        let _ = open_bytes(text.as_bytes());
        let _ = text::learn(text.as_bytes(), true);
    }
}
