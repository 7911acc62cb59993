//! Phi-3 (Abdin et al. 2024): a Llama with fused maps, a window on all layers, and longrope.

use super::decoder::{Decoder, ROTATED_SHARE, part_name, window};
use crate::model::binder::Bias;
use crate::model::config::Config;
use crate::model::error::Result;
use crate::model::network::{Activation, AttentionPosition, FeedForward, Network, Projections};
use crate::model::rope::{rotary, rotated_components};
use crate::model::weights::Weights;

/// Binds a Phi-3 or a Phi-4 mini.
pub fn bind(family: &'static str, config: &Config, weights: &Weights) -> Result<Network> {
    let decoder = Decoder::read(family, config, weights)?;
    let (hidden, inner) = (decoder.hidden, decoder.inner);
    let epsilon = config.epsilon(&["rms_norm_eps"], 1e-5)?;
    let rotated = rotated_components(config, &ROTATED_SHARE, decoder.head_size, 1.0)?;
    // Of use with longrope only.
    config.states("original_max_position_embeddings");
    let rotary = rotary(config, rotated, decoder.positions)?;
    let activation = decoder.binder.activation(&["hidden_act"], Activation::Silu)?;
    let window = window(config, None)?;
    let (queries, pairs) = decoder.widths();
    let blocks = decoder.blocks(|layer| {
        let fused = decoder.linear(layer, "self_attn.qkv_proj", queries + 2 * pairs, hidden)?;
        let attention = decoder
            .attention_of(layer, Projections::Fused(fused), "o_proj", window)?
            .with_position(AttentionPosition::Rotary(rotary.clone()));
        let name = part_name(layer, "mlp.gate_up_proj");
        let [gate, up] = decoder.binder.linears(&name, [inner; 2], hidden, Bias::IfPresent)?;
        let down = decoder.linear(layer, "mlp.down_proj", hidden, inner)?;
        decoder.block(layer, attention, FeedForward::gated(gate, up, activation, down), epsilon)
    })?;
    let norm = decoder.binder.rms_norm("norm", hidden, epsilon)?;
    decoder.network(blocks, norm, false)
}
