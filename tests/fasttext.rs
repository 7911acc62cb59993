//! fastText models: every version against gensim's and fastText's own numbers, and broken files.

mod support;

use std::path::Path;

use lexiscope::progress::Progress;
use lexiscope::vectors::formats::{Head, fasttext};
use lexiscope::vectors::subwords::{collisions, inspect};
use lexiscope::vectors::{Rows, VectorsError};
use proptest::prelude::*;
use support::{check_vectors, fixture, read, read_bytes, vector};

const SMALL: &str = "fasttext/crime-and-punishment.bin";

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(fixture(name)).unwrap()
}

fn set(bytes: &mut [u8], at: usize, field: impl AsRef<[u8]>) {
    bytes[at..at + field.as_ref().len()].copy_from_slice(field.as_ref());
}

fn detects(bytes: &[u8]) -> bool {
    (fasttext::FORMAT.detect)(&Head::of(bytes, Path::new("file")))
}

/// Words and OOV words of the old layout, version 11, version 12 in Cyrillic, and a German model,
/// as gensim 4.4.0 gives them.
#[test]
fn vectors_equal_those_of_gensim() {
    check_vectors(fasttext::read, "fasttext", 1e-6);
}

/// As `get_word_vector` of fastText 0.9.3 gives them, lengths included, with and without codes for
/// the norms.
#[test]
fn quantised_vectors_have_the_lengths_of_fasttext() {
    let expected = [
        ("fasttext_quantized.ftz", "the", [-0.1054909, 0.14803354, -0.14614408]),
        ("fasttext_quantized.ftz", "unseenword", [-0.0121729, 0.01623246, -0.01317384]),
        ("fasttext_quantized_qnorm_cutoff.ftz", "the", [-0.10947088, 0.147653, -0.1526874]),
        ("fasttext_quantized_qnorm_cutoff.ftz", "unseenword", [-0.01102003, 0.01865946, -0.02230958]),
    ];
    for (file, word, numbers) in expected {
        let vectors = read(fasttext::read, &fixture("golden/vectors").join(file));
        let found = vector(&vectors, word).unwrap();
        support::assert_close(&found[..3], &serde_json::json!(numbers), 1e-7, word);
    }
}

#[test]
fn words_that_are_not_utf8_keep_their_bytes() {
    let vectors = read(fasttext::read, &fixture("fasttext/cp852_fasttext.bin"));
    assert_eq!(vectors.len(), 171);
    assert_eq!(vectors.vocabulary().row(b"kter\xec"), Some(1));
    assert_eq!(vectors.format(), "fastText");
}

#[test]
fn every_layout_is_detected_and_other_bytes_are_not() {
    for name in ["lee_fasttext.bin", "lee_fasttext_new.bin", "cp852_fasttext.bin", "crime-and-punishment.bin"]
    {
        assert!(detects(&bytes(&format!("fasttext/{name}"))), "{name}");
    }
    assert!(!detects(&bytes("finalfusion/similarity.fifu")));
    assert!(!detects(b"400 50\nthe 0.1 0.2 and so on, some text that is longer than a header is, by far"));
    assert!(!detects(&[0; 200]));
    assert!(!detects(&[]));
}

#[test]
fn a_model_without_subwords_is_used_in_place() {
    let vectors = read(fasttext::read, &fixture("golden/vectors/fasttext_cbow_no_subwords.bin"));
    assert!(matches!(vectors.rows(), Rows::Strided { bytes, .. } if bytes.is_mapped()));
    assert!(vectors.subwords().is_none());
}

#[test]
fn labels_of_a_supervised_model_are_no_words() {
    let vectors = read(fasttext::read, &fixture("golden/vectors/fasttext_quantized.ftz"));
    assert_eq!(vectors.format(), "quantised fastText");
    assert!(vectors.vocabulary().iter().all(|word| !word.starts_with(b"__label__")));
}

/// Up to version 11, supervised models had no n-grams, whatever their arguments say.
#[test]
fn a_supervised_model_of_version_11_has_no_subwords() {
    let mut model = bytes("fasttext/lee_fasttext_new.bin");
    assert_eq!(model[4], 11);
    set(&mut model, 36, 3i32.to_le_bytes());
    let parts = read_bytes(fasttext::read, model.clone()).unwrap();
    assert!(parts.subwords.is_none());
    set(&mut model, 4, 12i32.to_le_bytes());
    assert!(read_bytes(fasttext::read, model).unwrap().subwords.is_some());
}

#[test]
fn a_newer_version_is_named() {
    let mut model = bytes(SMALL);
    set(&mut model, 4, 13i32.to_le_bytes());
    let error = read_bytes(fasttext::read, model).unwrap_err();
    assert!(matches!(error, VectorsError::Unsupported { .. }));
    assert!(error.to_string().contains("version 13"), "{error}");
}

#[test]
fn bytes_after_the_end_are_remarked() {
    let mut model = bytes(SMALL);
    model.extend_from_slice(b"more");
    let parts = read_bytes(fasttext::read, model).unwrap();
    assert_eq!(parts.flaws.remarks, ["4 bytes follow the end of the model"]);
}

