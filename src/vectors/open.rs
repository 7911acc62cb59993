//! Opening vector files, whatever their format.

use std::path::{Path, PathBuf};

use super::{Result, WordVectors};
use crate::progress::Progress;

/// Opens the word vectors in `path`: any format, told by content; a folder with one vector file in it.
///
/// Progress counts bytes of the file.
///
/// # Errors
/// A file that cannot be read, is cut short, or is something else: with the byte and what to do.
pub fn open(path: &Path, progress: &Progress) -> Result<WordVectors> {
    let _ = (path, progress);
    todo!()
}

/// Opens the vectors that are part of the program: GloVe 6B 100d, 30,000 words, int8.
///
/// # Errors
/// None in a sound build.
pub fn shipped() -> Result<WordVectors> {
    todo!()
}

/// The one vector file in `folder`.
///
/// # Errors
/// None in it, or several: then their names.
pub fn find_in_folder(folder: &Path) -> Result<PathBuf> {
    let _ = folder;
    todo!()
}
