//! Rows that have to be computed from what the file holds: done once, in parallel, and kept.

use std::path::Path;

use ndarray::Array2;
use rayon::prelude::*;

use crate::progress::Progress;
use crate::vectors::{Result, Rows, Vocabulary};

/// Rows that are computed between two looks at the wish to stop.
const CHUNK: usize = 4096;

/// The row of every word of `vocabulary`, as `fill(row, out, scratch)` writes it into `out`; both
/// slices have `dimensions` numbers. `purpose` names this computation apart from others on `path`.
///
/// # Errors
/// Cancelled.
pub(super) fn rows(
    vocabulary: &Vocabulary,
    dimensions: usize,
    _path: &Path,
    _purpose: &str,
    progress: &Progress,
    fill: impl Fn(usize, &mut [f32], &mut [f32]) + Sync,
) -> Result<Rows> {
    progress.start(vocabulary.len() as u64);
    let mut rows = Vec::new();
    for start in (0..vocabulary.len()).step_by(CHUNK) {
        progress.check()?;
        let end = (start + CHUNK).min(vocabulary.len());
        let mut chunk = vec![0.0f32; (end - start) * dimensions];
        chunk.par_chunks_mut(dimensions).enumerate().for_each_init(
            || vec![0.0f32; dimensions],
            |scratch, (index, row)| fill(start + index, row, scratch),
        );
        rows.extend_from_slice(&chunk);
        progress.advance((end - start) as u64);
    }
    let shape = (vocabulary.len(), dimensions);
    Ok(Rows::Owned(Array2::from_shape_vec(shape, rows).unwrap_or_else(|_| Array2::zeros(shape))))
}
