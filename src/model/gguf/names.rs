//! From GGUF's names of tensors and settings to those of Hugging Face (llama.cpp's
//! `gguf-py/gguf/constants.py`).

use std::path::Path;

use serde_json::{Value as Json, json};

use super::header::{Header, Value};
use crate::model::error::{ModelError, Result};

/// The Hugging Face name of a tensor.
pub fn translate(name: &str) -> String {
    let whole = match name {
        "token_embd.weight" => Some("model.embed_tokens.weight"),
        "output_norm.weight" => Some("model.norm.weight"),
        "output.weight" => Some("lm_head.weight"),
        _ => None,
    };
    if let Some(whole) = whole {
        return whole.into();
    }
    let in_block = || {
        let (layer, rest) = name.strip_prefix("blk.")?.split_once('.')?;
        let (part, kind) = rest.rsplit_once('.')?;
        let part = match part {
            "attn_q" => "self_attn.q_proj",
            "attn_k" => "self_attn.k_proj",
            "attn_v" => "self_attn.v_proj",
            "attn_output" => "self_attn.o_proj",
            "attn_q_norm" => "self_attn.q_norm",
            "attn_k_norm" => "self_attn.k_norm",
            "attn_norm" => "input_layernorm",
            "ffn_norm" => "post_attention_layernorm",
            "ffn_gate" => "mlp.gate_proj",
            "ffn_up" => "mlp.up_proj",
            "ffn_down" => "mlp.down_proj",
            _ => return None,
        };
        Some(format!("model.layers.{layer}.{part}.{kind}"))
    };
    in_block().unwrap_or_else(|| name.to_owned())
}

/// What `config.json` would have said.
///
/// # Errors
/// [`ModelError::Unsupported`] for an architecture that is not known,
/// [`ModelError::Malformed`] for a setting that is missing.
pub fn configuration(path: &Path, header: &Header) -> Result<Json> {
    let Some(Value::Text(architecture)) = header.pairs.get("general.architecture") else {
        return Err(missing(path, "general.architecture"));
    };
    if !["llama", "qwen2", "qwen3"].contains(&architecture.as_str()) {
        return Err(ModelError::Unsupported {
            path: path.to_owned(),
            what: format!("GGUF architecture \"{architecture}\""),
            advice: "llama (Mistral too), qwen2 and qwen3 are read from GGUF; other families as a Hugging Face folder"
                .into(),
        });
    }
    let number = |key: &str| -> Option<Json> {
        match header.pairs.get(&format!("{architecture}.{key}"))? {
            Value::Integer(number) => Some(json!(number)),
            Value::Float(number) => Some(json!(number)),
            _ => None,
        }
    };
    let required = |key: &str| -> Result<Json> {
        number(key).ok_or_else(|| missing(path, &format!("{architecture}.{key}")))
    };
    let vocabulary = header.tensors.iter().find(|tensor| tensor.name() == "token_embd.weight");
    let vocabulary = vocabulary.and_then(|tensor| tensor.shape().first().copied());
    let head_size = number("attention.key_length").or_else(|| number("rope.dimension_count"));
    if let (Some(rotated), Some(size)) = (number("rope.dimension_count"), &head_size)
        && rotated != *size
    {
        return Err(ModelError::Unsupported {
            path: path.to_owned(),
            what: format!("only {rotated} of {size} components of a head are rotated"),
            advice: "choose a model that rotates whole heads".into(),
        });
    }
    let experts = number("expert_count").and_then(|count| count.as_i64()).unwrap_or(0);
    if experts > 0 {
        return Err(ModelError::Unsupported {
            path: path.to_owned(),
            what: format!("a mixture of {experts} experts"),
            advice: "choose a model without experts".into(),
        });
    }
    let causal = match header.pairs.get(&format!("{architecture}.attention.causal")) {
        Some(Value::Flag(causal)) => *causal,
        _ => true,
    };
    Ok(json!({
        "model_type": architecture,
        "hidden_size": required("embedding_length")?,
        "intermediate_size": required("feed_forward_length")?,
        "num_hidden_layers": required("block_count")?,
        "num_attention_heads": required("attention.head_count")?,
        "num_key_value_heads": number("attention.head_count_kv"),
        "head_dim": head_size,
        "max_position_embeddings": number("context_length"),
        "rms_norm_eps": required("attention.layer_norm_rms_epsilon")?,
        "rope_theta": number("rope.freq_base"),
        "rope_scaling": rope_scaling(header, architecture),
        "is_causal": causal,
        "tie_word_embeddings": !header.tensors.iter().any(|tensor| tensor.name() == "output.weight"),
        "vocab_size": vocabulary,
        // Conversion of this architecture reorders query and key rows so that pairs lie together.
        "rotary_adjacent_pairs": architecture == "llama",
    }))
}

/// The scaling of rotary frequencies; a factor without a kind is linear, and old files call it
/// `rope.scale_linear` (llama.cpp, `llama_model_base::load_hparams`).
fn rope_scaling(header: &Header, architecture: &str) -> Json {
    let value = |key: &str| header.pairs.get(&format!("{architecture}.rope.{key}"));
    let number = |key: &str| match value(key) {
        Some(Value::Float(number)) => Some(*number),
        Some(Value::Integer(number)) => Some(*number as f64),
        _ => None,
    };
    let factor = number("scaling.factor").or_else(|| number("scale_linear")).filter(|&factor| factor != 0.0);
    let kind = match value("scaling.type") {
        Some(Value::Text(kind)) => kind.as_str(),
        _ => "linear",
    };
    match (kind, factor) {
        ("none", _) | ("linear", None) => Json::Null,
        (kind, factor) => json!({"rope_type": kind, "factor": factor}),
    }
}

/// A remark about the settings of the network that nobody reads.
pub fn unread(header: &Header) -> Vec<String> {
    let Some(Value::Text(architecture)) = header.pairs.get("general.architecture") else { return Vec::new() };
    // Those that are read, and those that change no number: `attention.value_length` is that of keys,
    // `vocab_size` is told by the table, and llama.cpp knows no window for these architectures.
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
    let prefix = format!("{architecture}.");
    let keys = header.pairs.keys().filter_map(|key| key.strip_prefix(&prefix));
    let mut unread: Vec<&str> = keys.filter(|key| !KNOWN.contains(key)).collect();
    unread.sort_unstable();
    if unread.is_empty() {
        return Vec::new();
    }
    vec![format!("settings of {architecture} that are not understood: {}", unread.join(", "))]
}

fn missing(path: &Path, key: &str) -> ModelError {
    ModelError::Malformed {
        path: path.to_owned(),
        what: format!("key \"{key}\""),
        expected: "a value in the header".into(),
        found: "nothing".into(),
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
        configuration(Path::new("a.gguf"), &header(pairs)).unwrap()
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
        let error = configuration(Path::new("a.gguf"), &experts).unwrap_err().to_string();
        assert!(error.contains("8 experts"), "{error}");
    }

    #[test]
    fn settings_that_nobody_reads_are_told() {
        assert!(unread(&header(&[("llama.rope.freq_base", Value::Float(1e4))])).is_empty());
        let odd =
            header(&[("llama.logit_scale", Value::Float(2.0)), ("general.name", Value::Text("x".into()))]);
        assert_eq!(unread(&odd), ["settings of llama that are not understood: logit_scale"]);
    }
}
