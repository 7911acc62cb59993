//! Panics on purpose, for `tests/pty`: only in builds with debug assertions, and only when the
//! environment variable `LEXISCOPE_SABOTAGE` asks for them. Release builds do not have this file.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::jobs::{Jobs, Request, Slot};

fn asked_for(what: &str) -> bool {
    std::env::var("LEXISCOPE_SABOTAGE").is_ok_and(|value| value == what)
}

/// Panics on the drawing thread, once a frame is on the screen.
pub(super) fn after_frame() {
    assert!(!asked_for("draw"), "LEXISCOPE_SABOTAGE=draw");
}

/// Starts work that panics.
pub(super) fn break_work(jobs: &mut Jobs) {
    if asked_for("work") {
        jobs.start(0, Request::Panic(Slot::Panel), Arc::default());
    }
}

/// `request`, or in place of the first forward pass one that panics.
pub(super) fn spoil(request: Request) -> Request {
    static SPOILT: AtomicBool = AtomicBool::new(false);
    let is_first = || !SPOILT.swap(true, Ordering::Relaxed);
    if request.slot() == Slot::Pass && asked_for("pass") && is_first() {
        return Request::Panic(Slot::Pass);
    }
    request
}
