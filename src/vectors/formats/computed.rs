//! Rows that have to be computed from what the file holds: done once, in parallel, and kept.

use std::path::Path;

use ndarray::Array2;
use rayon::prelude::*;

use super::container::{self, ContainerWriter};
use crate::mmap::Bytes;
use crate::progress::Progress;
use crate::vectors::cache;
use crate::vectors::error::{Result, VectorsError};
use crate::vectors::rows::Rows;
use crate::vectors::vocabulary::Vocabulary;

/// Rows that are computed between two looks at the wish to stop.
const CHUNK: usize = 4096;
/// Up to this size rows are computed on every opening: that takes less time than a look at the
/// cache is worth.
const NOT_WORTH_KEEPING: u64 = 8 << 20;
/// No real file's rows grow by more than this over the whole file when they are reconstructed.
const LARGEST_GROWTH: u64 = 256;

/// What is to be computed, for which file.
pub(super) struct Computation<'a> {
    /// The words that the rows belong to.
    pub(super) vocabulary: &'a Vocabulary,
    /// Numbers in a row.
    pub(super) dimensions: usize,
    /// The file that it is computed from.
    pub(super) path: &'a Path,
    /// Size of that file in bytes.
    pub(super) file_size: usize,
    /// What sets it apart from other computations on the same file.
    pub(super) purpose: &'a str,
}

