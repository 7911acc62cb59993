//! Taking the terminal, and giving it back whatever happens.
//!
//! ratatui's own `init` leaves three holes (measured with ratatui 0.30.2 in a pseudo-terminal): a
//! panic on a worker thread paints over the shell's screen while the program goes on; the mouse
//! stays captured after a panic; and SIGTERM leaves the alternate screen. So one idempotent
//! [`restore`] is called from `Drop`, from the panic hook of the thread that draws, and by
//! whoever handles signals.

use std::io::{self, Write, stdout};
use std::panic;
use std::sync::Once;
#[cfg(unix)]
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crossterm::cursor::Show;
use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture,
};
use crossterm::terminal::{
    EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use crossterm::{execute, queue};

#[cfg(unix)]
use rustix::termios::{Termios, tcgetattr};

use crate::foreign;

/// Whether the terminal is ours now.
static TAKEN: AtomicBool = AtomicBool::new(false);
static HOOK: Once = Once::new();

/// The terminal, taken; dropping it gives it back.
#[derive(Debug)]
pub struct Guard(());

impl Guard {
    /// Takes the terminal: raw mode, alternate screen, bracketed paste. The calling thread becomes
    /// the one that draws: only its panics are told on the terminal.
    ///
    /// # Errors
    /// What the terminal refuses; it is as before then.
    pub fn take() -> io::Result<Self> {
        install_panic_hook();
        #[cfg(unix)]
        remember_settings();
        let guard = Self(());
        enter()?;
        Ok(guard)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        restore();
    }
}

/// The terminal's settings before it was taken.
#[cfg(unix)]
static SETTINGS: OnceLock<Termios> = OnceLock::new();

#[cfg(unix)]
fn remember_settings() {
    if let Ok(settings) = tcgetattr(rustix::stdio::stdin()) {
        let _ = SETTINGS.set(settings);
    }
}

/// The terminal's settings before it was taken first, where they are known.
#[cfg(unix)]
pub(super) fn settings() -> Option<&'static Termios> {
    SETTINGS.get()
}

/// Takes the terminal (again, after a suspension).
pub(super) fn enter() -> io::Result<()> {
    TAKEN.store(true, Ordering::SeqCst);
    enable_raw_mode()?;
    execute!(stdout(), EnterAlternateScreen, EnableBracketedPaste)
}

/// Takes or releases the mouse.
pub(super) fn capture_mouse(capture: bool) -> io::Result<()> {
    if capture { execute!(stdout(), EnableMouseCapture) } else { execute!(stdout(), DisableMouseCapture) }
}

/// Gives the terminal back as it was. Safe to call at any time, from any thread, any number of
/// times; only the first call after [`Guard::take`] does something. Errors are ignored: there is
/// nobody left to tell.
pub fn restore() {
    if !release() {
        return;
    }
    let mut out = stdout();
    let _ = queue!(
        out,
        EndSynchronizedUpdate,
        DisableMouseCapture,
        DisableBracketedPaste,
        crossterm::style::ResetColor,
        LeaveAlternateScreen,
        Show
    );
    let _ = out.flush();
    let _ = disable_raw_mode();
}

/// Notes that the terminal is to be given back, and says whether it was ours.
pub(super) fn release() -> bool {
    TAKEN.swap(false, Ordering::SeqCst)
}

/// While the terminal is taken, a panic of the drawing thread gives it back before the message is
/// printed, and a panic of any other thread prints nothing: it becomes a message on the screen.
fn install_panic_hook() {
    let drawing = thread::current().id();
    HOOK.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |information| {
            if foreign::is_inside() {
                // It is caught, and told as an error.
                previous(information);
            } else if thread::current().id() == drawing {
                restore();
                previous(information);
            } else if TAKEN.load(Ordering::SeqCst) {
                tracing::error!(%information, "a background thread panicked");
            } else {
                previous(information);
            }
        }));
    });
}
