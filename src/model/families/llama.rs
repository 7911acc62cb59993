//! Llama (Touvron et al. 2023) and its relatives: Mistral (a window), Qwen2 (biases on query, key and
//! value), Qwen3 (a norm a head on query and key), Gemma (scaled embedding, norms that store
//! scale - 1, gelu).

use crate::model::binder::{Bias, Binder};
use crate::model::config::Config;
use crate::model::error::Result;
use crate::model::network::{
    Activation, Attention, AttentionPosition, Block, FeedForward, Front, Head, HeadNorm, Kind, Mask, Network,
    Norm, Projections, Rotary, Stack, TokenEmbedding,
};
use crate::model::weights::Weights;

/// Binds a Llama, Mistral, Qwen2 or Qwen3.
pub fn bind(family: &'static str, config: &Config, weights: &Weights) -> Result<Network> {
    bind_with(family, config, weights, false)
}

/// Binds a Gemma.
pub fn bind_gemma(family: &'static str, config: &Config, weights: &Weights) -> Result<Network> {
    bind_with(family, config, weights, true)
}

struct Sizes {
    hidden: usize,
    heads: usize,
    key_value_heads: usize,
    head_size: usize,
    epsilon: f64,
    /// Whether norms store scale - 1 and the activation is gelu.
    gemma: bool,
}

fn bind_with(family: &'static str, config: &Config, weights: &Weights, gemma: bool) -> Result<Network> {
    let binder = Binder::new(family, config, weights, &["model.", ""]);
    let sizes = sizes(config, gemma)?;
    let hidden = sizes.hidden;
    let vocabulary = config.size(&["vocab_size"])?;
    let table = binder.tensor("embed_tokens.weight", &[vocabulary, hidden])?;
    let rotary = rotary(config, sizes.head_size)?;
    let blocks = (0..config.layers(&["num_hidden_layers"])?)
        .map(|layer| block(&binder, &sizes, &rotary, layer))
        .collect::<Result<Vec<_>>>()?;
    let mut embedding = TokenEmbedding::new(table.clone());
    if gemma {
        embedding.scale = (hidden as f32).sqrt();
    }
    let final_norm = norm(&binder, &sizes, "norm", hidden)?;
    let stack = Stack::new("text", hidden, Front::Tokens(embedding), blocks, Some(final_norm))
        .at_most(config.optional_size(&["max_position_embeddings"])?);
    let head = Head::new(binder.output_matrix("lm_head.weight", &table, None)?);
    Ok(Network::new(family, Kind::Causal, vec![stack], Some(head)))
}

fn sizes(config: &Config, gemma: bool) -> Result<Sizes> {
    let (hidden, heads) = (config.size(&["hidden_size"])?, config.size(&["num_attention_heads"])?);
    let key_value_heads = config.optional_size(&["num_key_value_heads"])?.unwrap_or(heads);
    config.require_multiple("num_attention_heads", heads, "num_key_value_heads", key_value_heads)?;
    let head_size = match config.optional_size(&["head_dim"])? {
        Some(size) => size,
        None => {
            config.require_multiple("hidden_size", hidden, "num_attention_heads", heads)?;
            hidden / heads
        }
    };
    let epsilon = config.number(&["rms_norm_eps"])?.unwrap_or(1e-6);
    Ok(Sizes { hidden, heads, key_value_heads, head_size, epsilon, gemma })
}

/// The base of the rotary frequencies, where version 4 or 5 of transformers writes it.
pub fn rotary_base(config: &Config) -> Result<f64> {
    Ok(config.number(&["rope_parameters.rope_theta", "rope_theta", "rotary_emb_base"])?.unwrap_or(10_000.0))
}

