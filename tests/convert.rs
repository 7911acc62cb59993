//! Writing vectors in other formats, and reading them back.

mod support;

use std::fs;
use std::path::Path;

use lexiscope::progress::Progress;
use lexiscope::vectors::convert::{Conversion, Wanted};
use lexiscope::vectors::formats::{Flaws, Parts, by_id};
use lexiscope::vectors::open::open;
use lexiscope::vectors::{Result, Rows, VectorsError, Vocabulary, WordVectors};
use ndarray::Array2;
use proptest::prelude::*;
use support::{fixture, own_cache};

/// A format to write, its numbers in one byte or not, and what it is read back as.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Target(&'static str, bool, &'static str);

const WORD2VEC_BINARY: Target = Target("word2vec-binary", false, "word2vec binary");
const WORD2VEC_TEXT: Target = Target("word2vec-text", false, "word2vec text");
const GLOVE_TEXT: Target = Target("glove", false, "GloVe text");
const SAFETENSORS: Target = Target("safetensors", false, "safetensors");
const SAFETENSORS_INT8: Target = Target("safetensors", true, "safetensors");
const FINALFUSION: Target = Target("fifu", false, "finalfusion");

const TARGETS: [Target; 6] =
    [WORD2VEC_BINARY, WORD2VEC_TEXT, GLOVE_TEXT, SAFETENSORS, SAFETENSORS_INT8, FINALFUSION];

fn convert(vectors: &WordVectors, target: Target, path: &Path, progress: &Progress) -> Result<Conversion> {
    let wanted = Wanted { int8: target.1, ..Wanted::all(by_id(target.0).unwrap()) };
    lexiscope::vectors::convert::convert(vectors, &wanted, path, progress)
}

fn vectors(words: &[Vec<u8>], rows: Vec<Vec<f32>>) -> WordVectors {
    let dimensions = rows[0].len();
    let numbers = Array2::from_shape_vec((rows.len(), dimensions), rows.concat()).unwrap();
    let parts = Parts {
        format: "NumPy".into(),
        vocabulary: Vocabulary::from_words(words),
        rows: Rows::Owned(numbers),
        subwords: None,
        flaws: Flaws::default(),
    };
    WordVectors::from_parts("made up", None, parts)
}

fn through(vectors: &WordVectors, target: Target) -> Result<(Conversion, WordVectors)> {
    own_cache();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("converted");
    let conversion = convert(vectors, target, &path, &Progress::unobserved())?;
    assert_eq!(conversion.size, fs::metadata(&path).unwrap().len());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    Ok((conversion, open(&path, &Progress::unobserved())?))
}

fn bits(vectors: &WordVectors, row: usize) -> Vec<u32> {
    vectors.rows().to_vec(row).into_iter().map(f32::to_bits).collect()
}

#[test]
fn real_vectors_come_back_from_every_target() {
    own_cache();
    let source = open(&fixture("word2vec/similarity.bin"), &Progress::unobserved()).unwrap();
    for target in TARGETS {
        let (conversion, found) = through(&source, target).unwrap();
        assert_eq!(found.format(), target.2);
        assert_eq!((conversion.written, conversion.left_out), (41, 0));
        assert!(found.vocabulary().iter().eq(source.vocabulary().iter()));
        for row in 0..source.len() {
            let (expected, numbers) = (source.rows().to_vec(row), found.rows().to_vec(row));
            let largest = expected.iter().fold(0.0_f32, |largest, number| largest.max(number.abs()));
            let tolerance = match target {
                SAFETENSORS_INT8 => largest / 100.0,
                FINALFUSION => largest * 1e-6,
                _ => 0.0,
            };
            for (a, b) in expected.iter().zip(&numbers) {
                assert!((a - b).abs() <= tolerance, "{target:?}, row {row}: {a} and {b}");
            }
        }
    }
}

