//! Falcon (Almazrouei et al. 2023): heads that share keys and values in three ways, attention and
//! feed-forward side by side or not, rotation or a penalty of distance.

use crate::model::binder::{Bias, Binder};
use crate::model::config::Config;
use crate::model::error::Result;
use crate::model::network::{
    Activation, Attention, AttentionPosition, Block, FeedForward, Front, Head, Kind, Network, Norm,
    Projections, Stack, TokenEmbedding,
};
use crate::model::positions::alibi_slopes;
use crate::model::rope::rotary;
use crate::model::weights::Weights;

struct Falcon<'a> {
    binder: Binder<'a>,
    hidden: usize,
    heads: usize,
    inner: usize,
    bias: Bias,
    epsilon: f64,
    /// A norm for each part, and groups of heads that share a key and a value.
    new_architecture: bool,
    position: AttentionPosition,
}

/// Binds a Falcon.
pub fn bind(family: &'static str, config: &Config, weights: &Weights) -> Result<Network> {
    let falcon = read(family, config, weights)?;
    let (binder, hidden) = (&falcon.binder, falcon.hidden);
    let vocabulary = config.size(&["vocab_size"])?;
    let layers = config.layers(&["num_hidden_layers", "n_layer"])?;
    let blocks = (0..layers).map(|layer| falcon.block(layer)).collect::<Result<Vec<_>>>()?;
    let table = binder.tensor("word_embeddings.weight", &[vocabulary, hidden])?;
    let head = binder.output_matrix("lm_head.weight", &table, None, true)?.map(Head::new);
    let final_norm = binder.layer_norm("ln_f", hidden, falcon.epsilon)?;
    let positions = config.optional_size(&["max_position_embeddings"])?;
    let positions = positions.filter(|_| matches!(falcon.position, AttentionPosition::Rotary(_)));
    let front = Front::Tokens(TokenEmbedding::new(table));
    let stack = Stack::new("text", hidden, front, blocks, Some(final_norm)).at_most(positions);
    Ok(Network::new(family, Kind::Causal, vec![stack], head))
}

fn read<'a>(family: &'static str, config: &'a Config, weights: &'a Weights) -> Result<Falcon<'a>> {
    let hidden = config.size(&["hidden_size", "n_embed"])?;
    let heads = config.size(&["num_attention_heads", "n_head"])?;
    config.require_multiple("hidden_size", hidden, "num_attention_heads", heads)?;
    let position = match config.flag("alibi", false)? {
        // Read in bfloat16, whatever the network computes in (build_alibi_tensor).
        true => AttentionPosition::AlibiOfKeys(alibi_slopes(heads).into_iter().map(in_bfloat16).collect()),
        false => AttentionPosition::Rotary(rotary(
            config,
            hidden / heads,
            config.optional_size(&["max_position_embeddings"])?,
        )?),
    };
    // Said beside a penalty of distance, too.
    ["rope_parameters", "rope_theta", "rope_scaling", "max_position_embeddings"]
        .iter()
        .for_each(|key| _ = config.states(key));
    Ok(Falcon {
        binder: Binder::new(family, config, weights, &["transformer.", ""]),
        hidden,
        heads,
        inner: config.optional_size(&["ffn_hidden_size"])?.unwrap_or(4 * hidden),
        bias: if config.flag("bias", false)? { Bias::Yes } else { Bias::No },
        epsilon: config.epsilon(&["layer_norm_epsilon"], 1e-5)?,
        new_architecture: config.flag("new_decoder_architecture", false)?,
        position,
    })
}

impl Falcon<'_> {
    fn block(&self, layer: usize) -> Result<Block> {
        let config = self.binder.config;
        let norm = |part: &str| -> Result<Norm> {
            self.binder.layer_norm(&format!("h.{layer}.{part}"), self.hidden, self.epsilon)
        };
        let attention = self.attention(layer)?;
        let map = |part: &str, outputs, inputs| {
            self.binder.linear(&format!("h.{layer}.mlp.{part}"), outputs, inputs, self.bias)
        };
        let feed_forward = FeedForward::new(
            map("dense_h_to_4h", self.inner, self.hidden)?,
            self.binder.activation(&["activation"], Activation::Gelu)?,
            map("dense_4h_to_h", self.hidden, self.inner)?,
        );
        let parallel = config.flag("parallel_attn", true)?;
        let norms = config.optional_size(&["num_ln_in_parallel_attn"])?;
        if self.new_architecture && norms.unwrap_or(2) == 2 {
            return Ok(Block::parallel((norm("ln_attn")?, attention), (norm("ln_mlp")?, feed_forward)));
        }
        if parallel || self.new_architecture {
            return Ok(Block::parallel_under(norm("input_layernorm")?, attention, feed_forward));
        }
        let between = norm("post_attention_layernorm")?;
        Ok(Block::pre_norm((norm("input_layernorm")?, attention), (between, feed_forward)))
    }

    fn attention(&self, layer: usize) -> Result<Attention> {
        let (config, heads, size) = (self.binder.config, self.heads, self.hidden / self.heads);
        let given = config.optional_size(&["num_kv_heads", "n_head_kv"])?.unwrap_or(heads);
        let shared = config.flag("multi_query", true)?;
        let groups = match (self.new_architecture, shared) {
            (true, _) => given,
            (false, true) => 1,
            (false, false) => heads,
        };
        config.require_multiple("num_attention_heads", heads, "num_kv_heads", groups)?;
        let name = |part: &str| format!("h.{layer}.self_attention.{part}");
        let outputs = (heads + 2 * groups) * size;
        let fused = self.binder.linear(&name("query_key_value"), outputs, self.hidden, self.bias)?;
        let projections = match !self.new_architecture && shared {
            true => Projections::Fused(fused),
            false => Projections::FusedByHead(fused),
        };
        let output = self.binder.linear(&name("dense"), self.hidden, self.hidden, self.bias)?;
        let mut attention = Attention::new(heads, size, projections, output)
            .with_position(self.position.clone())
            .with_mask(self.binder.causal_mask(None)?);
        attention.key_value_heads = groups;
        Ok(attention)
    }
}

fn in_bfloat16(number: f32) -> f32 {
    half::bf16::from_f32(number).to_f32()
}
