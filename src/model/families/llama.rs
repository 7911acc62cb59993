//! Llama (Touvron et al. 2023) and its relatives: Mistral (a window), Qwen2 (biases on query, key and
//! value), Qwen3 (a norm a head on query and key), Gemma (scaled embedding, norms that store
//! scale - 1, gelu).

use serde_json::Value;

use crate::model::binder::{Bias, Binder};
use crate::model::config::Config;
use crate::model::error::Result;
use crate::model::network::{
    Activation, Attention, AttentionPosition, Block, FeedForward, Front, Head, HeadNorm, Kind, Network, Norm,
    Projections, Rotary, Stack, TokenEmbedding,
};
use crate::model::rope::{rotary, rotated_components};
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
    let positions = config.optional_size(&["max_position_embeddings"])?;
    let rotary = rotary_of(&binder, &sizes, positions)?;
    let blocks = (0..config.layers(&["num_hidden_layers"])?)
        .map(|layer| block(&binder, &sizes, &rotary, layer))
        .collect::<Result<Vec<_>>>()?;
    let mut embedding = TokenEmbedding::new(table.clone());
    if gemma {
        embedding.scale = (hidden as f32).sqrt();
    }
    let final_norm = norm(&binder, &sizes, "norm", hidden)?;
    let stack =
        Stack::new("text", hidden, Front::Tokens(embedding), blocks, Some(final_norm)).at_most(positions);
    let head = binder.output_matrix("lm_head.weight", &table, None, gemma)?.map(Head::new);
    Ok(Network::new(family, Kind::Causal, vec![stack], head))
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
    let epsilon = config.epsilon(&["rms_norm_eps"], 1e-6)?;
    Ok(Sizes { hidden, heads, key_value_heads, head_size, epsilon, gemma })
}

/// The rotation; a GGUF file may divide each frequency by a number of its own.
fn rotary_of(binder: &Binder<'_>, sizes: &Sizes, positions: Option<usize>) -> Result<Rotary> {
    let shares = ["rope_parameters.partial_rotary_factor", "partial_rotary_factor"];
    let rotated = rotated_components(binder.config, &shares, sizes.head_size, 1.0)?;
    if rotated != sizes.head_size {
        return Err(binder.config.unsupported(format!("{} is not 1", shares[1])));
    }
    let mut rotary = rotary(binder.config, rotated, positions)?;
    if binder.has(ROPE_FACTORS) {
        let factors = binder.tensor(ROPE_FACTORS, &[rotary.frequencies.len()])?;
        rotary.frequencies.iter_mut().zip(&*factors.to_f32()).for_each(|(one, factor)| *one /= factor);
    }
    Ok(rotary)
}

/// What llama.cpp divides the frequencies by (Llama 3.1's scaling, worked out by its converter).
const ROPE_FACTORS: &str = "rope_freqs.weight";

/// Early Gemma files say "gelu" and mean its tanh form, as transformers reads them.
fn gemma_activation(binder: &Binder<'_>) -> Result<Activation> {
    match binder.activation(&["hidden_activation", "hidden_act"], Activation::GeluTanh)? {
        Activation::Gelu => Ok(Activation::GeluTanh),
        other => Ok(other),
    }
}

fn norm(binder: &Binder<'_>, sizes: &Sizes, name: &str, size: usize) -> Result<Norm> {
    let mut norm = binder.rms_norm(name, size, sizes.epsilon)?;
    if sizes.gemma {
        norm.offset = 1.0;
    }
    Ok(norm)
}

/// The window of `layer`, as the configuration classes of transformers work it out.
fn window(binder: &Binder<'_>, layer: usize) -> Result<Option<usize>> {
    let config = binder.config;
    match config.text(&["model_type"]) {
        // On every layer, and there without being asked for.
        Some("mistral") if !config.states("sliding_window") => Ok(Some(4096)),
        Some("mistral") => config.optional_size(&["sliding_window"]),
        Some("qwen2" | "qwen3") => {
            let window = config.optional_size(&["sliding_window"])?.unwrap_or(4096);
            let first = config.get("max_window_layers").and_then(Value::as_u64).unwrap_or(28);
            let slides = match config.get("layer_types").and_then(Value::as_array) {
                Some(kinds) => kinds.get(layer).and_then(Value::as_str) == Some("sliding_attention"),
                None => layer as u64 >= first,
            };
            let null = config.states("sliding_window") && config.get("sliding_window").is_none();
            let used = config.flag("use_sliding_window", false)? && !null;
            Ok((used && slides).then_some(window))
        }
        // The others know no window, whatever is written.
        _ => {
            config.states("sliding_window");
            Ok(None)
        }
    }
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
    let projections = Projections::separate(
        linear("self_attn.q_proj", queries, hidden)?,
        linear("self_attn.k_proj", pairs, hidden)?,
        linear("self_attn.v_proj", pairs, hidden)?,
    );
    let output = linear("self_attn.o_proj", hidden, queries)?;
    let mut attention = Attention::new(sizes.heads, sizes.head_size, projections, output)
        .with_position(AttentionPosition::Rotary(rotary.clone()))
        .with_mask(binder.causal_mask(window(binder, layer)?)?);
    attention.key_value_heads = sizes.key_value_heads;
    attention.query_norm = head_norm("self_attn.q_norm")?;
    attention.key_norm = head_norm("self_attn.k_norm")?;
    let feed_forward = FeedForward::gated(
        linear("mlp.gate_proj", inner, hidden)?,
        linear("mlp.up_proj", inner, hidden)?,
        if sizes.gemma {
            gemma_activation(binder)?
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
