//! GGUF files: one file with the configuration, the weights and the tokenizer.
//!
//! The header is translated into what a Hugging Face folder would have said, so that the families
//! need to know nothing of GGUF.

pub mod blocks;
pub mod header;
pub mod list;
mod names;
pub mod products;
mod tokenizer;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use self::header::{Header, Value};
use super::checkpoint::Checkpoint;
use super::config::Config;
use super::error::{ModelError, Result};
use super::weights::Weights;
use super::writing_rules::WritingRules;
use crate::mmap::Bytes;

/// Reads the checkpoint of a GGUF file.
///
/// # Errors
/// Whatever is wrong with the file, or an architecture that is not known.
pub fn read(path: &Path) -> Result<Checkpoint> {
    let bytes = Bytes::map(path).map_err(ModelError::io("open", path))?;
    let header = header::read(path, &bytes)?;
    let config = Config::from_value(path, names::configuration(path, &header)?);
    let mut remarks = names::unread(&header);
    let tokenizer = tokenizer::from_header(path, &header, &mut remarks)?;
    let writing = WritingRules { ends: end_tokens(&header), ..WritingRules::default() };
    let tensors = header.tensors.into_iter().map(|tensor| {
        let name = names::translate(tensor.name());
        tensor.renamed(name)
    });
    let weights = Weights::from_tensors(path.to_owned(), tensors);
    let name = path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    let path = Some(path.to_owned());
    Ok(Checkpoint { name, path, config, weights, tokenizer, labels: BTreeMap::new(), writing, remarks })
}

/// The ends of a text and of a turn.
fn end_tokens(header: &Header) -> BTreeSet<u32> {
    let keys = ["tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id"];
    let id = |key: &&str| match header.pairs.get(*key) {
        Some(Value::Integer(id)) => u32::try_from(*id).ok(),
        _ => None,
    };
    keys.iter().filter_map(id).collect()
}
