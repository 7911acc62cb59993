//! What the loop has to do for the state.

use std::sync::Arc;

use crate::jobs::{Request, Slot};
use crate::progress::Progress;

/// Something outside of the state that an update asks for.
#[derive(Debug)]
pub enum Effect {
    /// Start background work; what runs in its slot is overtaken.
    Start {
        /// Comes back with the result.
        generation: u64,
        /// The work.
        request: Request,
        /// Shared with whoever shows how far it is.
        progress: Arc<Progress>,
    },
    /// Stop what runs in a slot; its result will not come.
    Cancel(Slot),
    /// Hand text to the terminal's clipboard.
    Copy(String),
    /// Take or release the mouse.
    Mouse(bool),
    /// Load and use the named theme.
    UseTheme(String),
    /// Forget what the terminal shows and draw everything.
    Redraw,
    /// Hand the terminal to the shell until the program is resumed.
    Suspend,
}
