//! The dictionary of a fastText model: `Dictionary::load` (fastText 0.9.2, src/dictionary.cc).

use std::collections::HashMap;

use super::header::Header;
use crate::mmap::Bytes;
use crate::progress::Progress;
use crate::vectors::error::Result;
use crate::vectors::formats::cursor::Cursor;
use crate::vectors::vocabulary::{Span, Vocabulary};

/// Fewest bytes of an entry: an empty token's zero byte, a count, a type.
const SHORTEST_ENTRY: u64 = 1 + 8 + 1;
/// How many entries go by between two looks at the wish to stop.
const ENTRIES_BETWEEN_CHECKS: u32 = 1 << 16;

/// Reads the dictionary's entries. Words come first, labels after; labels are walked past.
pub(super) fn read(
    cursor: &mut Cursor,
    header: &Header,
    bytes: &Bytes,
    progress: &Progress,
) -> Result<Vocabulary> {
    let size = header.words + header.labels;
    cursor.need(u64::from(size) * SHORTEST_ENTRY, &format!("a dictionary of {size} entries"))?;
    let mut spans = Vec::with_capacity(header.words as usize);
    for entry in 0..size {
        if entry % ENTRIES_BETWEEN_CHECKS == 0 {
            progress.check()?;
        }
        let span = read_entry(cursor, entry, entry < header.words)?;
        if entry < header.words {
            spans.push(span);
        }
    }
    Ok(Vocabulary::new(bytes.clone(), spans))
}

fn read_entry(cursor: &mut Cursor, entry: u32, is_word: bool) -> Result<Span> {
    let start = cursor.position();
    let length =
        cursor.rest().iter().position(|&byte| byte == 0).and_then(|length| u32::try_from(length).ok());
    let Some(length) = length else {
        return Err(cursor.malformed(
            start,
            format!("dictionary entry {entry}, ended by a zero byte"),
            "none",
        ));
    };
    cursor.take(u64::from(length) + 1, "a token")?;
    cursor.i64("the token's count")?;
    let at = cursor.position();
    let kind = cursor.u8("the token's type")?;
    let (expected, name) = if is_word { (0, "0 (a word)") } else { (1, "1 (a label)") };
    if kind != expected {
        return Err(cursor.malformed(at, format!("type {name} of dictionary entry {entry}"), kind));
    }
    Ok(Span { start: start as u64, length })
}

/// Reads which buckets a pruned model has kept: pairs of bucket and row, in no order.
pub(super) fn read_kept_buckets(cursor: &mut Cursor, pairs: u64) -> Result<HashMap<u32, u32>> {
    let start = cursor.position();
    let table = cursor.take(pairs.saturating_mul(8), &format!("{pairs} kept buckets"))?;
    let mut kept = HashMap::with_capacity(table.len() / 8);
    for (index, pair) in table.chunks_exact(8).enumerate() {
        let [bucket, row]: [i32; 2] = bytemuck::pod_read_unaligned(pair);
        let at = start + 8 * index;
        let bucket =
            u32::try_from(bucket).map_err(|_| cursor.malformed(at, "a bucket of 0 or more", bucket))?;
        let row = u32::try_from(row)
            .ok()
            .filter(|&row| u64::from(row) < pairs)
            .ok_or_else(|| cursor.malformed(at + 4, format!("a row below {pairs}"), row))?;
        kept.insert(bucket, row);
    }
    Ok(kept)
}
