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
        "sliding_window": number("attention.sliding_window"),
        "vocab_size": vocabulary,
        // Conversion of this architecture reorders query and key rows so that pairs lie together.
        "rotary_adjacent_pairs": architecture == "llama",
    }))
}

fn missing(path: &Path, key: &str) -> ModelError {
    ModelError::Malformed {
        path: path.to_owned(),
        what: format!("key \"{key}\""),
        expected: "a value in the header".into(),
        found: "nothing".into(),
    }
}
