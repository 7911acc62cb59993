//! StarCoder2 (Lozhkov et al. 2024): layer norms, biases, a plain feed-forward part, a window on all
//! layers.

use super::decoder::{Decoder, part_name, window};
use super::llama::whole_rotary;
use crate::model::config::Config;
use crate::model::error::Result;
use crate::model::network::{Activation, AttentionPosition, Block, Network};
use crate::model::weights::Weights;

/// Binds a StarCoder2.
pub fn bind(family: &'static str, config: &Config, weights: &Weights) -> Result<Network> {
    let decoder = Decoder::read(family, config, weights)?;
    let epsilon = config.epsilon(&["norm_epsilon"], 1e-5)?;
    let rotary = whole_rotary(&decoder)?;
    let activation = decoder.binder.activation(&["hidden_act"], Activation::GeluTanh)?;
    let window = window(config, None)?;
    // The tensors tell.
    config.states("use_bias");
    let layer_norm = |name: &str| decoder.binder.layer_norm(name, decoder.hidden, epsilon);
    let blocks = decoder.blocks(|layer| {
        let attention = decoder
            .attention(layer, "o_proj", window)?
            .with_position(AttentionPosition::Rotary(rotary.clone()));
        let feed_forward = decoder.plain(layer, ["mlp.c_fc", "mlp.c_proj"], activation)?;
        Ok(Block::pre_norm(
            (layer_norm(&part_name(layer, "input_layernorm"))?, attention),
            (layer_norm(&part_name(layer, "post_attention_layernorm"))?, feed_forward),
        ))
    })?;
    let norm = layer_norm("norm")?;
    decoder.network(blocks, norm, true)
}
