//! `preprocessor_config.json`: how what a person gives becomes numbers for a model.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::error::{ModelError, Result};

/// The file in a model's folder, and its text: that of no setting where there is no folder or no file.
///
/// # Errors
/// A file that cannot be read.
pub fn read(folder: Option<&Path>) -> Result<(PathBuf, String)> {
    let path = folder.unwrap_or(Path::new("")).join("preprocessor_config.json");
    let text = match folder.map(|_| std::fs::read_to_string(&path)) {
        None => "{}".into(),
        Some(Ok(text)) => text,
        Some(Err(error)) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            "{}".into()
        }
        Some(Err(error)) => return Err(ModelError::io("read", &path)(error)),
    };
    Ok((path, text))
}