impl Computation<'_> {
    /// One row a word, as `fill(row, out, scratch)` writes it into `out`; both slices have
    /// `dimensions` numbers. Rows come from the cache when it has them, and go there when it can
    /// take them; without a cache they stay in memory.
    ///
    /// # Errors
    /// Cancelled; [`VectorsError::Unsupported`] when the rows would be out of all proportion to
    /// the file.
    pub(super) fn rows(
        &self,
        progress: &Progress,
        fill: impl Fn(usize, &mut [f32], &mut [f32]) + Sync,
    ) -> Result<Rows> {
        let size = (self.vocabulary.len() as u64).saturating_mul(self.dimensions as u64).saturating_mul(4);
        if size > (self.file_size as u64).saturating_mul(LARGEST_GROWTH) {
            return Err(self.out_of_proportion());
        }
        if size <= NOT_WORTH_KEEPING {
            return self.in_memory(progress, &fill);
        }
        if let Some(rows) = self.kept() {
            return Ok(rows);
        }
        match self.keep(progress, &fill) {
            Ok(rows) => Ok(rows),
            Err(VectorsError::Cancelled(cancelled)) => Err(cancelled.into()),
            Err(error) => {
                tracing::warn!("rows computed from {} are not kept: {error}", self.path.display());
                self.in_memory(progress, &fill)
            }
        }
    }

    fn out_of_proportion(&self) -> VectorsError {
        VectorsError::Unsupported {
            path: self.path.to_owned(),
            what: format!(
                "its {} rows of {} numbers would take more than {LARGEST_GROWTH} times its own size",
                self.vocabulary.len(),
                self.dimensions
            ),
            advice: "check that the file is what it claims to be".to_owned(),
        }
    }

    /// The rows from the cache, if they are there and fit.
    fn kept(&self) -> Option<Rows> {
        let (bytes, path) = cache::lookup(self.path, self.purpose)?;
        self.read_kept(&bytes, &path).ok()
    }

    fn read_kept(&self, bytes: &Bytes, path: &Path) -> Result<Rows> {
        let rows = container::read(bytes, path)?.rows;
        if rows.len() == self.vocabulary.len() && rows.dimensions() == self.dimensions {
            return Ok(rows);
        }
        Err(VectorsError::Request(format!("{} holds other rows than were computed", path.display())))
    }

    /// Computes the rows into the cache and maps them.
    fn keep(
        &self,
        progress: &Progress,
        fill: &(impl Fn(usize, &mut [f32], &mut [f32]) + Sync),
    ) -> Result<Rows> {
        let slot = cache::create(self.path, self.purpose)?;
        let mut writer =
            ContainerWriter::create(&slot.path, Some(self.path), self.dimensions, slot.metadata())?;
        self.for_each_chunk(progress, fill, |chunk| {
            // The words themselves stay in the source, which is opened anyway.
            chunk.chunks_exact(self.dimensions).try_for_each(|row| writer.push(b"", row))
        })?;
        if !slot.is_current(self.path) {
            return Err(VectorsError::Request(format!("{} changed while it was read", self.path.display())));
        }
        writer.finish()?;
        let bytes = Bytes::map(&slot.path).map_err(VectorsError::io("map", &slot.path))?;
        self.read_kept(&bytes, &slot.path)
    }

    fn in_memory(
        &self,
        progress: &Progress,
        fill: &(impl Fn(usize, &mut [f32], &mut [f32]) + Sync),
    ) -> Result<Rows> {
        let mut rows = Array2::zeros((0, self.dimensions));
        self.for_each_chunk(progress, fill, |chunk| {
            for row in chunk.chunks_exact(self.dimensions) {
                // Rows have the array's length, so that this cannot fail.
                let _ = rows.push_row(row.into());
            }
            Ok(())
        })?;
        Ok(Rows::Owned(rows))
    }

    /// Computes chunk after chunk, each in parallel, and hands them to `take` in order.
    fn for_each_chunk(
        &self,
        progress: &Progress,
        fill: &(impl Fn(usize, &mut [f32], &mut [f32]) + Sync),
        mut take: impl FnMut(&[f32]) -> Result<()>,
    ) -> Result<()> {
        let (words, dimensions) = (self.vocabulary.len(), self.dimensions);
        progress.start(words as u64);
        let mut chunk = vec![0.0f32; words.min(CHUNK) * dimensions];
        for start in (0..words).step_by(CHUNK) {
            progress.check()?;
            let count = (words - start).min(CHUNK);
            let rows = &mut chunk[..count * dimensions];
            rows.par_chunks_mut(dimensions).enumerate().for_each_init(
                || vec![0.0f32; dimensions],
                |scratch, (index, row)| fill(start + index, row, scratch),
            );
            take(rows)?;
            progress.advance(count as u64);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn computation<'a>(vocabulary: &'a Vocabulary, file_size: usize) -> Computation<'a> {
        let path = Path::new("no-such-folder/model.bin");
        Computation { vocabulary, dimensions: 2, path, file_size, purpose: "test" }
    }

    fn fill(row: usize, out: &mut [f32], _: &mut [f32]) {
        out.copy_from_slice(&[row as f32, 0.5]);
    }

    #[test]
    fn rows_come_in_order_over_several_chunks() {
        let words = 2 * CHUNK + 3;
        let vocabulary = Vocabulary::from_words((0..words).map(|row| row.to_string()));
        let progress = Progress::unobserved();
        let rows = computation(&vocabulary, 1 << 20).rows(&progress, fill).unwrap();
        assert_eq!(rows.len(), words);
        assert!((0..words).all(|row| rows.to_vec(row) == [row as f32, 0.5]));
        assert_eq!(progress.fraction(), Some(1.0));
    }

    #[test]
    fn rows_out_of_all_proportion_to_the_file_are_refused() {
        let vocabulary = Vocabulary::from_words((0..1000).map(|row| row.to_string()));
        let error = computation(&vocabulary, 30).rows(&Progress::unobserved(), fill).unwrap_err();
        assert!(error.to_string().contains("256 times its own size"), "{error}");
    }

    #[test]
    fn what_cannot_be_kept_stays_in_memory() {
        let vocabulary = Vocabulary::from_words(["a"]);
        let work = computation(&vocabulary, 1 << 20);
        assert!(work.kept().is_none());
        assert!(work.keep(&Progress::unobserved(), &fill).is_err());
        assert!(matches!(work.in_memory(&Progress::unobserved(), &fill), Ok(Rows::Owned(_))));
    }
}
