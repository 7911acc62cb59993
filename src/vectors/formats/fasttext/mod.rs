//! fastText `.bin` and `.ftz`.

use std::path::Path;

use super::Parts;
use crate::mmap::Bytes;
use crate::progress::Progress;
use crate::vectors::Result;

/// Whether `bytes` begin like a fastText model, with or without the magic number.
pub fn detect(_bytes: &[u8]) -> bool {
    todo!()
}

/// Reads a fastText model.
///
/// # Errors
/// A file that breaks its format, with the byte; cancelled.
pub fn read(_bytes: &Bytes, _path: &Path, _progress: &Progress) -> Result<Parts> {
    todo!()
}
