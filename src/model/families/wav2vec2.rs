//! wav2vec 2.0 (Baevski et al. 2020) and HuBERT (Hsu et al. 2021): samples of a sound through convolutions,
//! then an encoder; with a CTC head (Graves et al. 2006) the letters that are spoken.

use serde_json::Value;

use crate::model::binder::{Bias, Binder};
use crate::model::config::Config;
use crate::model::error::Result;
use crate::model::fronts::{NeighbourConvolution, SoundEmbedding, SoundPositions, TimeConvolution, TimeNorm};
use crate::model::network::{
    Activation, Attention, Block, FeedForward, Front, Head, Kind, Layout, Linear, Network, Norm, Stack,
};
use crate::model::weights::Weights;

/// Epsilon of the norms between the convolutions: no configuration says it.
const EPSILON: f64 = 1e-5;

/// Binds a wav2vec 2.0.
pub fn bind(family: &'static str, config: &Config, weights: &Weights) -> Result<Network> {
    bind_with(Binder::new(family, config, weights, &["wav2vec2.", ""]))
}

/// Binds a HuBERT.
pub fn bind_hubert(family: &'static str, config: &Config, weights: &Weights) -> Result<Network> {
    bind_with(Binder::new(family, config, weights, &["hubert.", ""]))
}

/// What only training and other heads read.
const UNREAD: [&str; 30] = [
    "activation_dropout",
    "adapter_attn_dim",
    "adapter_kernel_size",
    "adapter_stride",
    "apply_spec_augment",
    "classifier_proj_size",
    "codevector_dim",
    "contrastive_logits_temperature",
    "ctc_loss_reduction",
    "ctc_zero_infinity",
    "diversity_loss_weight",
    "feat_extract_dropout",
    "feat_proj_dropout",
    "feat_quantizer_dropout",
    "final_dropout",
    "gradient_checkpointing",
    "layerdrop",
    "num_adapter_layers",
    "num_codevector_groups",
    "num_codevectors_per_group",
    "num_feat_extract_layers",
    "num_negatives",
    "output_hidden_size",
    "proj_codevector_dim",
    "tdnn_dilation",
    "tdnn_dim",
    "tdnn_kernel",
    "tokenizer_class",
    "vocab_size",
    "xvector_output_dim",
];

fn bind_with(binder: Binder<'_>) -> Result<Network> {
    let config = binder.config;
    UNREAD.iter().for_each(|key| _ = config.states(key));
    ["length", "min_masks", "prob", "channel", "selection", "other"].iter().for_each(|what| {
        ["mask_time", "mask_feature"].iter().for_each(|mask| _ = config.states(&format!("{mask}_{what}")));
    });
    for refused in ["add_adapter", "conv_pos_batch_norm", "use_weighted_layer_sum"] {
        if config.flag(refused, false)? {
            return Err(config.unsupported(format!("\"{refused}\": true")));
        }
    }
    let (hidden, _) = config.hidden_and_heads()?;
    let epsilon = config.epsilon(&["layer_norm_eps"], 1e-5)?;
    let is_stable = config.flag("do_stable_layer_norm", false)?;
    let norm = binder.layer_norm("encoder.layer_norm", hidden, epsilon)?;
    // The first shape has its norm before the blocks, the second behind them.
    let (before, behind) = if is_stable { (None, Some(norm)) } else { (Some(norm), None) };
    let front = Front::Sound(embedding(&binder, hidden, epsilon, before)?);
    let blocks = (0..config.layers(&["num_hidden_layers"])?)
        .map(|layer| block(&binder, hidden, epsilon, is_stable, layer))
        .collect::<Result<Vec<_>>>()?;
    let mut stack = Stack::new("sound", hidden, front, blocks, behind);
    stack.records_before_norm = true;
    Ok(Network::new(binder.family(), Kind::Classifier, vec![stack], head(&binder, hidden)?))
}

fn head(binder: &Binder<'_>, hidden: usize) -> Result<Option<Head>> {
    if !binder.has("lm_head.weight") {
        return Ok(None);
    }
    let weight = binder.tensor("lm_head.weight", &[0, hidden])?;
    let bias = binder.tensor("lm_head.bias", &[weight.shape()[0]])?;
    Ok(Some(Head::new(Linear { weight, layout: Layout::OutIn, bias: Some(bias) })))
}

/// The positive sizes in the list `key`, as many as `count` where that is known.
fn sizes(config: &Config, key: &str, default: &[usize], count: Option<usize>) -> Result<Vec<usize>> {
    let given = config.get(key).and_then(Value::as_array).map(Vec::len);
    if given.is_none() && count.is_none_or(|count| count == default.len()) {
        return Ok(default.to_vec());
    }
    let numbers = config.numbers(&[key], count.or(given).unwrap_or(default.len()))?;
    match numbers.iter().all(|number| number.fract() == 0.0 && *number <= f64::from(u16::MAX)) {
        true => Ok(numbers.into_iter().map(|number| number as usize).collect()),
        false => Err(config.unsupported(format!("\"{key}\" with {numbers:?}, which are no sizes"))),
    }
}

