//! Where the vectors of a command come from.

use std::path::Path;

use anyhow::Result;

use super::progress;
use crate::vectors::{self, WordVectors};

/// Opens `path`, a file or a folder with one, or the shipped vectors.
///
/// # Errors
/// The file's own; a folder with no vector file in it, or with several.
pub fn open(path: Option<&Path>) -> Result<WordVectors> {
    let Some(path) = path else {
        return Ok(vectors::open::shipped()?);
    };
    let opened = progress::shown(&format!("opening {}", path.display()), |progress| {
        vectors::open::open(path, progress)
    });
    Ok(opened?)
}
