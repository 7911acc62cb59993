//! Gemma (Gemma team 2024): a Llama whose embedding is scaled and whose norms store scale - 1; Gemma 2 with
//! norms on both sides of every part, soft caps and a window on every other layer; Gemma 3 without caps, with
//! norms on queries and keys and a rotation of its own in windows.

use serde_json::Value;

use super::decoder::{Decoder, part_name, slides, window};
use super::llama::whole_rotary;
use crate::model::config::Config;
use crate::model::error::Result;
use crate::model::network::{
    Activation, Attention, AttentionPosition, Block, Front, HeadNorm, Network, Norm, Part, Rotary,
};
use crate::model::rope::{RopeKeys, rotary_at};
use crate::model::weights::Weights;

/// Binds a Gemma.
pub fn bind(family: &'static str, config: &Config, weights: &Weights) -> Result<Network> {
    let gemma = Gemma::read(family, config, weights)?;
    let rotary = whole_rotary(&gemma.decoder)?;
    let activation = match gemma.activation()? {
        // Early files say "gelu" and mean its tanh form, as transformers reads them.
        Activation::Gelu => Activation::GeluTanh,
        other => other,
    };
    config.states("sliding_window");
    let blocks = gemma.decoder.blocks(|layer| {
        let attention = gemma.decoder.attention(layer, "o_proj", None)?;
        Ok(Block::pre_norm(
            (
                gemma.norm(layer, "input_layernorm")?,
                attention.with_position(AttentionPosition::Rotary(rotary.clone())),
            ),
            (gemma.norm(layer, "post_attention_layernorm")?, gemma.decoder.gated(layer, activation)?),
        ))
    })?;
    gemma.network(blocks)
}

/// Binds a Gemma 2.
pub fn bind_2(family: &'static str, config: &Config, weights: &Weights) -> Result<Network> {
    let gemma = Gemma::read(family, config, weights)?;
    refuse_both_sides(config)?;
    let rotary = whole_rotary(&gemma.decoder)?;
    let cap = cap(config, "attn_logit_softcapping", 50.0)?;
    let window = window(config, Some(4096))?;
    let blocks = gemma.decoder.blocks(|layer| {
        let window = window.filter(|_| slides(config, layer, layer % 2 == 0));
        let mut attention = gemma.attention(layer, window, rotary.clone())?;
        attention.soft_cap = cap;
        gemma.block_between_norms(layer, attention)
    })?;
    let mut network = gemma.network(blocks)?;
    let cap = self::cap(config, "final_logit_softcapping", 30.0)?;
    network.head.iter_mut().for_each(|head| head.soft_cap = cap);
    Ok(network)
}

/// Binds a Gemma 3 that reads text.
pub fn bind_3(family: &'static str, config: &Config, weights: &Weights) -> Result<Network> {
    let gemma = Gemma::read(family, config, weights)?;
    refuse_both_sides(config)?;
    // The class ignores the first and writes the second beside layer_types.
    ["attn_logit_softcapping", "_sliding_window_pattern"].iter().for_each(|key| _ = config.states(key));
    let (size, positions) = (gemma.decoder.head_size, gemma.decoder.positions);
    let rotary = |keys| rotary_at(config, keys, size, positions);
    let (near, far) = (rotary(IN_WINDOWS)?, rotary(OVER_ALL)?);
    let window = window(config, Some(4096))?;
    let pattern = config.optional_size(&["sliding_window_pattern"])?.unwrap_or(6);
    let blocks = gemma.decoder.blocks(|layer| {
        let slides = slides(config, layer, (layer + 1) % pattern != 0);
        let rotary = if slides { &near } else { &far };
        let mut attention = gemma.attention(layer, window.filter(|_| slides), rotary.clone())?;
        let norm = |part: &str| -> Result<Option<HeadNorm>> {
            let name = part_name(layer, &format!("self_attn.{part}"));
            gemma.norm_of(&name, size).map(HeadNorm::EachHead).map(Some)
        };
        (attention.query_norm, attention.key_norm) = (norm("q_norm")?, norm("k_norm")?);
        gemma.block_between_norms(layer, attention)
    })?;
    let cap = match config.number(&["final_logit_softcapping"])? {
        Some(_) => cap(config, "final_logit_softcapping", 30.0)?,
        None => None,
    };
    let mut network = gemma.network(blocks)?;
    network.head.iter_mut().for_each(|head| head.soft_cap = cap);
    Ok(network)
}

