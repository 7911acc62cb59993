//! What a piece of background work is.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use crate::model::ModelError;
use crate::progress::{Cancelled, Progress};
use crate::vectors::VectorsError;

/// Which threads carry work out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Pool {
    /// What a person waits for: the answer to a key.
    Front,
    /// What a person starts and leaves running (importance of all heads, training). It has threads
    /// of its own, so that no answer to a key queues behind it.
    Background,
}

/// A kind of work. Each has one worker; a new request overtakes the one that runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slot {
    /// Its name, `screen.work`; no two kinds share one.
    pub name: &'static str,
    /// Where it runs.
    pub pool: Pool,
    /// Whether no spinner tells that it runs.
    pub quiet: bool,
}

impl Slot {
    /// A kind of work that a person waits for.
    pub const fn front(name: &'static str) -> Self {
        Self { name, pool: Pool::Front, quiet: false }
    }

    /// A kind of work that goes on beside everything else.
    pub const fn background(name: &'static str) -> Self {
        Self { name, pool: Pool::Background, quiet: false }
    }

    /// The same, without a spinner while it runs.
    pub const fn quietly(mut self) -> Self {
        self.quiet = true;
        self
    }
}

/// A piece of work with a typed result.
pub trait Job: Send + 'static {
    /// What comes out.
    type Output: Send + 'static;
    /// What it tells while it runs ([`Reporter::note`]); `()` where it tells nothing.
    type Note: Send + 'static;
    /// Which kind of work it is.
    const SLOT: Slot;

    /// Carries the work out, on a worker's thread. Long work looks at
    /// [`Reporter::progress`] now and then and stops when it is cancelled.
    ///
    /// # Errors
    /// [`Failure::Cancelled`], or [`Failure::Refused`] with the reason.
    fn run(self, reporter: &Reporter<'_, Self::Note>) -> Result<Self::Output, Failure>;
}

/// What work tells those who wait for it.
pub struct Reporter<'a, N> {
    progress: &'a Arc<Progress>,
    send: &'a dyn Fn(N),
}

impl<'a, N> Reporter<'a, N> {
    /// A reporter that hands notes to `send`.
    pub fn new(progress: &'a Arc<Progress>, send: &'a dyn Fn(N)) -> Self {
        Self { progress, send }
    }

    /// How far it is, and whether it is still wanted.
    pub fn progress(&self) -> &Progress {
        self.progress
    }

    /// Tells something before the end: a loss, a partial result.
    pub fn note(&self, note: N) {
        (self.send)(note);
    }
}

/// Why there is no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// It was overtaken or cancelled.
    #[error("cancelled")]
    Cancelled,
    /// What was asked cannot be answered; the text says why.
    #[error("{0}")]
    Refused(String),
    /// A mistake in this program; the work panicked.
    #[error("this is a mistake in lexiscope, please report it: {0}")]
    Panicked(String),
}

impl From<Cancelled> for Failure {
    fn from(_: Cancelled) -> Self {
        Self::Cancelled
    }
}

impl From<VectorsError> for Failure {
    fn from(error: VectorsError) -> Self {
        match error {
            VectorsError::Cancelled(_) => Self::Cancelled,
            other => Self::Refused(other.to_string()),
        }
    }
}

impl From<ModelError> for Failure {
    fn from(error: ModelError) -> Self {
        match error {
            ModelError::Cancelled(_) => Self::Cancelled,
            other => Self::Refused(other.to_string()),
        }
    }
}

/// A result or a note, of the type that its [`Job`] names.
pub type Parcel = Box<dyn Any + Send>;

type Work = Box<dyn FnOnce(&Arc<Progress>, &dyn Fn(Parcel)) -> Result<Parcel, Failure> + Send>;

/// A [`Job`] on its way to a worker.
pub struct Task {
    /// Which kind of work it is.
    pub slot: Slot,
    /// Comes back with result and notes.
    pub generation: u64,
    /// Shared with whoever shows how far it is.
    pub progress: Arc<Progress>,
    work: Work,
}

impl Task {
    /// `job`, to be told apart from later work of its kind by `generation`.
    pub fn new<J: Job>(job: J, generation: u64) -> Self {
        let work: Work = Box::new(move |progress, send| {
            let note = |note: J::Note| send(Box::new(note));
            job.run(&Reporter::new(progress, &note)).map(|output| Box::new(output) as Parcel)
        });
        Self { slot: J::SLOT, generation, progress: Arc::default(), work }
    }

    /// The same task, failing on purpose, for tests of the machinery.
    #[cfg(any(test, debug_assertions))]
    #[must_use]
    pub fn spoilt(mut self) -> Self {
        self.work = Box::new(|_, _| panic!("a worker was told to panic"));
        self
    }

    pub(super) fn carry_out(self, send: &dyn Fn(Parcel)) -> Result<Parcel, Failure> {
        (self.work)(&self.progress, send)
    }
}

impl fmt::Debug for Task {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("Task");
        shown.field("slot", &self.slot.name).field("generation", &self.generation).finish_non_exhaustive()
    }
}
