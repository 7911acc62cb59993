//! GPT-NeoX (Black et al. 2022; Pythia): partial rotary positions, attention and feed-forward side
//! by side, query, key and value in one map head by head.

use crate::model::binder::{Bias, Binder};
use crate::model::config::Config;
use crate::model::error::Result;
use crate::model::network::{
    Activation, Attention, AttentionPosition, Block, FeedForward, Front, Head, Kind, Network, Projections,
    Rotary, Stack, TokenEmbedding,
};
use crate::model::rope::{rotary, rotated_components};
use crate::model::weights::Weights;

/// Binds a GPT-NeoX.
pub fn bind(family: &'static str, config: &Config, weights: &Weights) -> Result<Network> {
    let binder = Binder::new(family, config, weights, &["gpt_neox.", ""]);
    let (hidden, heads) = config.hidden_and_heads()?;
    let vocabulary = config.size(&["vocab_size"])?;
    let epsilon = config.epsilon(&["layer_norm_eps"], 1e-5)?;
    let table = binder.tensor("embed_in.weight", &[vocabulary, hidden])?;
    let shares = ["rope_parameters.partial_rotary_factor", "rotary_pct"];
    let rotated = rotated_components(config, &shares, hidden / heads, 0.25)?;
    let positions = config.optional_size(&["max_position_embeddings"])?;
    let rotary = rotary(config, rotated, positions)?;
    let blocks = (0..config.layers(&["num_hidden_layers"])?)
        .map(|layer| block(&binder, hidden, heads, epsilon, &rotary, layer))
        .collect::<Result<Vec<_>>>()?;
    let output = if binder.has("lm_head.weight") { "lm_head.weight" } else { "embed_out.weight" };
    let head = binder.output_matrix(output, &table, None, false)?.map(Head::new);
    let front = Front::Tokens(TokenEmbedding::new(table));
    let final_norm = binder.layer_norm("final_layer_norm", hidden, epsilon)?;
    let stack = Stack::new("text", hidden, front, blocks, Some(final_norm)).at_most(positions);
    Ok(Network::new(family, Kind::Causal, vec![stack], head))
}

fn block(
    binder: &Binder<'_>,
    hidden: usize,
    heads: usize,
    epsilon: f64,
    rotary: &Rotary,
    layer: usize,
) -> Result<Block> {
    let name = |part: &str| format!("layers.{layer}.{part}");
    let inner = binder.config.size(&["intermediate_size"])?;
    let parallel = binder.config.flag("use_parallel_residual", true)?;
    let bias = if binder.config.flag("attention_bias", true)? { Bias::Yes } else { Bias::No };
    let norm = |part: &str| binder.layer_norm(&name(part), hidden, epsilon);
    let fused = binder.linear(&name("attention.query_key_value"), 3 * hidden, hidden, bias)?;
    let attention = Attention::new(
        heads,
        hidden / heads,
        Projections::FusedByHead(fused),
        binder.linear(&name("attention.dense"), hidden, hidden, bias)?,
    )
    .with_position(AttentionPosition::Rotary(rotary.clone()))
    .with_mask(binder.causal_mask(None)?);
    let feed_forward = FeedForward::new(
        binder.linear(&name("mlp.dense_h_to_4h"), inner, hidden, Bias::Yes)?,
        binder.activation(&["hidden_act"], Activation::Gelu)?,
        binder.linear(&name("mlp.dense_4h_to_h"), hidden, inner, Bias::Yes)?,
    );
    let attention = (norm("input_layernorm")?, attention);
    let feed_forward = (norm("post_attention_layernorm")?, feed_forward);
    Ok(if parallel {
        Block::parallel(attention, feed_forward)
    } else {
        Block::pre_norm(attention, feed_forward)
    })
}
