//! Opening a model: its description, weights and tokenizer together.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use serde_json::Value;

use super::config::Config;
use super::error::{ModelError, Result};
use super::families;
use super::gguf;
use super::network::{Kind, Network};
use super::source::{self, Source};
use super::tokenizer::{Tokenizer, Tokens};
use super::weights::Weights;
use crate::mmap::Bytes;

/// A model, opened.
#[derive(Debug)]
pub struct Model {
    /// What to call it on the screen, such as `minilm-l6`.
    pub name: String,
    /// The folder or file; `None` for the shipped model.
    pub path: Option<PathBuf>,
    /// The description, with its weights bound.
    pub network: Network,
    /// The tokenizer; a vision model has none, and a folder may lack one.
    pub tokenizer: Option<Tokenizer>,
    /// How many numbers the checkpoint holds.
    pub parameters: usize,
    /// The names of the classes of a classifier, by index.
    pub labels: Vec<String>,
}

impl Model {
    /// The tokenizer, or why there is none.
    ///
    /// # Errors
    /// [`ModelError::Request`] when the model has none.
    pub fn tokenizer(&self) -> Result<&Tokenizer> {
        self.tokenizer.as_ref().ok_or_else(|| {
            ModelError::Request(format!(
                "{} has no tokenizer.json, so it cannot read text; give token ids instead (--ids 1,2,3)",
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
        if self.network.kind == Kind::Vision {
            return Err(ModelError::Request(format!(
                "{} looks at images, not at text: there are no words to look into",
                self.name
            )));
        }
        self.tokenizer()?.encode(text)
    }
}

/// Opens what `wanted` stands for; see [`source::find`].
///
/// # Errors
/// Whatever is wrong with the name, the files or what they describe.
pub fn open(wanted: &str) -> Result<Model> {
    open_source(&source::find(wanted)?, wanted)
}

/// Opens the model that is shipped inside the program.
///
/// # Errors
/// None unless the program was built with broken files.
pub fn shipped() -> Result<Model> {
    let folder = Path::new("models/minilm-l6");
    let config =
        Config::parse(&folder.join("config.json"), include_str!("../../models/minilm-l6/config.json"))?;
    let bytes = Bytes::from_static(include_bytes!("../../models/minilm-l6/model.safetensors"));
    let weights = Weights::from_safetensors(&[(folder.join("model.safetensors"), bytes)])?;
    let tokenizer = include_bytes!("../../models/minilm-l6/tokenizer.json");
    Ok(Model {
        name: source::SHIPPED.into(),
        path: None,
        network: families::bind(&config, &weights)?,
        tokenizer: Some(Tokenizer::from_json(&folder.join("tokenizer.json"), tokenizer)?),
        parameters: weights.parameters(),
        labels: Vec::new(),
    })
}

fn open_source(source: &Source, wanted: &str) -> Result<Model> {
    match source {
        Source::Shipped => shipped(),
        Source::Gguf(path) => gguf::open(path),
        Source::Folder(folder) => open_folder(folder, wanted),
    }
}

fn open_folder(folder: &Path, wanted: &str) -> Result<Model> {
    let path = folder.join("config.json");
    let text = std::fs::read_to_string(&path).map_err(ModelError::io("read", &path))?;
    let config = Config::parse(&path, &text)?;
    let weights = Weights::from_safetensors(&weight_files(folder)?)?;
    let network = families::bind(&config, &weights)?;
    let path = folder.join("tokenizer.json");
    let tokenizer = match std::fs::read(&path) {
        Ok(bytes) => Some(Tokenizer::from_json(&path, &bytes)?),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(ModelError::io("read", &path)(error)),
    };
    Ok(Model {
        name: display_name(folder, wanted),
        path: Some(folder.to_owned()),
        parameters: weights.parameters(),
        labels: labels(&config, network.outputs),
        network,
        tokenizer,
    })
}

/// The name as it was asked for, or the folder's own when that was a path.
fn display_name(folder: &Path, wanted: &str) -> String {
    if !Path::new(wanted).exists() {
        return wanted.to_owned();
    }
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    folder.file_name().map_or_else(|| wanted.to_owned(), |name| name.to_string_lossy().into_owned())
}

/// `model.safetensors`, or the shards that `model.safetensors.index.json` lists.
fn weight_files(folder: &Path) -> Result<Vec<(PathBuf, Bytes)>> {
    let single = folder.join("model.safetensors");
    let map = |path: PathBuf| -> Result<(PathBuf, Bytes)> {
        let bytes = Bytes::map(&path).map_err(ModelError::io("open", &path))?;
        Ok((path, bytes))
    };
    if single.is_file() {
        return Ok(vec![map(single)?]);
    }
    let index = folder.join("model.safetensors.index.json");
    if !index.is_file() {
        return Err(ModelError::Unsupported {
            path: folder.to_owned(),
            what: "there is no model.safetensors in this folder".into(),
            advice: if folder.join("pytorch_model.bin").is_file() {
                "pytorch_model.bin is a pickle, which is not read; save the model with safe_serialization=True".into()
            } else {
                "give a folder that has its weights as safetensors".into()
            },
        });
    }
    let text = std::fs::read_to_string(&index).map_err(ModelError::io("read", &index))?;
    let malformed = |found: String| ModelError::Malformed {
        path: index.clone(),
        what: "key \"weight_map\"".into(),
        expected: "an object from tensor names to files of this folder".into(),
        found,
    };
    let value: Value = serde_json::from_str(&text).map_err(|error| malformed(error.to_string()))?;
    let map_of_files = value.get("weight_map").and_then(Value::as_object);
    let map_of_files = map_of_files.ok_or_else(|| malformed("nothing".into()))?;
    let mut names = BTreeSet::new();
    for name in map_of_files.values() {
        let name = name.as_str().ok_or_else(|| malformed(name.to_string()))?;
        let mut parts = Path::new(name).components();
        if !matches!((parts.next(), parts.next()), (Some(Component::Normal(_)), None)) {
            return Err(malformed(format!("\"{name}\"")));
        }
        names.insert(name);
    }
    if names.is_empty() {
        return Err(malformed("an empty object".into()));
    }
    names.into_iter().map(|name| map(folder.join(name))).collect()
}

fn labels(config: &Config, count: usize) -> Vec<String> {
    let Some(names) = config.get("id2label").and_then(Value::as_object) else { return Vec::new() };
    (0..count)
        .map(|index| {
            names
                .get(&index.to_string())
                .and_then(Value::as_str)
                .map_or_else(|| index.to_string(), str::to_owned)
        })
        .collect()
}
