//! Writing vectors in other formats, and reading them back.

mod support;

use std::fs;
use std::path::Path;

use lexiscope::progress::Progress;
use lexiscope::vectors::convert::{Conversion, Target, convert};
use lexiscope::vectors::formats::{Flaws, Format, Parts};
use lexiscope::vectors::open::open;
use lexiscope::vectors::{Result, Rows, VectorsError, Vocabulary, WordVectors};
use ndarray::Array2;
use proptest::prelude::*;
use support::{fixture, own_cache};

const TARGETS: [(Target, Format); 6] = [
    (Target::Word2vecBinary, Format::Word2vecBinary),
    (Target::Word2vecText, Format::Word2vecText),
    (Target::GloveText, Format::GloveText),
    (Target::Safetensors, Format::Safetensors),
    (Target::SafetensorsInt8, Format::Safetensors),
    (Target::Finalfusion, Format::Finalfusion),
];

fn vectors(words: &[Vec<u8>], rows: Vec<Vec<f32>>) -> WordVectors {
    let dimensions = rows[0].len();
    let numbers = Array2::from_shape_vec((rows.len(), dimensions), rows.concat()).unwrap();
    let parts = Parts {
        format: Format::Npy,
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
    for (target, format) in TARGETS {
        let (conversion, found) = through(&source, target).unwrap();
        assert_eq!(found.format(), format);
        assert_eq!((conversion.written, conversion.left_out), (41, 0));
        assert!(found.vocabulary().iter().eq(source.vocabulary().iter()));
        for row in 0..source.len() {
            let (expected, numbers) = (source.rows().to_vec(row), found.rows().to_vec(row));
            let largest = expected.iter().fold(0.0_f32, |largest, number| largest.max(number.abs()));
            let tolerance = match target {
                Target::SafetensorsInt8 => largest / 100.0,
                Target::Finalfusion => largest * 1e-6,
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
    assert_eq!(kept(Target::Word2vecBinary), only(&[0, 3, 4]));
    assert_eq!(kept(Target::Word2vecText), only(&[0, 3, 4]));
    assert_eq!(kept(Target::GloveText), only(&[0, 1, 3, 4]));
    assert_eq!(kept(Target::Safetensors), only(&[0, 1, 2, 3, 4]));
    assert_eq!(kept(Target::SafetensorsInt8), only(&[0, 1, 2, 4]));
    assert_eq!(kept(Target::Finalfusion), only(&[0, 1, 2]));

    let (conversion, _) = through(&source, Target::Word2vecBinary).unwrap();
    let (row, reason) = &conversion.first_left_out[0];
    assert_eq!((*row, reason.as_str()), (1, "word2vec files cannot hold a word with a space"));
    let nothing = vectors(&words[1..2], vec![vec![1.0]]);
    assert!(matches!(through(&nothing, Target::Word2vecBinary), Err(VectorsError::Request(_))));
}

#[test]
fn rows_that_are_zero_or_not_finite_come_back() {
    let words = ["a", "b", "c"].map(|word| word.as_bytes().to_vec());
    let rows = vec![vec![0.0, -0.0], vec![f32::NAN, 1.0], vec![f32::INFINITY, f32::MIN_POSITIVE]];
    let source = vectors(&words, rows);
    for (target, _) in TARGETS {
        let (_, found) = through(&source, target).unwrap();
        if target == Target::SafetensorsInt8 {
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
    for (target, _) in TARGETS {
        assert!(matches!(convert(&source, target, &path, &progress), Err(VectorsError::Cancelled(_))));
    }
    assert_eq!(fs::read(&path).unwrap(), b"old");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    let missing = Path::new("no/such/folder/file");
    assert!(convert(&source, Target::GloveText, missing, &Progress::unobserved()).is_err());
}

#[test]
fn a_file_may_be_converted_onto_itself() {
    own_cache();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vectors");
    fs::copy(fixture("word2vec/similarity.bin"), &path).unwrap();
    let source = open(&path, &Progress::unobserved()).unwrap();
    convert(&source, Target::Word2vecText, &path, &Progress::unobserved()).unwrap();
    let found = open(&path, &Progress::unobserved()).unwrap();
    assert_eq!(found.format(), Format::Word2vecText);
    assert!((0..41).all(|row| bits(&found, row) == bits(&source, row)));
}

/// Words without what some target cannot hold, and rows of finite numbers.
fn vocabulary() -> impl Strategy<Value = (Vec<Vec<u8>>, Vec<Vec<f32>>)> {
    let word =
        proptest::collection::vec(any::<u8>().prop_filter("no separator", |b| !b" \n".contains(b)), 1..12);
    let words = proptest::collection::vec(word, 1..20);
    (words, 2_usize..6).prop_flat_map(|(words, dimensions)| {
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
        for target in [Target::Word2vecBinary, Target::Word2vecText, Target::GloveText, Target::Safetensors] {
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
        let (_, found) = through(&source, Target::Finalfusion).unwrap();
        prop_assert!(found.vocabulary().iter().eq(source.vocabulary().iter()));
        for row in 0..source.len() {
            for (a, b) in found.rows().to_vec(row).iter().zip(source.rows().to_vec(row)) {
                prop_assert!((a - b).abs() <= 1e-6 * b.abs());
            }
        }
    }
}
