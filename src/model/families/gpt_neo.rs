//! GPT-Neo (Black et al. 2021; TinyStories): a GPT-2 whose attention is not scaled and whose layers
//! alternate between the whole text and a window.

use crate::model::binder::{Bias, Binder};
use crate::model::config::Config;
use crate::model::error::Result;
use crate::model::network::{
    Activation, Attention, AttentionPosition, Block, Embedding, FeedForward, Head, Kind, LearnedPositions,
    Network, Projections, ResidualLayout, TokenEmbedding,
};
use crate::model::weights::Weights;

/// Binds a GPT-Neo.
pub fn bind(family: &'static str, config: &Config, weights: &Weights) -> Result<Network> {
    let binder = Binder::new(family, config, weights, &["transformer.", ""]);
    let (hidden, heads) = (config.size(&["hidden_size"])?, config.size(&["num_heads"])?);
    config.require_multiple("hidden_size", hidden, "num_heads", heads)?;
    let vocabulary = config.size(&["vocab_size"])?;
    let positions = config.size(&["max_position_embeddings"])?;
    let epsilon = config.number(&["layer_norm_epsilon"])?.unwrap_or(1e-5);
    let table = binder.tensor("wte.weight", &[vocabulary, hidden])?;
    let layers = config.layers(&["num_layers"])?;
    let windows = windows(config, layers)?;
    let blocks = windows
        .into_iter()
        .enumerate()
        .map(|(layer, window)| block(&binder, hidden, heads, epsilon, layer, window))
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

/// The window of every layer: `attention_layers` lists "global" and "local"; older files have only
/// `attention_types`, `[[[kinds], repeats], ...]`.
fn windows(config: &Config, layers: usize) -> Result<Vec<Option<usize>>> {
    let size = config.optional_size(&["window_size"])?.unwrap_or(256);
    let mut kinds = Vec::new();
    if let Some(list) = config.get("attention_layers").and_then(|value| value.as_array()) {
        kinds.extend(list.iter().filter_map(|kind| kind.as_str()));
    } else if let Some(groups) = config.get("attention_types").and_then(|value| value.as_array()) {
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
    let square = |part: &str, bias| binder.linear(&name(part), hidden, hidden, bias);
    Ok(Block {
        layout: ResidualLayout::PreNorm,
        attention_norm: binder.layer_norm(&name("ln_1"), hidden, epsilon)?,
        attention: Attention {
            heads,
            key_value_heads: heads,
            head_size: hidden / heads,
            // The authors' code does not divide by the root of the head size.
            scale: 1.0,
            projections: Projections::Separate {
                query: square("attn.attention.q_proj", Bias::No)?,
                key: square("attn.attention.k_proj", Bias::No)?,
                value: square("attn.attention.v_proj", Bias::No)?,
            },
            query_norm: None,
            key_norm: None,
            output: square("attn.attention.out_proj", Bias::Yes)?,
            position: AttentionPosition::None,
            causal: true,
            window,
        },
        cross: None,
        feed_forward_norm: binder.layer_norm(&name("ln_2"), hidden, epsilon)?,
        feed_forward: FeedForward {
            up: binder.linear(&name("mlp.c_fc"), inner, hidden, Bias::Yes)?,
            gate: None,
            activation: binder.activation(&["activation_function"], Activation::GeluTanh)?,
            down: binder.linear(&name("mlp.c_proj"), hidden, inner, Bias::Yes)?,
        },
    })
}
