//! DeBERTa v2 and v3 (He et al. 2021; 2023): queries and keys meet learned vectors of their distance.

use serde_json::Value;

use super::bert::{HeadNames, Sizes, feed_forward, masked_language_head};
use crate::model::binder::{Bias, Binder};
use crate::model::config::Config;
use crate::model::error::Result;
use crate::model::linear::Linear;
use crate::model::network::{
    Activation, Attention, AttentionPosition, Block, Front, Kind, Network, Norm, Projections, Stack,
    TokenEmbedding,
};
use crate::model::parameters::Parameter;
use crate::model::parts::attention::{Disentangled, DistanceBuckets};
use crate::model::weights::Weights;

/// Binds a DeBERTa v2 or v3.
pub fn bind(family: &'static str, config: &Config, weights: &Weights) -> Result<Network> {
    let binder = Binder::new(family, config, weights, &["deberta.", ""]);
    if config.get("conv_kernel_size").and_then(Value::as_u64).unwrap_or(0) > 0 {
        return Err(
            config.unsupported("conv_kernel_size is above 0: a convolution stands behind the first block")
        );
    }
    let sizes = sizes(&binder)?;
    let width = config.optional_size(&["embedding_size"])?.unwrap_or(sizes.hidden);
    let embedding = embedding(&binder, &sizes, width)?;
    let head = masked_language_head(&binder, &embedding, &sizes, &head_names(&binder, &sizes))?;
    let distances = distances(&binder, &sizes)?;
    let blocks = (0..sizes.layers)
        .map(|layer| block(&binder, &sizes, distances.as_ref(), layer))
        .collect::<Result<Vec<_>>>()?;
    let positions = embedding.positions.as_ref().map(|_| sizes.positions);
    let stack = Stack::new("text", sizes.hidden, Front::Tokens(embedding), blocks, None).at_most(positions);
    Ok(Network::new(family, Kind::Masked, vec![stack], head))
}

fn sizes(binder: &Binder<'_>) -> Result<Sizes> {
    let segments = binder.config.get("type_vocab_size").and_then(Value::as_u64).unwrap_or(0) as usize;
    Ok(Sizes { segments, ..Sizes::read_without_types(binder, Activation::Gelu, 1e-7)? })
}

fn embedding(binder: &Binder<'_>, sizes: &Sizes, width: usize) -> Result<TokenEmbedding> {
    let table = binder.tensor("embeddings.word_embeddings.weight", &[sizes.vocabulary, width])?;
    let mut embedding = TokenEmbedding::new(table);
    if binder.config.flag("position_biased_input", true)? {
        let positions = binder.tensor("embeddings.position_embeddings.weight", &[sizes.positions, width])?;
        embedding = embedding.with_positions(positions, 0);
    }
    if sizes.segments > 0 {
        let segments = binder.tensor("embeddings.token_type_embeddings.weight", &[sizes.segments, width])?;
        embedding.segments = Some(segments);
    }
    if width != sizes.hidden {
        return Err(binder.config.unsupported("embedding_size is not hidden_size"));
    }
    Ok(embedding.with_norm(binder.layer_norm("embeddings.LayerNorm", width, sizes.epsilon)?))
}

fn head_names(binder: &Binder<'_>, sizes: &Sizes) -> HeadNames {
    // The class writes it; the tensors tell.
    binder.config.states("legacy");
    let activation = sizes.activation;
    match binder.has("lm_predictions.lm_head.dense.weight") {
        true => HeadNames {
            dense: "lm_predictions.lm_head.dense",
            norm: "lm_predictions.lm_head.LayerNorm",
            decoder: "lm_predictions.lm_head.decoder",
            bias: "lm_predictions.lm_head.bias",
            activation,
        },
        false => HeadNames {
            dense: "cls.predictions.transform.dense",
            norm: "cls.predictions.transform.LayerNorm",
            decoder: "cls.predictions.decoder",
            bias: "cls.predictions.bias",
            activation,
        },
    }
}

