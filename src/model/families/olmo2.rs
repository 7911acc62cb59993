//! OLMo 2 (OLMo team 2025): norms over what each part makes, none before it, and over all queries and all
//! keys.

use super::decoder::{Decoder, part_name};
use super::llama::whole_rotary;
use crate::model::config::Config;
use crate::model::error::Result;
use crate::model::network::{Activation, AttentionPosition, Block, HeadNorm, Network, Part};
use crate::model::weights::Weights;

/// Binds an OLMo 2.
pub fn bind(family: &'static str, config: &Config, weights: &Weights) -> Result<Network> {
    let decoder = Decoder::read(family, config, weights)?;
    let epsilon = config.epsilon(&["rms_norm_eps"], 1e-5)?;
    let rotary = whole_rotary(&decoder)?;
    let activation = decoder.binder.activation(&["hidden_act"], Activation::Silu)?;
    let (queries, pairs) = decoder.widths();
    let blocks = decoder.blocks(|layer| {
        let mut attention = decoder
            .attention(layer, "o_proj", None)?
            .with_position(AttentionPosition::Rotary(rotary.clone()));
        let over_all = |part: &str, size| -> Result<Option<HeadNorm>> {
            let name = part_name(layer, &format!("self_attn.{part}"));
            decoder.binder.rms_norm(&name, size, epsilon).map(HeadNorm::AllHeads).map(Some)
        };
        (attention.query_norm, attention.key_norm) =
            (over_all("q_norm", queries)?, over_all("k_norm", pairs)?);
        let after = |name: &str| decoder.rms_norm(layer, name, epsilon);
        let feed_forward = decoder.gated(layer, activation)?;
        Ok(Block::new(vec![
            Part::norm_behind(attention, after("post_attention_layernorm")?),
            Part::norm_behind(feed_forward, after("post_feedforward_layernorm")?),
        ]))
    })?;
    let norm = decoder.binder.rms_norm("norm", decoder.hidden, epsilon)?;
    decoder.network(blocks, norm, false)
}
