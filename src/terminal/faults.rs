//! Faults that end the program from below: a mapped file that another program cut short (SIGBUS), and
//! `abort`, which memory that cannot be had ends in (SIGABRT). The terminal is given back first, and
//! the first of the two is told, since it is nobody's defect.

use std::io;

use rustix::stdio::{stderr, stdin, stdout};
use rustix::termios::{OptionalActions, tcsetattr};
use signal_hook::consts::{SIGABRT, SIGBUS};
use signal_hook::low_level;

use super::guard;

/// Synchronised update, mouse, bracketed paste and colours off, the shell's screen and the cursor on:
/// what [`guard::restore`] writes, in one piece that needs no memory.
const GIVE_BACK: &[u8] = b"\x1b[?2026l\x1b[?1006l\x1b[?1015l\x1b[?1003l\x1b[?1002l\x1b[?1000l\x1b[?2004l\x1b[0m\x1b[?1049l\x1b[?25h";

const CUT_SHORT: &[u8] =
    b"error: a file became shorter while lexiscope read it in place, or its disk failed\n\
hint: do not write to a file that is open; --no-mmap reads files into memory instead\n";

/// The exit code for a file that cannot be read; see `--help`.
const FILE: i32 = 3;

/// Watches for both faults from now on.
///
/// # Errors
/// The system refuses a signal handler.
pub fn watch() -> io::Result<()> {
    // SAFETY: the handlers run at any point of any thread, and do only what is allowed there (signal-
    // safety(7)): atomics, `write`, `tcsetattr`, which are bare system calls here, and `_exit` or
    // resetting and raising the signal.
    unsafe {
        low_level::register(SIGBUS, || {
            give_back();
            let _ = rustix::io::write(stderr(), CUT_SHORT);
            low_level::exit(FILE);
        })?;
        low_level::register(SIGABRT, || {
            give_back();
            let _ = low_level::emulate_default_handler(SIGABRT);
        })?;
    }
    Ok(())
}

fn give_back() {
    if guard::release() {
        let _ = rustix::io::write(stdout(), GIVE_BACK);
        if let Some(settings) = guard::settings() {
            let _ = tcsetattr(stdin(), OptionalActions::Now, settings);
        }
    }
}
