//! GPT-Neo (Black et al. 2021; TinyStories): a GPT-2 whose attention is not scaled and whose layers
//! alternate between the whole text and a window.

use crate::model::binder::{Bias, Binder};
use crate::model::config::Config;
use crate::model::error::Result;
use crate::model::network::{
    Activation, Attention, Block, FeedForward, Front, Head, Kind, Mask, Network, Stack, TokenEmbedding,
};
use crate::model::weights::Weights;

/// Binds a GPT-Neo.
pub fn bind(family: &'static str, config: &Config, weights: &Weights) -> Result<Network> {
    let binder = Binder::new(family, config, weights, &["transformer.", ""]);
    let (hidden, heads) = (config.size(&["hidden_size"])?, config.size(&["num_heads"])?);
    config.require_multiple("hidden_size", hidden, "num_heads", heads)?;
    let vocabulary = config.size(&["vocab_size"])?;
    let positions = config.size(&["max_position_embeddings"])?;
    let epsilon = config.epsilon(&["layer_norm_epsilon"], 1e-5)?;
    let table = binder.tensor("wte.weight", &[vocabulary, hidden])?;
    if !config.flag("is_causal", true)? {
        return Err(config.unsupported("is_causal is false, but this family's own mask hides later tokens"));
    }
    let layers = config.layers(&["num_layers"])?;
    let windows = windows(config, layers)?;
    let blocks = windows
        .into_iter()
        .enumerate()
        .map(|(layer, window)| block(&binder, hidden, heads, epsilon, layer, window))
        .collect::<Result<Vec<_>>>()?;
    let rows = binder.tensor("wpe.weight", &[positions, hidden])?;
    let embedding = TokenEmbedding::new(table.clone()).with_positions(rows, 0);
    let final_norm = binder.layer_norm("ln_f", hidden, epsilon)?;
    let stack = Stack::new("text", hidden, Front::Tokens(embedding), blocks, Some(final_norm))
        .at_most(Some(positions));
    let head = binder.output_matrix("lm_head.weight", &table, None, true)?.map(Head::new);
    Ok(Network::new(family, Kind::Causal, vec![stack], head))
}

/// The window of every layer: `attention_layers` lists "global" and "local"; older files have only
/// `attention_types`, `[[[kinds], repeats], ...]`.
fn windows(config: &Config, layers: usize) -> Result<Vec<Option<usize>>> {
    let size = config.optional_size(&["window_size"])?.unwrap_or(256);
    let mut kinds = Vec::new();
    let groups = config.get("attention_types").and_then(|value| value.as_array());
    if let Some(list) = config.get("attention_layers").and_then(|value| value.as_array()) {
        kinds.extend(list.iter().filter_map(|kind| kind.as_str()));
    } else if let Some(groups) = groups {
        for group in groups {
            let names = group.get(0).and_then(|names| names.as_array()).map_or(&[][..], Vec::as_slice);
            let repeats = group.get(1).and_then(serde_json::Value::as_u64).unwrap_or(0).min(layers as u64);
            for _ in 0..repeats {
                kinds.extend(names.iter().filter_map(|kind| kind.as_str()));
            }
        }
    }
    if kinds.len() != layers {
        return Err(config.unsupported(format!(
            "attention_layers names {} layers, but num_layers is {layers}",
            kinds.len()
        )));
    }
    Ok(kinds.into_iter().map(|kind| (kind == "local").then_some(size)).collect())
}

fn block(
    binder: &Binder<'_>,
    hidden: usize,
    heads: usize,
    epsilon: f64,
    layer: usize,
    window: Option<usize>,
) -> Result<Block> {
    let name = |part: &str| format!("h.{layer}.{part}");
    let inner = binder.config.optional_size(&["intermediate_size"])?.unwrap_or(4 * hidden);
    let norm = |part: &str| binder.layer_norm(&name(part), hidden, epsilon);
    let names = ["attn.attention.q_proj", "attn.attention.k_proj", "attn.attention.v_proj"];
    let attention = Attention::new(
        heads,
        hidden / heads,
        binder.square_projections(names, name, hidden, Bias::No)?,
        binder.linear(&name("attn.attention.out_proj"), hidden, hidden, Bias::Yes)?,
    )
    // The authors' code does not divide by the root of the head size.
    .with_scale(1.0)
    .with_mask(Mask::causal(window));
    let feed_forward = FeedForward::new(
        binder.linear(&name("mlp.c_fc"), inner, hidden, Bias::Yes)?,
        binder.activation(&["activation_function"], Activation::GeluTanh)?,
        binder.linear(&name("mlp.c_proj"), hidden, inner, Bias::Yes)?,
    );
    Ok(Block::pre_norm((norm("ln_1")?, attention), (norm("ln_2")?, feed_forward)))
}
