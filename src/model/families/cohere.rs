//! Cohere's Command R (Cohere 2024): attention and feed-forward side by side under one norm without bias,
//! neighbouring components turn, logits are scaled.

use super::decoder::{Decoder, part_name};
use crate::model::config::Config;
use crate::model::error::Result;
use crate::model::network::{Activation, AttentionPosition, Block, HeadNorm, Network, Norm, NormKind};
use crate::model::parameters::Parameter;
use crate::model::rope::{RopeKeys, rotary_at};
use crate::model::weights::Weights;

/// Binds a Command R.
pub fn bind(family: &'static str, config: &Config, weights: &Weights) -> Result<Network> {
    let decoder = Decoder::read(family, config, weights)?;
    let epsilon = config.epsilon(&["layer_norm_eps"], 1e-5)?;
    let mut rotary = rotary_at(config, RopeKeys::with_base(500_000.0), decoder.head_size, decoder.positions)?;
    rotary.adjacent = true;
    let activation = decoder.binder.activation(&["hidden_act"], Activation::Silu)?;
    let norms_heads = config.flag("use_qk_norm", false)?;
    let layer_norm = |name: &str| decoder.binder.layer_norm_without_bias(name, decoder.hidden, epsilon);
    let blocks = decoder.blocks(|layer| {
        let mut attention = decoder
            .attention(layer, "o_proj", None)?
            .with_position(AttentionPosition::Rotary(rotary.clone()));
        if norms_heads {
            attention.query_norm = Some(norms_of(&decoder, layer, "q_norm", decoder.heads, epsilon)?);
            attention.key_norm = Some(norms_of(&decoder, layer, "k_norm", decoder.key_value_heads, epsilon)?);
        }
        let norm = layer_norm(&part_name(layer, "input_layernorm"))?;
        Ok(Block::parallel_under(norm, attention, decoder.gated(layer, activation)?))
    })?;
    let norm = layer_norm("norm")?;
    let scale = config.positive(&["logit_scale"], 0.0625)? as f32;
    let mut network = decoder.network(blocks, norm, true)?;
    network.head.iter_mut().for_each(|head| head.scale = scale);
    Ok(network)
}

/// A norm for each of `heads`, whose scales are the rows of one tensor.
fn norms_of(decoder: &Decoder<'_>, layer: usize, part: &str, heads: usize, epsilon: f64) -> Result<HeadNorm> {
    let name = part_name(layer, &format!("self_attn.{part}.weight"));
    let scales = decoder.binder.tensor(&name, &[heads, decoder.head_size])?;
    let norm = |head: usize| Norm {
        kind: NormKind::Layer,
        weight: Parameter::new(scales.rows(head..head + 1)),
        offset: 0.0,
        bias: None,
        epsilon: epsilon as f32,
    };
    Ok(HeadNorm::OfEach((0..heads).map(norm).collect()))
}
