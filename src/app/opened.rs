//! Something that is opened once and shared by all screens: vectors, a model.

use std::sync::Arc;
use std::time::Duration;

use crate::progress::Progress;

/// A file or a folder, from the wish to the answer.
#[derive(Debug, Default)]
pub enum Opened<T> {
    /// Nothing was read yet.
    #[default]
    Closed,
    /// A worker reads it.
    Opening {
        /// What is opened.
        name: String,
        /// How far it is.
        progress: Arc<Progress>,
        /// Since when, on the clock of [`super::Frame::now`].
        since: Duration,
    },
    /// It can be asked.
    Open(Arc<T>),
    /// It could not be read.
    Failed {
        /// What is wrong, with place and expectation.
        message: String,
        /// What to do now.
        way_out: String,
    },
}

impl<T> Clone for Opened<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Closed => Self::Closed,
            Self::Opening { name, progress, since } => {
                Self::Opening { name: name.clone(), progress: Arc::clone(progress), since: *since }
            }
            Self::Open(open) => Self::Open(Arc::clone(open)),
            Self::Failed { message, way_out } => {
                Self::Failed { message: message.clone(), way_out: way_out.clone() }
            }
        }
    }
}

impl<T> Opened<T> {
    /// What is open.
    pub fn open(&self) -> Option<&Arc<T>> {
        match self {
            Self::Open(open) => Some(open),
            _ => None,
        }
    }

    /// Whether it could not be read.
    pub fn has_failed(&self) -> bool {
        matches!(self, Self::Failed { .. })
    }
}
