//! The kinds of parts that a block is made of: one file or folder a kind, and its line in the list
//! here. A kind has a description, a computation, a trace, its gradient, and an account of the numbers
//! that the trace keeps.

pub mod attention;
mod context;
pub mod convolution;
pub mod experts;
pub mod feed_forward;
mod mixer;
pub mod recurrent;
pub mod scan;

pub use context::{PartContext, PartMemory, StackOutput};
pub use mixer::{Mixer, MixerGradient, MixerTrace};
