//! ALBERT (Lan et al. 2020): a BERT with a small embedding, whose layers share their weights.

use super::bert::{HeadNames, Sizes, embedding, masked_language_head, network};
use crate::model::binder::{Bias, Binder};
use crate::model::config::Config;
use crate::model::error::Result;
use crate::model::network::{Activation, Attention, Block, FeedForward, Network};
use crate::model::weights::Weights;

/// Binds an ALBERT.
pub fn bind(family: &'static str, config: &Config, weights: &Weights) -> Result<Network> {
    let binder = Binder::new(family, config, weights, &["albert.", ""]);
    let sizes = Sizes::read(&binder, Activation::GeluTanh)?;
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
            decoder: "predictions.decoder",
            bias: "predictions.bias",
            activation: sizes.activation,
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
    Ok(network(&binder, &sizes, embedding, blocks, head, 0))
}

fn block(binder: &Binder<'_>, sizes: &Sizes, group: usize, member: usize) -> Result<Block> {
    let name = |part: &str| format!("encoder.albert_layer_groups.{group}.albert_layers.{member}.{part}");
    let (hidden, inner) = (sizes.hidden, sizes.intermediate);
    let norm = |part: &str| binder.layer_norm(&name(part), hidden, sizes.epsilon);
    let names = ["attention.query", "attention.key", "attention.value"];
    let attention = Attention::new(
        sizes.heads,
        hidden / sizes.heads,
        binder.square_projections(names, name, hidden, Bias::Yes)?,
        binder.linear(&name("attention.dense"), hidden, hidden, Bias::Yes)?,
    );
    let feed_forward = FeedForward::new(
        binder.linear(&name("ffn"), inner, hidden, Bias::Yes)?,
        sizes.activation,
        binder.linear(&name("ffn_output"), hidden, inner, Bias::Yes)?,
    );
    Ok(Block::post_norm(
        (attention, norm("attention.LayerNorm")?),
        (feed_forward, norm("full_layer_layer_norm")?),
    ))
}
