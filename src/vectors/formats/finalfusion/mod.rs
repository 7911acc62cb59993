//! finalfusion `.fifu` (layout as written by the crate finalfusion 0.18).
//!
//! A file is a header and chunks: an optional chunk of metadata, one vocabulary, one storage, and
//! optionally the lengths of the words' rows. Every chunk starts with its kind and its length, so
//! that an unknown one can be walked past.

mod chunk;
mod storage;
mod vocabulary;
mod write;

use std::path::Path;

use super::computed::Computation;
use super::cursor::Cursor;
use super::format::{Format, Source, Writer};
use super::parts::{Flaws, Parts};
use crate::mmap::Bytes;
use crate::progress::Progress;
use crate::vectors::error::{Result, VectorsError};
use crate::vectors::rows::Rows;
use crate::vectors::subwords::{SubwordModel, WordRows};
use chunk::{
    ARRAY, BUCKET_VOCABULARY, EXPLICIT_VOCABULARY, FASTTEXT_VOCABULARY, FLORET_VOCABULARY, METADATA, NORMS,
    QUANTIZED_ARRAY, SIMPLE_VOCABULARY,
};
use vocabulary::Words;

const MAGIC: &[u8; 4] = b"FiFu";

/// The format, for the list of formats.
pub const FORMAT: Format = Format {
    name: NAME,
    id: "fifu",
    about: "finalfusion, unit rows and their lengths",
    endings: &["fifu"],
    detect: |head| head.bytes.starts_with(MAGIC),
    reads_packed: false,
    read: |source: &Source, progress| read(source.bytes, source.path, progress),
    write: Some(Writer {
        objection: write::objection,
        write: write::write,
        remark: Some(
            "a row is stored as a direction and a length, so that the last digit of a number may change",
        ),
        int8: None,
    }),
};

const NAME: &str = "finalfusion";

/// Reads a finalfusion file from `bytes`, the contents of `path`.
///
/// Everything is used in place. Only the rows of a storage that was rotated before it was
/// quantised are computed once and kept in the cache, because a rotation costs as much as D rows.
///
/// # Errors
/// [`VectorsError::Malformed`] with the byte for a file that breaks its layout or is cut short;
/// `Unsupported` for a newer version and for a vocabulary without words (floret); `Cancelled`.
pub fn read(bytes: &Bytes, path: &Path, progress: &Progress) -> Result<Parts> {
    let mut cursor = Cursor::new(bytes, path, NAME);
    let chunks = read_header(&mut cursor)?;
    let mut found = Chunks::default();
    for _ in 0..chunks {
        progress.check()?;
        read_chunk(&mut cursor, bytes, &mut found)?;
    }
    if cursor.remaining() > 0 {
        found.flaws.remarks.push(format!("{} bytes follow the last chunk", cursor.remaining()));
    }
    found.into_parts(&cursor, progress)
}

/// Magic number, version, and the list of chunks, of which only the length matters.
fn read_header(cursor: &mut Cursor) -> Result<u32> {
    let magic = cursor.take(4, "the magic bytes FiFu")?;
    if magic != MAGIC {
        return Err(cursor.malformed(0, "the magic bytes FiFu", String::from_utf8_lossy(magic)));
    }
    let version = cursor.u32("the version")?;
    if version != 0 {
        return Err(VectorsError::Unsupported {
            path: cursor.path().to_owned(),
            what: format!("a finalfusion file of version {version}, newer than 0"),
            advice: "convert it to word2vec or text format with finalfusion's own tools and open that"
                .to_owned(),
        });
    }
    let chunks = cursor.u32("the number of chunks")?;
    cursor.take(u64::from(chunks) * 4, "the list of chunks")?;
    Ok(chunks)
}

/// What the chunks hold.
#[derive(Default)]
struct Chunks {
    words: Option<Words>,
    storage: Option<(usize, Rows)>,
    norms: Option<(usize, Bytes)>,
    flaws: Flaws,
}

