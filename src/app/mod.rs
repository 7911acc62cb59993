//! The frame around the screens: focus, what lies on top, keys, messages, and what all screens
//! share. It knows no screen by name, no terminal, and does no input or output.
//!
//! ```text
//! key, paste, click --> keymap --> command of the frame or of the screen in front --+
//! report of a worker (with its generation) -----------------------------------------+--> state, effects
//!                          draw(&App) --> cells, cursor, and where what can be clicked lies
//! ```
//!
//! A screen implements [`Screen`]; what it may ask for is the [`Frame`].

mod application;
mod command;
mod commands;
pub mod draw;
mod effect;
pub mod entry;
mod frame;
mod guide;
pub mod key;
pub mod keymap;
mod news;
mod opened;
mod opening;
pub mod overlay;
mod overlay_update;
mod pending;
mod registry;
mod screen;
mod screens;
mod tour;
mod update;

pub use application::App;
pub use command::Command;
pub use effect::Effect;
pub use entry::{Reason, Scope};
pub use frame::{Answers, Frame, Severity, Status};
pub use guide::begin as begin_tour;
pub use keymap::Keymap;
pub use news::{News, Wanted};
pub use opened::Opened;
pub use opening::{IndexWords, OpenModel, OpenVectors, PreparePlane};
pub use overlay::Overlay;
pub use overlay_update::moved;
pub use registry::{Listed, Registry};
pub use screen::{AnyScreen, Copied, Gesture, Needs, Offer, Place, Screen};
pub use screens::Screens;
pub use tour::{Stop, Tour};
pub use update::Message;
