//! The settings of one architecture in a GGUF header.

use std::path::Path;

use serde_json::{Value as Json, json};

use super::header::{Header, Value};
use crate::model::error::{ModelError, Result};

/// The settings of one architecture.
pub struct Settings<'a> {
    path: &'a Path,
    header: &'a Header,
    /// `general.architecture`, with which every key begins.
    name: &'static str,
}

impl<'a> Settings<'a> {
    /// Those of the architecture `name` in `header`.
    pub fn new(path: &'a Path, header: &'a Header, name: &'static str) -> Self {
        Self { path, header, name }
    }

    /// The value at `key`, where there is one.
    pub fn value(&self, key: &str) -> Option<&'a Value> {
        self.header.pairs.get(&format!("{}.{key}", self.name))
    }

    /// The number at `key`, where there is one.
    pub fn number(&self, key: &str) -> Option<Json> {
        match self.value(key)? {
            Value::Integer(number) => Some(json!(number)),
            Value::Float(number) => Some(json!(number)),
            _ => None,
        }
    }

    /// The number at `key`.
    ///
    /// # Errors
    /// [`ModelError::Malformed`] when there is none.
    pub fn required(&self, key: &str) -> Result<Json> {
        let full = format!("{}.{key}", self.name);
        self.number(key).ok_or_else(|| missing(self.path, &full))
    }

    /// The flag at `key`, or `default`.
    pub fn flag(&self, key: &str, default: bool) -> bool {
        match self.value(key) {
            Some(Value::Flag(flag)) => *flag,
            _ => default,
        }
    }

    /// Whether the file has the tensor `name`.
    pub fn has(&self, name: &str) -> bool {
        self.header.tensors.iter().any(|tensor| tensor.name() == name)
    }

    /// How many rows the tensor `name` has, where it is there.
    pub fn rows(&self, name: &str) -> Option<usize> {
        let tensor = self.header.tensors.iter().find(|tensor| tensor.name() == name)?;
        tensor.shape().first().copied()
    }

    /// The numbers of the tensor `name`, where it is there.
    pub fn tensor(&self, name: &str) -> Option<Vec<f32>> {
        let tensor = self.header.tensors.iter().find(|tensor| tensor.name() == name)?;
        Some(tensor.to_f32().into_owned())
    }

    /// The keys of the architecture, without its name.
    pub fn keys(&self) -> impl Iterator<Item = &'a str> {
        let name = self.name;
        let own = move |key: &'a String| key.strip_prefix(name)?.strip_prefix('.');
        self.header.pairs.keys().filter_map(own)
    }

    /// E: `attention.key_length`, else D / H.
    fn head_size(&self) -> Result<u64> {
        if let Some(size) = self.number("attention.key_length").and_then(|size| size.as_u64()) {
            return Ok(size);
        }
        let whole = |key: &str| -> Result<u64> {
            let full = format!("{}.{key}", self.name);
            self.required(key)?.as_u64().filter(|&size| size > 0).ok_or_else(|| missing(self.path, &full))
        };
        Ok(whole("embedding_length")? / whole("attention.head_count")?)
    }

    /// The share of a head that turns.
    ///
    /// # Errors
    /// Sizes that are missing.
    pub fn rotated_share(&self) -> Result<f64> {
        let size = self.head_size()? as f64;
        let rotated = self.number("rope.dimension_count").and_then(|rotated| rotated.as_f64());
        Ok(rotated.unwrap_or(size) / size)
    }

    /// What the products of a Gemma are divided by the square root of: E, but D / H in the one with `largest`
    /// layers (llama.cpp, `llama_model_gemma2::load_arch_hparams`; the file does not say it).
    ///
    /// # Errors
    /// Sizes that are missing.
    pub fn size_of_queries(&self, largest: u64) -> Result<Json> {
        if self.required("block_count")?.as_u64() != Some(largest) {
            return Ok(json!(self.head_size()?));
        }
        let (hidden, heads) = (self.required("embedding_length")?, self.required("attention.head_count")?);
        Ok(json!(hidden.as_f64().unwrap_or(0.0) / heads.as_f64().unwrap_or(1.0).max(1.0)))
    }
}

/// That the header lacks `key`.
pub fn missing(path: &Path, key: &str) -> ModelError {
    ModelError::Malformed {
        path: path.to_owned(),
        what: format!("key \"{key}\""),
        expected: "a value in the header".into(),
        found: "nothing".into(),
    }
}
