//! Signals of the system, as events of the loop.

use std::io;
use std::thread;
use std::time::Duration;

use crossbeam_channel::Sender;
use rustix::process;
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGWINCH};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use super::event::Event;
use super::guard;
use crate::app::Message;

/// Processes between the program and its shell that are looked through.
const DEEPEST_JOB: usize = 32;

/// How long the loop has to end by itself after a signal.
const PATIENCE: Duration = Duration::from_secs(1);

/// Starts the thread that turns signals into events. Should the loop not end in time, it gives the
/// terminal back itself and ends the program as the signal would have.
pub(super) fn watch(sender: Sender<Event>) -> io::Result<()> {
    let mut signals = Signals::new([SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGTSTP, SIGWINCH])?;
    thread::Builder::new().name(String::from("lexiscope-signals")).spawn(move || {
        for signal in signals.forever() {
            if signal == SIGTSTP {
                let _ = sender.send(Event::Suspend);
                continue;
            }
            if signal == SIGWINCH {
                let _ = sender.send(Event::Message(Message::Redraw));
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

/// Stops the processes of this job until the shell resumes them.
///
/// # Errors
/// There is no shell that would; whatever the system says.
pub(super) fn stop() -> io::Result<()> {
    if !has_job_control() {
        let text = "nothing here resumes a program that is stopped (no shell with job control)";
        return Err(io::Error::new(io::ErrorKind::Unsupported, text));
    }
    // The whole job, as the terminal does it: a shell waits for every process of a pipeline or script.
    Ok(process::kill_current_process_group(process::Signal::STOP)?)
}

/// Whether someone would notice that this job is stopped: a process of it has a parent in another job
/// of the same session (POSIX.1-2017, 3.264: the process group is not orphaned).
fn has_job_control() -> bool {
    let (job, session) = (process::getpgrp(), process::getsid(None));
    let mut parent = process::getppid();
    // A script in between belongs to the job; its own parent decides.
    for _ in 0..DEEPEST_JOB {
        let Some(pid) = parent else { return false };
        match (process::getpgid(Some(pid)), process::getsid(Some(pid))) {
            (Ok(group), Ok(other)) if group != job => return session == Ok(other),
            (Ok(_), Ok(_)) => parent = parent_of(pid),
            _ => return false,
        }
    }
    false
}

/// The parent of another process, where the system tells (Linux: proc(5), the fourth field of `stat`,
/// the second behind the name, which may hold anything).
fn parent_of(pid: process::Pid) -> Option<process::Pid> {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?;
    let (_, rest) = stat.rsplit_once(')')?;
    process::Pid::from_raw(rest.split_whitespace().nth(1)?.parse().ok()?)
}
