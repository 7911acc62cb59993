//! Vectors for words never seen, from the character n-grams that they are made of.
//!
//! fastText (Bojanowski et al. 2017, "Enriching word vectors with subword information") wraps a
//! word in `<` and `>`, cuts it into n-grams of a few characters and hashes each to one of a fixed
//! number of buckets; every bucket has a row. finalfusion does the same with another hash, or
//! lists its n-grams one by one.

mod inspect;
pub mod model;
mod scheme;

pub use inspect::{Collisions, InspectedNgram, Inspection, Sharer, collisions, inspect};
pub use model::{Index, Ngram, SubwordModel, WordRows};
pub use scheme::{Scheme, fasttext_hash, finalfusion_hash};
