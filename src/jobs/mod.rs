//! Background work: one worker thread a kind of work, and the latest request wins.
//!
//! A piece of work is a type ([`Job`]) with the type of its result and of the notes that it sends
//! while it runs. A task carries a generation number that comes back with them. A task that has not
//! begun when the next one of its kind arrives is replaced; one that runs is cancelled through its
//! [`crate::progress::Progress`]. Nothing polls: news arrive on a channel.
//!
//! Work that was started and left running ([`Pool::Background`]) computes on threads of its own:
//! an answer to a key never queues behind it.

mod job;
mod pool;

pub use job::{Failure, Job, Parcel, Pool, Reporter, Slot, Task};
pub use pool::{Jobs, News, Report};
