//! The rows of word vectors that are written to a file.

use std::path::Path;

use rayon::prelude::*;

use crate::files::AtomicFile;
use crate::progress::Progress;
use crate::vectors::error::Result;
use crate::vectors::word_vectors::WordVectors;

/// Rows that are made into bytes by one task.
const CHUNK: usize = 1024;

/// Tasks between two visits to the file.
const BATCH: usize = 16;

/// One row that is to be written.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// Its vectors.
    pub vectors: &'a WordVectors,
    /// Its index.
    pub index: usize,
    /// Its word.
    pub word: &'a [u8],
    /// Whether the word occurred in an earlier row.
    pub is_duplicate: bool,
}

/// What is written, and where to.
#[derive(Debug, Clone, Copy)]
pub struct Selection<'a> {
    /// The vectors.
    pub vectors: &'a WordVectors,
    /// Which of their rows, rising.
    pub rows: &'a [usize],
    /// The file to write.
    pub path: &'a Path,
    /// Counts rows.
    pub progress: &'a Progress,
}

impl Selection<'_> {
    /// Starts the file at `path`, with the permissions of the vectors' own file.
    ///
    /// # Errors
    /// Whatever the system says.
    pub fn create(&self, path: &Path) -> Result<AtomicFile> {
        Ok(AtomicFile::create(path, self.vectors.path())?)
    }

    /// Hands every row to `take`, in order.
    ///
    /// # Errors
    /// Cancelled, or what `take` says.
    pub fn one_by_one(&self, mut take: impl FnMut(&[u8], &[f32]) -> Result<()>) -> Result<()> {
        let mut numbers = vec![0.0; self.vectors.dimensions()];
        for (index, &row) in self.rows.iter().enumerate() {
            self.vectors.rows().copy_row(row, &mut numbers);
            take(self.vectors.vocabulary().word(row), &numbers)?;
            if index % CHUNK == 0 {
                self.progress.check()?;
            }
            self.progress.advance(1);
        }
        Ok(())
    }

    /// Makes every row into bytes, in parallel, and writes them in order.
    ///
    /// # Errors
    /// Cancelled; whatever the system says on writing.
    pub fn encoded(
        &self,
        file: &mut AtomicFile,
        encode: impl Fn(&[u8], &[f32], &mut Vec<u8>) + Sync,
    ) -> Result<()> {
        for batch in self.rows.chunks(BATCH * CHUNK) {
            self.progress.check()?;
            let parts: Vec<Vec<u8>> = batch
                .par_chunks(CHUNK)
                .map(|rows| {
                    let mut out = Vec::new();
                    let mut numbers = vec![0.0; self.vectors.dimensions()];
                    for &row in rows {
                        self.vectors.rows().copy_row(row, &mut numbers);
                        encode(self.vectors.vocabulary().word(row), &numbers, &mut out);
                    }
                    out
                })
                .collect();
            for part in parts {
                file.write(&part)?;
            }
            self.progress.advance(batch.len() as u64);
        }
        Ok(())
    }
}
