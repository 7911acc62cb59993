//! Background work: one worker thread a kind of work, and the latest request wins.
//!
//! A request carries a generation number that comes back with its result. A request that has not
//! begun when the next one of its kind arrives is replaced; one that runs is cancelled through its
//! [`crate::progress::Progress`]. Nothing polls: results arrive on a channel.

pub mod answers;
pub mod attention;
mod attention_work;
mod pool;
pub mod positions;
mod positions_work;
mod request;
mod work;

pub use pool::{Finished, Jobs};
pub use request::{AnalogyQuestion, Failure, FilterSettings, Outcome, Request, Slot};
