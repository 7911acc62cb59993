//! The kinds of parts that a block is made of: one file or folder a kind, and its line in the list
//! here. A kind has a description, a computation, a trace and an account of the numbers that the
//! trace keeps.

pub mod attention;
pub mod feed_forward;
mod mixer;

pub use mixer::{Mixer, MixerTrace, PartContext, PartMemory};
