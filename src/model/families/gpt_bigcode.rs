//! GPT-BigCode (Ben Allal et al. 2023; SantaCoder, StarCoder): a GPT-2 whose heads share one key and value.

use crate::model::binder::{Bias, Binder};
use crate::model::config::Config;
use crate::model::error::Result;
use crate::model::network::{
    Activation, Attention, Block, FeedForward, Front, Head, Kind, Network, Projections, Stack, TokenEmbedding,
};
use crate::model::weights::Weights;

/// Binds a GPT-BigCode.
pub fn bind(family: &'static str, config: &Config, weights: &Weights) -> Result<Network> {
    let binder = Binder::new(family, config, weights, &["transformer.", ""]);
    let hidden = config.size(&["n_embd", "hidden_size"])?;
    let heads = config.size(&["n_head", "num_attention_heads"])?;
    config.require_multiple("n_embd", hidden, "n_head", heads)?;
    let positions = config.size(&["n_positions", "max_position_embeddings"])?;
    let vocabulary = config.size(&["vocab_size"])?;
    let epsilon = config.epsilon(&["layer_norm_epsilon"], 1e-5)?;
    if !config.flag("scale_attn_weights", true)? {
        return Err(config.unsupported("scale_attn_weights is false"));
    }
    let layers = config.layers(&["n_layer", "num_hidden_layers"])?;
    let blocks =
        (0..layers).map(|layer| block(&binder, hidden, heads, epsilon, layer)).collect::<Result<Vec<_>>>()?;
    let table = binder.tensor("wte.weight", &[vocabulary, hidden])?;
    let head = binder.output_matrix("lm_head.weight", &table, None, true)?.map(Head::new);
    let front =
        TokenEmbedding::new(table).with_positions(binder.tensor("wpe.weight", &[positions, hidden])?, 0);
    let final_norm = binder.layer_norm("ln_f", hidden, epsilon)?;
    let stack =
        Stack::new("text", hidden, Front::Tokens(front), blocks, Some(final_norm)).at_most(Some(positions));
    Ok(Network::new(family, Kind::Causal, vec![stack], head))
}

fn block(binder: &Binder<'_>, hidden: usize, heads: usize, epsilon: f64, layer: usize) -> Result<Block> {
    let config = binder.config;
    let name = |part: &str| format!("h.{layer}.{part}");
    let size = hidden / heads;
    let inner = config.optional_size(&["n_inner"])?.unwrap_or(4 * hidden);
    // Written beside multi_query, which decides.
    config.states("num_key_value_heads");
    // Softmax is computed in f32 here.
    config.states("scale_attention_softmax_in_fp32");
    let shared = config.flag("multi_query", true)?;
    let outputs = if shared { hidden + 2 * size } else { 3 * hidden };
    let fused = binder.linear(&name("attn.c_attn"), outputs, hidden, Bias::Yes)?;
    let projections = if shared { Projections::Fused(fused) } else { Projections::FusedByHead(fused) };
    let output = binder.linear(&name("attn.c_proj"), hidden, hidden, Bias::Yes)?;
    let mut attention = Attention::new(heads, size, projections, output).with_mask(binder.causal_mask(None)?);
    if shared {
        attention.key_value_heads = 1;
    }
    let feed_forward = FeedForward::new(
        binder.linear(&name("mlp.c_fc"), inner, hidden, Bias::Yes)?,
        binder.activation(&["activation_function"], Activation::GeluTanh)?,
        binder.linear(&name("mlp.c_proj"), hidden, inner, Bias::Yes)?,
    );
    let norm = |part: &str| binder.layer_norm(&name(part), hidden, epsilon);
    Ok(Block::pre_norm((norm("ln_1")?, attention), (norm("ln_2")?, feed_forward)))
}
