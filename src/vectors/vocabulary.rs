//! The words of a vector file, in the order of its rows.
//!
//! Words are bytes first: broken UTF-8 is kept as it is, shown with replacement characters, and
//! two words that look the same after that are still two words. The bytes stay where they are
//! (usually in the mapped file); private memory is one span and one hash slot a word.

use std::borrow::Cow;
use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

use crate::mmap::Bytes;

/// Where a word's bytes lie in [`Vocabulary`]'s bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Byte offset of the first byte.
    pub start: u64,
    /// Number of bytes.
    pub length: u32,
}

/// The words of a vector file.
#[derive(Debug)]
pub struct Vocabulary {
    bytes: Bytes,
    spans: Vec<Span>,
    first_row: HashTable<u32>,
    hasher: DefaultHashBuilder,
    duplicates: Vec<u32>,
}

impl Vocabulary {
    /// A vocabulary whose words lie in `bytes` at `spans`.
    ///
    /// Every span must lie within `bytes`; readers check that while they walk the file.
    /// Of a word that occurs twice the first row is found by look-up; both rows stay.
    pub fn new(bytes: Bytes, spans: Vec<Span>) -> Self {
        let hasher = DefaultHashBuilder::default();
        let mut first_row: HashTable<u32> = HashTable::with_capacity(spans.len());
        let mut duplicates = Vec::new();
        let word = |row: u32| -> &[u8] { slice(&bytes, spans[row as usize]) };
        for row in 0..spans.len() as u32 {
            let hash = hasher.hash_one(word(row));
            let entry = first_row.entry(hash, |&r| word(r) == word(row), |&r| hasher.hash_one(word(r)));
            match entry {
                hashbrown::hash_table::Entry::Occupied(_) => duplicates.push(row),
                hashbrown::hash_table::Entry::Vacant(slot) => {
                    slot.insert(row);
                }
            }
        }
        Self { bytes, spans, first_row, hasher, duplicates }
    }

    /// A vocabulary that owns its words.
    pub fn from_words<W: AsRef<[u8]>>(words: impl IntoIterator<Item = W>) -> Self {
        let mut arena = Vec::new();
        let mut spans = Vec::new();
        for word in words {
            let word = word.as_ref();
            spans.push(Span { start: arena.len() as u64, length: word.len() as u32 });
            arena.extend_from_slice(word);
        }
        Self::new(Bytes::from_vec(arena), spans)
    }

    /// Number of words.
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// Whether there is no word.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// The bytes of the word of `row`. Panics when there is no such row.
    pub fn word(&self, row: usize) -> &[u8] {
        slice(&self.bytes, self.spans[row])
    }

    /// The word of `row` for showing: broken UTF-8 becomes U+FFFD.
    pub fn display(&self, row: usize) -> Cow<'_, str> {
        String::from_utf8_lossy(self.word(row))
    }

    /// The first row whose word has exactly these bytes.
    pub fn row(&self, word: impl AsRef<[u8]>) -> Option<usize> {
        let word = word.as_ref();
        let hash = self.hasher.hash_one(word);
        self.first_row.find(hash, |&row| self.word(row as usize) == word).map(|&row| row as usize)
    }

    /// Rows whose word occurred before, in rising order.
    pub fn duplicates(&self) -> &[u32] {
        &self.duplicates
    }

    /// Where the word of `row` lies in [`Vocabulary::bytes`]. Panics when there is no such row.
    pub fn span(&self, row: usize) -> Span {
        self.spans[row]
    }

    /// Private memory of the tables beside the words' bytes.
    pub fn table_bytes(&self) -> u64 {
        let slots = self.first_row.allocation_size() + size_of_val(&self.duplicates[..]);
        (size_of_val(&self.spans[..]) + slots) as u64
    }

    /// The bytes that the words lie in.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// All words, in the order of their rows.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.spans.iter().map(|&span| slice(&self.bytes, span))
    }
}

fn slice(bytes: &Bytes, span: Span) -> &[u8] {
    &bytes[span.start as usize..span.start as usize + span.length as usize]
}
