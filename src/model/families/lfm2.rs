//! LFM2 (Liquid AI 2025): short convolutions on most layers, attention on the others.

use serde_json::Value;

use super::decoder::{Decoder, part_name};
use crate::model::binder::Bias;
use crate::model::config::Config;
use crate::model::error::Result;
use crate::model::network::{
    Activation, Attention, AttentionPosition, Block, FeedForward, HeadNorm, Mixer, Network, Part,
    Projections, Rotary,
};
use crate::model::parts::scan::{Scan, ShortConvolution};
use crate::model::rope::{RopeKeys, rotary_at};
use crate::model::weights::Weights;

struct Lfm2<'a> {
    decoder: Decoder<'a>,
    epsilon: f64,
    rotary: Rotary,
}

/// Binds an LFM2.
pub fn bind(family: &'static str, config: &Config, weights: &Weights) -> Result<Network> {
    let mut decoder =
        Decoder::read_with_inner(family, config, weights, &["intermediate_size", "block_ff_dim"])?;
    decoder.inner = inner(config, decoder.inner)?;
    let epsilon = config.epsilon(&["norm_eps", "block_norm_eps"], 1e-5)?;
    let keys = RopeKeys::with_base(1_000_000.0);
    let rotary = rotary_at(config, keys, decoder.head_size, decoder.positions)?;
    // The tensors tell; of use in training only.
    [
        "conv_bias",
        "conv_dim",
        "conv_dim_out",
        "block_use_swiglu",
        "block_use_xavier_init",
        "block_mlp_init_scale",
    ]
    .iter()
    .chain(&["block_out_init_scale", "conv_use_xavier_init", "block_dim", "block_norm_eps", "theta"])
    .for_each(|key| _ = config.states(key));
    let tied = config.flag("tie_embedding", true)?;
    let lfm2 = Lfm2 { decoder, epsilon, rotary };
    let blocks = lfm2.decoder.blocks(|layer| lfm2.block(layer))?;
    let norm = lfm2.decoder.binder.rms_norm("embedding_norm", lfm2.decoder.hidden, epsilon)?;
    lfm2.decoder.network(blocks, norm, tied)
}

/// Two thirds of what is said, times a number, up to a multiple (Lfm2MLP in transformers).
fn inner(config: &Config, said: usize) -> Result<usize> {
    let adjusts = config.flag("block_auto_adjust_ff_dim", true)?;
    let factor = config.number(&["block_ffn_dim_multiplier"])?.unwrap_or(1.0);
    let multiple = config.optional_size(&["block_multiple_of"])?.unwrap_or(256);
    if !adjusts {
        return Ok(said);
    }
    // What is too large is found at the tensors.
    let scaled = (factor * (2 * said / 3) as f64).min(f64::from(1 << 30)) as usize;
    Ok(scaled.next_multiple_of(multiple))
}

impl Lfm2<'_> {
    fn block(&self, layer: usize) -> Result<Block> {
        let decoder = &self.decoder;
        let norm = |name: &str| decoder.rms_norm(layer, name, self.epsilon);
        let mixer: Mixer = if attends(decoder.config(), layer) {
            self.attention(layer)?.into()
        } else {
            self.convolution(layer)?.into()
        };
        let map = |name: &str, outputs, inputs| {
            decoder.linear(layer, &format!("feed_forward.{name}"), outputs, inputs)
        };
        let (hidden, inner) = (decoder.hidden, decoder.inner);
        let (gate, up) = (map("w1", inner, hidden)?, map("w3", inner, hidden)?);
        let feed_forward = FeedForward::gated(gate, up, Activation::Silu, map("w2", hidden, inner)?);
        Ok(Block::new(vec![
            Part::pre_norm(norm("operator_norm")?, mixer),
            Part::pre_norm(norm("ffn_norm")?, feed_forward),
        ]))
    }

    fn attention(&self, layer: usize) -> Result<Attention> {
        let decoder = &self.decoder;
        let (queries, pairs) = decoder.widths();
        let map = |name: &str, outputs| {
            decoder.linear(layer, &format!("self_attn.{name}"), outputs, decoder.hidden)
        };
        let projections =
            Projections::separate(map("q_proj", queries)?, map("k_proj", pairs)?, map("v_proj", pairs)?);
        let mut attention = decoder
            .attention_of(layer, projections, "out_proj", None)?
            .with_position(AttentionPosition::Rotary(self.rotary.clone()));
        let norm = |name: &str| -> Result<Option<HeadNorm>> {
            let name = part_name(layer, &format!("self_attn.{name}"));
            decoder.binder.rms_norm(&name, decoder.head_size, self.epsilon).map(HeadNorm::EachHead).map(Some)
        };
        (attention.query_norm, attention.key_norm) = (norm("q_layernorm")?, norm("k_layernorm")?);
        Ok(attention)
    }

    fn convolution(&self, layer: usize) -> Result<Scan> {
        let (binder, hidden) = (&self.decoder.binder, self.decoder.hidden);
        let taps = binder.config.optional_size(&["conv_L_cache"])?.unwrap_or(3);
        let name = |part: &str| part_name(layer, &format!("conv.{part}"));
        Ok(Scan::Short(ShortConvolution {
            input: binder.linear(&name("in_proj"), 3 * hidden, hidden, Bias::IfPresent)?,
            kernel: binder.tensor(&name("conv.weight"), &[hidden, 1, taps])?,
            kernel_bias: binder.tensor_if_present(&name("conv.bias"), &[hidden])?,
            output: binder.linear(&name("out_proj"), hidden, hidden, Bias::IfPresent)?,
        }))
    }
}

/// Whether `layer` attends, by new keys and old ones.
fn attends(config: &Config, layer: usize) -> bool {
    let listed = config.get("full_attn_idxs").and_then(Value::as_array);
    let kinds = config.get("layer_types").and_then(Value::as_array);
    match (kinds, listed) {
        (Some(kinds), _) => kinds.get(layer).and_then(Value::as_str) == Some("full_attention"),
        (None, Some(listed)) => listed.iter().any(|one| one.as_u64() == Some(layer as u64)),
        (None, None) => true,
    }
}
