//! Networks that learn: what changes parameters so that a loss falls.
//!
//! ```text
//! text -> tokens -> Corpus --+-> Lessons: batches to learn from, and what is held out
//! images ---------> Digits --+
//! Blueprint -> config.json, first weights -> Network
//!                     Training: a batch, its gradients, a step of AdamW, again and again
//!                         -> a folder in the Hub's layout, with what resuming needs
//! ```

pub mod blueprint;
pub mod corpus;
pub mod digits;
pub mod lessons;
pub mod optimiser;
pub mod saved;
pub mod training;
pub mod vocabulary;
