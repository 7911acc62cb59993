//! Maps and lines as files: what a command prints and what a screen saves.

mod lines;
mod map;
mod svg;

pub use lines::Lines;
pub use map::Map;
