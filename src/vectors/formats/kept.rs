//! Rows that are read once and kept in the cache: those of text, and of arrays that have to be converted.

use std::path::Path;

use super::container::{self, ContainerWriter};
use super::parts::{Flaws, Parts};
use super::sink::{Memory, Sink};
use crate::vectors::cache::{self, Slot};
use crate::vectors::error::{Result, VectorsError};

/// What hands all rows of a file to a sink; called again should the first sink fail.
pub type Fill<'a> = &'a mut dyn FnMut(&mut dyn Sink) -> Result<Flaws>;

/// Which rows are kept.
#[derive(Debug, Clone, Copy)]
pub struct Kept<'a> {
    /// The file that they come from.
    pub path: &'a Path,
    /// What sets them apart from other rows of the same file.
    pub purpose: &'a str,
}

impl<'a> Kept<'a> {
    /// The rows of `path` as every reader would read it.
    pub fn of(path: &'a Path) -> Self {
        Self { path, purpose: "rows" }
    }

    /// The parts as the cache has them; `None` when it has not, or not any more.
    pub fn parts(&self) -> Option<Parts> {
        let (bytes, cache_path) = cache::lookup(self.path, self.purpose)?;
        let parts = container::read(&bytes, &cache_path).ok()?;
        let format = container::metadata(&bytes, "format")?;
        let flaws = serde_json::from_str(&container::metadata(&bytes, "flaws")?).ok()?;
        Some(Parts { format, flaws, ..parts })
    }

    /// Reads all rows into a cache file and maps it; into memory where there can be no cache file.
    ///
    /// # Errors
    /// What `fill` says.
    pub fn through_cache(&self, format: &str, dimensions: usize, fill: Fill) -> Result<Parts> {
        if let Some(parts) = self.parts() {
            return Ok(parts);
        }
        let failure = match cache::create(self.path, self.purpose) {
            Ok(slot) => match self.write(&slot, format, dimensions, fill) {
                Ok(()) => match self.parts() {
                    Some(parts) => return Ok(parts),
                    None => "it was not there after writing".into(),
                },
                Err(error) if concerns(&error, &slot) => error.to_string(),
                Err(error) => return Err(error),
            },
            Err(error) => error.to_string(),
        };
        tracing::warn!(path = %self.path.display(), %failure, "kept in memory");
        let mut memory = Memory::new(dimensions);
        let mut flaws = fill(&mut memory)?;
        let (vocabulary, rows) = memory.into_parts();
        let remark = format!("kept in memory and read anew every time, for want of a cache: {failure}");
        flaws.remarks.push(remark);
        Ok(Parts { format: format.to_owned(), vocabulary, rows, subwords: None, flaws })
    }

    fn write(&self, slot: &Slot, format: &str, dimensions: usize, fill: Fill) -> Result<()> {
        let mut writer = ContainerWriter::create(&slot.path, Some(self.path), dimensions, slot.metadata())?;
        let flaws = fill(&mut writer)?;
        if !slot.is_current(self.path) {
            let message = format!("{} changed while it was being read; open it again", self.path.display());
            return Err(VectorsError::Request(message));
        }
        writer.describe(vec![
            ("format".into(), format.to_owned()),
            ("flaws".into(), serde_json::to_string(&flaws).unwrap_or_default()),
        ]);
        writer.finish().map(|_| ())
    }
}

/// Whether `error` is about the cache file rather than the source.
fn concerns(error: &VectorsError, slot: &Slot) -> bool {
    matches!(error, VectorsError::Write(error) if error.path == slot.path)
}
