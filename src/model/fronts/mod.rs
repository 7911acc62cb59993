//! The kinds of fronts: how what a person gives becomes a residual stream. One file a kind, and its
//! line in the list here.

mod front;
mod patches;
mod pixels;
mod places;
mod resized;
mod sound;
mod spectrogram;
mod tokens;
mod trace;
mod trajectory;

pub use front::{Feed, Front, Hears};
pub use patches::PatchEmbedding;
pub use pixels::PixelGrid;
pub use resized::Stretch;
pub use sound::{NeighbourConvolution, SoundEmbedding, SoundPositions, TimeConvolution, TimeNorm};
pub use spectrogram::SpectrogramPatches;
pub use tokens::{LearnedPositions, TokenEmbedding};
pub use trace::FrontTrace;
pub use trajectory::TrajectoryEmbedding;
