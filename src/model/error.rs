//! What can go wrong with a model folder or a pass through a network.

use std::io;
use std::path::{Path, PathBuf};

use crate::progress::Cancelled;

/// Result of everything in [`crate::model`].
pub type Result<T, E = ModelError> = std::result::Result<T, E>;

/// What can go wrong with a model.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// The system refused a file.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was being done, as a verb: "open", "write".
        action: &'static str,
        /// To which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file breaks its own format.
    #[error("{}: {what}: expected {expected}, found {found}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The place: a key, a tensor, a byte.
        what: String,
        /// What the format calls for there.
        expected: String,
        /// What is there.
        found: String,
    },
    /// A tensor that the architecture needs is not in the file.
    #[error("{}: tensor {tensor} is missing (expected shape {}); is this the whole {family} checkpoint?",
        path.display(), shape_text(expected))]
    MissingTensor {
        /// The weights file.
        path: PathBuf,
        /// Its name, the first of the accepted ones.
        tensor: String,
        /// The family that needs it.
        family: &'static str,
        /// The shape that it should have; 0 stands for "any".
        expected: Vec<usize>,
    },
    /// A tensor has another shape than the configuration says.
    #[error("{}: tensor {tensor}: expected shape {}, found {}; config.json and the weights disagree",
        path.display(), shape_text(expected), shape_text(found))]
    WrongShape {
        /// The weights file.
        path: PathBuf,
        /// The tensor.
        tensor: String,
        /// The shape that the configuration calls for; 0 stands for "any".
        expected: Vec<usize>,
        /// The shape in the file.
        found: Vec<usize>,
    },
    /// A known kind of file or option that is not supported, or an unknown one.
    #[error("{}: {what}; {advice}", path.display())]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// What it asks for.
        what: String,
        /// What to do instead.
        advice: String,
    },
    /// A request that makes no sense, with what would.
    #[error("{0}")]
    Request(String),
    /// A trace that would not fit.
    #[error("a trace of {tokens} tokens needs {} (limit {}); shorten the text or keep the weights only",
        megabytes(*needed), megabytes(*limit))]
    TraceTooLarge {
        /// Number of tokens.
        tokens: usize,
        /// Bytes needed.
        needed: u64,
        /// Bytes allowed.
        limit: u64,
    },
    /// Whoever asked no longer wants it.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

impl ModelError {
    /// An [`ModelError::Io`] on `path`, for `map_err`.
    pub fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }
}

fn shape_text(shape: &[usize]) -> String {
    let sizes: Vec<String> =
        shape.iter().map(|&size| if size == 0 { "any".into() } else { size.to_string() }).collect();
    format!("[{}]", sizes.join(", "))
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}
