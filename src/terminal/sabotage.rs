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
    #[cfg(unix)]
    if asked_for("cut-short") {
        read_behind_the_end();
    }
}

/// Reads a mapped file that has been cut short.
#[cfg(unix)]
fn read_behind_the_end() {
    let path = std::env::temp_dir().join(format!("lexiscope-cut-short-{}", std::process::id()));
    std::fs::write(&path, [7; 1 << 16]).expect("written");
    let bytes = crate::mmap::Bytes::map(&path).expect("mapped");
    std::fs::OpenOptions::new().write(true).open(&path).and_then(|file| file.set_len(0)).expect("cut");
    std::fs::remove_file(&path).expect("removed");
    assert_eq!(bytes[1 << 15], 7);
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
