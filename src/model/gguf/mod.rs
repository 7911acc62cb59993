//! GGUF files: one file with the configuration, the weights and the tokenizer.
//!
//! The header is translated into what a Hugging Face folder would have said, so that the families
//! need to know nothing of GGUF.

pub mod blocks;
pub mod header;
mod names;
mod tokenizer;

use std::path::Path;

use super::config::Config;
use super::error::{ModelError, Result};
use super::families;
use super::open::Model;
use super::weights::Weights;
use crate::mmap::Bytes;

/// Opens the model of a GGUF file.
///
/// # Errors
/// Whatever is wrong with the file, or an architecture that is not known.
pub fn open(path: &Path) -> Result<Model> {
    let bytes = Bytes::map(path).map_err(ModelError::io("open", path))?;
    let header = header::read(path, &bytes)?;
    let config = Config::from_value(path, names::configuration(path, &header)?);
    let tokenizer = tokenizer::from_header(path, &header)?;
    let tensors = header.tensors.into_iter().map(|tensor| {
        let name = names::translate(tensor.name());
        tensor.renamed(name)
    });
    let weights = Weights::from_tensors(path.to_owned(), tensors);
    let name = path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    Ok(Model {
        name,
        path: Some(path.to_owned()),
        network: families::bind(&config, &weights)?,
        tokenizer,
        parameters: weights.parameters(),
        labels: Vec::new(),
    })
}
