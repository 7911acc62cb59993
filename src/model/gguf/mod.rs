//! GGUF files: one file with the configuration, the weights and the tokenizer.
//!
//! The header is translated into what a Hugging Face folder would have said, so that the families
//! need to know nothing of GGUF.

mod architectures;
pub mod blocks;
mod configuration;
pub mod header;
pub mod list;
mod pieces;
pub mod products;
mod settings;
mod shards;
mod tokenizer;
mod vocabulary;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use self::configuration::Configuration;
use self::header::{Header, Value};
use super::checkpoint::Checkpoint;
use super::config::Config;
use super::error::Result;
use super::weights::Weights;
use super::writing_rules::WritingRules;

/// Reads the checkpoint of a GGUF file.
///
/// # Errors
/// Whatever is wrong with the file, or an architecture that is not known.
pub fn read(path: &Path) -> Result<Checkpoint> {
    let header = shards::read(path)?;
    let configuration = Configuration::of(path, &header)?;
    let config = Config::understood(path, configuration.to_json()?);
    let mut remarks = configuration.unread();
    let architecture = configuration.architecture();
    let tokenizer = tokenizer::from_header(path, &header, &mut remarks)?;
    let writing = WritingRules { ends: end_tokens(&header), ..WritingRules::default() };
    let chat = tokenizer::chat(&header);
    let tensors = header.tensors.into_iter().map(|tensor| {
        let name = architecture.tensor_name(tensor.name());
        tensor.renamed(name)
    });
    let weights = Weights::from_tensors(path.to_owned(), tensors);
    let name = path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    let path = Some(path.to_owned());
    Ok(Checkpoint { name, path, config, weights, tokenizer, labels: BTreeMap::new(), chat, writing, remarks })
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
