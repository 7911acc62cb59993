//! What can go wrong with word vectors, each with the place and the way out.

use std::io;
use std::path::{Path, PathBuf};

use crate::files::WriteError;
use crate::progress::Cancelled;

/// Result of everything in [`crate::vectors`].
pub type Result<T, E = VectorsError> = std::result::Result<T, E>;

/// What can go wrong with word vectors.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VectorsError {
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
    #[error("{}: not a whole {format} file: at byte {offset}: expected {expected}, found {found}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The format that it was read as.
        format: &'static str,
        /// Byte offset from the start of the (decompressed) file.
        offset: u64,
        /// What the format calls for there.
        expected: String,
        /// What is there.
        found: String,
    },
    /// A file is of a kind that is known but not readable, or of no known kind.
    #[error("{}: {what}; {advice}", path.display())]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// What it seems to be.
        what: String,
        /// What to do instead.
        advice: String,
    },
    /// A word is not in the vocabulary and has no subword vector.
    #[error("\"{word}\" is not among the {size} words{}", suggestion_text(suggestions))]
    UnknownWord {
        /// The word as asked.
        word: String,
        /// Vocabulary size.
        size: usize,
        /// Words that it may stand for, best first.
        suggestions: Vec<String>,
    },
    /// A query without a word in it.
    #[error(
        "the query is empty: give a word, such as king, or an expression, such as \"king - man + woman\""
    )]
    EmptyQuery,
    /// The query's vector has no direction (all zero, or not finite).
    #[error("the query has no direction: {reason}")]
    NoDirection {
        /// Why.
        reason: String,
    },
    /// An expression that does not parse.
    #[error("cannot read the expression at column {column}: {message}")]
    Syntax {
        /// 1-based column, in characters.
        column: usize,
        /// What is wrong and what would be right.
        message: String,
    },
    /// Vectors of different length were to be compared.
    #[error("{what} has {found} dimensions, but these vectors have {expected}")]
    DimensionMismatch {
        /// What does not fit.
        what: String,
        /// Dimensions of the vectors.
        expected: usize,
        /// Dimensions found.
        found: usize,
    },
    /// A request that makes no sense, with what would.
    #[error("{0}")]
    Request(String),
    /// A file could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A decomposition failed.
    #[error(transparent)]
    Linalg(#[from] crate::linalg::LinalgError),
    /// Whoever asked no longer wants it.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

impl VectorsError {
    /// An [`VectorsError::Io`] on `path`, for `map_err`.
    pub fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }

    /// The same said of the file that a person knows, where this one was made of it.
    pub fn renamed(mut self, made: &Path, known: &Path) -> Self {
        if let Self::Io { path, .. } | Self::Malformed { path, .. } | Self::Unsupported { path, .. } =
            &mut self
            && path == made
        {
            known.clone_into(path);
        }
        self
    }

    /// An [`VectorsError::Unsupported`].
    pub fn unsupported(path: &Path, what: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::Unsupported { path: path.to_owned(), what: what.into(), advice: advice.into() }
    }
}

fn suggestion_text(suggestions: &[String]) -> String {
    if suggestions.is_empty() { String::new() } else { format!("; did you mean {}?", suggestions.join(", ")) }
}