fn embedding(binder: &Binder<'_>, hidden: usize, epsilon: f64, norm: Option<Norm>) -> Result<SoundEmbedding> {
    let config = binder.config;
    let outputs = sizes(config, "conv_dim", &[512; 7], None)?;
    let widths = sizes(config, "conv_kernel", &[10, 3, 3, 3, 3, 2, 2], Some(outputs.len()))?;
    let strides = sizes(config, "conv_stride", &[5, 2, 2, 2, 2, 2, 2], Some(outputs.len()))?;
    let inputs = std::iter::once(1).chain(outputs.iter().copied());
    let convolutions = inputs
        .zip(&outputs)
        .zip(widths.iter().zip(&strides))
        .enumerate()
        .map(|(index, ((inputs, &outputs), (&width, &stride)))| {
            let (map, norm) = convolution(binder, index, [outputs, inputs, width])?;
            let activation = binder.activation(&["feat_extract_activation"], Activation::Gelu)?;
            Ok(TimeConvolution { map, width, stride, padding: 0, norm, activation })
        })
        .collect::<Result<Vec<_>>>()?;
    let features = outputs.last().copied().unwrap_or(1);
    let name = "feature_projection.layer_norm";
    let has_norm = config.flag("feat_proj_layer_norm", true)?;
    let features_norm = if has_norm { Some(binder.layer_norm(name, features, epsilon)?) } else { None };
    Ok(SoundEmbedding {
        channels: 1,
        convolutions,
        features_norm,
        projection: Some(binder.linear("feature_projection.projection", hidden, features, Bias::Yes)?),
        positions: SoundPositions::OfNeighbours(positions(binder, hidden)?),
        norm,
    })
}

fn convolution(binder: &Binder<'_>, index: usize, shape: [usize; 3]) -> Result<(Linear, Option<TimeNorm>)> {
    let config = binder.config;
    let stem = format!("feature_extractor.conv_layers.{index}");
    let outputs = shape[0];
    let weight = binder.tensor(&format!("{stem}.conv.weight"), &shape)?;
    let bias = match config.flag("conv_bias", false)? {
        true => Some(binder.tensor(&format!("{stem}.conv.bias"), &[outputs])?),
        false => None,
    };
    let norm = || binder.layer_norm(&format!("{stem}.layer_norm"), outputs, EPSILON);
    let norm = match config.text(&["feat_extract_norm"]).unwrap_or("group") {
        "group" if index == 0 => Some(TimeNorm::OfChannels(norm()?)),
        "group" => None,
        "layer" => Some(TimeNorm::OfSteps(norm()?)),
        other => return Err(config.unsupported(format!("\"feat_extract_norm\": \"{other}\""))),
    };
    Ok((Linear { weight, layout: Layout::OutIn, bias }, norm))
}

fn positions(binder: &Binder<'_>, hidden: usize) -> Result<NeighbourConvolution> {
    let config = binder.config;
    let width = config.optional_size(&["num_conv_pos_embeddings"])?.unwrap_or(128);
    let groups = config.optional_size(&["num_conv_pos_embedding_groups"])?.unwrap_or(16);
    config.require_multiple("hidden_size", hidden, "num_conv_pos_embedding_groups", groups)?;
    let stem = "encoder.pos_conv_embed.conv";
    // PyTorch has called them by two names.
    let is_new = binder.has(&format!("{stem}.parametrizations.weight.original0"));
    let [length, direction] = match is_new {
        true => ["parametrizations.weight.original0", "parametrizations.weight.original1"],
        false => ["weight_g", "weight_v"],
    };
    let length = binder.tensor(&format!("{stem}.{length}"), &[1, 1, width])?;
    let direction = binder.tensor(&format!("{stem}.{direction}"), &[hidden, hidden / groups, width])?;
    let bias = binder.tensor(&format!("{stem}.bias"), &[hidden])?;
    // Whatever the blocks use.
    let activation = binder.activation(&["feat_extract_activation"], Activation::Gelu)?;
    Ok(NeighbourConvolution { length, direction, bias, width, groups, activation })
}

fn block(binder: &Binder<'_>, hidden: usize, epsilon: f64, is_stable: bool, layer: usize) -> Result<Block> {
    let config = binder.config;
    let heads = config.size(&["num_attention_heads"])?;
    let name = |part: &str| format!("encoder.layers.{layer}.{part}");
    let projections = binder.square_projections(
        ["q_proj", "k_proj", "v_proj"],
        |part| name(&format!("attention.{part}")),
        hidden,
        Bias::Yes,
    )?;
    let output = binder.linear(&name("attention.out_proj"), hidden, hidden, Bias::Yes)?;
    let attention = Attention::new(heads, hidden / heads, projections, output);
    let inner = config.size(&["intermediate_size"])?;
    let feed_forward = FeedForward::new(
        binder.linear(&name("feed_forward.intermediate_dense"), inner, hidden, Bias::Yes)?,
        binder.activation(&["hidden_act"], Activation::Gelu)?,
        binder.linear(&name("feed_forward.output_dense"), hidden, inner, Bias::Yes)?,
    );
    let norms = [name("layer_norm"), name("final_layer_norm")];
    let [first, second] = norms.map(|name| binder.layer_norm(&name, hidden, epsilon));
    Ok(match is_stable {
        true => Block::pre_norm((first?, attention), (second?, feed_forward)),
        false => Block::post_norm((attention, first?), (feed_forward, second?)),
    })
}
