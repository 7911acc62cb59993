//! Panics on purpose, for `tests/pty.rs`: only in builds with debug assertions, and only when the
//! environment variable `LEXISCOPE_SABOTAGE` asks for them. Release builds do not have this file.

use std::sync::Arc;

use crate::jobs::{Jobs, Request};

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
        jobs.start(0, Request::Panic, Arc::default());
    }
}