/// Offsets of the version 12 header, and what no file of this size can hold there.
#[test]
fn absurd_sizes_are_refused_with_their_place() {
    let cases: &[(usize, &[u8], &str)] = &[
        (8, &0i32.to_le_bytes(), "at byte 8: expected at least one dimension"),
        (8, &i32::MAX.to_le_bytes(), "columns"),
        (40, &0i32.to_le_bytes(), "as the header has no buckets for n-grams"),
        (40, &i32::MAX.to_le_bytes(), "rows, for 291 words and 2147483647 n-grams"),
        (48, &i32::MAX.to_le_bytes(), "at byte 48: expected n-grams of at most 255"),
        (64, &i32::MAX.to_le_bytes(), "at byte 64"),
        (64, &(-1i32).to_le_bytes(), "at byte 64"),
        (84, &i64::MAX.to_le_bytes(), "kept buckets"),
        (84, &0i64.to_le_bytes(), "expected a quantised matrix"),
    ];
    for (at, field, complaint) in cases {
        let mut model = bytes(SMALL);
        set(&mut model, *at, field);
        let error = read_bytes(fasttext::read, model).unwrap_err().to_string();
        assert!(error.contains(complaint), "{error}");
    }
    let mut model = bytes(SMALL);
    set(&mut model, 64, i32::MAX.to_le_bytes());
    set(&mut model, 68, i32::MAX.to_le_bytes());
    let error = read_bytes(fasttext::read, model).unwrap_err().to_string();
    assert!(error.contains("a dictionary of 2147483647 entries"), "{error}");
}

#[test]
fn a_model_cut_short_anywhere_is_an_error_with_a_byte() {
    for whole in [bytes("fasttext/cp852_fasttext.bin"), bytes(SMALL)] {
        for length in 0..whole.len() {
            let error = read_bytes(fasttext::read, whole[..length].to_vec()).unwrap_err();
            assert!(
                matches!(error, VectorsError::Malformed { offset, .. } if offset <= length as u64),
                "{error}"
            );
        }
    }
    let whole = std::fs::read(fixture("golden/vectors/fasttext_quantized_qnorm_cutoff.ftz")).unwrap();
    for length in (0..whole.len()).filter(|length| length % 17 == 0 || length + 200 > whole.len()) {
        assert!(read_bytes(fasttext::read, whole[..length].to_vec()).is_err(), "{length}");
    }
}

#[test]
fn cancelling_stops_the_averaging() {
    let progress = Progress::unobserved();
    progress.cancel();
    let path = fixture(SMALL);
    let map = lexiscope::mmap::Bytes::map(&path).unwrap();
    assert!(matches!(fasttext::read(&map, &path, &progress), Err(VectorsError::Cancelled(_))));
}

#[test]
fn shares_of_a_word_add_up_and_make_its_vector() {
    let vectors = read(fasttext::read, &fixture("fasttext/lee_fasttext_new.bin"));
    let known = inspect(&vectors, b"the").unwrap();
    assert_eq!(known.row, vectors.vocabulary().row("the"));
    let total: f64 = known.ngrams.iter().filter_map(|ngram| ngram.share).chain(known.own_share).sum();
    assert!(known.own_share.is_some() && (total - 1.0).abs() < 1e-9, "{total}");
    assert_eq!(known.vector, vector(&vectors, "the"));

    let unseen = inspect(&vectors, b"kingliness").unwrap();
    assert_eq!((unseen.row, unseen.own_share), (None, None));
    let total: f64 = unseen.ngrams.iter().filter_map(|ngram| ngram.share).sum();
    assert!((total - 1.0).abs() < 1e-9, "{total}");

    let end = inspect(&vectors, b"</s>").unwrap();
    assert!(end.ngrams.is_empty());
}

/// With 100 buckets nearly every bucket is shared; the sharers must really hash there.
#[test]
fn collisions_name_other_ngrams_of_the_same_bucket() {
    let vectors = read(fasttext::read, &fixture(SMALL));
    let word = "kingliness";
    let found = collisions(&vectors, word.as_bytes(), usize::MAX, 3, &Progress::unobserved()).unwrap();
    assert_eq!(found.scanned, vectors.len());
    let model = vectors.subwords().unwrap();
    let ngrams = model.ngrams(word.as_bytes());
    assert_eq!(found.sharers.len(), ngrams.len());
    assert!(found.sharers.iter().any(|sharers| sharers.len() == 3));
    for (ngram, sharers) in ngrams.iter().zip(&found.sharers) {
        assert!(sharers.is_sorted_by_key(|sharer| sharer.row));
        for sharer in sharers {
            let of_word = model.ngrams(vectors.vocabulary().word(sharer.row));
            let same = of_word.iter().find(|other| other.bytes == sharer.bytes).unwrap();
            assert_eq!(same.bucket, ngram.bucket);
            assert_ne!(same.bytes, ngram.bytes);
        }
    }
    let few = collisions(&vectors, word.as_bytes(), 10, 3, &Progress::unobserved()).unwrap();
    assert_eq!(few.scanned, 10);
    assert!(few.sharers.iter().flatten().all(|sharer| sharer.row < 10));
}

