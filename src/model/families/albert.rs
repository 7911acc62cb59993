//! ALBERT (Lan et al. 2020): a BERT with a small embedding, whose layers share their weights.

use super::bert::{HeadNames, Sizes, embedding, masked_language_head};
use crate::model::binder::{Bias, Binder};
use crate::model::config::Config;
use crate::model::error::Result;
use crate::model::network::{
    Activation, Attention, AttentionPosition, Block, Embedding, FeedForward, Kind, Network, Projections,
    ResidualLayout,
};
use crate::model::weights::Weights;

/// Binds an ALBERT.
pub fn bind(family: &'static str, config: &Config, weights: &Weights) -> Result<Network> {
    let binder = Binder::new(family, config, weights, &["albert.", ""]);
    let sizes = Sizes::read(config)?;
    let width = config.size(&["embedding_size"])?;
    let mut embedding = embedding(&binder, &sizes, width, 0)?;
    embedding.projection =
        Some(binder.linear("encoder.embedding_hidden_mapping_in", sizes.hidden, width, Bias::Yes)?);
    let head = masked_language_head(
        &binder,
        &embedding,
        &sizes,
        &HeadNames {
            dense: "predictions.dense",
            norm: "predictions.LayerNorm",
            decoder: "predictions.decoder.weight",
            bias: "predictions.bias",
        },
    )?;
    let groups = config.optional_size(&["num_hidden_groups"])?.unwrap_or(1);
    let inner = config.optional_size(&["inner_group_num"])?.unwrap_or(1);
    let mut blocks = Vec::new();
    for layer in 0..sizes.layers {
        let group = layer * groups / sizes.layers;
        for member in 0..inner {
            blocks.push(block(&binder, &sizes, group, member)?);
        }
    }
    Ok(Network {
        family,
        kind: Kind::Masked,
        hidden: sizes.hidden,
        outputs: if head.is_some() { sizes.vocabulary } else { 0 },
        maximum_tokens: Some(sizes.positions),
        embedding: Embedding::Tokens(embedding),
        blocks,
        final_norm: None,
        decoder: None,
        head,
    })
}

fn block(binder: &Binder<'_>, sizes: &Sizes, group: usize, member: usize) -> Result<Block> {
    let name = |part: &str| format!("encoder.albert_layer_groups.{group}.albert_layers.{member}.{part}");
    let (hidden, head_size) = (sizes.hidden, sizes.hidden / sizes.heads);
    let square = |part: &str| binder.linear(&name(part), hidden, hidden, Bias::Yes);
    Ok(Block {
        layout: ResidualLayout::PostNorm,
        attention_norm: binder.layer_norm(&name("attention.LayerNorm"), hidden, sizes.epsilon)?,
        attention: Attention {
            heads: sizes.heads,
            key_value_heads: sizes.heads,
            head_size,
            scale: 1.0 / (head_size as f32).sqrt(),
            projections: Projections::Separate {
                query: square("attention.query")?,
                key: square("attention.key")?,
                value: square("attention.value")?,
            },
            query_norm: None,
            key_norm: None,
            output: square("attention.dense")?,
            position: AttentionPosition::None,
            causal: false,
            window: None,
        },
        cross: None,
        feed_forward_norm: binder.layer_norm(&name("full_layer_layer_norm"), hidden, sizes.epsilon)?,
        feed_forward: FeedForward {
            up: binder.linear(&name("ffn"), sizes.intermediate, hidden, Bias::Yes)?,
            gate: None,
            activation: binder.activation(&["hidden_act"], Activation::GeluTanh)?,
            down: binder.linear(&name("ffn_output"), hidden, sizes.intermediate, Bias::Yes)?,
        },
    })
}