/// Rotary positions with the frequency scaling of the configuration.
fn rotary(config: &Config, head_size: usize) -> Result<Rotary> {
    let mut rotary = Rotary::new(rotary_base(config)?, head_size);
    rotary.adjacent = config.flag("rotary_adjacent_pairs", false)?;
    let kind = config.text(&["rope_parameters.rope_type", "rope_scaling.rope_type", "rope_scaling.type"]);
    let factor = config.number(&["rope_parameters.factor", "rope_scaling.factor"])?.unwrap_or(1.0) as f32;
    match kind {
        None | Some("default") => {}
        Some("linear") => rotary.frequencies.iter_mut().for_each(|frequency| *frequency /= factor),
        Some("llama3") => {
            let number = |key: &str, default: f64| -> Result<f32> {
                let keys = [format!("rope_parameters.{key}"), format!("rope_scaling.{key}")];
                Ok(config.number(&[&keys[0], &keys[1]])?.unwrap_or(default) as f32)
            };
            let (low, high) = (number("low_freq_factor", 1.0)?, number("high_freq_factor", 4.0)?);
            let context = number("original_max_position_embeddings", 8192.0)?;
            rotary.scale_low_frequencies(factor, low, high, context);
        }
        Some(other) => return Err(config.unsupported(format!("rope_type \"{other}\" is not known"))),
    }
    Ok(rotary)
}

fn norm(binder: &Binder<'_>, sizes: &Sizes, name: &str, size: usize) -> Result<Norm> {
    let mut norm = binder.rms_norm(name, size, sizes.epsilon)?;
    if sizes.gemma {
        norm.offset = 1.0;
    }
    Ok(norm)
}

/// The window of `layer`: Mistral's on every layer, Qwen's where `layer_types` says so.
fn window(config: &Config, layer: usize) -> Result<Option<usize>> {
    let window = config.optional_size(&["sliding_window"])?;
    if let Some(kinds) = config.get("layer_types").and_then(|kinds| kinds.as_array()) {
        let sliding = kinds.get(layer).and_then(|kind| kind.as_str()) == Some("sliding_attention");
        return Ok(window.filter(|_| sliding));
    }
    Ok(window.filter(|_| config.flag("use_sliding_window", true).unwrap_or(true)))
}

fn block(binder: &Binder<'_>, sizes: &Sizes, rotary: &Rotary, layer: usize) -> Result<Block> {
    let name = |part: &str| format!("layers.{layer}.{part}");
    let (hidden, inner) = (sizes.hidden, binder.config.size(&["intermediate_size"])?);
    let (queries, pairs) = (sizes.heads * sizes.head_size, sizes.key_value_heads * sizes.head_size);
    let linear = |part: &str, outputs, inputs| binder.linear(&name(part), outputs, inputs, Bias::IfPresent);
    let head_norm = |part: &str| -> Result<Option<HeadNorm>> {
        if !binder.has(&name(&format!("{part}.weight"))) {
            return Ok(None);
        }
        norm(binder, sizes, &name(part), sizes.head_size).map(HeadNorm::EachHead).map(Some)
    };
    let projections = Projections::Separate {
        query: linear("self_attn.q_proj", queries, hidden)?,
        key: linear("self_attn.k_proj", pairs, hidden)?,
        value: linear("self_attn.v_proj", pairs, hidden)?,
    };
    let output = linear("self_attn.o_proj", hidden, queries)?;
    let mut attention = Attention::new(sizes.heads, sizes.head_size, projections, output)
        .with_position(AttentionPosition::Rotary(rotary.clone()))
        .with_mask(Mask::causal(window(binder.config, layer)?));
    attention.key_value_heads = sizes.key_value_heads;
    attention.query_norm = head_norm("self_attn.q_norm")?;
    attention.key_norm = head_norm("self_attn.k_norm")?;
    let feed_forward = FeedForward::gated(
        linear("mlp.gate_proj", inner, hidden)?,
        linear("mlp.up_proj", inner, hidden)?,
        // Early Gemma files say "gelu" and mean its tanh form, as transformers reads them.
        if sizes.gemma {
            Activation::GeluTanh
        } else {
            binder.activation(&["hidden_act"], Activation::Silu)?
        },
        linear("mlp.down_proj", hidden, inner)?,
    );
    Ok(Block::pre_norm(
        (norm(binder, sizes, &name("input_layernorm"), hidden)?, attention),
        (norm(binder, sizes, &name("post_attention_layernorm"), hidden)?, feed_forward),
    ))
}
