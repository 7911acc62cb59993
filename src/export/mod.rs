//! Maps as files: what a command prints and what a screen saves.

mod map;
mod svg;

pub use map::Map;
