//! GPT-J (Wang and Komatsuzaki 2021): attention and feed-forward side by side under one norm, neighbouring
//! components turn; CodeGen (Nijkamp et al. 2023), whose maps were cut for four machines.

use crate::model::binder::{Bias, Binder};
use crate::model::config::Config;
use crate::model::error::Result;
use crate::model::network::{
    Activation, Attention, AttentionPosition, Block, FeedForward, Front, Head, Kind, Network, Projections,
    Rotary, Stack, TokenEmbedding,
};
use crate::model::weights::Weights;

/// Binds a GPT-J.
pub fn bind(family: &'static str, config: &Config, weights: &Weights) -> Result<Network> {
    bind_with(family, config, weights, |binder, hidden, layer| {
        let names = ["q_proj", "k_proj", "v_proj"];
        binder.square_projections(names, |part| format!("h.{layer}.attn.{part}"), hidden, Bias::No)
    })
}

/// The machines that CodeGen was cut for.
const PARTS: usize = 4;

/// Binds a CodeGen.
pub fn bind_codegen(family: &'static str, config: &Config, weights: &Weights) -> Result<Network> {
    let heads = config.size(&["n_head", "num_attention_heads"])?;
    config.require_multiple("n_head", heads, "4", PARTS)?;
    bind_with(family, config, weights, |binder, hidden, layer| {
        let all = binder.linear(&format!("h.{layer}.attn.qkv_proj"), 3 * hidden, hidden, Bias::No)?;
        Ok(Projections::FusedInParts(all, PARTS))
    })
}

fn bind_with(
    family: &'static str,
    config: &Config,
    weights: &Weights,
    projections: impl Fn(&Binder<'_>, usize, usize) -> Result<Projections>,
) -> Result<Network> {
    let binder = Binder::new(family, config, weights, &["transformer.", ""]);
    let hidden = config.size(&["n_embd", "hidden_size"])?;
    let heads = config.size(&["n_head", "num_attention_heads"])?;
    config.require_multiple("n_embd", hidden, "n_head", heads)?;
    let inner = config.optional_size(&["n_inner"])?.unwrap_or(4 * hidden);
    let vocabulary = config.size(&["vocab_size"])?;
    let epsilon = config.epsilon(&["layer_norm_epsilon"], 1e-5)?;
    let activation = binder.activation(&["activation_function"], Activation::GeluTanh)?;
    let rotated = config.optional_size(&["rotary_dim"])?.unwrap_or(64);
    if rotated > hidden / heads || rotated % 2 == 1 {
        let message =
            format!("rotary_dim {rotated} are no pairs of the {} components of a head", hidden / heads);
        return Err(config.unsupported(message));
    }
    let rotary = Rotary { adjacent: true, ..Rotary::new(10_000.0, rotated) };
    let block = |layer: usize| -> Result<Block> {
        let name = |part: &str| format!("h.{layer}.{part}");
        let output = binder.linear(&name("attn.out_proj"), hidden, hidden, Bias::No)?;
        let attention = Attention::new(heads, hidden / heads, projections(&binder, hidden, layer)?, output)
            .with_position(AttentionPosition::Rotary(rotary.clone()))
            .with_mask(binder.causal_mask(None)?);
        let feed_forward = FeedForward::new(
            binder.linear(&name("mlp.fc_in"), inner, hidden, Bias::Yes)?,
            activation,
            binder.linear(&name("mlp.fc_out"), hidden, inner, Bias::Yes)?,
        );
        let norm = binder.layer_norm(&name("ln_1"), hidden, epsilon)?;
        Ok(Block::parallel_under(norm, attention, feed_forward))
    };
    let layers = config.layers(&["n_layer", "num_hidden_layers"])?;
    let blocks = (0..layers).map(block).collect::<Result<Vec<_>>>()?;
    let table = binder.tensor("wte.weight", &[vocabulary, hidden])?;
    let bias = binder.tensor_if_present("lm_head.bias", &[vocabulary])?;
    let head = binder.output_matrix("lm_head.weight", &table, bias, false)?.map(Head::new);
    let final_norm = binder.layer_norm("ln_f", hidden, epsilon)?;
    let positions = config.optional_size(&["n_positions", "max_position_embeddings"])?;
    let front = Front::Tokens(TokenEmbedding::new(table));
    let stack = Stack::new("text", hidden, front, blocks, Some(final_norm)).at_most(positions);
    Ok(Network::new(family, Kind::Causal, vec![stack], head))
}
