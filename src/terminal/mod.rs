//! The terminal: taking it, always giving it back, and the loop between keys and frames.
//!
//! ```text
//! start -> configuration, capabilities -> Guard -> run
//! run:  events thread, signals ----+
//!       word from jobs ------------+-> App::handle -> effects -> jobs, host
//!                  app::draw <- once per drained queue, only if something changed
//! ```

#[cfg(unix)]
mod bytes;
pub mod capabilities;
pub mod config;
mod event;
mod events;
#[cfg(unix)]
pub mod faults;
pub mod guard;
mod host;
mod late_reply;
mod memory;
pub mod run;
#[cfg(debug_assertions)]
mod sabotage;
#[cfg(unix)]
mod signals;
mod start;

pub use capabilities::{ColourChoice, columns};
pub use event::Event;
pub use events::EventSource;
pub use host::{Host, Looks};
pub use run::{Ended, run};
pub use start::{StartError, StartOptions, start};
