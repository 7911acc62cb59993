//! The architectures of GGUF that are read: what llama.cpp calls their tensors and settings, and what Hugging
//! Face does (llama.cpp's `gguf-py/gguf/constants.py` and `tensor_mapping.py`, and what `convert_hf_to_gguf.py`
//! writes of each). One entry an architecture.

use serde_json::{Value as Json, json};

use super::settings::Settings;
use crate::model::error::Result;

/// An architecture: `general.architecture`, and the family that it is.
pub struct Architecture {
    /// Its name in GGUF.
    pub name: &'static str,
    /// `model_type` of its family.
    pub model_type: &'static str,
    /// Where its blocks are in Hugging Face's names; the layer's number follows.
    pub blocks: &'static str,
    /// Names of whole tensors without `.weight` or `.bias`, where they are not [`USUAL_TENSORS`].
    pub tensors: &'static [(&'static str, &'static str)],
    /// Names of the parts of a block, where they are not [`USUAL_PARTS`].
    pub parts: &'static [(&'static str, &'static str)],
    /// The key of the number that keeps roots of norms away from zero, and what `config.json` calls it.
    pub epsilon: (&'static str, &'static str),
    /// Whether the converter reorders rows of queries and keys so that pairs that turn lie together.
    pub adjacent_pairs: bool,
    /// Whether a part of a head turns, as the settings say.
    pub turns_a_share: bool,
    /// Further keys that are read.
    pub keys: &'static [&'static str],
    /// Further settings.
    pub settings: fn(&Settings<'_>) -> Result<Json>,
}

/// Names of whole tensors in most architectures.
pub const USUAL_TENSORS: &[(&str, &str)] =
    &[("token_embd", "model.embed_tokens"), ("output_norm", "model.norm"), ("output", "lm_head")];

/// Names of the parts of a block in most architectures.
pub const USUAL_PARTS: &[(&str, &str)] = &[
    ("attn_q", "self_attn.q_proj"),
    ("attn_k", "self_attn.k_proj"),
    ("attn_v", "self_attn.v_proj"),
    ("attn_qkv", "self_attn.qkv_proj"),
    ("attn_output", "self_attn.o_proj"),
    ("attn_q_norm", "self_attn.q_norm"),
    ("attn_k_norm", "self_attn.k_norm"),
    ("attn_norm", "input_layernorm"),
    ("ffn_norm", "post_attention_layernorm"),
    ("ffn_gate", "mlp.gate_proj"),
    ("ffn_up", "mlp.up_proj"),
    ("ffn_down", "mlp.down_proj"),
];

const RMS: (&str, &str) = ("attention.layer_norm_rms_epsilon", "rms_norm_eps");
const LAYER: (&str, &str) = ("attention.layer_norm_epsilon", "layer_norm_eps");

/// A Llama without anything of its own.
const PLAIN: Architecture = Architecture {
    name: "llama",
    model_type: "llama",
    blocks: "model.layers",
    tensors: &[],
    parts: &[],
    epsilon: RMS,
    adjacent_pairs: false,
    turns_a_share: false,
    keys: &[],
    settings: |_| Ok(json!({})),
};

/// Norms on both sides of every part (Gemma 2 and 3).
const BETWEEN_NORMS: &[(&str, &str)] = &[
    ("post_attention_norm", "post_attention_layernorm"),
    ("ffn_norm", "pre_feedforward_layernorm"),
    ("post_ffw_norm", "post_feedforward_layernorm"),
];

