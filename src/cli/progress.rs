//! One line on stderr while long work runs, erased at its end. Only where a person is looking.

use std::io::{self, IsTerminal, Write};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use unicode_width::UnicodeWidthChar;

use crate::progress::Progress;
use crate::terminal;
use crate::visible;

/// Work that is over sooner is not worth a line.
const PATIENCE: Duration = Duration::from_millis(300);
const INTERVAL: Duration = Duration::from_millis(100);

/// Does `work` and shows on stderr how far it has come, if stderr is a terminal.
pub fn shown<T>(what: &str, work: impl FnOnce(&Progress) -> T) -> T {
    let progress = Progress::default();
    let dumb = std::env::var_os("TERM").is_some_and(|name| name == "dumb");
    if dumb || !io::stderr().is_terminal() {
        return work(&progress);
    }
    thread::scope(|scope| {
        let (finished, running) = mpsc::channel::<()>();
        let watched = &progress;
        scope.spawn(move || watch(what, watched, &running));
        let result = work(&progress);
        drop(finished);
        result
    })
}

/// Draws until the other end of `running` is dropped.
fn watch(what: &str, progress: &Progress, running: &mpsc::Receiver<()>) {
    let mut wait = PATIENCE;
    let mut drawn = false;
    while running.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
        let line = line(progress.stage().as_deref().unwrap_or(what), progress.fraction());
        // Progress is a courtesy: a stderr that cannot be written stops nothing.
        let _ = write!(io::stderr(), "\r\x1b[K{}", fitting(&line, terminal::columns()));
        drawn = true;
        wait = INTERVAL;
    }
    if drawn {
        let _ = write!(io::stderr(), "\r\x1b[K");
    }
}

fn line(what: &str, fraction: Option<f64>) -> String {
    // What is worked on may be a path, which may hold anything.
    let what = visible::line(what);
    match fraction {
        Some(fraction) => format!("{what} ... {:3.0} %", (100.0 * fraction).floor()),
        None => format!("{what} ..."),
    }
}

/// As much of a line as a terminal of so many columns shows without a second one, which nothing would
/// erase.
fn fitting(line: &str, columns: usize) -> &str {
    let mut width = 0;
    let over = line.char_indices().find(|(_, character)| {
        width += character.width().unwrap_or(0);
        width >= columns
    });
    over.map_or(line, |(end, _)| &line[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_how_far_the_work_is() {
        assert_eq!(line("reading a.vec", None), "reading a.vec ...");
        assert_eq!(line("reading a.vec", Some(0.999)), "reading a.vec ...  99 %");
        assert_eq!(line("reading a.vec", Some(1.0)), "reading a.vec ... 100 %");
    }

    #[test]
    fn a_line_stays_below_the_width() {
        assert_eq!(fitting("reading", 8), "reading");
        assert_eq!(fitting("reading", 7), "readin");
        assert_eq!(fitting("\u{8a9e}\u{8a9e}\u{8a9e}", 5), "\u{8a9e}\u{8a9e}");
        assert_eq!(fitting("reading", 0), "");
    }
}