/// The rotation of layers that see a window.
const IN_WINDOWS: RopeKeys = RopeKeys {
    scaling: &["rope_parameters.sliding_attention"],
    base: &["rope_parameters.sliding_attention.rope_theta", "rope_local_base_freq"],
    usual_base: 10_000.0,
};

/// The rotation of layers that see all.
const OVER_ALL: RopeKeys = RopeKeys {
    scaling: &["rope_parameters.full_attention", "rope_scaling"],
    base: &["rope_parameters.full_attention.rope_theta", "rope_theta"],
    usual_base: 1_000_000.0,
};

struct Gemma<'a> {
    decoder: Decoder<'a>,
    epsilon: f64,
    /// What q·k is multiplied by in Gemma 2 and 3.
    scale: f32,
}

impl<'a> Gemma<'a> {
    fn read(family: &'static str, config: &'a Config, weights: &'a Weights) -> Result<Self> {
        let mut decoder = Decoder::read(family, config, weights)?;
        if config.get("head_dim").is_none() {
            decoder.head_size = 256;
        }
        let epsilon = config.epsilon(&["rms_norm_eps"], 1e-6)?;
        let scale = match config.text(&["model_type"]) {
            Some("gemma") => (decoder.head_size as f32).powf(-0.5),
            _ => config.positive(&["query_pre_attn_scalar"], 256.0)?.powf(-0.5) as f32,
        };
        Ok(Self { decoder, epsilon, scale })
    }

    fn activation(&self) -> Result<Activation> {
        self.decoder.binder.activation(&["hidden_activation", "hidden_act"], Activation::GeluTanh)
    }

    fn norm(&self, layer: usize, name: &str) -> Result<Norm> {
        self.norm_of(&part_name(layer, name), self.decoder.hidden)
    }

    fn norm_of(&self, name: &str, size: usize) -> Result<Norm> {
        // The converter to GGUF adds the 1.
        let offset = if self.decoder.config().flag("norms_hold_one", false)? { 0.0 } else { 1.0 };
        Ok(Norm { offset, ..self.decoder.binder.rms_norm(name, size, self.epsilon)? })
    }

    fn attention(&self, layer: usize, window: Option<usize>, rotary: Rotary) -> Result<Attention> {
        let attention = self.decoder.attention(layer, "o_proj", window)?.with_scale(self.scale);
        Ok(attention.with_position(AttentionPosition::Rotary(rotary)))
    }

    fn block_between_norms(&self, layer: usize, attention: Attention) -> Result<Block> {
        let norm = |name: &str| self.norm(layer, name);
        let feed_forward = self.decoder.gated(layer, self.activation()?)?;
        Ok(Block::new(vec![
            Part::between_norms(norm("input_layernorm")?, attention, norm("post_attention_layernorm")?),
            Part::between_norms(
                norm("pre_feedforward_layernorm")?,
                feed_forward,
                norm("post_feedforward_layernorm")?,
            ),
        ]))
    }

    fn network(self, blocks: Vec<Block>) -> Result<Network> {
        let norm = self.norm_of("norm", self.decoder.hidden)?;
        let scale = (self.decoder.hidden as f32).sqrt();
        let mut network = self.decoder.network(blocks, norm, true)?;
        if let Front::Tokens(front) = &mut network.stacks[0].front {
            front.scale = scale;
        }
        Ok(network)
    }
}

/// The soft cap at `key`: `usual` where nothing is said, none where null is.
fn cap(config: &Config, key: &str, usual: f64) -> Result<Option<f32>> {
    match config.get(key) {
        None if config.states(key) => Ok(None),
        _ => Ok(Some(config.positive(&[key], usual)? as f32)),
    }
}

fn refuse_both_sides(config: &Config) -> Result<()> {
    match config.get("use_bidirectional_attention") {
        None | Some(Value::Bool(false)) => Ok(()),
        Some(_) => Err(config.unsupported("use_bidirectional_attention is set: it does not write")),
    }
}
