//! Reading a model folder in the Hugging Face layout.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use serde_json::Value;

use super::chat::Chat;
use super::checkpoint::Checkpoint;
use super::config::Config;
use super::error::{ModelError, Result};
use super::older_vocabularies::OlderVocabulary;
use super::tokenizer::Tokenizer;
use super::tokenizer_settings::{self, TokenizerFiles};
use super::weights::Weights;
use super::writing_rules::WritingRules;
use crate::mmap::Bytes;

/// Reads `folder`, to be called `name`.
///
/// # Errors
/// Whatever is wrong with its files.
pub fn read(folder: &Path, name: String) -> Result<Checkpoint> {
    let path = folder.join("config.json");
    let text = std::fs::read_to_string(&path).map_err(ModelError::io("read", &path))?;
    let config = Config::parse(&path, &text)?;
    let weights = Weights::from_files(&weight_files(folder)?)?;
    let generation = optional_json(&folder.join("generation_config.json"))?;
    // Older models write into config.json how they want to write.
    let of_config = || WritingRules::read(config.value());
    let (mut writing, mut remarks) = generation.as_ref().map_or_else(of_config, WritingRules::read);
    writing.ends.extend(of_config().0.ends);
    Ok(Checkpoint {
        name,
        path: Some(folder.to_owned()),
        tokenizer: tokenizer(folder, &config, &mut remarks)?,
        labels: labels(&config),
        chat: chat(folder)?,
        writing,
        remarks,
        config,
        weights,
    })
}

/// The names of classes: `id2label`.
pub fn labels(config: &Config) -> BTreeMap<usize, String> {
    let Some(names) = config.get("id2label").and_then(Value::as_object) else { return BTreeMap::new() };
    let named = |(index, name): (&String, &Value)| Some((index.parse().ok()?, name.as_str()?.to_owned()));
    names.iter().filter_map(named).collect()
}

fn tokenizer(folder: &Path, config: &Config, remarks: &mut Vec<String>) -> Result<Option<Tokenizer>> {
    let beside = TokenizerFiles {
        config: optional_json(&folder.join("tokenizer_config.json"))?,
        added: optional_json(&folder.join("added_tokens.json"))?,
        special: optional_json(&folder.join("special_tokens_map.json"))?,
    };
    let path = folder.join("tokenizer.json");
    let (path, bytes) = match std::fs::read(&path) {
        Ok(bytes) => (path, bytes),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let model_type = config.text(&["model_type"]).unwrap_or_default();
            match (OlderVocabulary { folder, model_type, beside: &beside }).document() {
                Ok(Some((path, document))) => (path, document.to_string().into_bytes()),
                Ok(None) => return Ok(None),
                // The network runs without: on token ids.
                Err(error @ ModelError::Unsupported { .. }) => {
                    remarks.push(format!("the tokenizer is not read: {error}"));
                    return Ok(None);
                }
                Err(error) => return Err(error),
            }
        }
        Err(error) => return Err(ModelError::io("read", &path)(error)),
    };
    tokenizer_settings::apply(&path, &bytes, &beside).map(Some)
}

/// How the model wants to be told who says what.
fn chat(folder: &Path) -> Result<Option<Chat>> {
    let path = folder.join("chat_template.jinja");
    let own = match std::fs::read_to_string(&path) {
        Ok(template) => Some(template),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(ModelError::io("read", &path)(error)),
    };
    Ok(Chat::of(own, optional_json(&folder.join("tokenizer_config.json"))?.as_ref()))
}

/// A JSON file that may lack.
fn optional_json(path: &Path) -> Result<Option<Value>> {
    match std::fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|error| ModelError::Malformed {
            path: path.to_owned(),
            what: format!("line {}, column {}", error.line(), error.column()),
            expected: "JSON".into(),
            found: error.to_string(),
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(ModelError::io("read", path)(error)),
    }
}

/// `model.safetensors`, or the shards that `model.safetensors.index.json` lists; where neither is there, the
/// same as PyTorch wrote it.
fn weight_files(folder: &Path) -> Result<Vec<(PathBuf, Bytes)>> {
    let map = |path: PathBuf| -> Result<(PathBuf, Bytes)> {
        let bytes = Bytes::map(&path).map_err(ModelError::io("open", &path))?;
        Ok((path, bytes))
    };
    for name in ["model.safetensors", "pytorch_model.bin"] {
        let (single, index) = (folder.join(name), folder.join(format!("{name}.index.json")));
        if single.is_file() {
            return Ok(vec![map(single)?]);
        }
        if index.is_file() {
            return shards(folder, &index)?.into_iter().map(map).collect();
        }
    }
    Err(ModelError::Unsupported {
        path: folder.to_owned(),
        what: "there is no model.safetensors in this folder".into(),
        advice: "give a folder that has its weights as safetensors (or pytorch_model.bin)".into(),
    })
}

/// The files of `folder` that `index` lists.
fn shards(folder: &Path, index: &Path) -> Result<Vec<PathBuf>> {
    let text = std::fs::read_to_string(index).map_err(ModelError::io("read", index))?;
    let malformed = |found: String| ModelError::Malformed {
        path: index.to_owned(),
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
    Ok(names.into_iter().map(|name| folder.join(name)).collect())
}
