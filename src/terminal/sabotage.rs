//! Panics on purpose, for `tests/pty`: only in builds with debug assertions, and only when the
//! environment variable `LEXISCOPE_SABOTAGE` asks for them. Release builds do not have this file.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::jobs::{Failure, Job, Jobs, Reporter, Slot, Task};

fn asked_for(what: &str) -> bool {
    std::env::var("LEXISCOPE_SABOTAGE").is_ok_and(|value| value == what)
}

/// Panics on the drawing thread, once a frame is on the screen.
pub(super) fn after_frame() {
    assert!(!asked_for("draw"), "LEXISCOPE_SABOTAGE=draw");
}

/// Work that nobody awaits.
struct Unasked;

impl Job for Unasked {
    type Output = ();
    type Note = ();
    const SLOT: Slot = Slot::front("sabotage");

    fn run(self, _: &Reporter<'_, ()>) -> Result<(), Failure> {
        Ok(())
    }
}

/// Starts work that panics.
pub(super) fn break_work(jobs: &mut Jobs) {
    if asked_for("work") {
        jobs.start(Task::new(Unasked, 0).spoilt());
    }
}

/// `task`, or in place of the first one of the named slot (`LEXISCOPE_SABOTAGE=attention.pass`) one
/// that panics.
pub(super) fn spoil(task: Task) -> Task {
    static SPOILT: AtomicBool = AtomicBool::new(false);
    let is_first = || !SPOILT.swap(true, Ordering::Relaxed);
    if asked_for(task.slot.name) && is_first() { task.spoilt() } else { task }
}
