//! ModernBERT (Warner et al. 2024): a norm before each part, rotation, a window on two of three layers.

use super::decoder::{part_name, slides};
use crate::model::binder::{Bias, Binder};
use crate::model::config::Config;
use crate::model::error::Result;
use crate::model::network::{
    Activation, Attention, AttentionPosition, Block, FeedForward, Front, Head, Kind, Mask, Network, Norm,
    Part, Projections, Stack, TokenEmbedding, Transform,
};
use crate::model::rope::{RopeKeys, rotary_at};
use crate::model::weights::Weights;

/// The rotation of layers that see all.
const OVER_ALL: RopeKeys = RopeKeys {
    scaling: &["rope_parameters.full_attention"],
    base: &["rope_parameters.full_attention.rope_theta", "global_rope_theta"],
    usual_base: 160_000.0,
};

/// The rotation of layers that see a window.
const IN_WINDOWS: RopeKeys = RopeKeys {
    scaling: &["rope_parameters.sliding_attention"],
    base: &["rope_parameters.sliding_attention.rope_theta", "local_rope_theta"],
    usual_base: 10_000.0,
};

struct Sizes<'a> {
    binder: Binder<'a>,
    hidden: usize,
    heads: usize,
    inner: usize,
    epsilon: f64,
    activation: Activation,
}

/// Binds a ModernBERT.
pub fn bind(family: &'static str, config: &Config, weights: &Weights) -> Result<Network> {
    let (hidden, heads) = config.hidden_and_heads()?;
    let binder = Binder::new(family, config, weights, &["model.", ""]);
    let activation = binder.activation(&["hidden_activation"], Activation::Gelu)?;
    let (inner, epsilon) = (config.size(&["intermediate_size"])?, config.epsilon(&["norm_eps"], 1e-5)?);
    let sizes = Sizes { binder, hidden, heads, inner, epsilon, activation };
    // What tensors tell, what other heads and only training use.
    for key in
        ["norm_bias", "decoder_bias", "classifier_bias", "classifier_pooling", "deterministic_flash_attn"]
    {
        config.states(key);
    }
    for key in
        ["sparse_prediction", "sparse_pred_ignore_index", "reference_compile", "repad_logits_with_grad"]
    {
        config.states(key);
    }
    let positions = config.optional_size(&["max_position_embeddings"])?;
    let rotary = |keys| rotary_at(config, keys, hidden / heads, positions).map(AttentionPosition::Rotary);
    let (far, near) = (rotary(OVER_ALL)?, rotary(IN_WINDOWS)?);
    let every = config.optional_size(&["global_attn_every_n_layers"])?.unwrap_or(3);
    let window = Mask::around(config.optional_size(&["local_attention"])?.unwrap_or(128) / 2);
    let block = |layer: usize| {
        let (position, mask) = match slides(config, layer, !layer.is_multiple_of(every)) {
            true => (near.clone(), window),
            false => (far.clone(), Mask::default()),
        };
        sizes.block(layer, position, mask)
    };
    let blocks = (0..config.layers(&["num_hidden_layers"])?).map(block).collect::<Result<Vec<_>>>()?;
    let vocabulary = config.size(&["vocab_size"])?;
    let table = sizes.binder.tensor("embeddings.tok_embeddings.weight", &[vocabulary, hidden])?;
    let head = sizes.head(&table, vocabulary)?;
    let embedding = TokenEmbedding::new(table).with_norm(sizes.norm("embeddings.norm")?);
    let final_norm = sizes.norm("final_norm")?;
    let stack =
        Stack::new("text", hidden, Front::Tokens(embedding), blocks, Some(final_norm)).at_most(positions);
    Ok(Network::new(family, Kind::Masked, vec![stack], head))
}

impl Sizes<'_> {
    fn norm(&self, name: &str) -> Result<Norm> {
        self.binder.layer_norm_as_stored(name, self.hidden, self.epsilon)
    }

    fn block(&self, layer: usize, position: AttentionPosition, mask: Mask) -> Result<Block> {
        let hidden = self.hidden;
        let name = |part: &str| part_name(layer, part);
        let map =
            |part: &str, outputs, inputs| self.binder.linear(&name(part), outputs, inputs, Bias::IfPresent);
        let projections = Projections::Fused(map("attn.Wqkv", 3 * hidden, hidden)?);
        let attention =
            Attention::new(self.heads, hidden / self.heads, projections, map("attn.Wo", hidden, hidden)?)
                .with_position(position)
                .with_mask(mask);
        let [gate, up] = self.binder.linears(&name("mlp.Wi"), [self.inner; 2], hidden, Bias::IfPresent)?;
        let feed_forward = FeedForward::gated(gate, up, self.activation, map("mlp.Wo", hidden, self.inner)?);
        // The norm after the embedding is that of the first block.
        let first = match self.binder.has(&name("attn_norm.weight")) {
            true => Part::pre_norm(self.norm(&name("attn_norm"))?, attention),
            false => Part::new(attention),
        };
        Ok(Block::new(vec![first, Part::pre_norm(self.norm(&name("mlp_norm"))?, feed_forward)]))
    }

    fn head(&self, table: &crate::model::parameters::Parameter, vocabulary: usize) -> Result<Option<Head>> {
        let activation = self.binder.activation(&["classifier_activation"], Activation::Gelu)?;
        if !self.binder.has("head.dense.weight") || self.binder.has("classifier.weight") {
            return Ok(None);
        }
        let dense = self.binder.linear("head.dense", self.hidden, self.hidden, Bias::IfPresent)?;
        let norm = self.norm("head.norm")?;
        let bias = self.binder.tensor_if_present("decoder.bias", &[vocabulary])?;
        let matrix = self.binder.output_matrix("decoder.weight", table, bias, true)?;
        let transform = Transform { dense, activation, norm: Some(norm) };
        Ok(matrix.map(|matrix| Head { transform: Some(transform), ..Head::new(matrix) }))
    }
}
