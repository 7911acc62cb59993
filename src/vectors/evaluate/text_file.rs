//! The text of an evaluation set, and what is said of lines that do not fit.

use std::path::{Path, PathBuf};

use crate::vectors::error::{Result, VectorsError};

/// The text of an evaluation set; broken UTF-8 becomes U+FFFD, which no vocabulary matches.
pub(super) fn read_text(path: &Path) -> Result<String> {
    let bytes = std::fs::read(path).map_err(VectorsError::io("read", path))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

pub(super) fn bad_line(path: &Path, line: usize, expected: &str, found: &str) -> VectorsError {
    const SHOWN: usize = 60;
    let shown: String = found.chars().take(SHOWN).collect();
    VectorsError::Unsupported {
        path: PathBuf::from(path),
        what: format!("line {line} is \"{}\"", shown.escape_debug()),
        advice: format!("expected {expected}"),
    }
}

pub(super) fn nothing_in(path: &Path, expected: &str) -> VectorsError {
    VectorsError::Unsupported {
        path: PathBuf::from(path),
        what: "nothing is in it".into(),
        advice: format!("expected {expected}"),
    }
}

/// The lines of `text` without byte order mark, whichever way they end.
pub(super) fn lines(text: &str) -> impl Iterator<Item = &str> {
    let end = if text.contains('\n') { '\n' } else { '\r' };
    text.trim_start_matches('\u{feff}').split(end).map(str::trim)
}
