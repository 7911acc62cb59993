//! `config.json` of a Hugging Face model folder, read with care: names differ between families and
//! versions, and sizes must make sense before anything is allocated by them.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::error::{ModelError, Result};

/// A model's configuration.
#[derive(Debug, Clone)]
pub struct Config {
    path: PathBuf,
    value: Value,
}

/// No size in a configuration is larger than this.
const LARGEST_SIZE: u64 = 1 << 24;

/// No network has more blocks than this. Where blocks share their weights (ALBERT), no missing
/// tensor would stop a larger number from filling the memory.
const MOST_LAYERS: usize = 1024;

impl Config {
    /// A configuration from the text of its file; `path` is for messages.
    ///
    /// # Errors
    /// [`ModelError::Malformed`] when it is not a JSON object.
    pub fn parse(path: &Path, text: &str) -> Result<Self> {
        let value: Value = serde_json::from_str(text).map_err(|error| ModelError::Malformed {
            path: path.to_owned(),
            what: format!("line {}, column {}", error.line(), error.column()),
            expected: "JSON".into(),
            found: error.to_string(),
        })?;
        if !value.is_object() {
            return Err(ModelError::Malformed {
                path: path.to_owned(),
                what: "the whole file".into(),
                expected: "a JSON object".into(),
                found: "another JSON value".into(),
            });
        }
        Ok(Self { path: path.to_owned(), value })
    }

    /// A configuration that was not read from JSON (a GGUF header).
    pub fn from_value(path: &Path, value: Value) -> Self {
        Self { path: path.to_owned(), value }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The value at a key; `a.b` looks into objects. JSON null counts as absent.
    pub fn get(&self, key: &str) -> Option<&Value> {
        let found = key.split('.').try_fold(&self.value, |value, part| value.get(part))?;
        (!found.is_null()).then_some(found)
    }

    fn first(&self, keys: &[&str]) -> Option<(String, &Value)> {
        keys.iter().find_map(|key| self.get(key).map(|value| ((*key).to_owned(), value)))
    }

    fn wrong(&self, key: &str, expected: &str, found: &str) -> ModelError {
        ModelError::Malformed {
            path: self.path.clone(),
            what: format!("key \"{key}\""),
            expected: expected.into(),
            found: found.into(),
        }
    }

    /// The positive size at the first of `keys` that is there.
    ///
    /// # Errors
    /// When none is there, or it is not a sensible positive integer.
    pub fn size(&self, keys: &[&str]) -> Result<usize> {
        match self.optional_size(keys)? {
            Some(size) => Ok(size),
            None => Err(self.wrong(keys[0], "a positive integer", "nothing")),
        }
    }

    /// The number of blocks at the first of `keys` that is there.
    ///
    /// # Errors
    /// When none is there, or it is no integer from 1 to 1024.
    pub fn layers(&self, keys: &[&str]) -> Result<usize> {
        let layers = self.size(keys)?;
        if layers > MOST_LAYERS {
            return Err(self.wrong(keys[0], &format!("at most {MOST_LAYERS} layers"), &layers.to_string()));
        }
        Ok(layers)
    }

    /// As [`Config::size`], or `None` when no key is there.
    ///
    /// # Errors
    /// When it is not a sensible positive integer.
    pub fn optional_size(&self, keys: &[&str]) -> Result<Option<usize>> {
        let Some((key, value)) = self.first(keys) else { return Ok(None) };
        match value.as_u64() {
            Some(size) if size > 0 && size <= LARGEST_SIZE => Ok(Some(size as usize)),
            _ => Err(self.wrong(&key, &format!("an integer from 1 to {LARGEST_SIZE}"), &value.to_string())),
        }
    }

    /// The finite number at the first of `keys` that is there.
    ///
    /// # Errors
    /// When it is not a finite number.
    pub fn number(&self, keys: &[&str]) -> Result<Option<f64>> {
        let Some((key, value)) = self.first(keys) else { return Ok(None) };
        match value.as_f64() {
            Some(number) if number.is_finite() => Ok(Some(number)),
            _ => Err(self.wrong(&key, "a number", &value.to_string())),
        }
    }

    /// The truth value at `key`, or `default`.
    ///
    /// # Errors
    /// When it is neither true nor false.
    pub fn flag(&self, key: &str, default: bool) -> Result<bool> {
        match self.get(key) {
            None => Ok(default),
            Some(value) => {
                value.as_bool().ok_or_else(|| self.wrong(key, "true or false", &value.to_string()))
            }
        }
    }

    /// The text at the first of `keys` that is there.
    pub fn text(&self, keys: &[&str]) -> Option<&str> {
        self.first(keys).and_then(|(key, _)| self.get(&key)?.as_str())
    }

    /// An error about an option that this program does not have.
    pub fn unsupported(&self, what: impl Into<String>) -> ModelError {
        ModelError::Unsupported {
            path: self.path.clone(),
            what: what.into(),
            advice: "choose a checkpoint without it".into(),
        }
    }

    /// An error when `whole` is not a multiple of `part`.
    pub fn require_multiple(&self, name: &str, whole: usize, part_name: &str, part: usize) -> Result<()> {
        if part > 0 && whole.is_multiple_of(part) {
            return Ok(());
        }
        Err(self.wrong(name, &format!("a multiple of {part_name} = {part}"), &whole.to_string()))
    }
}
