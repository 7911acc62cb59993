//! One attention, from the stream to what it adds to the stream.
//!
//! softmax(scale q·k + bias + mask) v (Vaswani et al. 2017, eq. 1), a head at a time in parallel.
//! Shapes: T query tokens, S key tokens (T for self-attention), D hidden size, H heads, G key/value
//! heads, E head size.

mod backward;
mod cache;
mod description;
mod disentangled;
mod mask;
mod projections;
mod run;
mod scores;
mod trace;

pub use cache::KeyValueCache;
pub use description::{Attention, AttentionPosition, HeadNorm, Shaping};
pub use disentangled::{Disentangled, DistanceBuckets};
pub use mask::Mask;
pub use projections::{HeadMap, Projection, Projections, Role};
pub use run::{Texts, attend};
pub use scores::bias_of_key;
pub use trace::AttentionTrace;
