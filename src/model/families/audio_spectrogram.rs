//! AST, the audio spectrogram transformer (Gong et al. 2021): a ViT over patches of a spectrogram that
//! overlap.

use super::vit::{attention, feed_forward};
use crate::model::binder::{Bias, Binder};
use crate::model::config::Config;
use crate::model::error::Result;
use crate::model::fronts::SpectrogramPatches;
use crate::model::network::{Block, Front, Head, Kind, Layout, Linear, LooksAt, Network, Stack};
use crate::model::weights::Weights;

/// Binds an AST.
pub fn bind(family: &'static str, config: &Config, weights: &Weights) -> Result<Network> {
    let binder = Binder::new(family, config, weights, &["audio_spectrogram_transformer.", ""]);
    let (hidden, heads) = config.hidden_and_heads()?;
    let epsilon = config.epsilon(&["layer_norm_eps"], 1e-12)?;
    let bias = if config.flag("qkv_bias", true)? { Bias::Yes } else { Bias::No };
    let front = Front::Spectrogram(embedding(&binder, hidden)?);
    let norm = |layer: usize, part: &str| {
        binder.layer_norm(&format!("encoder.layer.{layer}.{part}"), hidden, epsilon)
    };
    let block = |layer: usize| -> Result<Block> {
        Ok(Block::pre_norm(
            (norm(layer, "layernorm_before")?, attention(&binder, layer, [hidden, heads], bias)?),
            (norm(layer, "layernorm_after")?, feed_forward(&binder, layer, hidden)?),
        ))
    };
    let blocks = (0..config.layers(&["num_hidden_layers"])?).map(block).collect::<Result<Vec<_>>>()?;
    let final_norm = binder.layer_norm("layernorm", hidden, epsilon)?;
    let mut stack = Stack::new("sound", hidden, front, blocks, Some(final_norm));
    stack.records_before_norm = true;
    let head = head(&binder, hidden, epsilon)?;
    Ok(Network::new(family, Kind::Classifier, vec![stack], head))
}

fn embedding(binder: &Binder<'_>, hidden: usize) -> Result<SpectrogramPatches> {
    let config = binder.config;
    let size =
        |key: &str, default: usize| -> Result<usize> { Ok(config.optional_size(&[key])?.unwrap_or(default)) };
    let patch = size("patch_size", 16)?;
    let spectrogram = [size("num_mel_bins", 128)?, size("max_length", 1024)?];
    let strides = [size("frequency_stride", 10)?, size("time_stride", 10)?];
    let stem = "embeddings.patch_embeddings.projection";
    let weight = binder.tensor(&format!("{stem}.weight"), &[hidden, 1, patch, patch])?;
    let bias = Some(binder.tensor(&format!("{stem}.bias"), &[hidden])?);
    let leading = ["embeddings.cls_token", "embeddings.distillation_token"];
    let leading: Vec<_> =
        leading.into_iter().map(|name| binder.tensor(name, &[1, 1, hidden])).collect::<Result<_>>()?;
    let [high, long] = SpectrogramPatches::grid_of(spectrogram, patch, strides);
    let positions = [1, leading.len() + high * long, hidden];
    Ok(SpectrogramPatches {
        projection: Linear { weight, layout: Layout::OutIn, bias },
        size: spectrogram,
        patch,
        strides,
        leading,
        positions: binder.tensor("embeddings.position_embeddings", &positions)?,
    })
}

fn head(binder: &Binder<'_>, hidden: usize, epsilon: f64) -> Result<Option<Head>> {
    if !binder.has("classifier.dense.weight") {
        return Ok(None);
    }
    let weight = binder.tensor("classifier.dense.weight", &[0, hidden])?;
    let bias = Some(binder.tensor("classifier.dense.bias", &[weight.shape()[0]])?);
    Ok(Some(Head {
        norm: Some(binder.layer_norm("classifier.layernorm", hidden, epsilon)?),
        looks_at: LooksAt::MeanOfFirst { count: 2 },
        ..Head::new(Linear { weight, layout: Layout::OutIn, bias })
    }))
}
