//! DINOv2 (Oquab et al. 2024): a ViT whose branches are weighed number by number and whose positions are
//! stretched to any image; with registers (Darcet et al. 2024) tokens that belong to no patch.

use super::vit::{attention, classifier, patches};
use crate::model::binder::{Bias, Binder};
use crate::model::config::Config;
use crate::model::error::Result;
use crate::model::fronts::Stretch;
use crate::model::network::{
    Activation, Block, FeedForward, Front, Gain, Kind, LooksAt, Network, Part, PatchEmbedding, Stack,
};
use crate::model::weights::Weights;

/// Binds a DINOv2.
pub fn bind(family: &'static str, config: &Config, weights: &Weights) -> Result<Network> {
    bind_with(Binder::new(family, config, weights, &["dinov2.", ""]), 0)
}

/// Binds a DINOv2 with registers.
pub fn bind_with_registers(family: &'static str, config: &Config, weights: &Weights) -> Result<Network> {
    let registers = config.optional_size(&["num_register_tokens"])?.unwrap_or(4);
    bind_with(Binder::new(family, config, weights, &["dinov2_with_registers.", ""]), registers)
}

/// What other uses of the network, and only training, read.
const UNREAD: [&str; 9] = [
    "apply_layernorm",
    "drop_path_rate",
    "layerscale_value",
    "out_features",
    "out_indices",
    "reshape_hidden_states",
    "stage_names",
    "use_mask_token",
    "intermediate_size",
];

fn bind_with(binder: Binder<'_>, registers: usize) -> Result<Network> {
    let config = binder.config;
    UNREAD.iter().for_each(|key| _ = config.states(key));
    let (hidden, heads) = config.hidden_and_heads()?;
    let epsilon = config.epsilon(&["layer_norm_eps"], 1e-6)?;
    let (projection, sizes) = patches(&binder, hidden)?;
    let [_, image, patch] = sizes;
    let class_token = binder.tensor("embeddings.cls_token", &[1, 1, hidden])?;
    let positions = [1, 1 + (image / patch) * (image / patch), hidden];
    let positions = binder.tensor("embeddings.position_embeddings", &positions)?;
    let mut embedding = PatchEmbedding::new(projection, sizes, class_token, Some(positions));
    embedding.stretch = Some(Stretch::Plain);
    if registers > 0 {
        embedding.registers = Some(binder.tensor("embeddings.register_tokens", &[1, registers, hidden])?);
        embedding.stretch = Some(Stretch::Antialiased);
    }
    let blocks = (0..config.layers(&["num_hidden_layers"])?)
        .map(|layer| block(&binder, [hidden, heads], epsilon, layer))
        .collect::<Result<Vec<_>>>()?;
    let looks_at = LooksAt::FirstAndMean { from: embedding.before_patches() };
    let head = classifier(&binder, "classifier", 2 * hidden, looks_at)?;
    let final_norm = binder.layer_norm("layernorm", hidden, epsilon)?;
    let mut stack = Stack::new("image", hidden, Front::Patches(embedding), blocks, Some(final_norm));
    stack.records_before_norm = true;
    Ok(Network::new(binder.family(), Kind::Vision, vec![stack], head))
}

fn block(binder: &Binder<'_>, [hidden, heads]: [usize; 2], epsilon: f64, layer: usize) -> Result<Block> {
    let name = |part: &str| format!("encoder.layer.{layer}.{part}");
    let bias = if binder.config.flag("qkv_bias", true)? { Bias::Yes } else { Bias::No };
    let norm = |part: &str| binder.layer_norm(&name(part), hidden, epsilon);
    let gain = |part: &str| -> Result<Gain> {
        Ok(Gain::Learned(binder.tensor(&name(&format!("{part}.lambda1")), &[hidden])?))
    };
    let attention = attention(binder, layer, [hidden, heads], bias)?;
    let feed_forward = feed_forward(binder, layer, hidden)?;
    Ok(Block::new(vec![
        Part::pre_norm(norm("norm1")?, attention).weighing(Gain::One, gain("layer_scale1")?),
        Part::pre_norm(norm("norm2")?, feed_forward).weighing(Gain::One, gain("layer_scale2")?),
    ]))
}

fn feed_forward(binder: &Binder<'_>, layer: usize, hidden: usize) -> Result<FeedForward> {
    let config = binder.config;
    let name = |part: &str| format!("encoder.layer.{layer}.mlp.{part}");
    // What is too large is found at the tensors.
    let inner = (hidden as f64 * config.positive(&["mlp_ratio"], 4.0)?).min(f64::from(1 << 30)) as usize;
    let activation = binder.activation(&["hidden_act"], Activation::Gelu)?;
    if !config.flag("use_swiglu_ffn", false)? {
        return Ok(FeedForward::new(
            binder.linear(&name("fc1"), inner, hidden, Bias::Yes)?,
            activation,
            binder.linear(&name("fc2"), hidden, inner, Bias::Yes)?,
        ));
    }
    // Two thirds, up to a multiple of 8 (Dinov2SwiGLUFFN in transformers).
    let inner = (inner * 2 / 3).next_multiple_of(8);
    let [gate, up] = binder.linears(&name("weights_in"), [inner; 2], hidden, Bias::Yes)?;
    let down = binder.linear(&name("weights_out"), hidden, inner, Bias::Yes)?;
    Ok(FeedForward::gated(gate, up, Activation::Silu, down))
}
