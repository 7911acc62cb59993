//! ViT (Dosovitskiy et al. 2021): patches of an image as tokens, a class token first.

use crate::model::binder::{Bias, Binder};
use crate::model::config::Config;
use crate::model::error::Result;
use crate::model::network::{
    Activation, Attention, AttentionPosition, Block, Embedding, FeedForward, Head, Kind, Layout, Linear,
    Network, PatchEmbedding, Projections, ResidualLayout,
};
use crate::model::weights::Weights;
use ndarray::Array1;

/// Binds a ViT.
pub fn bind(family: &'static str, config: &Config, weights: &Weights) -> Result<Network> {
    let binder = Binder::new(family, config, weights, &["vit.", ""]);
    let (hidden, heads) = (config.size(&["hidden_size"])?, config.size(&["num_attention_heads"])?);
    config.require_multiple("hidden_size", hidden, "num_attention_heads", heads)?;
    let epsilon = config.number(&["layer_norm_eps"])?.unwrap_or(1e-12);
    let embedding = embedding(&binder, hidden)?;
    let tokens = embedding.positions.nrows();
    let blocks = (0..config.layers(&["num_hidden_layers"])?)
        .map(|layer| block(&binder, hidden, heads, epsilon, layer))
        .collect::<Result<Vec<_>>>()?;
    let (head, outputs) = if binder.has("classifier.weight") {
        let weight = binder.tensor("classifier.weight", &[0, hidden])?;
        let classes = weight.shape()[0];
        let bias = Some(binder.vector("classifier.bias", classes)?);
        let projection = Linear { weight, layout: Layout::OutIn, bias };
        (Some(Head { transform: None, projection, scale: 1.0, first_token_only: true }), classes)
    } else {
        (None, 0)
    };
    Ok(Network {
        family,
        kind: Kind::Vision,
        hidden,
        outputs,
        maximum_tokens: Some(tokens),
        embedding: Embedding::Patches(embedding),
        blocks,
        final_norm: Some(binder.layer_norm("layernorm", hidden, epsilon)?),
        decoder: None,
        head,
    })
}

fn embedding(binder: &Binder<'_>, hidden: usize) -> Result<PatchEmbedding> {
    let config = binder.config;
    let (image, patch) = (config.size(&["image_size"])?, config.size(&["patch_size"])?);
    config.require_multiple("image_size", image, "patch_size", patch)?;
    let channels = config.optional_size(&["num_channels"])?.unwrap_or(3);
    let tokens = 1 + (image / patch) * (image / patch);
    let weight =
        binder.tensor("embeddings.patch_embeddings.projection.weight", &[hidden, channels, patch, patch])?;
    let bias = binder.vector("embeddings.patch_embeddings.projection.bias", hidden)?;
    let class_token = binder.tensor("embeddings.cls_token", &[1, 1, hidden])?;
    let positions = binder.tensor("embeddings.position_embeddings", &[1, tokens, hidden])?;
    let positions = ndarray::ArrayView2::from_shape((tokens, hidden), &positions.to_f32())
        .map(|view| view.to_owned())
        .map_err(|error| config.unsupported(error.to_string()))?;
    Ok(PatchEmbedding {
        projection: Linear { weight, layout: Layout::OutIn, bias: Some(bias) },
        patch,
        image,
        channels,
        class_token: Array1::from(class_token.to_f32().into_owned()),
        positions,
    })
}

fn block(binder: &Binder<'_>, hidden: usize, heads: usize, epsilon: f64, layer: usize) -> Result<Block> {
    let name = |part: &str| format!("encoder.layer.{layer}.{part}");
    let inner = binder.config.size(&["intermediate_size"])?;
    let head_size = hidden / heads;
    let bias = if binder.config.flag("qkv_bias", true)? { Bias::Yes } else { Bias::No };
    let map = |part: &str| binder.linear(&name(part), hidden, hidden, bias);
    Ok(Block {
        layout: ResidualLayout::PreNorm,
        attention_norm: binder.layer_norm(&name("layernorm_before"), hidden, epsilon)?,
        attention: Attention {
            heads,
            key_value_heads: heads,
            head_size,
            scale: 1.0 / (head_size as f32).sqrt(),
            projections: Projections::Separate {
                query: map("attention.attention.query")?,
                key: map("attention.attention.key")?,
                value: map("attention.attention.value")?,
            },
            query_norm: None,
            key_norm: None,
            output: binder.linear(&name("attention.output.dense"), hidden, hidden, Bias::Yes)?,
            position: AttentionPosition::None,
            causal: false,
            window: None,
        },
        cross: None,
        feed_forward_norm: binder.layer_norm(&name("layernorm_after"), hidden, epsilon)?,
        feed_forward: FeedForward {
            up: binder.linear(&name("intermediate.dense"), inner, hidden, Bias::Yes)?,
            gate: None,
            activation: binder.activation(&["hidden_act"], Activation::Gelu)?,
            down: binder.linear(&name("output.dense"), hidden, inner, Bias::Yes)?,
        },
    })
}
