//! The kinds of fronts: how what a person gives becomes a residual stream. One file a kind, and its
//! line in the list here.

mod front;
mod patches;
mod pixels;
mod resized;
mod tokens;
mod trace;

pub use front::{Feed, Front};
pub use patches::PatchEmbedding;
pub use pixels::PixelGrid;
pub use resized::Stretch;
pub use tokens::{LearnedPositions, TokenEmbedding};
pub use trace::FrontTrace;
