//! The fixed-size start of a fastText model: `Args::load` and the first fields of
//! `Dictionary::load` (fastText 0.9.2, src/args.cc and src/dictionary.cc).

use crate::vectors::error::{Result, VectorsError};
use crate::vectors::formats::cursor::Cursor;

/// First field of every model since 2017.
const MAGIC: i32 = 793_712_314;
/// The newest version of the layout.
const NEWEST_VERSION: i32 = 12;
/// In version 11 and before, supervised models never used character n-grams, whatever their
/// arguments say.
const LAST_VERSION_WITHOUT_SUPERVISED_SUBWORDS: i32 = 11;
const SUPERVISED: i32 = 3;
/// A longest n-gram beyond this is a broken file; models in use have 3 to 6.
const LONGEST_NGRAM: u32 = 255;
/// Bytes of the arguments and of the dictionary's counts, in the old layout.
const OLD_HEADER_LENGTH: usize = 76;

/// What the start of the file says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Header {
    /// Layout version; `None` in the old layout without magic number.
    pub(super) version: Option<i32>,
    /// Numbers in a row.
    pub(super) dimensions: u32,
    /// Number of n-gram buckets.
    pub(super) buckets: u32,
    /// Fewest characters of an n-gram.
    pub(super) shortest: u32,
    /// Most characters of an n-gram; 0 when words have none.
    pub(super) longest: u32,
    /// Words in the dictionary.
    pub(super) words: u32,
    /// Labels in the dictionary.
    pub(super) labels: u32,
    /// n-gram buckets that kept a row when the model was pruned; `None` when it was not.
    pub(super) kept_buckets: Option<u64>,
}

/// Whether `bytes` begin like a fastText model. The old layout has no magic number: there, every
/// argument must lie in its range and the counts must add up.
pub(super) fn detect(bytes: &[u8]) -> bool {
    let int = |index: usize| bytes.get(4 * index..4 * index + 4).map(bytemuck::pod_read_unaligned::<i32>);
    if int(0) == Some(MAGIC) {
        return true;
    }
    if bytes.len() < OLD_HEADER_LENGTH {
        return false;
    }
    let within =
        |index: usize, least: i32, most: i32| int(index).is_some_and(|value| (least..=most).contains(&value));
    let arguments_fit = within(0, 1, 100_000) // dim
        && within(1, 0, 10_000) // ws
        && within(2, 0, 1_000_000) // epoch
        && within(5, 0, 1_000) // wordNgrams
        && within(6, 1, 4) // loss
        && within(7, 1, 3) // model
        && within(8, 0, i32::MAX) // bucket
        && within(9, 0, 255) // minn
        && within(10, 0, 255) // maxn
        && within(11, 0, i32::MAX); // lrUpdateRate
    let sum = int(15).and_then(|words| words.checked_add(int(16)?));
    arguments_fit && within(15, 0, i32::MAX) && within(16, 0, i32::MAX) && int(14) == sum
}

/// Reads magic number, arguments and the dictionary's counts.
pub(super) fn read(cursor: &mut Cursor) -> Result<Header> {
    let start = cursor.rest();
    let is_old = start.get(..4).is_some_and(|first| first != MAGIC.to_le_bytes());
    let version = if is_old { None } else { Some(read_version(cursor)?) };

    let at = cursor.position();
    let dimensions = cursor.count("the number of dimensions")?;
    if dimensions == 0 {
        return Err(cursor.malformed(at, "at least one dimension", 0));
    }
    for argument in ["ws", "epoch", "minCount", "neg", "wordNgrams", "loss"] {
        cursor.i32(argument)?;
    }
    let model = cursor.i32("the kind of model")?;
    let buckets = cursor.count("the number of buckets")?;
    let shortest = cursor.count("the shortest n-gram")?;
    let at_longest = cursor.position();
    let mut longest = cursor.count("the longest n-gram")?;
    if longest > LONGEST_NGRAM {
        return Err(cursor.malformed(
            at_longest,
            format!("n-grams of at most {LONGEST_NGRAM} characters"),
            longest,
        ));
    }
    cursor.i32("lrUpdateRate")?;
    cursor.f64("t")?;
    if model == SUPERVISED
        && version.is_none_or(|version| version <= LAST_VERSION_WITHOUT_SUPERVISED_SUBWORDS)
    {
        longest = 0;
    }

    let at_size = cursor.position();
    let size = cursor.count("the dictionary's size")?;
    let words = cursor.count("the number of words")?;
    let labels = cursor.count("the number of labels")?;
    if words.checked_add(labels) != Some(size) {
        return Err(cursor.malformed(at_size, format!("{words} words and {labels} labels together"), size));
    }
    cursor.i64("the number of tokens")?;
    let kept_buckets = match version {
        None => None,
        Some(_) => u64::try_from(cursor.i64("the number of kept buckets")?).ok(),
    };
    Ok(Header { version, dimensions, buckets, shortest, longest, words, labels, kept_buckets })
}

fn read_version(cursor: &mut Cursor) -> Result<i32> {
    let at = cursor.position();
    cursor.i32("the magic number")?;
    let version = cursor.i32("the version")?;
    if version > NEWEST_VERSION {
        return Err(VectorsError::Unsupported {
            path: cursor.path().to_owned(),
            what: format!("a fastText model of version {version}, newer than {NEWEST_VERSION}"),
            advice: "save it as .vec with fastText and open that".to_owned(),
        });
    }
    if version < 1 {
        return Err(cursor.malformed(at + 4, format!("a version from 1 to {NEWEST_VERSION}"), version));
    }
    Ok(version)
}
