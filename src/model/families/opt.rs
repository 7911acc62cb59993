//! OPT (Zhang et al. 2022): a GPT with relu, learned positions that start at row 2, and, in one
//! size, norms after the parts and an embedding smaller than the stream.

use crate::model::binder::{Bias, Binder};
use crate::model::config::Config;
use crate::model::error::Result;
use crate::model::network::{
    Activation, Attention, AttentionPosition, Block, Embedding, FeedForward, Head, Kind, LearnedPositions,
    Network, Projections, ResidualLayout, TokenEmbedding,
};
use crate::model::weights::Weights;

/// Of PyTorch's LayerNorm, which OPT leaves at its default.
const EPSILON: f64 = 1e-5;

/// The position table's first two rows are never used (OPTLearnedPositionalEmbedding).
const FIRST_ROW: usize = 2;

/// Binds an OPT.
pub fn bind(family: &'static str, config: &Config, weights: &Weights) -> Result<Network> {
    let binder = Binder::new(family, config, weights, &["model.decoder.", "decoder.", ""]);
    let (hidden, heads) = (config.size(&["hidden_size"])?, config.size(&["num_attention_heads"])?);
    config.require_multiple("hidden_size", hidden, "num_attention_heads", heads)?;
    let width = config.optional_size(&["word_embed_proj_dim"])?.unwrap_or(hidden);
    if width != hidden {
        return Err(config.unsupported(format!(
            "word_embed_proj_dim {width} differs from hidden_size {hidden} (as in opt-350m)"
        )));
    }
    let vocabulary = config.size(&["vocab_size"])?;
    let positions = config.size(&["max_position_embeddings"])?;
    let pre_norm = config.flag("do_layer_norm_before", true)?;
    let table = binder.tensor("embed_tokens.weight", &[vocabulary, hidden])?;
    let blocks = (0..config.layers(&["num_hidden_layers"])?)
        .map(|layer| block(&binder, hidden, heads, pre_norm, layer))
        .collect::<Result<Vec<_>>>()?;
    let has_final_norm = pre_norm && !config.flag("_remove_final_layer_norm", false)?;
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
                table: binder.tensor("embed_positions.weight", &[positions + FIRST_ROW, hidden])?,
                first_row: FIRST_ROW,
            }),
            segment: None,
            norm: None,
            projection: None,
        }),
        blocks,
        final_norm: if has_final_norm {
            Some(binder.layer_norm("final_layer_norm", hidden, EPSILON)?)
        } else {
            None
        },
        decoder: None,
        head: Some(Head {
            transform: None,
            projection: binder.output_matrix("lm_head.weight", &table, None)?,
            scale: 1.0,
            first_token_only: false,
        }),
    })
}

fn block(binder: &Binder<'_>, hidden: usize, heads: usize, pre_norm: bool, layer: usize) -> Result<Block> {
    let name = |part: &str| format!("layers.{layer}.{part}");
    let inner = binder.config.size(&["ffn_dim"])?;
    let head_size = hidden / heads;
    let square = |part: &str| binder.linear(&name(part), hidden, hidden, Bias::IfPresent);
    Ok(Block {
        layout: if pre_norm { ResidualLayout::PreNorm } else { ResidualLayout::PostNorm },
        attention_norm: binder.layer_norm(&name("self_attn_layer_norm"), hidden, EPSILON)?,
        attention: Attention {
            heads,
            key_value_heads: heads,
            head_size,
            scale: 1.0 / (head_size as f32).sqrt(),
            projections: Projections::Separate {
                query: square("self_attn.q_proj")?,
                key: square("self_attn.k_proj")?,
                value: square("self_attn.v_proj")?,
            },
            query_norm: None,
            key_norm: None,
            output: square("self_attn.out_proj")?,
            position: AttentionPosition::None,
            causal: true,
            window: None,
        },
        cross: None,
        feed_forward_norm: binder.layer_norm(&name("final_layer_norm"), hidden, EPSILON)?,
        feed_forward: FeedForward {
            up: binder.linear(&name("fc1"), inner, hidden, Bias::IfPresent)?,
            gate: None,
            activation: binder.activation(&["activation_function"], Activation::Relu)?,
            down: binder.linear(&name("fc2"), hidden, inner, Bias::IfPresent)?,
        },
    })
}
