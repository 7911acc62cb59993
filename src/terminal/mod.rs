//! The terminal: taking it, always giving it back, and the loop between keys and frames.
//!
//! ```text
//! start -> configuration, capabilities -> Guard -> run
//! run:  events thread, signals ----+
//!       finished jobs -------------+-> app::handle -> effects -> jobs, host
//!                  ui::draw <- once per drained queue, only if something changed
//! ```

pub mod capabilities;
pub mod config;
pub mod events;
pub mod guard;
mod host;
pub mod run;
#[cfg(debug_assertions)]
mod sabotage;
#[cfg(unix)]
mod signals;
mod start;

pub use capabilities::ColourChoice;
pub use events::{Event, EventSource};
pub use host::{Host, Looks};
pub use run::{Ended, run};
pub use start::{StartError, StartOptions, start};
