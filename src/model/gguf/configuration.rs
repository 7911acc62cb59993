//! The settings of a network in a GGUF header, in the words of `config.json`.

use std::path::Path;

use serde_json::{Value as Json, json};

use super::architectures::{ARCHITECTURES, Architecture, named};
use super::header::{Header, Value};
use super::settings::{Settings, missing};
use crate::model::error::{ModelError, Result};

/// The configuration of a network in a GGUF header.
pub struct Configuration<'a> {
    path: &'a Path,
    architecture: &'static Architecture,
    settings: Settings<'a>,
}

impl<'a> Configuration<'a> {
    /// That in `header`.
    ///
    /// # Errors
    /// [`ModelError::Malformed`] where it does not name its architecture, [`ModelError::Unsupported`] for
    /// one that is not known.
    pub fn of(path: &'a Path, header: &'a Header) -> Result<Self> {
        let Some(Value::Text(name)) = header.pairs.get("general.architecture") else {
            return Err(missing(path, "general.architecture"));
        };
        match named(name) {
            Some(architecture) => {
                Ok(Self { path, architecture, settings: Settings::new(path, header, architecture.name) })
            }
            None => {
                let known: Vec<&str> = ARCHITECTURES.iter().map(|known| known.name).collect();
                Err(ModelError::Unsupported {
                    path: path.to_owned(),
                    what: format!("GGUF architecture \"{name}\""),
                    advice: format!(
                        "{} are read from GGUF (a Mistral is a llama there); other families as a Hugging \
                         Face folder",
                        known.join(", ")
                    ),
                })
            }
        }
    }

