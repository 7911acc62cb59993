//! ViT (Dosovitskiy et al. 2021): patches of an image as tokens, a class token first.

use crate::model::binder::{Bias, Binder};
use crate::model::config::Config;
use crate::model::error::Result;
use crate::model::network::{
    Activation, Attention, Block, FeedForward, Front, Head, Kind, Layout, Linear, LooksAt, Network,
    PatchEmbedding, Stack,
};
use crate::model::weights::Weights;

/// Binds a ViT.
pub fn bind(family: &'static str, config: &Config, weights: &Weights) -> Result<Network> {
    let binder = Binder::new(family, config, weights, &["vit.", ""]);
    let (hidden, heads) = (config.size(&["hidden_size"])?, config.size(&["num_attention_heads"])?);
    config.require_multiple("hidden_size", hidden, "num_attention_heads", heads)?;
    let epsilon = config.epsilon(&["layer_norm_eps"], 1e-12)?;
    let embedding = embedding(&binder, hidden)?;
    let tokens = embedding.tokens();
    let blocks = (0..config.layers(&["num_hidden_layers"])?)
        .map(|layer| block(&binder, hidden, heads, epsilon, layer))
        .collect::<Result<Vec<_>>>()?;
    let head = if binder.has("classifier.weight") {
        let weight = binder.tensor("classifier.weight", &[0, hidden])?;
        let bias = Some(binder.tensor("classifier.bias", &[weight.shape()[0]])?);
        let mut head = Head::new(Linear { weight, layout: Layout::OutIn, bias });
        head.looks_at = LooksAt::FirstToken;
        Some(head)
    } else {
        None
    };
    let final_norm = binder.layer_norm("layernorm", hidden, epsilon)?;
    let mut stack = Stack::new("image", hidden, Front::Patches(embedding), blocks, Some(final_norm))
        .at_most(Some(tokens));
    stack.records_before_norm = true;
    Ok(Network::new(family, Kind::Vision, vec![stack], head))
}

fn embedding(binder: &Binder<'_>, hidden: usize) -> Result<PatchEmbedding> {
    let config = binder.config;
    let (image, patch) = (config.size(&["image_size"])?, config.size(&["patch_size"])?);
    config.require_multiple("image_size", image, "patch_size", patch)?;
    let channels = config.optional_size(&["num_channels"])?.unwrap_or(3);
    let tokens = 1 + (image / patch) * (image / patch);
    let weight =
        binder.tensor("embeddings.patch_embeddings.projection.weight", &[hidden, channels, patch, patch])?;
    let bias = binder.tensor("embeddings.patch_embeddings.projection.bias", &[hidden])?;
    let projection = Linear { weight, layout: Layout::OutIn, bias: Some(bias) };
    let class_token = binder.tensor("embeddings.cls_token", &[1, 1, hidden])?;
    let positions = binder.tensor("embeddings.position_embeddings", &[1, tokens, hidden])?;
    Ok(PatchEmbedding::new(projection, [channels, image, patch], class_token, Some(positions)))
}

fn block(binder: &Binder<'_>, hidden: usize, heads: usize, epsilon: f64, layer: usize) -> Result<Block> {
    let name = |part: &str| format!("encoder.layer.{layer}.{part}");
    let inner = binder.config.size(&["intermediate_size"])?;
    let bias = if binder.config.flag("qkv_bias", true)? { Bias::Yes } else { Bias::No };
    let norm = |part: &str| binder.layer_norm(&name(part), hidden, epsilon);
    let names = ["query", "key", "value"];
    let stem = |part: &str| name(&format!("attention.attention.{part}"));
    let attention = Attention::new(
        heads,
        hidden / heads,
        binder.square_projections(names, stem, hidden, bias)?,
        binder.linear(&name("attention.output.dense"), hidden, hidden, Bias::Yes)?,
    );
    let feed_forward = FeedForward::new(
        binder.linear(&name("intermediate.dense"), inner, hidden, Bias::Yes)?,
        binder.activation(&["hidden_act"], Activation::Gelu)?,
        binder.linear(&name("output.dense"), hidden, inner, Bias::Yes)?,
    );
    Ok(Block::pre_norm((norm("layernorm_before")?, attention), (norm("layernorm_after")?, feed_forward)))
}
