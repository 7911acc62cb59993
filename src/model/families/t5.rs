//! T5 (Raffel et al. 2020): an encoder and a decoder, a learned bias by bucketed distance that all
//! layers of a stack share, no scale on q·k.

use crate::model::binder::{Bias, Binder};
use crate::model::config::Config;
use crate::model::error::Result;
use crate::model::network::{
    Activation, Attention, AttentionPosition, Block, FIRST, FeedForward, Front, Head, Kind, Mask, Mixer,
    Network, Part, Projections, RelativeBias, Stack, TokenEmbedding,
};
use crate::model::parameters::Parameter;
use crate::model::weights::Weights;

struct Sizes {
    hidden: usize,
    inner: usize,
    heads: usize,
    head_size: usize,
    epsilon: f64,
    gated: bool,
    activation: Activation,
}

/// Binds a T5.
pub fn bind(family: &'static str, config: &Config, weights: &Weights) -> Result<Network> {
    let binder = Binder::new(family, config, weights, &["", "transformer."]);
    let sizes = sizes(config)?;
    let vocabulary = config.size(&["vocab_size"])?;
    let table_name =
        if binder.has("shared.weight") { "shared.weight" } else { "encoder.embed_tokens.weight" };
    let table = binder.tensor(table_name, &[vocabulary, sizes.hidden])?;
    let layers = config.layers(&["num_layers"])?;
    let decoder_layers = config.optional_size(&["num_decoder_layers"])?.unwrap_or(layers);
    // T5Config takes it from whether the matrices are tied; MT5's class never scales.
    let scaled = config.flag("scale_decoder_outputs", config.flag("tie_word_embeddings", true)?)?
        && !is_multilingual(config);
    let start = config.get("decoder_start_token_id").and_then(serde_json::Value::as_u64).unwrap_or(0);
    let encoder = stack(&binder, &sizes, "encoder", layers, &table)?;
    let mut decoder = stack(&binder, &sizes, "decoder", decoder_layers, &table)?;
    decoder.start_token = Some(start.min(u64::from(u32::MAX)) as u32);
    let mut head = binder.output_matrix("lm_head.weight", &table, None, true)?.map(Head::new);
    if let Some(head) = head.as_mut().filter(|_| scaled) {
        head.scale = (sizes.hidden as f32).powf(-0.5);
    }
    Ok(Network::new(family, Kind::EncoderDecoder, vec![encoder, decoder], head))
}

/// Whether it is an mT5 (Xue et al. 2021).
fn is_multilingual(config: &Config) -> bool {
    config.text(&["model_type"]) == Some("mt5")
}

fn sizes(config: &Config) -> Result<Sizes> {
    let usual = if is_multilingual(config) { "gated-gelu" } else { "relu" };
    let kind = config.text(&["feed_forward_proj"]).unwrap_or(usual);
    let (gated, name) = match kind.strip_prefix("gated-") {
        // "gated-gelu" means the tanh form (T5Config in transformers).
        Some("gelu") => (true, "gelu_new"),
        Some(name) => (true, name),
        None => (false, kind),
    };
    let activation = Activation::named(name)
        .ok_or_else(|| config.unsupported(format!("feed_forward_proj \"{kind}\" is not known")))?;
    Ok(Sizes {
        hidden: config.size(&["d_model"])?,
        inner: config.size(&["d_ff"])?,
        heads: config.size(&["num_heads"])?,
        head_size: config.size(&["d_kv"])?,
        epsilon: config.epsilon(&["layer_norm_epsilon"], 1e-6)?,
        gated,
        activation,
    })
}

fn stack(
    binder: &Binder<'_>,
    sizes: &Sizes,
    name: &'static str,
    layers: usize,
    table: &Parameter,
) -> Result<Stack> {
    let config = binder.config;
    let buckets = config.optional_size(&["relative_attention_num_buckets"])?.unwrap_or(32);
    config.require_multiple("relative_attention_num_buckets", buckets, "4", 4)?;
    let bias_name = format!("{name}.block.0.layer.0.SelfAttention.relative_attention_bias.weight");
    let bias = RelativeBias {
        table: binder.tensor(&bias_name, &[buckets, sizes.heads])?,
        maximum_distance: config.optional_size(&["relative_attention_max_distance"])?.unwrap_or(128),
        bidirectional: name == "encoder",
    };
    let blocks = (0..layers)
        .map(|layer| block(binder, sizes, &format!("{name}.block.{layer}.layer"), &bias))
        .collect::<Result<Vec<_>>>()?;
    let front = Front::Tokens(TokenEmbedding::new(table.clone()));
    let final_norm = binder.rms_norm(&format!("{name}.final_layer_norm"), sizes.hidden, sizes.epsilon)?;
    Ok(Stack::new(name, sizes.hidden, front, blocks, Some(final_norm)))
}

fn block(binder: &Binder<'_>, sizes: &Sizes, stem: &str, bias: &RelativeBias) -> Result<Block> {
    let is_decoder = !bias.bidirectional;
    let norm =
        |part: usize| binder.rms_norm(&format!("{stem}.{part}.layer_norm"), sizes.hidden, sizes.epsilon);
    let own = attention(binder, sizes, &format!("{stem}.0.SelfAttention"))?
        .with_position(AttentionPosition::Relative(bias.clone()))
        .with_mask(if is_decoder { Mask::CAUSAL } else { Mask::default() });
    let mut parts = vec![Part::pre_norm(norm(0)?, own)];
    if is_decoder {
        let attention = attention(binder, sizes, &format!("{stem}.1.EncDecAttention"))?;
        parts.push(Part::pre_norm(norm(1)?, Mixer::CrossAttention { to: FIRST, attention }));
    }
    let last = parts.len();
    let feed = |part: &str, outputs, inputs| {
        binder.linear(&format!("{stem}.{last}.DenseReluDense.{part}"), outputs, inputs, Bias::No)
    };
    let down = feed("wo", sizes.hidden, sizes.inner)?;
    let feed_forward = if sizes.gated {
        let (gate, up) = (feed("wi_0", sizes.inner, sizes.hidden)?, feed("wi_1", sizes.inner, sizes.hidden)?);
        FeedForward::gated(gate, up, sizes.activation, down)
    } else {
        FeedForward::new(feed("wi", sizes.inner, sizes.hidden)?, sizes.activation, down)
    };
    parts.push(Part::pre_norm(norm(last)?, feed_forward));
    Ok(Block::new(parts))
}

fn attention(binder: &Binder<'_>, sizes: &Sizes, stem: &str) -> Result<Attention> {
    let width = sizes.heads * sizes.head_size;
    let into = |part: &str| binder.linear(&format!("{stem}.{part}"), width, sizes.hidden, Bias::No);
    let projections = Projections::separate(into("q")?, into("k")?, into("v")?);
    let output = binder.linear(&format!("{stem}.o"), sizes.hidden, width, Bias::No)?;
    Ok(Attention::new(sizes.heads, sizes.head_size, projections, output).with_scale(1.0))
}