/// What all layers share: the vectors of distances, and which of the two terms there are.
struct Distances {
    table: Parameter,
    norm: Option<Norm>,
    buckets: DistanceBuckets,
    /// Queries meet the keys of distances.
    content_to_position: bool,
    /// Keys meet the queries of distances.
    position_to_content: bool,
    shared: bool,
}

fn distances(binder: &Binder<'_>, sizes: &Sizes) -> Result<Option<Distances>> {
    let config = binder.config;
    let whole = |key: &str| config.get(key).and_then(Value::as_i64).unwrap_or(-1);
    let (given, buckets) = (whole("max_relative_positions"), whole("position_buckets"));
    let terms = match config.get("pos_att_type") {
        Some(Value::String(terms)) => terms.split('|').map(str::to_owned).collect(),
        Some(Value::Array(terms)) => terms.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    };
    let shared = config.flag("share_att_key", false)?;
    let normed = config.text(&["norm_rel_ebd"]).is_some_and(|norms| norms.contains("layer_norm"));
    if !config.flag("relative_attention", false)? {
        return Ok(None);
    }
    let farthest = if given < 1 { sizes.positions } else { given as usize };
    let (span, maximum) = if buckets > 0 { (buckets as usize, Some(farthest)) } else { (farthest, None) };
    let norm = || binder.layer_norm("encoder.LayerNorm", sizes.hidden, sizes.epsilon);
    Ok(Some(Distances {
        table: binder.tensor("encoder.rel_embeddings.weight", &[2 * span, sizes.hidden])?,
        norm: normed.then(norm).transpose()?,
        buckets: DistanceBuckets { span, maximum },
        content_to_position: terms.iter().any(|term| term == "c2p"),
        position_to_content: terms.iter().any(|term| term == "p2c"),
        shared,
    }))
}

fn block(binder: &Binder<'_>, sizes: &Sizes, distances: Option<&Distances>, layer: usize) -> Result<Block> {
    let name = |part: &str| format!("encoder.layer.{layer}.{part}");
    let hidden = sizes.hidden;
    let norm = |part: &str| binder.layer_norm(&name(part), hidden, sizes.epsilon);
    let map = |part: &str| binder.linear(&name(&format!("attention.self.{part}")), hidden, hidden, Bias::Yes);
    let (query, key) = (map("query_proj")?, map("key_proj")?);
    let output = binder.linear(&name("attention.output.dense"), hidden, hidden, Bias::Yes)?;
    let projections = Projections::separate(query.clone(), key.clone(), map("value_proj")?);
    let mut attention = Attention::new(sizes.heads, hidden / sizes.heads, projections, output);
    if let Some(distances) = distances {
        let through = |asked: bool, own: Linear, other: &str, bias| -> Result<Option<Linear>> {
            match (asked, distances.shared) {
                (false, _) => Ok(None),
                (true, true) => Ok(Some(own)),
                (true, false) => {
                    let name = name(&format!("attention.self.{other}"));
                    binder.linear(&name, hidden, hidden, bias).map(Some)
                }
            }
        };
        let terms =
            1 + usize::from(distances.content_to_position) + usize::from(distances.position_to_content);
        attention.scale = ((hidden / sizes.heads * terms) as f32).powf(-0.5);
        attention.position = AttentionPosition::Disentangled(Disentangled {
            table: Parameter::clone(&distances.table),
            norm: distances.norm.clone(),
            key: through(distances.content_to_position, key, "pos_key_proj", Bias::IfPresent)?,
            query: through(distances.position_to_content, query, "pos_query_proj", Bias::IfPresent)?,
            buckets: distances.buckets,
        });
    }
    let feed_forward = feed_forward(binder, sizes, layer)?;
    Ok(Block::post_norm(
        (attention, norm("attention.output.LayerNorm")?),
        (feed_forward, norm("output.LayerNorm")?),
    ))
}
