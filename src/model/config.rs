//! `config.json` of a Hugging Face model folder, read with care: names differ between families and
//! versions, and sizes must make sense before anything is allocated by them.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::error::{ModelError, Result};

/// A model's configuration.
#[derive(Debug, Clone)]
pub struct Config {
    path: PathBuf,
    value: Value,
    /// The keys that were asked for, there or not.
    asked: RefCell<BTreeSet<String>>,
}

/// The objects that are configurations of a network: the whole file, and those of two towers.
const CONFIGS: [&str; 3] = ["", "text_config.", "vision_config."];

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
        Ok(Self::from_value(path, value))
    }

    /// A configuration that was not read from a file; `path` is for messages.
    pub fn from_value(path: &Path, value: Value) -> Self {
        Self { path: path.to_owned(), value, asked: RefCell::default() }
    }

    /// A configuration that was not read from JSON (a GGUF header): whoever made it knows all its keys, needed
    /// or not.
    pub fn understood(path: &Path, value: Value) -> Self {
        let keys = value.as_object().into_iter().flatten().map(|(key, _)| key.clone()).collect();
        Self { path: path.to_owned(), value, asked: RefCell::new(keys) }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// All of it.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The value at a key; `a.b` looks into objects. JSON null counts as absent.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.asked.borrow_mut().insert(key.to_owned());
        let found = key.split('.').try_fold(&self.value, |value, part| value.get(part))?;
        (!found.is_null()).then_some(found)
    }

    /// Whether a key is there, be it with null.
    pub fn states(&self, key: &str) -> bool {
        self.asked.borrow_mut().insert(key.to_owned());
        self.value.get(key).is_some()
    }

    /// The keys that nobody asked for and that may change numbers, sorted; `a.b` within objects.
    pub fn unread(&self) -> Vec<String> {
        let mut unread = Vec::new();
        self.add_unread(&self.value, "", &mut unread);
        unread.sort();
        unread
    }

    /// The unread keys of `object`, whose own key with a dot is `prefix`.
    fn add_unread(&self, object: &Value, prefix: &str, unread: &mut Vec<String>) {
        let asked = self.asked.borrow();
        for (key, value) in object.as_object().into_iter().flatten() {
            let full = format!("{prefix}{key}");
            let within = format!("{full}.");
            let is_config = CONFIGS.contains(&prefix);
            if asked.contains(&full) || is_config && (value.is_null() || is_without_effect(key)) {
                continue;
            }
            if value.is_object() && asked.iter().any(|asked| asked.starts_with(&within)) {
                self.add_unread(value, &within, unread);
            } else {
                unread.push(full);
            }
        }
    }

    fn first(&self, keys: &[&str]) -> Option<(String, &Value)> {
        // All are asked for: a setting that is written under two names is understood.
        let found: Vec<_> = keys.iter().filter_map(|key| Some(((*key).to_owned(), self.get(key)?))).collect();
        found.into_iter().next()
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

    /// D and H by the names that most families have, D a multiple of H.
    ///
    /// # Errors
    /// When one is missing, or they do not fit together.
    pub fn hidden_and_heads(&self) -> Result<(usize, usize)> {
        let (hidden, heads) = (self.size(&["hidden_size"])?, self.size(&["num_attention_heads"])?);
        self.require_multiple("hidden_size", hidden, "num_attention_heads", heads)?;
        Ok((hidden, heads))
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

    /// The `count` numbers above 0 in the list at the first of `keys` that is there.
    ///
    /// # Errors
    /// When there is none, or it is not such a list.
    pub fn numbers(&self, keys: &[&str], count: usize) -> Result<Vec<f64>> {
        let expected = format!("a list of {count} numbers above 0");
        let Some((key, value)) = self.first(keys) else {
            return Err(self.wrong(&keys.join(", "), &expected, "nothing"));
        };
        let number = |value: &Value| value.as_f64().filter(|number| number.is_finite() && *number > 0.0);
        let numbers: Option<Vec<f64>> =
            value.as_array().and_then(|values| values.iter().map(number).collect());
        let numbers = numbers.filter(|numbers| numbers.len() == count);
        numbers.ok_or_else(|| self.wrong(&key, &expected, &value.to_string()))
    }

    /// The number that keeps a root away from zero, at the first of `keys` that is there.
    ///
    /// # Errors
    /// When it is negative or not finite.
    pub fn epsilon(&self, keys: &[&str], default: f64) -> Result<f64> {
        match self.number(keys)? {
            Some(number) if number < 0.0 => Err(self.wrong(keys[0], "0 or more", &number.to_string())),
            number => Ok(number.unwrap_or(default)),
        }
    }

    /// The number above zero at the first of `keys` that is there.
    ///
    /// # Errors
    /// When it is 0, negative or not finite.
    pub fn positive(&self, keys: &[&str], default: f64) -> Result<f64> {
        match self.number(keys)? {
            Some(number) if number <= 0.0 => {
                Err(self.wrong(keys[0], "a number above 0", &number.to_string()))
            }
            number => Ok(number.unwrap_or(default)),
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

/// Whether a key changes no number that this program shows: what only training, sampling, storage or
/// other heads use.
fn is_without_effect(key: &str) -> bool {
    const KEYS: &[&str] = &[
        "_name_or_path",
        "_attn_implementation",
        "_attn_implementation_autoset",
        "architectures",
        // The tensors tell.
        "attention_bias",
        "enable_bias",
        "mlp_bias",
        "attention_softmax_in_fp32",
        "bad_words_ids",
        "begin_suppress_tokens",
        "bias_dropout_fusion",
        "bos_token_id",
        "chunk_size_feed_forward",
        "cls_token_id",
        "decoder_start_token_id",
        "directionality",
        "dtype",
        "early_stopping",
        "encoder_stride",
        "eos_token_id",
        "finetuning_task",
        "forced_bos_token_id",
        "forced_eos_token_id",
        "gradient_checkpointing",
        "id2label",
        "init_std",
        "is_decoder",
        "is_encoder_decoder",
        "is_gated_act",
        "dense_act_fn",
        "keys_to_ignore_at_inference",
        "label2id",
        "language",
        "mask_token_id",
        "masked_softmax_fusion",
        "model_max_length",
        "n_ctx",
        "num_labels",
        "pad_token_id",
        "pooler_act",
        "pooler_output_size",
        "prefix",
        "pretraining_tp",
        "problem_type",
        "reorder_and_upcast_attn",
        "return_dict",
        "rescale_every",
        "seq_length",
        "sep_token_id",
        "sinusoidal_pos_embds",
        "skip_bias_add",
        "skip_bias_add_qkv",
        "slow_but_exact",
        "task_specific_params",
        "tie_weights_",
        "tokenizer_class",
        "torch_dtype",
        "torchscript",
        "transformers_version",
        "unk_token_id",
        "unk_index",
        "use_bfloat16",
        "use_cache",
        "vocab_type",
    ];
    const SAMPLING: &[&str] = &[
        "diversity_penalty",
        "do_sample",
        "encoder_no_repeat_ngram_size",
        "exponential_decay_length_penalty",
        "length_penalty",
        "max_length",
        "min_length",
        "no_repeat_ngram_size",
        "num_beam_groups",
        "num_beams",
        "num_return_sequences",
        "remove_invalid_values",
        "repetition_penalty",
        "suppress_tokens",
        "temperature",
        "top_k",
        "top_p",
        "typical_p",
    ];
    KEYS.contains(&key)
        || SAMPLING.contains(&key)
        || key.contains("dropout")
        || key.contains("layerdrop")
        || key.ends_with("pdrop")
        || ["summary_", "output_", "initializer_", "pooler_", "quantizer_"]
            .iter()
            .any(|start| key.starts_with(start))
}