fn read_chunk(cursor: &mut Cursor, bytes: &Bytes, found: &mut Chunks) -> Result<()> {
    let at = cursor.position();
    let kind = cursor.u32("the kind of a chunk")?;
    let length = cursor.u64("the length of a chunk")?;
    cursor.need(length, &format!("a chunk of kind {kind}"))?;
    let start = cursor.position();
    match kind {
        SIMPLE_VOCABULARY | BUCKET_VOCABULARY | FASTTEXT_VOCABULARY | EXPLICIT_VOCABULARY => {
            let words = vocabulary::read(cursor, kind, bytes)?;
            put(&mut found.words, words, cursor, at, "vocabulary")?;
        }
        FLORET_VOCABULARY => return Err(floret(cursor.path())),
        ARRAY => {
            let rows = storage::read_array(cursor)?;
            put(&mut found.storage, (at, rows), cursor, at, "storage")?;
        }
        QUANTIZED_ARRAY => {
            let rows = storage::read_quantized(cursor)?;
            put(&mut found.storage, (at, rows), cursor, at, "storage")?;
        }
        NORMS => {
            let norms = storage::read_norms(cursor)?;
            put(&mut found.norms, (at, norms), cursor, at, "chunk of norms")?;
        }
        METADATA => drop(cursor.take(length, "metadata")?),
        unknown => {
            found.flaws.remarks.push(format!("a chunk of unknown kind {unknown} at byte {at} was left out"));
            cursor.take(length, "a chunk of unknown kind")?;
        }
    }
    let read = (cursor.position() - start) as u64;
    if read != length {
        // The tools ignore the length of a chunk that they know; so do we, but we say so.
        found.flaws.remarks.push(format!("the chunk at byte {at} says {length} bytes but has {read}"));
    }
    Ok(())
}

fn put<T>(slot: &mut Option<T>, value: T, cursor: &Cursor, at: usize, name: &str) -> Result<()> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(cursor.malformed(at, format!("one {name}"), "a second one")),
    }
}

fn floret(path: &Path) -> VectorsError {
    VectorsError::Unsupported {
        path: path.to_owned(),
        what: "floret vectors: they list no words, only hashed n-grams, so there is nothing to search"
            .to_owned(),
        advice: "open the .vec file that floret writes beside them".to_owned(),
    }
}

impl Chunks {
    fn into_parts(self, cursor: &Cursor, progress: &Progress) -> Result<Parts> {
        let Self { words, storage, norms, mut flaws } = self;
        let end = cursor.position();
        let words = words.ok_or_else(|| cursor.malformed(end, "a vocabulary", "no chunk of that kind"))?;
        let (at, storage) =
            storage.ok_or_else(|| cursor.malformed(end, "a storage", "no chunk of that kind"))?;
        let Words { vocabulary, subwords, ngram_rows } = words;
        let needed = (vocabulary.len() as u64).saturating_add(ngram_rows);
        if (storage.len() as u64) < needed {
            return Err(cursor.malformed(
                at,
                format!("{needed} rows, for {} words and {ngram_rows} n-grams", vocabulary.len()),
                format!("{} rows", storage.len()),
            ));
        }
        let unused = storage.len() as u64 - needed;
        if unused > 0 {
            flaws.remarks.push(format!("{unused} rows belong to no word and no n-gram"));
        }
        let rows = storage::first_rows(&storage, vocabulary.len());
        let rows = scaled(rows, norms, cursor)?;
        let rows = if storage::is_rotated(&rows) {
            let unrotated = Computation {
                vocabulary: &vocabulary,
                dimensions: rows.dimensions(),
                path: cursor.path(),
                file_size: cursor.position(),
                purpose: "unrotated",
            };
            unrotated.rows(progress, |row, out, _| rows.copy_row(row, out))?
        } else {
            rows
        };
        let first = vocabulary.len();
        let subwords = subwords
            .map(|(scheme, index)| SubwordModel::new(scheme, index, storage, first, WordRows::Averaged));
        Ok(Parts { format: NAME.into(), vocabulary, rows, subwords, flaws })
    }
}

/// Words' rows are stored with length 1; the chunk of norms has their lengths before that.
fn scaled(rows: Rows, norms: Option<(usize, Bytes)>, cursor: &Cursor) -> Result<Rows> {
    let Some((at, scales)) = norms else { return Ok(rows) };
    if scales.len() / 4 != rows.len() {
        return Err(cursor.malformed(at, format!("{} norms", rows.len()), scales.len() / 4));
    }
    Ok(Rows::Scaled { rows: Box::new(rows), scales })
}
