//! Networks that keep what they computed.
//!
//! ```text
//! folder, GGUF, shipped -> Checkpoint (config, weights, tokenizer, labels)
//!                              |
//!                          families/ (one file a family) -> Network, a description --------+
//!                                                                                          |
//! text -> tokenizer -> token ids --+                                                       |
//! PNG, JPEG -> image -> pixels ----+------------------------------> forward <--------------+
//!                                                                      |  <- interventions
//!                                                                    Trace
//!                                                                      |
//!                 Gradients of parameters and activations  <--- backward, from a loss
//! ```
//!
//! There is one forward pass, driven by the description, and one backward pass over what it kept; a
//! family file only translates. What was tuned to classify gets its head from `families/classifier.rs`,
//! whatever family it is on.

pub mod activation;
pub mod backward;
pub mod binder;
pub mod block;
pub mod chat;
pub mod checkpoint;
pub mod config;
pub mod continuation;
pub mod dropout;
pub mod error;
pub mod families;
pub mod folder;
pub mod forward;
pub mod fronts;
pub mod generate;
pub mod gguf;
pub mod gradients;
pub mod head;
pub mod head_place;
pub mod image;
pub mod interventions;
pub mod keep;
pub mod linear;
pub mod loss;
pub mod network;
pub mod normalisation;
pub mod older_vocabularies;
pub mod open;
pub mod parameters;
pub mod parts;
pub mod pickle;
pub mod pooler;
pub mod positions;
pub mod preprocessor;
pub mod rope;
pub mod sentencepiece;
pub mod sequences;
pub mod shared_space;
pub mod shipped;
pub mod sound;
pub mod source;
pub mod tensor;
pub mod tensor_file;
pub mod tokenizer;
pub mod tokenizer_documents;
pub mod tokenizer_growth;
pub mod tokenizer_patterns;
pub mod tokenizer_settings;
pub mod torch_file;
pub mod trace;
pub mod trajectory;
pub mod weights;
pub mod writing_rules;

pub use error::{ModelError, Result};
pub use network::Network;
pub use open::Model;
pub use trace::Trace;
