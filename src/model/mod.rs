//! Networks that keep what they computed.
//!
//! ```text
//! files (safetensors, GGUF) -> weights --+
//! config.json ----------------> config --+-> families/ (one file a family) -> Network, a description
//!                                                                                |
//! text -> tokenizer -> token ids --+
//! PNG, JPEG -> image -> pixels ----+---------------------------> forward <- interventions
//!                                                                   |
//!                                                                 Trace
//! ```
//!
//! There is one forward pass, driven by the description; a family file only translates.

pub mod activation;
pub mod attention;
pub mod binder;
pub mod cache;
pub mod config;
pub mod embedding;
pub mod error;
pub mod families;
pub mod feed_forward;
pub mod forward;
pub mod generate;
pub mod gguf;
pub mod image;
pub mod interventions;
pub mod network;
pub mod normalisation;
pub mod open;
pub mod positions;
pub mod scores;
pub mod source;
pub mod tokenizer;
pub mod trace;
pub mod weights;

pub use error::{ModelError, Result};
pub use network::Network;
pub use open::Model;
pub use trace::Trace;
