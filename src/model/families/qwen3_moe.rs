//! Qwen3 with experts (Qwen team 2025).

use serde_json::Value;

use super::decoder::{Decoder, part_name};
use super::llama::{add_head_norms, own_window, whole_rotary};
use crate::model::config::Config;
use crate::model::error::Result;
use crate::model::network::{Activation, AttentionPosition, Experts, Mixer, Network};
use crate::model::weights::Weights;

/// Binds a Qwen3 with experts.
pub fn bind(family: &'static str, config: &Config, weights: &Weights) -> Result<Network> {
    let decoder = Decoder::read(family, config, weights)?;
    let epsilon = config.epsilon(&["rms_norm_eps"], 1e-6)?;
    let rotary = whole_rotary(&decoder)?;
    // Of use in training only.
    config.states("router_aux_loss_coef");
    let blocks = decoder.blocks(|layer| {
        let mut attention = decoder
            .attention(layer, "o_proj", own_window(config, layer)?)?
            .with_position(AttentionPosition::Rotary(rotary.clone()));
        add_head_norms(&decoder, &mut attention, layer, epsilon)?;
        decoder.block(layer, attention, mlp(&decoder, layer)?, epsilon)
    })?;
    let norm = decoder.binder.rms_norm("norm", decoder.hidden, epsilon)?;
    decoder.network(blocks, norm, false)
}

/// Experts, but for layers that are said to have none.
fn mlp(decoder: &Decoder<'_>, layer: usize) -> Result<Mixer> {
    let config = decoder.config();
    let activation = decoder.binder.activation(&["hidden_act"], Activation::Silu)?;
    let step = config.optional_size(&["decoder_sparse_step"])?.unwrap_or(1);
    let dense = config.get("mlp_only_layers").and_then(Value::as_array);
    let is_listed = dense.is_some_and(|dense| dense.iter().any(|one| one.as_u64() == Some(layer as u64)));
    let count = config.optional_size(&["num_experts", "num_local_experts"])?.unwrap_or(128);
    let inner = config.optional_size(&["moe_intermediate_size"])?.unwrap_or(768);
    let chosen = config.optional_size(&["num_experts_per_tok"])?.unwrap_or(8).min(count);
    let renormalises = config.flag("norm_topk_prob", false)?;
    if is_listed || !(layer + 1).is_multiple_of(step) {
        return Ok(decoder.gated(layer, activation)?.into());
    }
    let expert = |index: usize| {
        decoder.gated_at(&part_name(layer, &format!("mlp.experts.{index}")), inner, activation)
    };
    let experts = (0..count).map(expert).collect::<Result<_>>()?;
    let router = decoder.linear(layer, "mlp.gate", count, decoder.hidden)?;
    Ok(Experts { router, experts, chosen, renormalises }.into())
}
