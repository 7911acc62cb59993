//! What the loop does to the terminal besides drawing.

use std::io::{self, stdout};
use std::path::{Path, PathBuf};

use crossterm::clipboard::CopyToClipboard;
use crossterm::terminal::{BeginSynchronizedUpdate, EndSynchronizedUpdate};
use crossterm::{execute, queue};

use super::guard;
use crate::files::{AtomicFile, WriteError};
use crate::theme::{self, ColourDepth, Theme};
use crate::visible;

/// The outside of the loop: a terminal, or a test that takes notes.
pub trait Host {
    /// Before a frame is written.
    ///
    /// # Errors
    /// The terminal is gone.
    fn begin_frame(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// After a frame was written.
    ///
    /// # Errors
    /// The terminal is gone.
    fn end_frame(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Hands text to the clipboard.
    ///
    /// # Errors
    /// It cannot be handed over.
    fn copy(&mut self, text: &str) -> io::Result<()>;

    /// Writes `text` to the file `name`.
    ///
    /// # Errors
    /// It cannot be written.
    fn save(&mut self, name: &str, text: &str) -> io::Result<()>;

    /// Takes or releases the mouse.
    ///
    /// # Errors
    /// The terminal is gone.
    fn capture_mouse(&mut self, capture: bool) -> io::Result<()>;

    /// Gives the terminal to the shell and returns when it is ours again.
    ///
    /// # Errors
    /// The terminal is gone, or there is no job control.
    fn suspend(&mut self, mouse: bool) -> io::Result<()>;
}

/// The real terminal.
#[derive(Debug, Default)]
pub(super) struct TerminalHost;

impl Host for TerminalHost {
    fn begin_frame(&mut self) -> io::Result<()> {
        queue!(stdout(), BeginSynchronizedUpdate)
    }

    fn end_frame(&mut self) -> io::Result<()> {
        execute!(stdout(), EndSynchronizedUpdate)?;
        #[cfg(debug_assertions)]
        super::sabotage::after_frame();
        Ok(())
    }

    /// By OSC 52, which reaches the clipboard of the person's own machine over ssh, too. Terminals
    /// that do not know it ignore it, and say nothing. What a terminal would obey when it is pasted is
    /// not copied.
    fn copy(&mut self, text: &str) -> io::Result<()> {
        execute!(stdout(), CopyToClipboard::to_clipboard_from(visible::lines(text).as_ref()))
    }

    fn save(&mut self, name: &str, text: &str) -> io::Result<()> {
        let write = || -> Result<u64, WriteError> {
            let mut file = AtomicFile::create(Path::new(name), None)?;
            file.write(text.as_bytes())?;
            file.commit()
        };
        write().map(drop).map_err(io::Error::other)
    }

    fn capture_mouse(&mut self, capture: bool) -> io::Result<()> {
        guard::capture_mouse(capture)
    }

    #[cfg(unix)]
    fn suspend(&mut self, mouse: bool) -> io::Result<()> {
        guard::restore();
        let stopped = super::signals::stop();
        guard::enter()?;
        guard::capture_mouse(mouse)?;
        stopped
    }

    #[cfg(not(unix))]
    fn suspend(&mut self, _mouse: bool) -> io::Result<()> {
        Err(io::Error::new(io::ErrorKind::Unsupported, "this system has no job control"))
    }
}

/// The theme in use, and where others come from.
#[derive(Debug, Clone)]
pub struct Looks {
    theme: Theme,
    depth: ColourDepth,
    folder: Option<PathBuf>,
}

impl Looks {
    /// The theme called `name` at `depth`, or the default one with the reason. `folder` has the
    /// person's own themes.
    pub fn new(name: &str, depth: ColourDepth, folder: Option<PathBuf>) -> (Self, Option<String>) {
        let (theme, error) = theme::load_or_default(name, folder.as_deref());
        (Self { theme: theme.with_depth(depth), depth, folder }, error.map(|error| error.to_string()))
    }

    /// The theme in use.
    pub fn theme(&self) -> &Theme {
        &self.theme
    }

    /// The names of all themes.
    pub fn names(&self) -> Vec<String> {
        theme::names(self.folder.as_deref())
    }

    /// Uses another theme.
    ///
    /// # Errors
    /// What is wrong with it; the theme stays as it was.
    pub fn use_theme(&mut self, name: &str) -> Result<(), String> {
        let theme = theme::load(name, self.folder.as_deref()).map_err(|error| error.to_string())?;
        self.theme = theme.with_depth(self.depth);
        Ok(())
    }
}
