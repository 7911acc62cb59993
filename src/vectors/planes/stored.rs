//! Planes in the cache.

use std::ops::Range;
use std::path::Path;

use super::Planes;
use super::int4::{self, Int4Plane};
use super::int8::{Int8Plane, MOST_DIMENSIONS};
use super::scales::{Encoded, Scales};
use crate::mmap::Bytes;
use crate::progress::Progress;
use crate::vectors::cache;
use crate::vectors::error::{Result, VectorsError};
use crate::vectors::formats::container::{self, PlaneWriter, hash};
use crate::vectors::rows::Rows;
use crate::vectors::word_vectors::WordVectors;

/// Fewer numbers are read sooner than a plane would be found.
const WORTH_IT: usize = 1 << 22;

/// Rows that are encoded between two looks at the cancel flag; a search meanwhile waits for no more.
const BLOCK: usize = 4 * 1024;

/// Metadata key of the hash of some rows.
const ROWS_KEY: &str = "rows";

/// How many rows are hashed.
const SAMPLES: usize = 64;

/// The planes of `vectors`, if there are any: rows of codes are one themselves, others are in the cache.
pub fn planes(vectors: &WordVectors) -> Option<&Planes> {
    vectors.planes_or_find(|| find(vectors))
}

fn find(vectors: &WordVectors) -> Option<Planes> {
    let rows = vectors.rows();
    let int8 = Int8Plane::of_codes(rows).or_else(|| {
        let (codes, scales) = read(vectors, INT8)?;
        Int8Plane::new(rows.dimensions(), codes, scales).filter(|plane| plane.len() == rows.len())
    })?;
    let int4 = read(vectors, INT4)
        .and_then(|(codes, scales)| Int4Plane::new(rows.dimensions(), codes, scales))
        .filter(|plane| plane.len() == rows.len());
    Some(Planes { int8, int4 })
}

/// Codes and scales of the plane `kind` in the cache, if it belongs to these rows.
fn read(vectors: &WordVectors, kind: &str) -> Option<(Bytes, Scales)> {
    let rows = vectors.rows();
    if !is_worth_it(rows) {
        return None;
    }
    let (bytes, cache_path) = cache::lookup(vectors.path()?, &purpose(vectors, kind))?;
    if container::metadata(&bytes, ROWS_KEY)? != fingerprint(rows) {
        return None;
    }
    let [codes, scales, errors] = container::read_plane(&bytes, &cache_path).ok()?;
    Some((codes, Scales::new(scales, errors)?))
}

/// Makes [`planes`] ready, in the cache, where there are none yet and they would be worth it. Progress
/// counts rows.
///
/// # Errors
/// Whatever the system says on writing; a file that changed meanwhile; it was stopped.
pub fn prepare(vectors: &WordVectors, progress: &Progress) -> Result<()> {
    let rows = vectors.rows();
    let Some(path) = vectors.path().filter(|_| is_worth_it(rows)) else { return Ok(()) };
    let dimensions = rows.dimensions();
    let encoders: [(&str, usize, Encoder); 2] =
        [(INT8, dimensions, Int8Plane::encode_rows), (INT4, int4::width(dimensions), Int4Plane::encode_rows)];
    let missing = match planes(vectors) {
        Some(Planes { int4: Some(_), .. }) => return Ok(()),
        Some(_) => &encoders[1..],
        None => &encoders[..],
    };
    progress.start((missing.len() * rows.len()) as u64);
    for &(kind, width, encode) in missing {
        write(vectors, path, kind, width, encode, progress)?;
    }
    if let Some(planes) = find(vectors) {
        vectors.keep_planes(planes);
    }
    Ok(())
}

/// Names of the planes in the cache.
const INT8: &str = "int8";
const INT4: &str = "int4";

/// What makes codes of some rows.
type Encoder = fn(&Rows, Range<usize>) -> Encoded;

fn write(
    vectors: &WordVectors,
    path: &Path,
    kind: &str,
    width: usize,
    encode: Encoder,
    progress: &Progress,
) -> Result<()> {
    let rows = vectors.rows();
    let slot = cache::create(path, &purpose(vectors, kind))?;
    let metadata = [slot.metadata(), vec![(ROWS_KEY.into(), fingerprint(rows))]].concat();
    let mut writer = PlaneWriter::create(&slot.path, Some(path), width, metadata)?;
    for start in (0..rows.len()).step_by(BLOCK) {
        progress.check()?;
        let end = (start + BLOCK).min(rows.len());
        let Encoded { codes, scales, errors } = encode(rows, start..end);
        writer.push(&codes, &scales, &errors)?;
        progress.advance((end - start) as u64);
    }
    if !slot.is_current(path) {
        let message = format!("{} changed while it was being read; open it again", path.display());
        return Err(VectorsError::Request(message));
    }
    writer.finish()?;
    Ok(())
}

fn is_worth_it(rows: &Rows) -> bool {
    rows.dimensions() <= MOST_DIMENSIONS && rows.len().saturating_mul(rows.dimensions()) >= WORTH_IT
}

/// A file may hold several vectors (an archive), and be read in several ways.
fn purpose(vectors: &WordVectors, kind: &str) -> String {
    let what = format!("{} {} {}", vectors.name(), vectors.len(), vectors.dimensions());
    format!("{kind}-{:016x}", hash(what.as_bytes()))
}

/// Whether these are the rows that the plane was made of: a hash of some of them.
fn fingerprint(rows: &Rows) -> String {
    let count = SAMPLES.min(rows.len());
    let sample = (0..count).flat_map(|sample| rows.to_vec(sample * (rows.len() - 1) / (count - 1).max(1)));
    let bytes: Vec<u8> = sample.flat_map(f32::to_le_bytes).collect();
    format!("{:016x}", hash(&bytes))
}