/// Every architecture that is read.
pub const ARCHITECTURES: &[Architecture] = &[
    Architecture { adjacent_pairs: true, ..PLAIN },
    Architecture { name: "qwen2", model_type: "qwen2", ..PLAIN },
    Architecture { name: "qwen3", model_type: "qwen3", ..PLAIN },
    Architecture {
        name: "smollm3",
        model_type: "smollm3",
        adjacent_pairs: true,
        // llama.cpp has the number in its source.
        settings: |_| Ok(json!({"no_rope_layer_interval": 4})),
        ..PLAIN
    },
    Architecture {
        name: "granite",
        model_type: "granite",
        adjacent_pairs: true,
        keys: &["attention.scale", "embedding_scale", "residual_scale", "logit_scale"],
        settings: |header| {
            Ok(json!({
                "attention_multiplier": header.required("attention.scale")?,
                "embedding_multiplier": header.number("embedding_scale"),
                "residual_multiplier": header.number("residual_scale"),
                "logits_scaling": header.number("logit_scale"),
            }))
        },
        ..PLAIN
    },
    Architecture {
        name: "gemma",
        model_type: "gemma",
        settings: |_| Ok(json!({"norms_hold_one": true})),
        ..PLAIN
    },
    Architecture {
        name: "gemma2",
        model_type: "gemma2",
        parts: BETWEEN_NORMS,
        keys: &["attn_logit_softcapping", "final_logit_softcapping", "attention.sliding_window"],
        settings: |header| {
            Ok(json!({
                "norms_hold_one": true,
                "attn_logit_softcapping": header.number("attn_logit_softcapping").unwrap_or(json!(50.0)),
                "final_logit_softcapping": header.number("final_logit_softcapping").unwrap_or(json!(30.0)),
                "sliding_window": header.number("attention.sliding_window").unwrap_or(json!(4096)),
                // The largest one divides by the square root of D / H instead.
                "query_pre_attn_scalar": header.size_of_queries(46)?,
            }))
        },
        ..PLAIN
    },
    Architecture {
        name: "gemma3",
        model_type: "gemma3_text",
        parts: BETWEEN_NORMS,
        keys: &[
            "final_logit_softcapping",
            "attention.sliding_window",
            "attention.sliding_window_pattern",
            "rope.freq_base_swa",
        ],
        settings: |header| {
            Ok(json!({
                "norms_hold_one": true,
                "final_logit_softcapping": header.number("final_logit_softcapping"),
                "sliding_window": header.number("attention.sliding_window"),
                "sliding_window_pattern": header.number("attention.sliding_window_pattern"),
                "rope_local_base_freq": header.number("rope.freq_base_swa"),
                "query_pre_attn_scalar": header.size_of_queries(62)?,
            }))
        },
        ..PLAIN
    },
    Architecture {
        name: "phi3",
        model_type: "phi3",
        turns_a_share: true,
        parts: &[("ffn_up", "mlp.gate_up_proj")],
        keys: &[
            "attention.sliding_window",
            "rope.scaling.original_context_length",
            "rope.scaling.attn_factor",
        ],
        settings: |header| {
            let mut settings = json!({
                "sliding_window": header.number("attention.sliding_window"),
                "partial_rotary_factor": header.rotated_share()?,
            });
            if let (Some(long), Some(short)) =
                (header.tensor("rope_factors_long.weight"), header.tensor("rope_factors_short.weight"))
            {
                settings["original_max_position_embeddings"] =
                    header.required("rope.scaling.original_context_length")?;
                settings["rope_scaling"] = json!({
                    "type": "longrope", "long_factor": long, "short_factor": short,
                    "attention_factor": header.number("rope.scaling.attn_factor"),
                });
            }
            Ok(settings)
        },
        ..PLAIN
    },
    Architecture {
        name: "stablelm",
        model_type: "stablelm",
        turns_a_share: true,
        epsilon: LAYER,
        keys: &["use_parallel_residual"],
        settings: |header| {
            Ok(json!({
                "partial_rotary_factor": header.rotated_share()?,
                "use_parallel_residual": header.flag("use_parallel_residual", false),
            }))
        },
        ..PLAIN
    },
    Architecture {
        name: "starcoder2",
        model_type: "starcoder2",
        epsilon: ("attention.layer_norm_epsilon", "norm_epsilon"),
        parts: &[("ffn_up", "mlp.c_fc"), ("ffn_down", "mlp.c_proj")],
        ..PLAIN
    },
    Architecture {
        name: "olmo2",
        model_type: "olmo2",
        parts: &[
            ("post_attention_norm", "post_attention_layernorm"),
            ("post_ffw_norm", "post_feedforward_layernorm"),
        ],
        ..PLAIN
    },
    Architecture {
        name: "command-r",
        model_type: "cohere",
        epsilon: LAYER,
        keys: &["logit_scale"],
        settings: |header| {
            Ok(json!({
                "logit_scale": header.required("logit_scale")?,
                "use_qk_norm": header.has("blk.0.attn_q_norm.weight"),
            }))
        },
        ..PLAIN
    },
    Architecture {
        name: "gpt2",
        model_type: "gpt2",
        blocks: "transformer.h",
        tensors: &[
            ("token_embd", "transformer.wte"),
            ("position_embd", "transformer.wpe"),
            ("output_norm", "transformer.ln_f"),
        ],
        parts: &[
            ("attn_norm", "ln_1"),
            ("attn_qkv", "attn.c_attn"),
            ("attn_output", "attn.c_proj"),
            ("ffn_norm", "ln_2"),
            ("ffn_up", "mlp.c_fc"),
            ("ffn_down", "mlp.c_proj"),
        ],
        epsilon: ("attention.layer_norm_epsilon", "layer_norm_epsilon"),
        settings: |header| {
            Ok(json!({
                "maps_by_output": true,
                "n_embd": header.required("embedding_length")?,
                "n_head": header.required("attention.head_count")?,
                "n_layer": header.required("block_count")?,
                "n_positions": header.required("context_length")?,
                "n_inner": header.required("feed_forward_length")?,
            }))
        },
        ..PLAIN
    },
    Architecture {
        name: "bert",
        model_type: "bert",
        blocks: "encoder.layer",
        tensors: &[
            ("token_embd", "embeddings.word_embeddings"),
            ("position_embd", "embeddings.position_embeddings"),
            ("token_types", "embeddings.token_type_embeddings"),
            ("token_embd_norm", "embeddings.LayerNorm"),
        ],
        parts: &[
            ("attn_q", "attention.self.query"),
            ("attn_k", "attention.self.key"),
            ("attn_v", "attention.self.value"),
            ("attn_output", "attention.output.dense"),
            ("attn_output_norm", "attention.output.LayerNorm"),
            ("ffn_up", "intermediate.dense"),
            ("ffn_down", "output.dense"),
            ("layer_output_norm", "output.LayerNorm"),
        ],
        epsilon: LAYER,
        keys: &["pooling_type"],
        settings: |header| Ok(json!({"type_vocab_size": header.rows("token_types.weight")})),
        ..PLAIN
    },
];

