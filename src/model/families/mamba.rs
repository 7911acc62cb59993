//! Mamba (Gu and Dao 2023): selective state spaces in place of attention and feed-forward parts.

use serde_json::Value;

use crate::model::binder::{Bias, Binder};
use crate::model::config::Config;
use crate::model::error::Result;
use crate::model::network::{Activation, Block, Front, Head, Kind, Network, Part, Stack, TokenEmbedding};
use crate::model::parts::scan::{Scan, SelectiveScan};
use crate::model::weights::Weights;

/// What decides how fast it is computed, or how it was trained.
const UNREAD: [&str; 14] = [
    "expand",
    "fused_add_norm",
    "rescale_prenorm_residual",
    "residual_in_fp32",
    "rms_norm",
    "ssm_cfg",
    "time_step_floor",
    "time_step_init_scheme",
    "time_step_max",
    "time_step_min",
    "time_step_scale",
    "use_associative_scan",
    "use_mambapy",
    "pad_vocab_size_multiple",
];

/// Binds a Mamba.
pub fn bind(family: &'static str, config: &Config, weights: &Weights) -> Result<Network> {
    let binder = Binder::new(family, config, weights, &["backbone.", ""]);
    UNREAD.iter().for_each(|key| _ = config.states(key));
    let hidden = config.size(&["hidden_size", "d_model"])?;
    let vocabulary = config.size(&["vocab_size"])?;
    let epsilon = config.epsilon(&["layer_norm_epsilon"], 1e-5)?;
    let block = |layer: usize| -> Result<Block> {
        let norm = binder.rms_norm(&format!("layers.{layer}.norm"), hidden, epsilon)?;
        Ok(Block::new(vec![Part::pre_norm(norm, scan(&binder, hidden, layer)?)]))
    };
    let layers = config.layers(&["num_hidden_layers", "n_layer"])?;
    let blocks = (0..layers).map(block).collect::<Result<Vec<_>>>()?;
    let table = binder.tensor("embeddings.weight", &[vocabulary, hidden])?;
    let head = binder.output_matrix("lm_head.weight", &table, None, true)?.map(Head::new);
    let final_norm = binder.rms_norm("norm_f", hidden, epsilon)?;
    let front = Front::Tokens(TokenEmbedding::new(table));
    let mut stack = Stack::new("text", hidden, front, blocks, Some(final_norm));
    stack.lists_after_blocks = true;
    Ok(Network::new(family, Kind::Causal, vec![stack], head))
}

fn scan(binder: &Binder<'_>, hidden: usize, layer: usize) -> Result<Scan> {
    let config = binder.config;
    let name = |part: &str| format!("layers.{layer}.mixer.{part}");
    let inner = config.optional_size(&["intermediate_size", "d_inner"])?.unwrap_or(2 * hidden);
    let size = config.optional_size(&["state_size"])?.unwrap_or(16);
    let taps = config.optional_size(&["conv_kernel"])?.unwrap_or(4);
    let rank = match config.get("time_step_rank") {
        None | Some(Value::String(_)) => hidden.div_ceil(16),
        Some(_) => config.size(&["time_step_rank"])?,
    };
    let bias = if config.flag("use_bias", false)? { Bias::Yes } else { Bias::No };
    let has_kernel_bias = config.flag("use_conv_bias", true)?;
    let kernel_bias = has_kernel_bias.then(|| binder.tensor(&name("conv1d.bias"), &[inner])).transpose()?;
    Ok(Scan::Selective(SelectiveScan {
        input: binder.linear(&name("in_proj"), 2 * inner, hidden, bias)?,
        kernel: binder.tensor(&name("conv1d.weight"), &[inner, 1, taps])?,
        kernel_bias,
        activation: binder.activation(&["hidden_act"], Activation::Silu)?,
        selection: binder.linear(&name("x_proj"), rank + 2 * size, inner, Bias::No)?,
        step: binder.linear(&name("dt_proj"), inner, rank, Bias::Yes)?,
        decay: binder.tensor(&name("A_log"), &[inner, size])?,
        skip: binder.tensor(&name("D"), &[inner])?,
        output: binder.linear(&name("out_proj"), hidden, inner, bias)?,
    }))
}
