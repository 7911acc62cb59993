//! SmolLM3 (Hugging Face 2025): a Llama in which some layers know no position.

use serde_json::Value;

use super::decoder::{Decoder, slides, window};
use crate::model::config::Config;
use crate::model::error::Result;
use crate::model::network::{Activation, AttentionPosition, Network};
use crate::model::rope::{RopeKeys, rotary_at};
use crate::model::weights::Weights;

/// Binds a SmolLM3.
pub fn bind(family: &'static str, config: &Config, weights: &Weights) -> Result<Network> {
    let decoder = Decoder::read(family, config, weights)?;
    let epsilon = config.epsilon(&["rms_norm_eps"], 1e-6)?;
    let rotary = rotary_at(config, RopeKeys::with_base(2_000_000.0), decoder.head_size, decoder.positions)?;
    let activation = decoder.binder.activation(&["hidden_act"], Activation::Silu)?;
    let window = window(config, None)?;
    let windows_used = config.flag("use_sliding_window", false)?;
    let blocks = decoder.blocks(|layer| {
        let rotates = rotates(config, layer)?;
        let slides = slides(config, layer, windows_used && !rotates);
        let mut attention = decoder.attention(layer, "o_proj", window.filter(|_| slides))?;
        if rotates {
            attention.position = AttentionPosition::Rotary(rotary.clone());
        }
        decoder.block(layer, attention, decoder.gated(layer, activation)?, epsilon)
    })?;
    let norm = decoder.binder.rms_norm("norm", decoder.hidden, epsilon)?;
    decoder.network(blocks, norm, true)
}

/// Whether `layer` turns queries and keys: 1 in "no_rope_layers" says yes, against its name.
fn rotates(config: &Config, layer: usize) -> Result<bool> {
    let interval = config.optional_size(&["no_rope_layer_interval"])?.unwrap_or(4);
    Ok(match config.get("no_rope_layers").and_then(Value::as_array) {
        Some(layers) => layers.get(layer).and_then(Value::as_u64) != Some(0),
        None => !(layer + 1).is_multiple_of(interval),
    })
}
