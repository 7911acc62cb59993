//! GPT-2 (Radford et al. 2019): pre-norm, learned positions, query, key and value in one map.

use crate::model::binder::Binder;
use crate::model::config::Config;
use crate::model::error::Result;
use crate::model::network::{
    Activation, Attention, Block, FeedForward, Front, Head, Kind, Network, Projections, Stack, TokenEmbedding,
};
use crate::model::weights::Weights;

/// Binds a GPT-2.
pub fn bind(family: &'static str, config: &Config, weights: &Weights) -> Result<Network> {
    let binder = Binder::new(family, config, weights, &["transformer.", ""]);
    let (hidden, heads) = (config.size(&["n_embd"])?, config.size(&["n_head"])?);
    config.require_multiple("n_embd", hidden, "n_head", heads)?;
    let vocabulary = config.size(&["vocab_size"])?;
    let positions = config.size(&["n_positions", "n_ctx"])?;
    let epsilon = config.epsilon(&["layer_norm_epsilon"], 1e-5)?;
    let table = binder.tensor("wte.weight", &[vocabulary, hidden])?;
    let blocks = (0..config.layers(&["n_layer"])?)
        .map(|layer| block(&binder, [hidden, heads], epsilon, Activation::GeluTanh, layer))
        .collect::<Result<Vec<_>>>()?;
    let rows = binder.tensor("wpe.weight", &[positions, hidden])?;
    let embedding = TokenEmbedding::new(table.clone()).with_positions(rows, 0);
    let final_norm = binder.layer_norm("ln_f", hidden, epsilon)?;
    let stack = Stack::new("text", hidden, Front::Tokens(embedding), blocks, Some(final_norm))
        .at_most(Some(positions));
    let head = binder.output_matrix("lm_head.weight", &table, None, true)?.map(Head::new);
    Ok(Network::new(family, Kind::Causal, vec![stack], head))
}

/// Block `layer`; `activation` where the configuration names none.
pub fn block(
    binder: &Binder<'_>,
    [hidden, heads]: [usize; 2],
    epsilon: f64,
    activation: Activation,
    layer: usize,
) -> Result<Block> {
    let name = |part: &str| format!("h.{layer}.{part}");
    let config = binder.config;
    let head_size = hidden / heads;
    let inner = config.optional_size(&["n_inner"])?.unwrap_or(4 * hidden);
    let mut scale =
        if config.flag("scale_attn_weights", true)? { 1.0 / (head_size as f32).sqrt() } else { 1.0 };
    if config.flag("scale_attn_by_inverse_layer_idx", false)? {
        scale /= (layer + 1) as f32;
    }
    let norm = |part: &str| binder.layer_norm(&name(part), hidden, epsilon);
    let attention = Attention::new(
        heads,
        head_size,
        Projections::Fused(binder.conv1d(&name("attn.c_attn"), 3 * hidden, hidden)?),
        binder.conv1d(&name("attn.c_proj"), hidden, hidden)?,
    )
    .with_scale(scale)
    .with_mask(binder.causal_mask(None)?);
    let feed_forward = FeedForward::new(
        binder.conv1d(&name("mlp.c_fc"), inner, hidden)?,
        binder.activation(&["activation_function"], activation)?,
        binder.conv1d(&name("mlp.c_proj"), hidden, inner)?,
    );
    Ok(Block::pre_norm((norm("ln_1")?, attention), (norm("ln_2")?, feed_forward)))
}
