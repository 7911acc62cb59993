//! RecurrentGemma (Botev et al. 2024; Griffin, De et al. 2024): two gated recurrences, then attention in a
//! window.

use serde_json::Value;

use super::decoder::{Decoder, ROTATED_SHARE, part_name};
use crate::model::binder::Bias;
use crate::model::config::Config;
use crate::model::error::Result;
use crate::model::network::{
    Activation, Attention, AttentionPosition, Block, FeedForward, Front, Mixer, Network, Norm, Part,
    Projections, Rotary,
};
use crate::model::parts::scan::{GatedRecurrence, HeadGate, Scan};
use crate::model::rope::{rotary, rotated_components};
use crate::model::weights::Weights;

/// What only training reads.
const UNREAD: [&str; 4] = [
    "w_init_variance_scale",
    "final_w_init_variance_scale",
    "max_position_embeddings",
    "num_key_value_heads",
];

struct Griffin<'a> {
    decoder: Decoder<'a>,
    epsilon: f64,
    rotary: Rotary,
    activation: Activation,
}

/// Binds a RecurrentGemma.
pub fn bind(family: &'static str, config: &Config, weights: &Weights) -> Result<Network> {
    let mut decoder = Decoder::read(family, config, weights)?;
    UNREAD.iter().for_each(|key| _ = config.states(key));
    // The configuration counts both halves of the gated part.
    config.require_multiple("intermediate_size", decoder.inner, "2", 2)?;
    decoder.inner /= 2;
    decoder.positions = None;
    let hidden = decoder.hidden;
    let rotated = rotated_components(config, &ROTATED_SHARE, decoder.head_size, 0.5)?;
    let griffin = Griffin {
        epsilon: config.epsilon(&["rms_norm_eps"], 1e-6)?,
        rotary: rotary(config, rotated, None)?,
        activation: decoder.binder.activation(&["hidden_activation"], Activation::GeluTanh)?,
        decoder,
    };
    let kinds = config.get("block_types").and_then(Value::as_array);
    let kinds: Vec<&str> =
        kinds.map_or_else(Vec::new, |kinds| kinds.iter().filter_map(Value::as_str).collect());
    let blocks = griffin.decoder.blocks(|layer| {
        let attends = match kinds.len() {
            0 => layer % 3 == 2,
            count => kinds[layer % count] == "attention",
        };
        griffin.block(layer, attends)
    })?;
    let norm = griffin.norm("final_norm")?;
    let cap = config.positive(&["logits_soft_cap"], 30.0)? as f32;
    let mut network = griffin.decoder.network(blocks, norm, true)?;
    if let Front::Tokens(front) = &mut network.stacks[0].front {
        // Rounded to bfloat16, whatever the network computes in.
        front.scale = half::bf16::from_f32((hidden as f32).sqrt()).to_f32();
    }
    network.head.iter_mut().for_each(|head| head.soft_cap = Some(cap));
    Ok(network)
}

impl Griffin<'_> {
    fn norm(&self, name: &str) -> Result<Norm> {
        Ok(Norm { offset: 1.0, ..self.decoder.binder.rms_norm(name, self.decoder.hidden, self.epsilon)? })
    }

    fn block(&self, layer: usize, attends: bool) -> Result<Block> {
        let (hidden, inner) = (self.decoder.hidden, self.decoder.inner);
        let norm = |name: &str| self.norm(&part_name(layer, name));
        let mixer: Mixer =
            if attends { self.attention(layer)?.into() } else { self.recurrence(layer)?.into() };
        let map = |name: &str, outputs, inputs| {
            let name = part_name(layer, &format!("mlp_block.{name}"));
            self.decoder.binder.linear(&name, outputs, inputs, Bias::Yes)
        };
        let feed_forward = FeedForward::gated(
            map("gate_proj", inner, hidden)?,
            map("up_proj", inner, hidden)?,
            self.activation,
            map("down_proj", hidden, inner)?,
        );
        Ok(Block::new(vec![
            Part::pre_norm(norm("temporal_pre_norm")?, mixer),
            Part::pre_norm(norm("channel_pre_norm")?, feed_forward),
        ]))
    }

    fn attention(&self, layer: usize) -> Result<Attention> {
        let decoder = &self.decoder;
        let (queries, pairs) = decoder.widths();
        let map = |name: &str, outputs, inputs| {
            decoder.linear(layer, &format!("temporal_block.{name}"), outputs, inputs)
        };
        let projections = Projections::separate(
            map("q_proj", queries, decoder.hidden)?,
            map("k_proj", pairs, decoder.hidden)?,
            map("v_proj", pairs, decoder.hidden)?,
        );
        let window = decoder.config().optional_size(&["attention_window_size"])?.unwrap_or(2048);
        let output = map("o_proj", decoder.hidden, queries)?;
        let mut attention = Attention::new(decoder.heads, decoder.head_size, projections, output)
            .with_position(AttentionPosition::Rotary(self.rotary.clone()))
            .with_mask(decoder.binder.causal_mask(Some(window))?);
        attention.key_value_heads = decoder.key_value_heads;
        Ok(attention)
    }

    fn recurrence(&self, layer: usize) -> Result<Scan> {
        let (binder, hidden, heads) = (&self.decoder.binder, self.decoder.hidden, self.decoder.heads);
        let config = binder.config;
        let width = config.optional_size(&["lru_width"])?.unwrap_or(hidden);
        let taps = config.optional_size(&["conv1d_width"])?.unwrap_or(4);
        config.require_multiple("lru_width", width, "num_attention_heads", heads)?;
        let own = width / heads;
        let name = |part: &str| part_name(layer, &format!("temporal_block.{part}"));
        let gate = |part: &str| -> Result<HeadGate> {
            Ok(HeadGate {
                weight: binder.tensor(&name(&format!("rg_lru.{part}_weight")), &[heads, own, own])?,
                bias: binder.tensor(&name(&format!("rg_lru.{part}_bias")), &[heads, own])?,
            })
        };
        Ok(Scan::Gated(GatedRecurrence {
            branch: binder.linear(&name("linear_y"), width, hidden, Bias::Yes)?,
            activation: self.activation,
            input: binder.linear(&name("linear_x"), width, hidden, Bias::Yes)?,
            kernel: binder.tensor(&name("conv_1d.weight"), &[width, 1, taps])?,
            kernel_bias: binder.tensor(&name("conv_1d.bias"), &[width])?,
            input_gate: gate("input_gate")?,
            recurrent_gate: gate("recurrent_gate")?,
            decay: binder.tensor(&name("rg_lru.recurrent_param"), &[width])?,
            output: binder.linear(&name("linear_out"), hidden, width, Bias::Yes)?,
        }))
    }
}
