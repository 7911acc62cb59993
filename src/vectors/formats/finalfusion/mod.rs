//! finalfusion `.fifu`.

use std::path::Path;

use super::Parts;
use crate::mmap::Bytes;
use crate::progress::Progress;
use crate::vectors::Result;

/// Whether `bytes` begin like a finalfusion file.
pub fn detect(bytes: &[u8]) -> bool {
    bytes.starts_with(b"FiFu")
}

/// Reads a finalfusion file.
///
/// # Errors
/// A file that breaks its format, with the byte; a vocabulary without words; cancelled.
pub fn read(_bytes: &Bytes, _path: &Path, _progress: &Progress) -> Result<Parts> {
    todo!()
}
