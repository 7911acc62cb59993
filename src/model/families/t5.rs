//! T5 (Raffel et al. 2020): an encoder and a decoder, a learned bias by bucketed distance that all
//! layers of a stack share, no scale on q·k.

use std::sync::Arc;

use crate::model::binder::{Bias, Binder};
use crate::model::config::Config;
use crate::model::error::Result;
use crate::model::network::{
    Activation, Attention, AttentionPosition, Block, Decoder, Embedding, FeedForward, Head, Kind, Network,
    Projections, RelativeBias, ResidualLayout, TokenEmbedding,
};
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
    let tied = config.flag("tie_word_embeddings", true)?;
    let start = config.get("decoder_start_token_id").and_then(serde_json::Value::as_u64).unwrap_or(0);
    Ok(Network {
        family,
        kind: Kind::EncoderDecoder,
        hidden: sizes.hidden,
        outputs: vocabulary,
        maximum_tokens: None,
        embedding: Embedding::Tokens(TokenEmbedding {
            table: table.clone(),
            scale: 1.0,
            positions: None,
            segment: None,
            norm: None,
            projection: None,
        }),
        blocks: stack(&binder, &sizes, "encoder", layers)?,
        final_norm: Some(binder.rms_norm("encoder.final_layer_norm", sizes.hidden, sizes.epsilon)?),
        decoder: Some(Decoder {
            blocks: stack(&binder, &sizes, "decoder", decoder_layers)?,
            final_norm: Some(binder.rms_norm("decoder.final_layer_norm", sizes.hidden, sizes.epsilon)?),
            start_token: start.min(u64::from(u32::MAX)) as u32,
        }),
        head: Some(Head {
            transform: None,
            projection: binder.output_matrix("lm_head.weight", &table, None)?,
            scale: if tied { (sizes.hidden as f32).powf(-0.5) } else { 1.0 },
            first_token_only: false,
        }),
    })
}

fn sizes(config: &Config) -> Result<Sizes> {
    let kind = config.text(&["feed_forward_proj"]).unwrap_or("relu");
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
        epsilon: config.number(&["layer_norm_epsilon"])?.unwrap_or(1e-6),
        gated,
        activation,
    })
}

fn stack(binder: &Binder<'_>, sizes: &Sizes, name: &str, layers: usize) -> Result<Vec<Block>> {
    let config = binder.config;
    let buckets = config.optional_size(&["relative_attention_num_buckets"])?.unwrap_or(32);
    config.require_multiple("relative_attention_num_buckets", buckets, "4", 4)?;
    let table_name = format!("{name}.block.0.layer.0.SelfAttention.relative_attention_bias.weight");
    let bias = Arc::new(RelativeBias {
        table: binder.matrix(&table_name, buckets, sizes.heads)?,
        maximum_distance: config.optional_size(&["relative_attention_max_distance"])?.unwrap_or(128),
        bidirectional: name == "encoder",
    });
    (0..layers).map(|layer| block(binder, sizes, &format!("{name}.block.{layer}.layer"), &bias)).collect()
}

fn block(binder: &Binder<'_>, sizes: &Sizes, stem: &str, bias: &Arc<RelativeBias>) -> Result<Block> {
    let is_decoder = !bias.bidirectional;
    let norm =
        |part: usize| binder.rms_norm(&format!("{stem}.{part}.layer_norm"), sizes.hidden, sizes.epsilon);
    let cross = if is_decoder {
        let cross =
            attention(binder, sizes, &format!("{stem}.1.EncDecAttention"), AttentionPosition::None, false)?;
        Some((norm(1)?, cross))
    } else {
        None
    };
    let last = if is_decoder { 2 } else { 1 };
    let feed = |part: &str, outputs, inputs| {
        binder.linear(&format!("{stem}.{last}.DenseReluDense.{part}"), outputs, inputs, Bias::No)
    };
    let relative = AttentionPosition::Relative(Arc::clone(bias));
    Ok(Block {
        layout: ResidualLayout::PreNorm,
        attention_norm: norm(0)?,
        attention: attention(binder, sizes, &format!("{stem}.0.SelfAttention"), relative, is_decoder)?,
        cross,
        feed_forward_norm: norm(last)?,
        feed_forward: FeedForward {
            up: feed(if sizes.gated { "wi_1" } else { "wi" }, sizes.inner, sizes.hidden)?,
            gate: if sizes.gated { Some(feed("wi_0", sizes.inner, sizes.hidden)?) } else { None },
            activation: sizes.activation,
            down: feed("wo", sizes.hidden, sizes.inner)?,
        },
    })
}

fn attention(
    binder: &Binder<'_>,
    sizes: &Sizes,
    stem: &str,
    position: AttentionPosition,
    causal: bool,
) -> Result<Attention> {
    let width = sizes.heads * sizes.head_size;
    let into = |part: &str| binder.linear(&format!("{stem}.{part}"), width, sizes.hidden, Bias::No);
    Ok(Attention {
        heads: sizes.heads,
        key_value_heads: sizes.heads,
        head_size: sizes.head_size,
        scale: 1.0,
        projections: Projections::Separate { query: into("q")?, key: into("k")?, value: into("v")? },
        query_norm: None,
        key_norm: None,
        output: binder.linear(&format!("{stem}.o"), sizes.hidden, width, Bias::No)?,
        position,
        causal,
        window: None,
    })
}
