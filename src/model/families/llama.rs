//! Llama (Touvron et al. 2023) and its nearest relatives: Mistral (a window), Qwen2 (biases on query, key
//! and value), Qwen3 (a norm a head on query and key).

use serde_json::Value;

use super::decoder::{Decoder, ROTATED_SHARE, slides, window};
use crate::model::config::Config;
use crate::model::error::Result;
use crate::model::network::{Activation, Attention, AttentionPosition, HeadNorm, Network, Rotary};
use crate::model::rope::{rotary, rotated_components};
use crate::model::weights::Weights;

/// Binds a Llama, Mistral, Qwen2 or Qwen3.
pub fn bind(family: &'static str, config: &Config, weights: &Weights) -> Result<Network> {
    let decoder = Decoder::read(family, config, weights)?;
    let epsilon = config.epsilon(&["rms_norm_eps"], 1e-6)?;
    let rotary = whole_rotary(&decoder)?;
    let activation = decoder.binder.activation(&["hidden_act"], Activation::Silu)?;
    let blocks = decoder.blocks(|layer| {
        let mut attention = decoder
            .attention(layer, "o_proj", own_window(config, layer)?)?
            .with_position(AttentionPosition::Rotary(rotary.clone()));
        add_head_norms(&decoder, &mut attention, layer, epsilon)?;
        decoder.block(layer, attention, decoder.gated(layer, activation)?, epsilon)
    })?;
    let norm = decoder.binder.rms_norm("norm", decoder.hidden, epsilon)?;
    decoder.network(blocks, norm, false)
}

/// The norms over queries and keys of each head, where the file has them.
pub fn add_head_norms(
    decoder: &Decoder<'_>,
    attention: &mut Attention,
    layer: usize,
    epsilon: f64,
) -> Result<()> {
    let norm = |part: &str| -> Result<Option<HeadNorm>> {
        let name = super::decoder::part_name(layer, &format!("self_attn.{part}"));
        if !decoder.binder.has(&format!("{name}.weight")) {
            return Ok(None);
        }
        decoder.binder.rms_norm(&name, decoder.head_size, epsilon).map(HeadNorm::EachHead).map(Some)
    };
    (attention.query_norm, attention.key_norm) = (norm("q_norm")?, norm("k_norm")?);
    Ok(())
}

/// The rotation of whole heads; a GGUF file may divide each frequency by a number of its own.
pub fn whole_rotary(decoder: &Decoder<'_>) -> Result<Rotary> {
    let config = decoder.config();
    let rotated = rotated_components(config, &ROTATED_SHARE, decoder.head_size, 1.0)?;
    if rotated != decoder.head_size {
        return Err(config.unsupported(format!("{} is not 1", ROTATED_SHARE[1])));
    }
    let mut rotary = rotary(config, rotated, decoder.positions)?;
    if decoder.binder.has(ROPE_FACTORS) {
        let factors = decoder.binder.tensor(ROPE_FACTORS, &[rotary.frequencies.len()])?;
        rotary.frequencies.iter_mut().zip(&*factors.to_f32()).for_each(|(one, factor)| *one /= factor);
    }
    Ok(rotary)
}

/// What llama.cpp divides the frequencies by (Llama 3.1's scaling, worked out by its converter).
const ROPE_FACTORS: &str = "rope_freqs.weight";

/// The window of `layer`, as the configuration classes of transformers work it out.
pub fn own_window(config: &Config, layer: usize) -> Result<Option<usize>> {
    match config.text(&["model_type"]) {
        // On every layer, and there without being asked for.
        Some("mistral") => window(config, Some(4096)),
        Some("qwen2" | "qwen3" | "qwen3_moe") => {
            let first = config.get("max_window_layers").and_then(Value::as_u64).unwrap_or(28);
            let slides = slides(config, layer, layer as u64 >= first);
            let used = config.flag("use_sliding_window", false)?;
            Ok(window(config, Some(4096))?.filter(|_| used && slides))
        }
        // The others know no window, whatever is written.
        _ => {
            config.states("sliding_window");
            Ok(None)
        }
    }
}
