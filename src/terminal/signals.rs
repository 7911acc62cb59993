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
    let Some(own) = Process::read(process::getpid().as_raw_nonzero().get()) else { return false };
    let mut parent = own.parent;
    // A script in between belongs to the job; its own parent decides.
    for _ in 0..DEEPEST_JOB {
        match parent.and_then(Process::read) {
            Some(process) if process.group != own.group => return process.session == own.session,
            Some(process) => parent = process.parent,
            None => return false,
        }
    }
    false
}

/// Where a process belongs. In a container the leader of a group or session may be outside, which the
/// system numbers 0: no valid id of a process, so these stay plain numbers.
struct Process {
    parent: Option<i32>,
    group: i32,
    session: i32,
}

impl Process {
    /// Linux tells everything in one line: proc(5), the fields of `stat` behind the name, which may
    /// hold anything: state, parent, group, session.
    #[cfg(target_os = "linux")]
    fn read(pid: i32) -> Option<Self> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        Self::parse(&stat)
    }

    #[cfg(target_os = "linux")]
    fn parse(stat: &str) -> Option<Self> {
        let (_, rest) = stat.rsplit_once(')')?;
        let mut numbers = rest.split_whitespace().skip(1).map(str::parse::<i32>);
        let mut next = || numbers.next()?.ok();
        let (parent, group, session) = (next()?, next()?, next()?);
        Some(Self { parent: (parent > 0).then_some(parent), group, session })
    }

    /// Elsewhere only the own parent can be asked for, and there are no containers of this kind.
    #[cfg(not(target_os = "linux"))]
    fn read(pid: i32) -> Option<Self> {
        let id = process::Pid::from_raw(pid)?;
        let own = id == process::getpid();
        Some(Self {
            parent: own.then(process::getppid).flatten().map(|parent| parent.as_raw_nonzero().get()),
            group: process::getpgid(Some(id)).ok()?.as_raw_nonzero().get(),
            session: process::getsid(Some(id)).ok()?.as_raw_nonzero().get(),
        })
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::Process;

    #[test]
    fn a_leader_outside_the_container_is_no_defect() {
        let read = Process::parse("12 (a) b) S 0 0 0 34816 12").expect("four fields");
        assert_eq!((read.parent, read.group, read.session), (None, 0, 0));
        let own = Process::read(std::process::id().cast_signed()).expect("the own process is listed");
        assert!(own.group >= 0 && own.session >= 0);
        assert!(Process::parse("12 (a) S 1").is_none());
    }
}
