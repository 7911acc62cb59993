//! How a network is told the order of its words: the numbers of each method, and what order does
//! to a text.

mod experiments;
mod method;
mod shuffle;
pub mod streams;
mod table;
mod words;

pub use experiments::{PositionExperiments, experiments};
pub use method::PositionKind;
pub use shuffle::{ShuffleExperiment, shuffle, shuffled};
pub use table::{PositionTable, TableOptions, table};
pub use words::{TwoPlaces, two_places};
