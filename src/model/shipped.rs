//! The models that are compiled into the program, so that it has something real to show without any
//! other file. Where each is from stands in the READMEs of `models/`.

use std::collections::BTreeMap;
use std::path::Path;

use super::checkpoint::Checkpoint;
use super::config::Config;
use super::error::Result;
use super::tokenizer::Tokenizer;
use super::weights::Weights;
use super::writing_rules::WritingRules;
use crate::mmap::Bytes;

/// A model inside the program.
#[derive(Debug, Clone, Copy)]
pub struct ShippedModel {
    /// What it is opened by.
    pub name: &'static str,
    /// Its folder in `models/`.
    folder: &'static str,
    config: &'static str,
    weights: &'static [u8],
    tokenizer: &'static [u8],
}

/// The files of a model: where it is in `models/`, and where its tokenizer is.
macro_rules! shipped {
    ($name:literal, $folder:literal, $tokenizer:literal) => {
        ShippedModel {
            name: $name,
            folder: $folder,
            config: include_str!(concat!("../../models/", $folder, "/config.json")),
            weights: include_bytes!(concat!("../../models/", $folder, "/model.safetensors")),
            tokenizer: include_bytes!(concat!("../../models/", $tokenizer, "/tokenizer.json")),
        }
    };
}

/// All of them; the first is opened where none is named.
pub static MODELS: &[ShippedModel] = &[
    shipped!("minilm-l6", "minilm-l6", "minilm-l6"),
    shipped!("stories-causal", "stories/causal", "stories"),
    shipped!("stories-simplified", "stories/simplified", "stories"),
    shipped!("stories-hybrid", "stories/hybrid", "stories"),
    shipped!("stories-lstm", "stories/lstm", "stories"),
    shipped!("stories-gru", "stories/gru", "stories"),
    shipped!("stories-rnn", "stories/rnn", "stories"),
];

/// The name of the one that is opened where none is named and tokens are to be predicted.
pub const WRITER: &str = "stories-causal";

/// The small networks that read the same text, to be put side by side.
pub fn of_stories() -> impl Iterator<Item = &'static ShippedModel> {
    MODELS.iter().filter(|model| model.folder.starts_with("stories/"))
}

/// The model of this name.
pub fn named(name: &str) -> Option<&'static ShippedModel> {
    MODELS.iter().find(|model| model.name == name)
}

impl ShippedModel {
    /// Its files, read.
    ///
    /// # Errors
    /// None unless the program was built with broken files.
    pub fn checkpoint(&self) -> Result<Checkpoint> {
        let folder = Path::new("models").join(self.folder);
        let weights = (folder.join("model.safetensors"), Bytes::from_static(self.weights));
        Ok(Checkpoint {
            name: self.name.into(),
            path: None,
            config: Config::parse(&folder.join("config.json"), self.config)?,
            weights: Weights::from_files(&[weights])?,
            tokenizer: Some(Tokenizer::from_json(&folder.join("tokenizer.json"), self.tokenizer)?),
            labels: BTreeMap::new(),
            chat: None,
            writing: WritingRules::default(),
            remarks: Vec::new(),
        })
    }
}
