//! Granite (IBM 2024): a Llama with a number to multiply by in four places.

use super::decoder::Decoder;
use super::llama::whole_rotary;
use crate::model::config::Config;
use crate::model::error::Result;
use crate::model::network::{Activation, AttentionPosition, Block, Front, Gain, Network, Part};
use crate::model::weights::Weights;

/// Binds a Granite.
pub fn bind(family: &'static str, config: &Config, weights: &Weights) -> Result<Network> {
    let decoder = Decoder::read(family, config, weights)?;
    let epsilon = config.epsilon(&["rms_norm_eps"], 1e-6)?;
    let rotary = whole_rotary(&decoder)?;
    let activation = decoder.binder.activation(&["hidden_act"], Activation::Silu)?;
    let number = |key: &str| config.positive(&[key], 1.0).map(|number| number as f32);
    let (scores, branches) = (number("attention_multiplier")?, number("residual_multiplier")?);
    let blocks = decoder.blocks(|layer| {
        let attention = decoder
            .attention(layer, "o_proj", None)?
            .with_scale(scores)
            .with_position(AttentionPosition::Rotary(rotary.clone()));
        let feed_forward = decoder.gated(layer, activation)?;
        let norm = |name: &str| decoder.rms_norm(layer, name, epsilon);
        Ok(Block::new(vec![
            Part::pre_norm(norm("input_layernorm")?, attention).weighing(Gain::One, Gain::Fixed(branches)),
            Part::pre_norm(norm("post_attention_layernorm")?, feed_forward)
                .weighing(Gain::One, Gain::Fixed(branches)),
        ]))
    })?;
    let norm = decoder.binder.rms_norm("norm", decoder.hidden, epsilon)?;
    let mut network = decoder.network(blocks, norm, false)?;
    if let Front::Tokens(front) = &mut network.stacks[0].front {
        front.scale = number("embedding_multiplier")?;
    }
    let divided = 1.0 / number("logits_scaling")?;
    network.head.iter_mut().for_each(|head| head.scale = divided);
    Ok(network)
}
