//! GPT-NeoX (Black et al. 2022; Pythia): partial rotary positions, attention and feed-forward side
//! by side, query, key and value in one map head by head.

use super::llama::rotary_base;
use crate::model::binder::{Bias, Binder};
use crate::model::config::Config;
use crate::model::error::Result;
use crate::model::network::{
    Activation, Attention, AttentionPosition, Block, Embedding, FeedForward, Head, Kind, Network,
    Projections, ResidualLayout, Rotary, TokenEmbedding,
};
use crate::model::weights::Weights;

/// Binds a GPT-NeoX.
pub fn bind(family: &'static str, config: &Config, weights: &Weights) -> Result<Network> {
    let binder = Binder::new(family, config, weights, &["gpt_neox.", ""]);
    let (hidden, heads) = (config.size(&["hidden_size"])?, config.size(&["num_attention_heads"])?);
    config.require_multiple("hidden_size", hidden, "num_attention_heads", heads)?;
    let vocabulary = config.size(&["vocab_size"])?;
    let epsilon = config.number(&["layer_norm_eps"])?.unwrap_or(1e-5);
    let table = binder.tensor("embed_in.weight", &[vocabulary, hidden])?;
    let share = config.number(&["rope_parameters.partial_rotary_factor", "rotary_pct"])?.unwrap_or(0.25);
    let rotated = ((hidden / heads) as f64 * share.clamp(0.0, 1.0)) as usize;
    let rotary = Rotary::new(rotary_base(config)?, rotated);
    let blocks = (0..config.layers(&["num_hidden_layers"])?)
        .map(|layer| block(&binder, hidden, heads, epsilon, &rotary, layer))
        .collect::<Result<Vec<_>>>()?;
    let output = if binder.has("lm_head.weight") { "lm_head.weight" } else { "embed_out.weight" };
    let head = if binder.has(output) || config.flag("tie_word_embeddings", false)? {
        Some(Head {
            transform: None,
            projection: binder.output_matrix(output, &table, None)?,
            scale: 1.0,
            first_token_only: false,
        })
    } else {
        None
    };
    Ok(Network {
        family,
        kind: Kind::Causal,
        hidden,
        outputs: if head.is_some() { vocabulary } else { 0 },
        maximum_tokens: config.optional_size(&["max_position_embeddings"])?,
        embedding: Embedding::Tokens(TokenEmbedding {
            table,
            scale: 1.0,
            positions: None,
            segment: None,
            norm: None,
            projection: None,
        }),
        blocks,
        final_norm: Some(binder.layer_norm("final_layer_norm", hidden, epsilon)?),
        decoder: None,
        head,
    })
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
    let head_size = hidden / heads;
    Ok(Block {
        layout: if parallel { ResidualLayout::Parallel } else { ResidualLayout::PreNorm },
        attention_norm: binder.layer_norm(&name("input_layernorm"), hidden, epsilon)?,
        attention: Attention {
            heads,
            key_value_heads: heads,
            head_size,
            scale: 1.0 / (head_size as f32).sqrt(),
            projections: Projections::FusedByHead(binder.linear(
                &name("attention.query_key_value"),
                3 * hidden,
                hidden,
                bias,
            )?),
            query_norm: None,
            key_norm: None,
            output: binder.linear(&name("attention.dense"), hidden, hidden, bias)?,
            position: AttentionPosition::Rotary(rotary.clone()),
            causal: true,
            window: None,
        },
        cross: None,
        feed_forward_norm: binder.layer_norm(&name("post_attention_layernorm"), hidden, epsilon)?,
        feed_forward: FeedForward {
            up: binder.linear(&name("mlp.dense_h_to_4h"), inner, hidden, Bias::Yes)?,
            gate: None,
            activation: binder.activation(&["hidden_act"], Activation::Gelu)?,
            down: binder.linear(&name("mlp.dense_4h_to_h"), hidden, inner, Bias::Yes)?,
        },
    })
}
