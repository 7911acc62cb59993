//! Opening a model: its description, weights and tokenizer together.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::chat::Chat;
use super::checkpoint::Checkpoint;
use super::error::{ModelError, Result};
use super::network::{Kind, Network};
use super::shipped::MODELS;
use super::source::{self, IMAGE_TOWER, Source, Tower};
use super::tokenizer::{Tokenizer, Tokens};
use super::writing_rules::WritingRules;
use super::{families, folder, gguf};

/// What stands between the text that an encoder reads and the one that its decoder is given.
pub const ARROW: &str = "=>";

/// A model, opened.
#[derive(Debug)]
pub struct Model {
    /// What to call it on the screen, such as `minilm-l6`.
    pub name: String,
    /// The folder or file; `None` for the shipped model.
    pub path: Option<PathBuf>,
    /// The description, with its weights bound.
    pub network: Network,
    /// The network that stands beside it: that for images, of a model with a tower for texts and one for
    /// images. Opened as [`IMAGE_TOWER`] says, the two change places.
    pub other_tower: Option<Network>,
    /// The tokenizer; a vision model has none, and a folder may lack one.
    pub tokenizer: Option<Tokenizer>,
    /// How many numbers the checkpoint holds.
    pub parameters: usize,
    /// The names of the classes of a classifier, by number; none for what predicts tokens.
    pub labels: BTreeMap<usize, String>,
    /// How it wants to be told who says what, where it says it.
    pub chat: Option<Chat>,
    /// What it wants of the texts that it writes.
    pub writing: WritingRules,
    /// What of its files is not understood, a sentence each.
    pub remarks: Vec<String>,
}

impl Model {
    /// The model of a checkpoint, bound by its family.
    ///
    /// # Errors
    /// Whatever is wrong with the configuration or the tensors.
    pub fn bind(checkpoint: Checkpoint) -> Result<Self> {
        let network = families::bind(&checkpoint.config, &checkpoint.weights)?;
        let other_tower = families::bind_image_tower(&checkpoint.config, &checkpoint.weights)?;
        let remarks = checkpoint.remarks([&network].into_iter().chain(&other_tower));
        let Checkpoint { name, path, weights, tokenizer, labels, chat, writing, .. } = checkpoint;
        for remark in &remarks {
            tracing::warn!(name, remark, "opened a model");
        }
        // Every configuration may carry labels (transformers writes two by default).
        let classifies = matches!(network.kind, Kind::Vision | Kind::Classifier);
        let labels = if classifies { labels } else { BTreeMap::new() };
        let parameters = weights.parameters();
        Ok(Self { name, path, network, other_tower, tokenizer, parameters, labels, chat, writing, remarks })
    }

    /// The same with the tower for images in front.
    ///
    /// # Errors
    /// [`ModelError::Request`] where there is none.
    pub fn looking_at_images(mut self) -> Result<Self> {
        let Some(images) = self.other_tower.take() else {
            return Err(ModelError::Request(format!(
                "{} has one network alone: leave {IMAGE_TOWER} out",
                self.name
            )));
        };
        self.other_tower = Some(std::mem::replace(&mut self.network, images));
        self.name.push_str(IMAGE_TOWER);
        self.tokenizer = None;
        Ok(self)
    }

    /// The tokenizer, or why there is none.
    ///
    /// # Errors
    /// [`ModelError::Request`] when the model has none.
    pub fn tokenizer(&self) -> Result<&Tokenizer> {
        self.tokenizer.as_ref().ok_or_else(|| {
            ModelError::Request(format!(
                "{} has no tokenizer.json (nor an older vocabulary), so it cannot read text; give token ids instead \
                 (--ids 1,2,3)",
                self.name
            ))
        })
    }

    /// The tokens of `text`.
    ///
    /// # Errors
    /// [`ModelError::Request`] when the model looks at images or has no tokenizer; what the
    /// tokenizer says.
    pub fn encode(&self, text: &str) -> Result<Tokens> {
        if self.network.front().hears().is_some() {
            return Err(ModelError::Request(format!(
                "{} hears sounds: lexiscope attend --audio FILE.wav",
                self.name
            )));
        }
        if self.network.kind == Kind::Trajectory {
            return Err(ModelError::Request(format!(
                "{} reads trajectories: lexiscope attend --inputs FILE",
                self.name
            )));
        }
        if self.network.kind == Kind::Vision {
            return Err(ModelError::Request(format!(
                "{} looks at images, not at text: there are no words to look into",
                self.name
            )));
        }
        self.tokenizer()?.encode(text)
    }

    /// The tokens of what is given to a model that chats where the user says `text`, up to where it begins to
    /// answer; `system` tells it how to.
    ///
    /// # Errors
    /// As [`Self::encode`]; no chat template, or one that refuses this.
    pub fn encode_chat(&self, system: Option<&str>, text: &str) -> Result<Tokens> {
        let Some(chat) = &self.chat else {
            return Err(ModelError::Request(format!(
                "{} has no chat template: give the text without --chat",
                self.name
            )));
        };
        self.tokenizer()?.encode_as_it_is(&chat.told(system, text)?)
    }

    /// The tokens of `text`, and where it says `SOURCE => TARGET` to an encoder-decoder, those of the
    /// source and what the decoder is given: its start token, then the target, without what the
    /// tokenizer adds behind it. Without an arrow a decoder gets the text itself (see [`Input::Tokens`]).
    ///
    /// # Errors
    /// As [`Self::encode`]; no arrow, for a decoder without a start token.
    ///
    /// [`Input::Tokens`]: super::forward::Input::Tokens
    pub fn encode_with_target(&self, text: &str) -> Result<(Tokens, Option<Vec<u32>>)> {
        if self.network.kind != Kind::EncoderDecoder {
            return Ok((self.encode(text)?, None));
        }
        let Some((source, target)) = text.split_once(ARROW) else {
            if self.network.has_decoder() {
                return Ok((self.encode(text)?, None));
            }
            return Err(ModelError::Request(format!(
                "{} needs what its decoder writes, too: SOURCE {ARROW} TARGET, or \
                 --inputs FILE.safetensors with input_ids and decoder_input_ids",
                self.name
            )));
        };
        let target = self.encode(target.trim())?;
        let written = target.special.iter().rposition(|&special| !special).map_or(0, |last| last + 1);
        let decoder = self.network.start_token().into_iter().chain(target.ids.into_iter().take(written));
        Ok((self.encode(source.trim())?, Some(decoder.collect())))
    }
}

/// Opens what `wanted` stands for; see [`source::find`].
///
/// # Errors
/// Whatever is wrong with the name, the files or what they describe.
pub fn open(wanted: &str) -> Result<Model> {
    let (named, tower) = source::tower(wanted);
    let model = Model::bind(match source::find(wanted)? {
        Source::Shipped(model) => model.checkpoint()?,
        Source::Gguf(path) => gguf::read(&path)?,
        Source::Folder(path) => folder::read(&path, display_name(&path, named))?,
    })?;
    match tower {
        Tower::Usual => Ok(model),
        Tower::Images => model.looking_at_images(),
    }
}

/// Opens the first of the models inside the program.
///
/// # Errors
/// None unless the program was built with broken files.
pub fn shipped() -> Result<Model> {
    Model::bind(MODELS[0].checkpoint()?)
}

/// The name as it was asked for, or the folder's own when that was a path.
fn display_name(folder: &Path, wanted: &str) -> String {
    if !Path::new(wanted).exists() {
        return wanted.to_owned();
    }
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    folder.file_name().map_or_else(|| wanted.to_owned(), |name| name.to_string_lossy().into_owned())
}
