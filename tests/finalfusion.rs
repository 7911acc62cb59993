//! finalfusion files against the numbers of the crate finalfusion 0.18, and broken files.

mod support;

use lexiscope::vectors::formats::finalfusion;
use lexiscope::vectors::subwords::inspect;
use lexiscope::vectors::{Rows, VectorsError};
use proptest::prelude::*;
use support::{check_vectors, fixture, read, read_bytes};

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(fixture("finalfusion").join(name)).unwrap()
}

const SMALL: [&str; 2] = ["bucket.fifu", "rotated.fifu"];

/// Arrays and quantised storage, with norms and a projection; simple, bucket, fastText and
/// explicit vocabularies; known words as stored times their norm, others of unit length.
#[test]
fn vectors_equal_those_of_the_finalfusion_crate() {
    check_vectors(finalfusion::read, "finalfusion", 1e-5);
}

#[test]
fn arrays_are_used_in_place() {
    let vectors = read(finalfusion::read, &fixture("finalfusion/similarity.fifu"));
    assert_eq!(vectors.format(), "finalfusion");
    assert!(matches!(vectors.rows(), Rows::Strided { bytes, .. } if bytes.is_mapped()));
    assert!(vectors.subwords().is_none());
    assert_eq!(vectors.flaws(), &Default::default());
}

#[test]
fn an_explicit_vocabulary_knows_only_listed_ngrams() {
    let vectors = read(finalfusion::read, &fixture("finalfusion/explicit.fifu"));
    let model = vectors.subwords().unwrap();
    assert!(model.vector("日本".as_bytes()).is_none());
    let ngrams = model.ngrams("Berlinχ".as_bytes());
    let unknown = ngrams.iter().find(|ngram| ngram.bytes.ends_with("χ>".as_bytes())).unwrap();
    assert_eq!((unknown.bucket, unknown.row, unknown.is_pruned()), (None, None, false));
    assert!(ngrams.iter().any(|ngram| ngram.bytes == b"<Ber"));
}

#[test]
fn a_known_word_is_said_to_be_averaged_in_the_file() {
    let vectors = read(finalfusion::read, &fixture("finalfusion/bucket.fifu"));
    let known = inspect(&vectors, b"und").unwrap();
    assert!(known.averaged_in_file && known.own_share.is_none());
    assert!(!inspect(&vectors, b"kingliness").unwrap().averaged_in_file);
}

#[test]
fn a_file_cut_short_anywhere_is_an_error_with_a_byte() {
    for name in SMALL {
        let whole = bytes(name);
        for length in 0..whole.len() {
            let error = read_bytes(finalfusion::read, whole[..length].to_vec()).unwrap_err();
            assert!(
                matches!(error, VectorsError::Malformed { offset, .. } if offset <= length as u64),
                "{error}"
            );
        }
    }
}

fn file(chunks: &[(u32, Vec<u8>)]) -> Vec<u8> {
    let mut file = b"FiFu".to_vec();
    file.extend(0u32.to_le_bytes());
    file.extend((chunks.len() as u32).to_le_bytes());
    chunks.iter().for_each(|(kind, _)| file.extend(kind.to_le_bytes()));
    for (kind, payload) in chunks {
        file.extend(kind.to_le_bytes());
        file.extend((payload.len() as u64).to_le_bytes());
        file.extend(payload);
    }
    file
}

fn complaint(chunks: &[(u32, Vec<u8>)]) -> String {
    read_bytes(finalfusion::read, file(chunks)).unwrap_err().to_string()
}

#[test]
fn floret_is_refused_with_advice() {
    let error = complaint(&[(9, vec![0; 40])]);
    assert!(error.contains("floret") && error.contains(".vec"), "{error}");
}

#[test]
fn absurd_and_contradicting_sizes_are_refused() {
    let huge = u64::MAX.to_le_bytes().to_vec();
    assert!(complaint(&[(1, huge.clone())]).contains("18446744073709551615 words"));
    let mut array = huge.clone();
    array.extend(100u32.to_le_bytes());
    array.extend(10u32.to_le_bytes());
    array.extend([0; 4]);
    assert!(complaint(&[(2, array)]).contains("18446744073709551615 x 100"));
    let none = 0u64.to_le_bytes().to_vec();
    assert!(complaint(&[(1, none.clone()), (1, none.clone())]).contains("a second one"));
    assert!(complaint(&[(1, none.clone())]).contains("a storage"));
    assert!(complaint(&[]).contains("a vocabulary"));
    let mut buckets = none.clone();
    [3u32, 6, 64].iter().for_each(|field| buckets.extend(field.to_le_bytes()));
    assert!(complaint(&[(3, buckets)]).contains("bucket exponent"));
    let mut bad_lengths = none.clone();
    [0u32, 6, 4].iter().for_each(|field| bad_lengths.extend(field.to_le_bytes()));
    assert!(complaint(&[(3, bad_lengths)]).contains("found 0 to 6"));
}

/// The padding before numbers depends on their place in the file, so the unknown chunk comes last.
#[test]
fn unknown_chunks_are_walked_past_and_remarked() {
    let mut whole = bytes("similarity.fifu");
    whole[8] = 3;
    // One more id in the list moves all by 4 bytes, which keeps the padding as it is.
    whole.splice(12..12, 77u32.to_le_bytes());
    whole.extend(77u32.to_le_bytes());
    whole.extend(3u64.to_le_bytes());
    whole.extend(b"new");
    let parts = read_bytes(finalfusion::read, whole).unwrap();
    assert_eq!(parts.vocabulary.len(), 41);
    assert_eq!(parts.flaws.remarks.len(), 1);
    assert!(parts.flaws.remarks[0].contains("unknown kind 77"), "{:?}", parts.flaws);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn arbitrary_bytes_never_panic(tail in prop::collection::vec(any::<u8>(), 0..300), kind in 0u32..11) {
        let _ = read_bytes(finalfusion::read, tail.clone());
        let _ = read_bytes(finalfusion::read, file(&[(kind, tail)]));
    }

    /// Whatever still reads after a few bytes have changed must also give out all its vectors.
    #[test]
    fn mutated_files_never_panic(
        which in 0usize..2,
        changes in prop::collection::vec((0usize..1 << 16, any::<u8>()), 1..6),
    ) {
        let mut whole = bytes(SMALL[which]);
        let length = whole.len();
        for (at, value) in changes {
            whole[at % length] = value;
        }
        if let Ok(parts) = read_bytes(finalfusion::read, whole) {
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
