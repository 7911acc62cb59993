//! Networks that learn: what changes parameters so that a loss falls.
//!
//! ```text
//! text -> tokens -> Corpus (what is learned from, what is held out)
//! Blueprint -> config.json, first weights -> Network
//!                     Training: a batch, its gradients, a step of AdamW, again and again
//!                         -> a folder in the Hub's layout, with what resuming needs
//! ```

pub mod blueprint;
pub mod corpus;
pub mod optimiser;
pub mod saved;
pub mod training;
pub mod vocabulary;