    /// The architecture.
    pub fn architecture(&self) -> &'static Architecture {
        self.architecture
    }

    /// What `config.json` would have said.
    ///
    /// # Errors
    /// [`ModelError::Malformed`] for a setting that is missing, [`ModelError::Unsupported`] for one that is
    /// not understood.
    pub fn to_json(&self) -> Result<Json> {
        self.refuse()?;
        let (epsilon, epsilon_name) = self.architecture.epsilon;
        let mut all = json!({
            "model_type": self.architecture.model_type,
            "hidden_size": self.settings.required("embedding_length")?,
            "intermediate_size": self.settings.required("feed_forward_length")?,
            "num_hidden_layers": self.settings.required("block_count")?,
            "num_attention_heads": self.settings.required("attention.head_count")?,
            "num_key_value_heads": self.settings.number("attention.head_count_kv"),
            "head_dim": self.settings.number("attention.key_length"),
            "max_position_embeddings": self.settings.number("context_length"),
            epsilon_name: self.settings.required(epsilon)?,
            "rope_theta": self.settings.number("rope.freq_base"),
            "rope_scaling": self.rope_scaling(),
            "is_causal": self.settings.flag("attention.causal", true),
            "tie_word_embeddings": !self.settings.has("output.weight"),
            "vocab_size": self.settings.rows("token_embd.weight"),
            "rotary_adjacent_pairs": self.architecture.adjacent_pairs,
        });
        if all["head_dim"].is_null() && !self.architecture.turns_a_share {
            all["head_dim"] = self.settings.number("rope.dimension_count").unwrap_or(Json::Null);
        }
        let own = (self.architecture.settings)(&self.settings)?;
        for (key, value) in own.as_object().into_iter().flatten() {
            all[key] = value.clone();
        }
        Ok(all)
    }

    /// Refuses settings that change the numbers and that no family here reads.
    fn refuse(&self) -> Result<()> {
        let unsupported = |what: String, advice: &str| {
            let (path, advice) = (self.path.to_owned(), advice.to_owned());
            Err(ModelError::Unsupported { path, what, advice })
        };
        let head_size = self.settings.number("attention.key_length");
        if let (Some(rotated), Some(size), false) =
            (self.settings.number("rope.dimension_count"), head_size, self.architecture.turns_a_share)
            && rotated != size
        {
            let what = format!("only {rotated} of {size} components of a head are rotated");
            return unsupported(what, "choose a model that rotates whole heads");
        }
        let experts = self.settings.number("expert_count").and_then(|count| count.as_i64()).unwrap_or(0);
        if experts > 0 {
            return unsupported(format!("a mixture of {experts} experts"), "choose a model without experts");
        }
        for key in ["attention.head_count", "attention.head_count_kv", "feed_forward_length"] {
            if let Some(Value::List(_)) = self.settings.value(key) {
                let what = format!("{}.{key} differs from layer to layer", self.architecture.name);
                return unsupported(what, "choose a model whose layers are alike");
            }
        }
        Ok(())
    }

    /// The scaling of rotary frequencies; a factor without a kind is linear, and old files call it
    /// `rope.scale_linear` (llama.cpp, `llama_model_base::load_hparams`).
    fn rope_scaling(&self) -> Json {
        let number = |key: &str| self.settings.number(key).and_then(|number| number.as_f64());
        let factor = number("rope.scaling.factor")
            .or_else(|| number("rope.scale_linear"))
            .filter(|&factor| factor != 0.0);
        let kind = match self.settings.value("rope.scaling.type") {
            Some(Value::Text(kind)) => kind.as_str(),
            _ => "linear",
        };
        match (kind, factor) {
            ("none", _) | ("linear", None) => Json::Null,
            (kind, factor) => json!({"rope_type": kind, "factor": factor}),
        }
    }

    /// A remark about the settings that nobody reads.
    pub fn unread(&self) -> Vec<String> {
        // Those that are read, and those that change no number: `attention.value_length` is that of keys,
        // `vocab_size` is told by the table, and llama.cpp knows no window but where an entry of the
        // architectures names it.
        const KNOWN: [&str; 19] = [
            "attention.causal",
            "attention.head_count",
            "attention.head_count_kv",
            "attention.key_length",
            "attention.layer_norm_rms_epsilon",
            "attention.sliding_window",
            "attention.value_length",
            "block_count",
            "context_length",
            "embedding_length",
            "expert_count",
            "expert_used_count",
            "feed_forward_length",
            "rope.dimension_count",
            "rope.freq_base",
            "rope.scale_linear",
            "rope.scaling.factor",
            "rope.scaling.type",
            "vocab_size",
        ];
        let own = |key: &str| self.architecture.keys.contains(&key) || self.architecture.epsilon.0 == key;
        let mut unread: Vec<&str> =
            self.settings.keys().filter(|key| !KNOWN.contains(key) && !own(key)).collect();
        unread.sort_unstable();
        if unread.is_empty() {
            return Vec::new();
        }
        let name = self.architecture.name;
        vec![format!("settings of {name} that are not understood: {}", unread.join(", "))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(pairs: &[(&str, Value)]) -> Header {
        let all = [
            ("general.architecture", Value::Text("llama".into())),
            ("llama.embedding_length", Value::Integer(8)),
            ("llama.feed_forward_length", Value::Integer(16)),
            ("llama.block_count", Value::Integer(1)),
            ("llama.attention.head_count", Value::Integer(2)),
            ("llama.attention.layer_norm_rms_epsilon", Value::Float(1e-5)),
        ];
        let pairs = all.iter().chain(pairs).map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
        Header { pairs, tensors: Vec::new() }
    }

    fn told(pairs: &[(&str, Value)]) -> Json {
        Configuration::of(Path::new("a.gguf"), &header(pairs)).unwrap().to_json().unwrap()
    }

    #[test]
    fn frequencies_are_scaled_by_new_and_old_names() {
        let factor = |key| (key, Value::Float(4.0));
        let linear = json!({"rope_type": "linear", "factor": 4.0});
        assert_eq!(told(&[factor("llama.rope.scaling.factor")])["rope_scaling"], linear);
        assert_eq!(told(&[factor("llama.rope.scale_linear")])["rope_scaling"], linear);
        assert_eq!(told(&[])["rope_scaling"], Json::Null);
        let kind = |kind: &str| ("llama.rope.scaling.type", Value::Text(kind.into()));
        assert_eq!(told(&[factor("llama.rope.scaling.factor"), kind("none")])["rope_scaling"], Json::Null);
        let yarn = told(&[factor("llama.rope.scaling.factor"), kind("yarn")]);
        assert_eq!(yarn["rope_scaling"]["rope_type"], "yarn");
    }

    #[test]
    fn what_is_not_causal_or_has_experts_is_seen() {
        assert_eq!(told(&[])["is_causal"], true);
        assert_eq!(told(&[("llama.attention.causal", Value::Flag(false))])["is_causal"], false);
        let experts = header(&[("llama.expert_count", Value::Integer(8))]);
        let error =
            Configuration::of(Path::new("a.gguf"), &experts).unwrap().to_json().unwrap_err().to_string();
        assert!(error.contains("8 experts"), "{error}");
    }

    fn unread(header: Header) -> Vec<String> {
        Configuration::of(Path::new("a.gguf"), &header).unwrap().unread()
    }

    #[test]
    fn settings_that_nobody_reads_are_told() {
        assert!(unread(header(&[("llama.rope.freq_base", Value::Float(1e4))])).is_empty());
        let odd = header(&[("llama.twist", Value::Float(2.0)), ("general.name", Value::Text("x".into()))]);
        assert_eq!(unread(odd), ["settings of llama that are not understood: twist"]);
    }
}