#[test]
fn inspecting_a_model_without_subwords_says_so() {
    let vectors = read(fasttext::read, &fixture("golden/vectors/fasttext_cbow_no_subwords.bin"));
    let error = inspect(&vectors, b"king").unwrap_err().to_string();
    assert!(error.contains("no subwords"), "{error}");
}

/// A model of 2,300 words with 1,000 dimensions: large enough for its averages to be kept.
fn large_model() -> Vec<u8> {
    let (words, dimensions, buckets) = (2300i32, 1000i32, 2i32);
    let mut model = Vec::new();
    let fields =
        [793_712_314, 12, dimensions, 5, 5, 5, 5, 1, 2, 2, buckets, 3, 6, 100, 0, 0, words, words, 0];
    fields.iter().for_each(|field: &i32| model.extend(field.to_le_bytes()));
    model.extend(0i64.to_le_bytes());
    model.extend((-1i64).to_le_bytes());
    for word in 0..words {
        model.extend(format!("w{word}\0").bytes());
        model.extend([0; 9]);
    }
    let mut matrix = |rows: i32| {
        model.push(0);
        model.extend(i64::from(rows).to_le_bytes());
        model.extend(i64::from(dimensions).to_le_bytes());
        (0..rows * dimensions).for_each(|index| model.extend((index as f32).to_le_bytes()));
    };
    matrix(words + buckets);
    matrix(0);
    model
}

/// Run by the test below, with a cache folder of its own.
#[test]
#[ignore = "needs LEXISCOPE_CACHE; run by `averages_are_kept_and_mapped`"]
fn opens_twice_with_a_cache() {
    let folder = std::path::PathBuf::from(std::env::var_os("LEXISCOPE_CACHE").unwrap());
    let path = folder.join("model.bin");
    std::fs::write(&path, large_model()).unwrap();
    let progress = Progress::unobserved();
    let open = |progress: &Progress| {
        let bytes = lexiscope::mmap::Bytes::map(&path).unwrap();
        fasttext::read(&bytes, &path, progress).unwrap()
    };
    let first = open(&progress);
    assert_eq!(progress.fraction(), Some(1.0));
    let again = Progress::unobserved();
    let second = open(&again);
    assert_eq!(again.fraction(), None, "nothing is computed the second time");
    for parts in [&first, &second] {
        assert!(matches!(&parts.rows, Rows::Strided { bytes, .. } if bytes.is_mapped()));
    }
    // Own row 7 and the n-grams "<w7", "<w7>", "w7>" in two buckets.
    let model = first.subwords.as_ref().unwrap();
    let mut sum = model.matrix().to_vec(7);
    let ngrams = model.ngrams(b"w7");
    assert_eq!(ngrams.len(), 3);
    for ngram in ngrams {
        let row = model.matrix().to_vec(ngram.row.unwrap());
        sum.iter_mut().zip(row).for_each(|(total, number)| *total += number);
    }
    let mean: Vec<f32> = sum.iter().map(|number| number * 0.25).collect();
    assert_eq!(second.rows.to_vec(7), mean);
    assert_eq!(first.vocabulary.row("w7"), Some(7));

    // A source that has changed is computed anew.
    let mut changed = large_model();
    changed.push(0);
    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, changed).unwrap();
    let anew = Progress::unobserved();
    open(&anew);
    assert_eq!(anew.fraction(), Some(1.0));
}

#[test]
fn averages_are_kept_and_mapped() {
    let folder = tempfile::tempdir().unwrap();
    let output = support::run_alone("opens_twice_with_a_cache", "LEXISCOPE_CACHE", folder.path());
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn arbitrary_bytes_never_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..400), magic: bool) {
        if magic {
            bytes.splice(0..0, [0xba, 0x16, 0x4f, 0x2f, 12, 0, 0, 0]);
        }
        detects(&bytes);
        let _ = read_bytes(fasttext::read, bytes);
    }

    /// Whatever still reads after a few bytes have changed must also give out all its vectors.
    #[test]
    fn mutated_models_never_panic(
        changes in prop::collection::vec((0usize..1 << 20, any::<u8>()), 1..6),
        in_header: bool,
        quantized: bool,
    ) {
        let mut model = if quantized {
            std::fs::read(fixture("golden/vectors/fasttext_quantized_qnorm_cutoff.ftz")).unwrap()
        } else {
            bytes(SMALL)
        };
        let reach = if in_header { 100 } else { model.len() };
        for (at, value) in changes {
            model[at % reach] = value;
        }
        if let Ok(parts) = read_bytes(fasttext::read, model) {
            prop_assert_eq!(parts.vocabulary.len(), parts.rows.len());
            for row in 0..parts.rows.len() {
                parts.rows.to_vec(row);
            }
            if let Some(subwords) = parts.subwords {
                subwords.vector("unüblich".as_bytes());
            }
        }
    }
}
