//! BLOOM (BigScience 2022): ALiBi in place of positions, a norm over the embedding, query, key and
//! value in one map head by head.

use crate::model::binder::{Bias, Binder};
use crate::model::config::Config;
use crate::model::error::Result;
use crate::model::network::{
    Activation, Attention, AttentionPosition, Block, Embedding, FeedForward, Head, Kind, Network,
    Projections, ResidualLayout, TokenEmbedding,
};
use crate::model::positions::alibi_slopes;
use crate::model::weights::Weights;

/// Binds a BLOOM.
pub fn bind(family: &'static str, config: &Config, weights: &Weights) -> Result<Network> {
    let binder = Binder::new(family, config, weights, &["transformer.", ""]);
    let (hidden, heads) =
        (config.size(&["hidden_size", "n_embed"])?, config.size(&["n_head", "num_attention_heads"])?);
    config.require_multiple("hidden_size", hidden, "n_head", heads)?;
    if config.flag("apply_residual_connection_post_layernorm", false)? {
        return Err(config.unsupported("apply_residual_connection_post_layernorm is set"));
    }
    let vocabulary = config.size(&["vocab_size"])?;
    let epsilon = config.number(&["layer_norm_epsilon"])?.unwrap_or(1e-5);
    let table = binder.tensor("word_embeddings.weight", &[vocabulary, hidden])?;
    let blocks = (0..config.layers(&["n_layer", "num_hidden_layers"])?)
        .map(|layer| block(&binder, hidden, heads, epsilon, layer))
        .collect::<Result<Vec<_>>>()?;
    Ok(Network {
        family,
        kind: Kind::Causal,
        hidden,
        outputs: vocabulary,
        maximum_tokens: None,
        embedding: Embedding::Tokens(TokenEmbedding {
            table: table.clone(),
            scale: 1.0,
            positions: None,
            segment: None,
            norm: Some(binder.layer_norm("word_embeddings_layernorm", hidden, epsilon)?),
            projection: None,
        }),
        blocks,
        final_norm: Some(binder.layer_norm("ln_f", hidden, epsilon)?),
        decoder: None,
        head: Some(Head {
            transform: None,
            projection: binder.output_matrix("lm_head.weight", &table, None)?,
            scale: 1.0,
            first_token_only: false,
        }),
    })
}

fn block(binder: &Binder<'_>, hidden: usize, heads: usize, epsilon: f64, layer: usize) -> Result<Block> {
    let name = |part: &str| format!("h.{layer}.{part}");
    let head_size = hidden / heads;
    let fused = binder.linear(&name("self_attention.query_key_value"), 3 * hidden, hidden, Bias::Yes)?;
    Ok(Block {
        layout: ResidualLayout::PreNorm,
        attention_norm: binder.layer_norm(&name("input_layernorm"), hidden, epsilon)?,
        attention: Attention {
            heads,
            key_value_heads: heads,
            head_size,
            scale: 1.0 / (head_size as f32).sqrt(),
            projections: Projections::FusedByHead(fused),
            query_norm: None,
            key_norm: None,
            output: binder.linear(&name("self_attention.dense"), hidden, hidden, Bias::Yes)?,
            position: AttentionPosition::Alibi(alibi_slopes(heads)),
            causal: true,
            window: None,
        },
        cross: None,
        feed_forward_norm: binder.layer_norm(&name("post_attention_layernorm"), hidden, epsilon)?,
        feed_forward: FeedForward {
            up: binder.linear(&name("mlp.dense_h_to_4h"), 4 * hidden, hidden, Bias::Yes)?,
            gate: None,
            activation: Activation::GeluTanh,
            down: binder.linear(&name("mlp.dense_4h_to_h"), hidden, 4 * hidden, Bias::Yes)?,
        },
    })
}
