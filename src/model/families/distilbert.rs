//! DistilBERT (Sanh et al. 2019): BERT's block with names and configuration keys of its own.

use crate::model::binder::{Bias, Binder};
use crate::model::config::Config;
use crate::model::error::Result;
use crate::model::network::{
    Activation, Attention, AttentionPosition, Block, Embedding, FeedForward, Head, Kind, LearnedPositions,
    Network, Projections, ResidualLayout, TokenEmbedding,
};
use crate::model::weights::Weights;

/// A constant in the authors' code, not in the configuration.
const EPSILON: f64 = 1e-12;

/// Binds a DistilBERT.
pub fn bind(family: &'static str, config: &Config, weights: &Weights) -> Result<Network> {
    let binder = Binder::new(family, config, weights, &["distilbert.", ""]);
    let (hidden, heads) = (config.size(&["dim"])?, config.size(&["n_heads"])?);
    config.require_multiple("dim", hidden, "n_heads", heads)?;
    let vocabulary = config.size(&["vocab_size"])?;
    let positions = config.size(&["max_position_embeddings"])?;
    let activation = binder.activation(&["activation"], Activation::Gelu)?;
    let table = binder.tensor("embeddings.word_embeddings.weight", &[vocabulary, hidden])?;
    let head = if binder.has("vocab_transform.weight") {
        let dense = binder.linear("vocab_transform", hidden, hidden, Bias::Yes)?;
        let norm = binder.layer_norm("vocab_layer_norm", hidden, EPSILON)?;
        let bias = binder.vector("vocab_projector.bias", vocabulary)?;
        Some(Head {
            transform: Some((dense, activation, norm)),
            projection: binder.output_matrix("vocab_projector.weight", &table, Some(bias))?,
            scale: 1.0,
            first_token_only: false,
        })
    } else {
        None
    };
    let blocks = (0..config.layers(&["n_layers"])?)
        .map(|layer| block(&binder, hidden, heads, activation, layer))
        .collect::<Result<Vec<_>>>()?;
    Ok(Network {
        family,
        kind: Kind::Masked,
        hidden,
        outputs: if head.is_some() { vocabulary } else { 0 },
        maximum_tokens: Some(positions),
        embedding: Embedding::Tokens(TokenEmbedding {
            table,
            scale: 1.0,
            positions: Some(LearnedPositions {
                table: binder.tensor("embeddings.position_embeddings.weight", &[positions, hidden])?,
                first_row: 0,
            }),
            segment: None,
            norm: Some(binder.layer_norm("embeddings.LayerNorm", hidden, EPSILON)?),
            projection: None,
        }),
        blocks,
        final_norm: None,
        decoder: None,
        head,
    })
}

fn block(
    binder: &Binder<'_>,
    hidden: usize,
    heads: usize,
    activation: Activation,
    layer: usize,
) -> Result<Block> {
    let name = |part: &str| format!("transformer.layer.{layer}.{part}");
    let head_size = hidden / heads;
    let inner = binder.config.size(&["hidden_dim"])?;
    let square = |part: &str| binder.linear(&name(part), hidden, hidden, Bias::Yes);
    Ok(Block {
        layout: ResidualLayout::PostNorm,
        attention_norm: binder.layer_norm(&name("sa_layer_norm"), hidden, EPSILON)?,
        attention: Attention {
            heads,
            key_value_heads: heads,
            head_size,
            scale: 1.0 / (head_size as f32).sqrt(),
            projections: Projections::Separate {
                query: square("attention.q_lin")?,
                key: square("attention.k_lin")?,
                value: square("attention.v_lin")?,
            },
            query_norm: None,
            key_norm: None,
            output: square("attention.out_lin")?,
            position: AttentionPosition::None,
            causal: false,
            window: None,
        },
        cross: None,
        feed_forward_norm: binder.layer_norm(&name("output_layer_norm"), hidden, EPSILON)?,
        feed_forward: FeedForward {
            up: binder.linear(&name("ffn.lin1"), inner, hidden, Bias::Yes)?,
            gate: None,
            activation,
            down: binder.linear(&name("ffn.lin2"), hidden, inner, Bias::Yes)?,
        },
    })
}
