//! Mixtral (Jiang et al. 2024): a Mistral whose feed-forward parts are experts.

use super::decoder::{Decoder, part_name, window};
use crate::model::binder::Bias;
use crate::model::config::Config;
use crate::model::error::Result;
use crate::model::network::{Activation, AttentionPosition, Experts, FeedForward, Network};
use crate::model::rope::{RopeKeys, rotary_at};
use crate::model::weights::Weights;

/// Binds a Mixtral.
pub fn bind(family: &'static str, config: &Config, weights: &Weights) -> Result<Network> {
    let decoder = Decoder::read(family, config, weights)?;
    let epsilon = config.epsilon(&["rms_norm_eps"], 1e-5)?;
    let rotary = rotary_at(config, RopeKeys::with_base(1_000_000.0), decoder.head_size, decoder.positions)?;
    let window = window(config, None)?;
    // Of use in training only.
    ["router_aux_loss_coef", "router_jitter_noise"].iter().for_each(|key| _ = config.states(key));
    let blocks = decoder.blocks(|layer| {
        let attention = decoder
            .attention(layer, "o_proj", window)?
            .with_position(AttentionPosition::Rotary(rotary.clone()));
        decoder.block(layer, attention, experts(&decoder, layer)?, epsilon)
    })?;
    let norm = decoder.binder.rms_norm("norm", decoder.hidden, epsilon)?;
    decoder.network(blocks, norm, false)
}

fn experts(decoder: &Decoder<'_>, layer: usize) -> Result<Experts> {
    let (config, hidden, inner) = (decoder.config(), decoder.hidden, decoder.inner);
    let activation = decoder.binder.activation(&["hidden_act"], Activation::Silu)?;
    let count = config.optional_size(&["num_local_experts"])?.unwrap_or(8);
    let expert = |index: usize| -> Result<FeedForward> {
        let map = |name: &str, outputs, inputs| {
            let name = part_name(layer, &format!("block_sparse_moe.experts.{index}.{name}"));
            decoder.binder.linear(&name, outputs, inputs, Bias::No)
        };
        Ok(FeedForward::gated(
            map("w1", inner, hidden)?,
            map("w3", inner, hidden)?,
            activation,
            map("w2", hidden, inner)?,
        ))
    };
    Ok(Experts {
        router: decoder.linear(layer, "block_sparse_moe.gate", count, hidden)?,
        experts: (0..count).map(expert).collect::<Result<_>>()?,
        chosen: config.optional_size(&["num_experts_per_tok"])?.unwrap_or(2).min(count),
        renormalises: true,
    })
}
