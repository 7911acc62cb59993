//! Planes in the cache.

use super::int8::{Int8Plane, MOST_DIMENSIONS, encode_rows};
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

/// The plane of `vectors`, if there is one: rows of codes are their own, others have theirs in the cache.
pub fn plane(vectors: &WordVectors) -> Option<&Int8Plane> {
    vectors.plane_or_find(|| find(vectors))
}

fn find(vectors: &WordVectors) -> Option<Int8Plane> {
    let rows = vectors.rows();
    if let Some(plane) = Int8Plane::of_codes(rows) {
        return Some(plane);
    }
    if !is_worth_it(rows) {
        return None;
    }
    let (bytes, cache_path) = cache::lookup(vectors.path()?, &purpose(vectors))?;
    if container::metadata(&bytes, ROWS_KEY)? != fingerprint(rows) {
        return None;
    }
    let (dimensions, [codes, scales, errors]) = container::read_plane(&bytes, &cache_path).ok()?;
    let plane = Int8Plane::new(dimensions, codes, scales, errors)?;
    (plane.len() == rows.len() && dimensions == rows.dimensions()).then_some(plane)
}

/// Makes [`plane`] ready, in the cache, where there is none yet and it would be worth it. Progress counts
/// rows.
///
/// # Errors
/// Whatever the system says on writing; a file that changed meanwhile; it was stopped.
pub fn prepare(vectors: &WordVectors, progress: &Progress) -> Result<()> {
    let rows = vectors.rows();
    let Some(path) = vectors.path().filter(|_| is_worth_it(rows) && plane(vectors).is_none()) else {
        return Ok(());
    };
    let slot = cache::create(path, &purpose(vectors))?;
    let metadata = [slot.metadata(), vec![(ROWS_KEY.into(), fingerprint(rows))]].concat();
    let dimensions = rows.dimensions();
    let mut writer = PlaneWriter::create(&slot.path, Some(path), dimensions, metadata)?;
    progress.start(rows.len() as u64);
    for start in (0..rows.len()).step_by(BLOCK) {
        progress.check()?;
        let end = (start + BLOCK).min(rows.len());
        let (codes, scales, errors) = encode_rows(rows, start..end);
        writer.push(&codes, &scales, &errors)?;
        progress.advance((end - start) as u64);
    }
    if !slot.is_current(path) {
        let message = format!("{} changed while it was being read; open it again", path.display());
        return Err(VectorsError::Request(message));
    }
    writer.finish()?;
    if let Some(plane) = find(vectors) {
        vectors.keep_plane(plane);
    }
    Ok(())
}

fn is_worth_it(rows: &Rows) -> bool {
    rows.dimensions() <= MOST_DIMENSIONS && rows.len().saturating_mul(rows.dimensions()) >= WORTH_IT
}

/// A file may hold several vectors (an archive), and be read in several ways.
fn purpose(vectors: &WordVectors) -> String {
    let what = format!("{} {} {}", vectors.name(), vectors.len(), vectors.dimensions());
    format!("int8-{:016x}", hash(what.as_bytes()))
}

/// Whether these are the rows that the plane was made of: a hash of some of them.
fn fingerprint(rows: &Rows) -> String {
    let count = SAMPLES.min(rows.len());
    let sample = (0..count).flat_map(|sample| rows.to_vec(sample * (rows.len() - 1) / (count - 1).max(1)));
    let bytes: Vec<u8> = sample.flat_map(f32::to_le_bytes).collect();
    format!("{:016x}", hash(&bytes))
}
