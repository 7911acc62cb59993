//! Signals of the system, as events of the loop.

use std::io;
use std::thread;
use std::time::Duration;

use crossbeam_channel::Sender;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGTSTP};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use super::event::Event;
use super::guard;

/// How long the loop has to end by itself after a signal.
const PATIENCE: Duration = Duration::from_secs(1);

/// Starts the thread that turns signals into events. Should the loop not end in time, it gives the
/// terminal back itself and ends the program as the signal would have.
pub(super) fn watch(sender: Sender<Event>) -> io::Result<()> {
    let mut signals = Signals::new([SIGTERM, SIGHUP, SIGINT, SIGTSTP])?;
    thread::Builder::new().name(String::from("lexiscope-signals")).spawn(move || {
        for signal in signals.forever() {
            if signal == SIGTSTP {
                let _ = sender.send(Event::Suspend);
                continue;
            }
            let _ = sender.send(Event::Terminate(signal));
            thread::sleep(PATIENCE);
            guard::restore();
            crate::files::abandon_all();
            die_by(signal);
        }
    })?;
    Ok(())
}

/// Ends the program as `signal` does by default, so that the parent sees the right status.
pub(super) fn die_by(signal: i32) {
    if emulate_default_handler(signal).is_err() {
        std::process::exit(128 + signal);
    }
}

/// Stops the process until the shell resumes it.
pub(super) fn stop() -> io::Result<()> {
    emulate_default_handler(SIGTSTP)
}