#[test]
fn words_that_a_target_cannot_hold_are_reported() {
    let words = [&b"a"[..], b"New York", b"two\nlines", b"caf\xc3", b"a"].map(<[u8]>::to_vec);
    let rows = vec![vec![1.0, 2.0], vec![3.0, 4.0], vec![5.0, 6.0], vec![f32::NAN, 8.0], vec![9.0, 0.5]];
    let source = vectors(&words, rows);
    let kept = |target| {
        let (conversion, found) = through(&source, target).unwrap();
        assert_eq!(conversion.written + conversion.left_out, 5);
        assert_eq!(conversion.first_left_out.len(), conversion.left_out);
        found.vocabulary().iter().map(<[u8]>::to_vec).collect::<Vec<_>>()
    };
    let only = |rows: &[usize]| rows.iter().map(|&row| words[row].clone()).collect::<Vec<_>>();
    assert_eq!(kept(WORD2VEC_BINARY), only(&[0, 3, 4]));
    assert_eq!(kept(WORD2VEC_TEXT), only(&[0, 3, 4]));
    assert_eq!(kept(GLOVE_TEXT), only(&[0, 3, 4]));
    assert_eq!(kept(SAFETENSORS), only(&[0, 1, 2, 3, 4]));
    assert_eq!(kept(SAFETENSORS_INT8), only(&[0, 1, 2, 4]));
    assert_eq!(kept(FINALFUSION), only(&[0, 1, 2]));

    let (conversion, _) = through(&source, WORD2VEC_BINARY).unwrap();
    let (row, reason) = &conversion.first_left_out[0];
    assert_eq!((*row, reason.as_str()), (1, "word2vec files cannot hold a word with a space"));
    let nothing = vectors(&words[1..2], vec![vec![1.0]]);
    assert!(matches!(through(&nothing, WORD2VEC_BINARY), Err(VectorsError::Request(_))));
}

#[test]
fn some_of_the_words_can_be_chosen_and_what_the_source_lacks_is_told() {
    own_cache();
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("source.txt");
    fs::write(&source, "a 1 2 3\nb 4 5\nc 4 5 x\nd 7 8 9\ne 1 1 1\n").unwrap();
    let source = open(&source, &Progress::unobserved()).unwrap();
    let path = folder.path().join("target.vec");
    let only = [b"d".to_vec(), b"e".to_vec()].into_iter().collect();
    let wanted = Wanted { first: Some(2), only: Some(&only), ..Wanted::all(by_id("word2vec-text").unwrap()) };
    let conversion =
        lexiscope::vectors::convert::convert(&source, &wanted, &path, &Progress::unobserved()).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"1 3\nd 7.0 8.0 9.0\n");
    assert!(conversion.remarks[0].starts_with("2 lines of the source could not be read"));
}

#[test]
fn the_embedding_projector_s_two_files_come_back() {
    own_cache();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vectors.tsv");
    let words = [&b"a"[..], b"New York", b"c"].map(<[u8]>::to_vec);
    let source = vectors(&words, vec![vec![1.0, 2.5], vec![3.0, -4.5], vec![5.0, 1e-7]]);
    let wanted = Wanted::all(by_id("projector").unwrap());
    lexiscope::vectors::convert::convert(&source, &wanted, &path, &Progress::unobserved()).unwrap();
    assert_eq!(fs::read(folder.path().join("metadata.tsv")).unwrap(), b"a\nNew York\nc\n");
    let found = open(&path, &Progress::unobserved()).unwrap();
    assert_eq!((found.format(), found.len(), found.dimensions()), ("Embedding Projector", 3, 2));
    assert!((0..3).all(|row| bits(&found, row) == bits(&source, row)));
    assert_eq!(found.vocabulary().row("New York"), Some(1));
}

