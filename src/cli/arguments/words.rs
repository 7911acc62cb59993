//! Words and queries.

use anyhow::Result;

use crate::vectors::VectorsError;

/// `text`, unless there is nothing in it.
///
/// # Errors
/// [`VectorsError::EmptyQuery`].
pub fn given(text: &str) -> Result<&str> {
    if text.trim_ascii().is_empty() { Err(VectorsError::EmptyQuery.into()) } else { Ok(text) }
}
