//! StableLM (Bellagente et al. 2024): a Llama with layer norms, of whose heads a part turns.

use super::decoder::{Decoder, ROTATED_SHARE, part_name};
use crate::model::config::Config;
use crate::model::error::Result;
use crate::model::network::{Activation, AttentionPosition, Block, HeadNorm, Network, Norm};
use crate::model::rope::{rotary, rotated_components};
use crate::model::weights::Weights;

/// Binds a StableLM.
pub fn bind(family: &'static str, config: &Config, weights: &Weights) -> Result<Network> {
    let decoder = Decoder::read(family, config, weights)?;
    let epsilon = config.epsilon(&["layer_norm_eps"], 1e-5)?;
    let rotated = rotated_components(config, &ROTATED_SHARE, decoder.head_size, 0.25)?;
    let rotary = rotary(config, rotated, decoder.positions)?;
    let activation = decoder.binder.activation(&["hidden_act"], Activation::Silu)?;
    let parallel = config.flag("use_parallel_residual", false)?;
    let norms_heads = config.flag("qk_layernorm", false)?;
    // The tensors tell.
    config.states("use_qkv_bias");
    let layer_norm = |name: &str| decoder.binder.layer_norm(name, decoder.hidden, epsilon);
    let blocks = decoder.blocks(|layer| {
        let mut attention = decoder
            .attention(layer, "o_proj", None)?
            .with_position(AttentionPosition::Rotary(rotary.clone()));
        if norms_heads {
            attention.query_norm = Some(norms_of(&decoder, layer, "q_layernorm", decoder.heads, epsilon)?);
            attention.key_norm =
                Some(norms_of(&decoder, layer, "k_layernorm", decoder.key_value_heads, epsilon)?);
        }
        let before = layer_norm(&part_name(layer, "input_layernorm"))?;
        let feed_forward = decoder.gated(layer, activation)?;
        if parallel {
            return Ok(Block::parallel_under(before, attention, feed_forward));
        }
        let between = layer_norm(&part_name(layer, "post_attention_layernorm"))?;
        Ok(Block::pre_norm((before, attention), (between, feed_forward)))
    })?;
    let norm = layer_norm("norm")?;
    decoder.network(blocks, norm, false)
}

/// A norm for each of `heads`.
fn norms_of(decoder: &Decoder<'_>, layer: usize, part: &str, heads: usize, epsilon: f64) -> Result<HeadNorm> {
    let norm = |head: usize| {
        let name = part_name(layer, &format!("self_attn.{part}.norms.{head}"));
        decoder.binder.layer_norm_without_bias(&name, decoder.head_size, epsilon)
    };
    let norms: Result<Vec<Norm>> = (0..heads).map(norm).collect();
    norms.map(HeadNorm::OfEach)
}
