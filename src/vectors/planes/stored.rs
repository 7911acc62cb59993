//! Planes in the cache.

use std::path::Path;

use super::Planes;
use super::code_plane::{CodePlane, Coding, Encoded, MOST_DIMENSIONS};
use super::int4::Int4;
use super::int8::{Int8, Int8Plane};
use super::scales::Scales;
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
    let int8 = Int8Plane::of_codes(vectors.rows()).or_else(|| read(vectors))?;
    Some(Planes { int8, int4: read(vectors) })
}

/// The plane of this coding in the cache, if it belongs to these rows.
fn read<C: Coding>(vectors: &WordVectors) -> Option<CodePlane<C>> {
    let rows = vectors.rows();
    if !is_worth_it(rows) {
        return None;
    }
    let (bytes, cache_path) = cache::lookup(vectors.path()?, &purpose::<C>(vectors))?;
    if container::metadata(&bytes, ROWS_KEY)? != fingerprint(rows) {
        return None;
    }
    let [codes, scales, errors] = container::read_plane(&bytes, &cache_path).ok()?;
    let plane = CodePlane::new(rows.dimensions(), codes, Scales::new(scales, errors)?)?;
    (plane.len() == rows.len()).then_some(plane)
}

/// Makes [`planes`] ready, in the cache, where there are none yet and they would be worth it. Progress
/// counts rows.
///
/// # Errors
/// Whatever the system says on writing; a file that changed meanwhile; it was stopped.
pub fn prepare(vectors: &WordVectors, progress: &Progress) -> Result<()> {
    let rows = vectors.rows();
    let Some(path) = vectors.path().filter(|_| is_worth_it(rows)) else { return Ok(()) };
    match planes(vectors) {
        Some(Planes { int4: Some(_), .. }) => return Ok(()),
        Some(Planes { int4: None, .. }) => progress.start(rows.len() as u64),
        None => {
            progress.start(2 * rows.len() as u64);
            write::<Int8>(vectors, path, progress)?;
        }
    }
    write::<Int4>(vectors, path, progress)?;
    if let Some(planes) = find(vectors) {
        vectors.keep_planes(planes);
    }
    Ok(())
}

fn write<C: Coding>(vectors: &WordVectors, path: &Path, progress: &Progress) -> Result<()> {
    let rows = vectors.rows();
    let slot = cache::create(path, &purpose::<C>(vectors))?;
    let metadata = [slot.metadata(), vec![(ROWS_KEY.into(), fingerprint(rows))]].concat();
    let mut writer = PlaneWriter::create(&slot.path, Some(path), C::width(rows.dimensions()), metadata)?;
    for start in (0..rows.len()).step_by(BLOCK) {
        progress.check()?;
        let end = (start + BLOCK).min(rows.len());
        let Encoded { codes, scales, errors } = Encoded::of::<C>(rows, start..end);
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
fn purpose<C: Coding>(vectors: &WordVectors) -> String {
    let what = format!("{} {} {}", vectors.name(), vectors.len(), vectors.dimensions());
    format!("{}-{:016x}", C::NAME, hash(what.as_bytes()))
}

/// Whether these are the rows that the plane was made of: a hash of some of them.
fn fingerprint(rows: &Rows) -> String {
    let count = SAMPLES.min(rows.len());
    let sample = (0..count).flat_map(|sample| rows.to_vec(sample * (rows.len() - 1) / (count - 1).max(1)));
    let bytes: Vec<u8> = sample.flat_map(f32::to_le_bytes).collect();
    format!("{:016x}", hash(&bytes))
}
