//! BLOOM (BigScience 2022): ALiBi in place of positions, a norm over the embedding, query, key and
//! value in one map head by head.

use crate::model::binder::{Bias, Binder};
use crate::model::config::Config;
use crate::model::error::Result;
use crate::model::network::{
    Activation, Attention, AttentionPosition, Block, FeedForward, Front, Head, Kind, Network, Projections,
    Stack, TokenEmbedding,
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
    let epsilon = config.epsilon(&["layer_norm_epsilon"], 1e-5)?;
    let table = binder.tensor("word_embeddings.weight", &[vocabulary, hidden])?;
    let blocks = (0..config.layers(&["n_layer", "num_hidden_layers"])?)
        .map(|layer| block(&binder, hidden, heads, epsilon, layer))
        .collect::<Result<Vec<_>>>()?;
    let embedding = TokenEmbedding::new(table.clone()).with_norm(binder.layer_norm(
        "word_embeddings_layernorm",
        hidden,
        epsilon,
    )?);
    let final_norm = binder.layer_norm("ln_f", hidden, epsilon)?;
    let stack = Stack::new("text", hidden, Front::Tokens(embedding), blocks, Some(final_norm));
    let head = binder.output_matrix("lm_head.weight", &table, None, true)?.map(Head::new);
    Ok(Network::new(family, Kind::Causal, vec![stack], head))
}

fn block(binder: &Binder<'_>, hidden: usize, heads: usize, epsilon: f64, layer: usize) -> Result<Block> {
    let name = |part: &str| format!("h.{layer}.{part}");
    let norm = |part: &str| binder.layer_norm(&name(part), hidden, epsilon);
    let map = |part: &str, outputs, inputs| binder.linear(&name(part), outputs, inputs, Bias::Yes);
    let attention = Attention::new(
        heads,
        hidden / heads,
        Projections::FusedByHead(map("self_attention.query_key_value", 3 * hidden, hidden)?),
        map("self_attention.dense", hidden, hidden)?,
    )
    .with_position(AttentionPosition::Alibi(alibi_slopes(heads)))
    .with_mask(binder.causal_mask(None)?);
    let feed_forward = FeedForward::new(
        map("mlp.dense_h_to_4h", 4 * hidden, hidden)?,
        Activation::GeluTanh,
        map("mlp.dense_4h_to_h", hidden, 4 * hidden)?,
    );
    Ok(Block::pre_norm(
        (norm("input_layernorm")?, attention),
        (norm("post_attention_layernorm")?, feed_forward),
    ))
}
