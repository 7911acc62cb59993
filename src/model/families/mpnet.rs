//! MPNet (Song et al. 2020): a BERT without token types, with one bias by bucketed distance for all layers.

use super::bert::{HeadNames, Sizes, feed_forward, masked_language_head};
use crate::model::binder::{Bias, Binder};
use crate::model::config::Config;
use crate::model::error::Result;
use crate::model::network::{
    Activation, Attention, AttentionPosition, Block, Front, Kind, Network, RelativeBias, Stack,
    TokenEmbedding,
};
use crate::model::parameters::Parameter;
use crate::model::weights::Weights;

/// Buckets of distances, whatever the configuration says: it only sizes the table (`compute_position_bias`
/// in transformers).
const BUCKETS: usize = 32;

/// Distances from here on share the last bucket.
const FARTHEST: usize = 128;

/// The row of the first position.
const FIRST_ROW: usize = 2;

/// Binds an MPNet.
pub fn bind(family: &'static str, config: &Config, weights: &Weights) -> Result<Network> {
    let binder = Binder::new(family, config, weights, &["mpnet.", ""]);
    let sizes = Sizes::read_without_types(&binder, Activation::Gelu, 1e-12)?;
    let table = binder.tensor("embeddings.word_embeddings.weight", &[sizes.vocabulary, sizes.hidden])?;
    let positions =
        binder.tensor("embeddings.position_embeddings.weight", &[sizes.positions, sizes.hidden])?;
    let mut embedding = TokenEmbedding::new(table)
        .with_positions(positions, FIRST_ROW)
        .with_norm(binder.layer_norm("embeddings.LayerNorm", sizes.hidden, sizes.epsilon)?);
    if let Some(positions) = &mut embedding.positions {
        positions.padding = Some(FIRST_ROW as u32 - 1);
    }
    let names = HeadNames {
        dense: "lm_head.dense",
        norm: "lm_head.layer_norm",
        decoder: "lm_head.decoder",
        bias: "lm_head.bias",
        activation: Activation::Gelu,
    };
    let head = masked_language_head(&binder, &embedding, &sizes, &names)?;
    let bias = distances(&binder, &sizes)?;
    let blocks =
        (0..sizes.layers).map(|layer| block(&binder, &sizes, &bias, layer)).collect::<Result<Vec<_>>>()?;
    let stack = Stack::new("text", sizes.hidden, Front::Tokens(embedding), blocks, None)
        .at_most(Some(sizes.positions.saturating_sub(FIRST_ROW)));
    Ok(Network::new(family, Kind::Masked, vec![stack], head))
}

fn distances(binder: &Binder<'_>, sizes: &Sizes) -> Result<RelativeBias> {
    let table = binder.tensor("encoder.relative_attention_bias.weight", &[0, sizes.heads])?;
    binder.config.states("relative_attention_num_buckets");
    let rows = table.shape()[0];
    if rows < BUCKETS {
        let message =
            format!("relative_attention_num_buckets {rows}: MPNet counts {BUCKETS} whatever it says");
        return Err(binder.config.unsupported(message));
    }
    let table = if rows == BUCKETS { table } else { Parameter::new(table.rows(0..BUCKETS)) };
    Ok(RelativeBias { table, maximum_distance: FARTHEST, bidirectional: true })
}

fn block(binder: &Binder<'_>, sizes: &Sizes, bias: &RelativeBias, layer: usize) -> Result<Block> {
    let name = |part: &str| format!("encoder.layer.{layer}.{part}");
    let hidden = sizes.hidden;
    let norm = |part: &str| binder.layer_norm(&name(part), hidden, sizes.epsilon);
    let names = ["attention.attn.q", "attention.attn.k", "attention.attn.v"];
    let attention = Attention::new(
        sizes.heads,
        hidden / sizes.heads,
        binder.square_projections(names, name, hidden, Bias::Yes)?,
        binder.linear(&name("attention.attn.o"), hidden, hidden, Bias::Yes)?,
    )
    .with_position(AttentionPosition::Relative(bias.clone()));
    let feed_forward = feed_forward(binder, sizes, layer)?;
    Ok(Block::post_norm((attention, norm("attention.LayerNorm")?), (feed_forward, norm("output.LayerNorm")?)))
}