#[test]
fn rows_that_are_zero_or_not_finite_come_back() {
    let words = ["a", "b", "c"].map(|word| word.as_bytes().to_vec());
    let rows = vec![vec![0.0, -0.0], vec![f32::NAN, 1.0], vec![f32::INFINITY, f32::MIN_POSITIVE]];
    let source = vectors(&words, rows);
    for target in TARGETS {
        let (_, found) = through(&source, target).unwrap();
        if target == SAFETENSORS_INT8 {
            assert_eq!((found.len(), found.rows().to_vec(0)), (1, vec![0.0, 0.0]));
            continue;
        }
        assert_eq!(found.rows().to_vec(0), [0.0, 0.0], "{target:?}");
        assert!(found.rows().to_vec(1)[0].is_nan(), "{target:?}");
        assert_eq!(found.rows().to_vec(2)[0], f32::INFINITY, "{target:?}");
    }
}

#[test]
fn a_cancelled_or_failed_conversion_leaves_the_old_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("old");
    fs::write(&path, "old").unwrap();
    let source = vectors(&[b"a".to_vec()], vec![vec![1.0]]);
    let progress = Progress::unobserved();
    progress.cancel();
    for target in TARGETS {
        assert!(matches!(convert(&source, target, &path, &progress), Err(VectorsError::Cancelled(_))));
    }
    assert_eq!(fs::read(&path).unwrap(), b"old");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    let missing = Path::new("no/such/folder/file");
    assert!(convert(&source, GLOVE_TEXT, missing, &Progress::unobserved()).is_err());
}

#[test]
fn a_file_may_be_converted_onto_itself() {
    own_cache();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vectors");
    fs::copy(fixture("word2vec/similarity.bin"), &path).unwrap();
    let source = open(&path, &Progress::unobserved()).unwrap();
    convert(&source, WORD2VEC_TEXT, &path, &Progress::unobserved()).unwrap();
    let found = open(&path, &Progress::unobserved()).unwrap();
    assert_eq!(found.format(), "word2vec text");
    assert!((0..41).all(|row| bits(&found, row) == bits(&source, row)));
}

/// Words without what some target cannot hold, and rows of finite numbers. The first word is a plain
/// one: a text file has no magic bytes of its own, and its first word may not be those of another.
fn vocabulary() -> impl Strategy<Value = (Vec<Vec<u8>>, Vec<Vec<f32>>)> {
    let word =
        proptest::collection::vec(any::<u8>().prop_filter("no separator", |b| !b" \t\n".contains(b)), 1..12);
    let words = proptest::collection::vec(word, 1..20);
    (words, 2_usize..6).prop_flat_map(|(mut words, dimensions)| {
        words.insert(0, b"the".to_vec());
        let number = any::<f32>().prop_filter("finite", |number| number.is_finite());
        let rows = proptest::collection::vec(proptest::collection::vec(number, dimensions), words.len());
        (Just(words), rows)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_words_and_numbers_come_back((words, rows) in vocabulary()) {
        let source = vectors(&words, rows);
        for target in [WORD2VEC_BINARY, WORD2VEC_TEXT, GLOVE_TEXT, SAFETENSORS] {
            let (conversion, found) = through(&source, target).unwrap();
            prop_assert_eq!(conversion.left_out, 0);
            prop_assert_eq!(found.dimensions(), source.dimensions());
            prop_assert_eq!(found.vocabulary().iter().collect::<Vec<_>>(), source.vocabulary().iter().collect::<Vec<_>>());
            for row in 0..source.len() {
                prop_assert_eq!(bits(&found, row), bits(&source, row), "{:?} row {}", target, row);
            }
        }
    }

    #[test]
    fn arbitrary_unicode_words_come_back_from_finalfusion(words in proptest::collection::hash_set("\\PC{1,8}", 1..20)) {
        let words: Vec<Vec<u8>> = words.into_iter().map(String::into_bytes).collect();
        let rows = (0..words.len()).map(|row| vec![row as f32, 1.5, -2.0]).collect();
        let source = vectors(&words, rows);
        let (_, found) = through(&source, FINALFUSION).unwrap();
        prop_assert!(found.vocabulary().iter().eq(source.vocabulary().iter()));
        for row in 0..source.len() {
            for (a, b) in found.rows().to_vec(row).iter().zip(source.rows().to_vec(row)) {
                prop_assert!((a - b).abs() <= 1e-6 * b.abs());
            }
        }
    }
}
