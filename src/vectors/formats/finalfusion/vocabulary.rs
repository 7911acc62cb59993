//! The vocabularies of a finalfusion file (chunks/vocab/ of the crate finalfusion 0.18).

use std::collections::HashMap;

use super::chunk::{BUCKET_VOCABULARY, EXPLICIT_VOCABULARY, FASTTEXT_VOCABULARY};
use crate::mmap::Bytes;
use crate::vectors::error::Result;
use crate::vectors::formats::cursor::Cursor;
use crate::vectors::subwords::{Index, Scheme};
use crate::vectors::vocabulary::{Span, Vocabulary};

/// A longest n-gram beyond this is a broken file.
const LONGEST_NGRAM: u32 = 255;
/// 2 to the power of more than this would be more buckets than any file has rows.
const LARGEST_EXPONENT: u32 = 48;

/// The words of a file, and how their n-grams find their rows.
pub(super) struct Words {
    pub(super) vocabulary: Vocabulary,
    pub(super) subwords: Option<(Scheme, Index)>,
    /// Rows that the n-grams need, after those of the words.
    pub(super) ngram_rows: u64,
}

/// Reads the vocabulary chunk of `kind`, whose payload is next.
pub(super) fn read(cursor: &mut Cursor, kind: u32, bytes: &Bytes) -> Result<Words> {
    let count = cursor.u64("the number of words")?;
    match kind {
        BUCKET_VOCABULARY | FASTTEXT_VOCABULARY => read_hashed(cursor, kind, count, bytes),
        EXPLICIT_VOCABULARY => read_explicit(cursor, count, bytes),
        _ => {
            let vocabulary = read_words(cursor, count, bytes)?;
            Ok(Words { vocabulary, subwords: None, ngram_rows: 0 })
        }
    }
}

/// Words, with n-grams that are hashed to buckets.
fn read_hashed(cursor: &mut Cursor, kind: u32, count: u64, bytes: &Bytes) -> Result<Words> {
    let scheme = read_scheme(cursor)?;
    let at = cursor.position();
    let buckets = cursor.u32("the number of buckets")?;
    let (index, ngram_rows) = match kind {
        BUCKET_VOCABULARY if buckets > LARGEST_EXPONENT => {
            return Err(cursor.malformed(
                at,
                format!("a bucket exponent of at most {LARGEST_EXPONENT}"),
                buckets,
            ));
        }
        BUCKET_VOCABULARY => (Index::Finalfusion { exponent: buckets }, 1 << buckets),
        _ if buckets == 0 => return Err(cursor.malformed(at, "at least one bucket", 0)),
        _ => (Index::FastText { buckets }, u64::from(buckets)),
    };
    let vocabulary = read_words(cursor, count, bytes)?;
    Ok(Words { vocabulary, subwords: Some((scheme, index)), ngram_rows })
}

/// Words, with n-grams that are listed one by one.
fn read_explicit(cursor: &mut Cursor, count: u64, bytes: &Bytes) -> Result<Words> {
    let at = cursor.position();
    let ngram_count = cursor.u64("the number of n-grams")?;
    if u32::try_from(ngram_count).is_err() {
        return Err(cursor.malformed(at, "fewer than 2^32 n-grams", ngram_count));
    }
    let scheme = read_scheme(cursor)?;
    let vocabulary = read_words(cursor, count, bytes)?;

    // Each n-gram: length, bytes, index.
    cursor.need(ngram_count.saturating_mul(4 + 8), &format!("{ngram_count} n-grams"))?;
    let mut spans = Vec::with_capacity(ngram_count as usize);
    let mut rows = Vec::with_capacity(ngram_count as usize);
    let mut renumbered: HashMap<u64, u32> = HashMap::new();
    for _ in 0..ngram_count {
        spans.push(read_string(cursor, "an n-gram")?);
        let index = cursor.u64("an n-gram's index")?;
        // The tool numbers rows in the order in which their indices first appear.
        let next = renumbered.len() as u32;
        rows.push(*renumbered.entry(index).or_insert(next));
    }
    let ngram_rows = renumbered.len() as u64;
    let index = Index::Explicit { ngrams: Vocabulary::new(bytes.clone(), spans), rows };
    Ok(Words { vocabulary, subwords: Some((scheme, index)), ngram_rows })
}

fn read_scheme(cursor: &mut Cursor) -> Result<Scheme> {
    let at = cursor.position();
    let shortest = cursor.u32("the shortest n-gram")?;
    let longest = cursor.u32("the longest n-gram")?;
    if shortest == 0 || shortest > longest || longest > LONGEST_NGRAM {
        return Err(cursor.malformed(
            at,
            format!("n-grams of 1 to {LONGEST_NGRAM} characters"),
            format!("{shortest} to {longest}"),
        ));
    }
    Ok(Scheme { shortest: shortest as usize, longest: longest as usize, fasttext_rules: false })
}

fn read_words(cursor: &mut Cursor, count: u64, bytes: &Bytes) -> Result<Vocabulary> {
    let at = cursor.position();
    cursor.need(count.saturating_mul(4), &format!("{count} words"))?;
    if u32::try_from(count).is_err() {
        return Err(cursor.malformed(at, "fewer than 2^32 words", count));
    }
    let mut spans = Vec::with_capacity(count as usize);
    for _ in 0..count {
        spans.push(read_string(cursor, "a word")?);
    }
    Ok(Vocabulary::new(bytes.clone(), spans))
}

/// Walks past a string and says where its bytes lie.
fn read_string(cursor: &mut Cursor, what: &str) -> Result<Span> {
    let length = cursor.u32("the length of a string")?;
    let start = cursor.position() as u64;
    cursor.take(u64::from(length), what)?;
    Ok(Span { start, length })
}
