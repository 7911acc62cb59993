//! Words as points: opening vector files and asking them questions.
//!
//! ```text
//! open ---- formats/ (one file a format) ---- cache (text is parsed once, then mapped)
//!   |
//! WordVectors = vocabulary (words are bytes) + rows (the numbers) + subwords (words never seen)
//!   |
//! expression -> search (one function over all rows) <- filter
//!                  |
//!               planes (the rows in fewer bytes, read first)
//!   |              |
//! analogy       evaluate      projection      lookup (prefix, typo, case)
//! ```

pub mod analogy;
pub mod cache;
pub mod compare;
pub mod convert;
pub mod error;
pub mod evaluate;
pub mod explain;
pub mod expression;
pub mod filter;
pub mod formats;
pub mod inspect;
pub mod kernels;
pub mod lookup;
pub mod neighbours;
pub mod norms;
pub mod open;
pub mod planes;
pub mod projection;
pub mod quantize;
pub mod resolve;
pub mod rows;
pub mod search;
pub mod subwords;
mod unpack;
pub mod vocabulary;
mod word_vectors;

pub use error::{Result, VectorsError};
pub use rows::Rows;
pub use vocabulary::Vocabulary;
pub use word_vectors::WordVectors;
