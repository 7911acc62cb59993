//! Networks that learn: what changes parameters so that a loss falls.
//!
//! ```text
//! text -> tokens -> Corpus --+-> Lessons: batches to learn from, and what is held out
//! images ---------> Digits --+
//! Blueprint -> config.json, first weights -> Network
//!                     Training: a batch, its gradients, a step of AdamW, again and again
//!                         -> a folder in the Hub's layout, with what resuming needs
//!
//! experiments -> Card (question, method, what is known) + run: rows and curves, as they are found
//!                  -> Outcome, which the command and the screen show
//! ```

pub mod blueprint;
pub mod contest;
pub mod corpus;
pub mod digits;
pub mod experiment;
pub mod experiments;
pub mod fresh;
pub mod lessons;
pub mod optimiser;
pub mod outcome;
pub mod passage;
pub mod replay;
pub mod rule;
pub mod saved;
pub mod training;
pub mod vocabulary;
