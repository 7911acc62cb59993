//! OPT (Zhang et al. 2022): a GPT with relu, learned positions that start at row 2, and, in one
//! size, norms after the parts and an embedding smaller than the stream.

use crate::model::binder::{Bias, Binder};
use crate::model::config::Config;
use crate::model::error::Result;
use crate::model::network::{
    Activation, Attention, Block, FeedForward, Front, Head, Kind, Network, Stack, TokenEmbedding,
};
use crate::model::weights::Weights;

/// Of PyTorch's LayerNorm, which OPT leaves at its default.
const EPSILON: f64 = 1e-5;

/// The position table's first two rows are never used (OPTLearnedPositionalEmbedding).
const FIRST_ROW: usize = 2;

/// Binds an OPT.
pub fn bind(family: &'static str, config: &Config, weights: &Weights) -> Result<Network> {
    let binder = Binder::new(family, config, weights, &["model.decoder.", "decoder.", ""]);
    let (hidden, heads) = config.hidden_and_heads()?;
    let width = config.optional_size(&["word_embed_proj_dim"])?.unwrap_or(hidden);
    if width != hidden {
        return Err(config.unsupported(format!(
            "word_embed_proj_dim {width} differs from hidden_size {hidden} (as in opt-350m)"
        )));
    }
    if !config.flag("layer_norm_elementwise_affine", true)? {
        return Err(config.unsupported("layer_norm_elementwise_affine is false: its norms have no weights"));
    }
    let vocabulary = config.size(&["vocab_size"])?;
    let positions = config.size(&["max_position_embeddings"])?;
    let pre_norm = config.flag("do_layer_norm_before", true)?;
    let table = binder.tensor("embed_tokens.weight", &[vocabulary, hidden])?;
    let blocks = (0..config.layers(&["num_hidden_layers"])?)
        .map(|layer| block(&binder, hidden, heads, pre_norm, layer))
        .collect::<Result<Vec<_>>>()?;
    let has_final_norm = !config.flag("_remove_final_layer_norm", false)? && pre_norm;
    let final_norm =
        if has_final_norm { Some(binder.layer_norm("final_layer_norm", hidden, EPSILON)?) } else { None };
    let rows = binder.tensor("embed_positions.weight", &[positions + FIRST_ROW, hidden])?;
    let embedding = TokenEmbedding::new(table.clone()).with_positions(rows, FIRST_ROW);
    let stack =
        Stack::new("text", hidden, Front::Tokens(embedding), blocks, final_norm).at_most(Some(positions));
    let head = binder.output_matrix("lm_head.weight", &table, None, true)?.map(Head::new);
    Ok(Network::new(family, Kind::Causal, vec![stack], head))
}

fn block(binder: &Binder<'_>, hidden: usize, heads: usize, pre_norm: bool, layer: usize) -> Result<Block> {
    let name = |part: &str| format!("layers.{layer}.{part}");
    let inner = binder.config.size(&["ffn_dim"])?;
    let norm = |part: &str| binder.layer_norm(&name(part), hidden, EPSILON);
    let names = ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"];
    let attention = Attention::new(
        heads,
        hidden / heads,
        binder.square_projections(names, name, hidden, Bias::IfPresent)?,
        binder.linear(&name("self_attn.out_proj"), hidden, hidden, Bias::IfPresent)?,
    )
    .with_mask(binder.causal_mask(None)?);
    let feed_forward = FeedForward::new(
        binder.linear(&name("fc1"), inner, hidden, Bias::IfPresent)?,
        binder.activation(&["activation_function"], Activation::Relu)?,
        binder.linear(&name("fc2"), hidden, inner, Bias::IfPresent)?,
    );
    let (of_attention, of_feed_forward) = (norm("self_attn_layer_norm")?, norm("final_layer_norm")?);
    Ok(if pre_norm {
        Block::pre_norm((of_attention, attention), (of_feed_forward, feed_forward))
    } else {
        Block::post_norm((attention, of_attention), (feed_forward, of_feed_forward))
    })
}
