//! How far a long piece of work has come, and the wish to stop it.
//!
//! The worker and whoever watches it share one [`Progress`] behind an `Arc`. Reporting touches atomics
//! only, so it costs nothing and nobody waits; what a stage is called is said once a stage.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Progress of one piece of work, and its cancel flag.
#[derive(Debug, Default)]
pub struct Progress {
    done: AtomicU64,
    total: AtomicU64,
    cancelled: AtomicBool,
    stage: Mutex<Option<String>>,
}

/// The work was cancelled by whoever asked for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("cancelled")]
pub struct Cancelled;

impl Progress {
    /// Progress that nobody watches.
    pub fn unobserved() -> Self {
        Self::default()
    }

    /// Starts a stage of `total` units (bytes, rows, questions: the worker's choice).
    pub fn start(&self, total: u64) {
        self.done.store(0, Ordering::Relaxed);
        self.total.store(total, Ordering::Relaxed);
    }

    /// Says what is done from now on, where that is more than was asked for: "unpacking 822 MB".
    pub fn name_stage(&self, stage: impl Into<String>) {
        // A poisoned lock only means that another thread panicked while holding a whole text.
        *self.stage.lock().unwrap_or_else(PoisonError::into_inner) = Some(stage.into());
    }

    /// What is done now, where the worker said so.
    pub fn stage(&self) -> Option<String> {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Adds `units` of finished work.
    pub fn advance(&self, units: u64) {
        self.done.fetch_add(units, Ordering::Relaxed);
    }

    /// The finished share from 0 to 1, or `None` before a stage with a known total has begun.
    pub fn fraction(&self) -> Option<f64> {
        let total = self.total.load(Ordering::Relaxed);
        (total > 0).then(|| (self.done.load(Ordering::Relaxed) as f64 / total as f64).min(1.0))
    }

    /// Waits for `time`, in which the work may be cancelled.
    ///
    /// # Errors
    /// As [`Progress::check`].
    pub fn pause(&self, time: Duration) -> Result<(), Cancelled> {
        const SHORTEST: Duration = Duration::from_millis(20);
        let start = Instant::now();
        while start.elapsed() < time {
            self.check()?;
            std::thread::sleep(SHORTEST.min(time.saturating_sub(start.elapsed())));
        }
        self.check()
    }

    /// Asks the worker to stop at its next [`Progress::check`].
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Whether [`Progress::cancel`] was called.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// To be called by the worker now and then: `Err` once the work is no longer wanted.
    pub fn check(&self) -> Result<(), Cancelled> {
        if self.is_cancelled() { Err(Cancelled) } else { Ok(()) }
    }
}
