//! Phi (Li et al. 2023): attention and feed-forward side by side under one norm, biases everywhere, part of
//! each head turns.

use super::decoder::{Decoder, ROTATED_SHARE, part_name};
use crate::model::config::Config;
use crate::model::error::Result;
use crate::model::network::{Activation, AttentionPosition, Block, HeadNorm, Network};
use crate::model::rope::{rotary, rotated_components};
use crate::model::weights::Weights;

/// Binds a Phi.
pub fn bind(family: &'static str, config: &Config, weights: &Weights) -> Result<Network> {
    let decoder = Decoder::read(family, config, weights)?;
    let epsilon = config.epsilon(&["layer_norm_eps"], 1e-5)?;
    let rotated = rotated_components(config, &ROTATED_SHARE, decoder.head_size, 0.5)?;
    let rotary = rotary(config, rotated, decoder.positions)?;
    let activation = decoder.binder.activation(&["hidden_act"], Activation::GeluTanh)?;
    let norms_heads = config.flag("qk_layernorm", false)?;
    let blocks = decoder.blocks(|layer| {
        let mut attention =
            decoder.attention(layer, "dense", None)?.with_position(AttentionPosition::Rotary(rotary.clone()));
        if norms_heads {
            let norm = |part: &str| -> Result<Option<HeadNorm>> {
                let name = part_name(layer, &format!("self_attn.{part}"));
                let norm = decoder.binder.layer_norm(&name, decoder.head_size, epsilon)?;
                Ok(Some(HeadNorm::EachHead(norm)))
            };
            (attention.query_norm, attention.key_norm) = (norm("q_layernorm")?, norm("k_layernorm")?);
        }
        let norm =
            decoder.binder.layer_norm(&part_name(layer, "input_layernorm"), decoder.hidden, epsilon)?;
        let feed_forward = decoder.plain(layer, ["mlp.fc1", "mlp.fc2"], activation)?;
        Ok(Block::parallel_under(norm, attention, feed_forward))
    })?;
    let norm = decoder.binder.layer_norm("final_layernorm", decoder.hidden, epsilon)?;
    decoder.network(blocks, norm, false)
}