/// The architecture of this name.
pub fn named(name: &str) -> Option<&'static Architecture> {
    ARCHITECTURES.iter().find(|architecture| architecture.name == name)
}

impl Architecture {
    /// The Hugging Face name of a tensor.
    pub fn tensor_name(&self, name: &str) -> String {
        let (stem, kind) = name.rsplit_once('.').unwrap_or((name, ""));
        let found = |own: &[(&str, &str)], usual: &[(&str, &str)], wanted: &str| -> Option<String> {
            own.iter().chain(usual).find(|(name, _)| *name == wanted).map(|(_, name)| (*name).to_owned())
        };
        if let Some(whole) = found(self.tensors, USUAL_TENSORS, stem) {
            return format!("{whole}.{kind}");
        }
        let in_block = || {
            let (layer, part) = stem.strip_prefix("blk.")?.split_once('.')?;
            let part = found(self.parts, USUAL_PARTS, part)?;
            Some(format!("{}.{layer}.{part}.{kind}", self.blocks))
        };
        in_block().unwrap_or_else(|| name.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::families::FAMILIES;

    #[test]
    fn every_architecture_is_of_a_family_and_stands_once() {
        for architecture in ARCHITECTURES {
            assert!(FAMILIES.iter().any(|family| family.model_type == architecture.model_type));
            let same = ARCHITECTURES.iter().filter(|other| other.name == architecture.name);
            assert_eq!(same.count(), 1, "{}", architecture.name);
        }
    }

    #[test]
    fn tensors_have_the_names_of_their_family() {
        let name = |architecture: &str, tensor: &str| named(architecture).unwrap().tensor_name(tensor);
        assert_eq!(name("llama", "blk.3.attn_q.bias"), "model.layers.3.self_attn.q_proj.bias");
        assert_eq!(
            name("gemma2", "blk.0.ffn_norm.weight"),
            "model.layers.0.pre_feedforward_layernorm.weight"
        );
        assert_eq!(name("gpt2", "token_embd.weight"), "transformer.wte.weight");
        assert_eq!(name("bert", "blk.1.layer_output_norm.bias"), "encoder.layer.1.output.LayerNorm.bias");
        assert_eq!(name("llama", "rope_freqs.weight"), "rope_freqs.weight");
    }
}
