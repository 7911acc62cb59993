//! What the loop has to do for the state.

use crate::jobs::{Slot, Task};

/// Something outside of the state that an update asks for.
#[derive(Debug)]
pub enum Effect {
    /// Start background work; what runs in its slot is overtaken.
    Start(Task),
    /// Stop what runs in a slot; its result will not come.
    Cancel(Slot),
    /// Hand text to the terminal's clipboard.
    Copy(String),
    /// Write what is on the screen to a file; its ending tells the format.
    SaveScreen(String),
    /// Write text to a file.
    Save {
        /// The file.
        name: String,
        /// What goes into it.
        text: String,
    },
    /// Take or release the mouse.
    Mouse(bool),
    /// Load and use the named theme.
    UseTheme(String),
    /// Forget what the terminal shows and draw everything.
    Redraw,
    /// Hand the terminal to the shell until the program is resumed.
    Suspend,
}
