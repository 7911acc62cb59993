//! What reaches the loop.

use crate::app::Message;

/// What comes from outside of the program.
#[derive(Debug)]
pub enum Event {
    /// For the application.
    Message(Message),
    /// The system wants the program to end, by this signal.
    Terminate(i32),
    /// The system wants the program to be suspended.
    Suspend,
    /// No more keys will come: the terminal is gone, for this reason.
    Lost(String),
}
