//! The image tower of SigLIP (Zhai et al. 2023): a ViT without class token, whose patches a learned question
//! looks at.

use super::tower::Tower;
use crate::model::binder::{Bias, Binder};
use crate::model::config::Config;
use crate::model::error::Result;
use crate::model::linear::{Layout, Linear};
use crate::model::network::{
    Activation, Attention, Front, Kind, Mask, Network, PatchEmbedding, Projections, Stack,
};
use crate::model::pooler::Pooler;
use crate::model::weights::Weights;

/// Binds the image tower of a SigLIP.
pub fn bind(family: &'static str, config: &Config, weights: &Weights) -> Result<Network> {
    let (hidden, heads) = config.hidden_and_heads()?;
    let binder = Binder::new(family, config, weights, &["vision_model.", ""]);
    let tower = Tower {
        hidden,
        heads,
        inner: config.size(&["intermediate_size"])?,
        epsilon: config.epsilon(&["layer_norm_eps"], 1e-6)?,
        activation: binder.activation(&["hidden_act"], Activation::GeluTanh)?,
        mask: Mask::default(),
        binder,
    };
    let embedding = embedding(&tower)?;
    let tokens = embedding.tokens();
    let blocks = tower.blocks(config.layers(&["num_hidden_layers"])?)?;
    let final_norm = tower.norm("post_layernorm")?;
    let mut stack = Stack::new("image", hidden, Front::Patches(embedding), blocks, Some(final_norm))
        .at_most(Some(tokens));
    stack.records_before_norm = true;
    let mut network = Network::new(family, Kind::Vision, vec![stack], None);
    if config.flag("vision_use_head", true)? {
        network.pooler = Some(pooler(&tower)?);
    }
    Ok(network)
}

fn embedding(tower: &Tower<'_>) -> Result<PatchEmbedding> {
    let (config, hidden) = (tower.binder.config, tower.hidden);
    let (image, patch) = (config.size(&["image_size"])?, config.size(&["patch_size"])?);
    let channels = config.optional_size(&["num_channels"])?.unwrap_or(3);
    let bias = tower.binder.tensor("embeddings.patch_embedding.bias", &[hidden])?;
    let projection = tower.patches([channels, image, patch], Some(bias))?;
    let rows = (image / patch) * (image / patch);
    let positions = tower.binder.tensor("embeddings.position_embedding.weight", &[rows, hidden])?;
    Ok(PatchEmbedding::without_class(projection, [channels, image, patch], Some(positions)))
}

fn pooler(tower: &Tower<'_>) -> Result<Pooler> {
    let (binder, hidden) = (&tower.binder, tower.hidden);
    let all = Linear {
        weight: binder.tensor("head.attention.in_proj_weight", &[3 * hidden, hidden])?,
        layout: Layout::OutIn,
        bias: Some(binder.tensor("head.attention.in_proj_bias", &[3 * hidden])?),
    };
    let output = binder.linear("head.attention.out_proj", hidden, hidden, Bias::Yes)?;
    Ok(Pooler {
        probe: binder.tensor("head.probe", &[1, 1, hidden])?,
        attention: Attention::new(tower.heads, hidden / tower.heads, Projections::Fused(all), output),
        norm: tower.norm("head.layernorm")?,
        feed_forward: tower.feed_forward("head.mlp")?,
    })
}
