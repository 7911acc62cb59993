//! GPT-2 (Radford et al. 2019): pre-norm, learned positions, query, key and value in one map.

use crate::model::binder::Binder;
use crate::model::config::Config;
use crate::model::error::Result;
use crate::model::network::{
    Activation, Attention, AttentionPosition, Block, Embedding, FeedForward, Head, Kind, LearnedPositions,
    Network, Projections, ResidualLayout, TokenEmbedding,
};
use crate::model::weights::Weights;

/// Binds a GPT-2.
pub fn bind(family: &'static str, config: &Config, weights: &Weights) -> Result<Network> {
    let binder = Binder::new(family, config, weights, &["transformer.", ""]);
    let (hidden, heads) = (config.size(&["n_embd"])?, config.size(&["n_head"])?);
    config.require_multiple("n_embd", hidden, "n_head", heads)?;
    let vocabulary = config.size(&["vocab_size"])?;
    let positions = config.size(&["n_positions", "n_ctx"])?;
    let epsilon = config.number(&["layer_norm_epsilon"])?.unwrap_or(1e-5);
    let table = binder.tensor("wte.weight", &[vocabulary, hidden])?;
    let blocks = (0..config.layers(&["n_layer"])?)
        .map(|layer| block(&binder, hidden, heads, epsilon, layer))
        .collect::<Result<Vec<_>>>()?;
    Ok(Network {
        family,
        kind: Kind::Causal,
        hidden,
        outputs: vocabulary,
        maximum_tokens: Some(positions),
        embedding: Embedding::Tokens(TokenEmbedding {
            table: table.clone(),
            scale: 1.0,
            positions: Some(LearnedPositions {
                table: binder.tensor("wpe.weight", &[positions, hidden])?,
                first_row: 0,
            }),
            segment: None,
            norm: None,
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
    let config = binder.config;
    let head_size = hidden / heads;
    let inner = config.optional_size(&["n_inner"])?.unwrap_or(4 * hidden);
    let mut scale =
        if config.flag("scale_attn_weights", true)? { 1.0 / (head_size as f32).sqrt() } else { 1.0 };
    if config.flag("scale_attn_by_inverse_layer_idx", false)? {
        scale /= (layer + 1) as f32;
    }
    Ok(Block {
        layout: ResidualLayout::PreNorm,
        attention_norm: binder.layer_norm(&name("ln_1"), hidden, epsilon)?,
        attention: Attention {
            heads,
            key_value_heads: heads,
            head_size,
            scale,
            projections: Projections::FusedThirds(binder.conv1d(&name("attn.c_attn"), 3 * hidden, hidden)?),
            query_norm: None,
            key_norm: None,
            output: binder.conv1d(&name("attn.c_proj"), hidden, hidden)?,
            position: AttentionPosition::None,
            causal: true,
            window: None,
        },
        cross: None,
        feed_forward_norm: binder.layer_norm(&name("ln_2"), hidden, epsilon)?,
        feed_forward: FeedForward {
            up: binder.conv1d(&name("mlp.c_fc"), inner, hidden)?,
            gate: None,
            activation: binder.activation(&["activation_function"], Activation::GeluTanh)?,
            down: binder.conv1d(&name("mlp.c_proj"), hidden, inner)?,
        },
    })
}
