//! What the decoders with Llama's names have in common: sizes, the names of attention and feed-forward
//! parts, the way from tokens to logits. A family's file says the rest.

use serde_json::Value;

use crate::model::binder::{Bias, Binder};
use crate::model::config::Config;
use crate::model::error::Result;
use crate::model::linear::Linear;
use crate::model::network::{
    Activation, Attention, Block, FeedForward, Front, Head, Kind, Mixer, Network, Norm, Part, Projections,
    Stack, TokenEmbedding,
};
use crate::model::weights::Weights;

/// A decoder that is being bound.
#[derive(Debug)]
pub struct Decoder<'a> {
    /// Finds its tensors.
    pub binder: Binder<'a>,
    /// D.
    pub hidden: usize,
    /// H.
    pub heads: usize,
    /// G.
    pub key_value_heads: usize,
    /// E.
    pub head_size: usize,
    /// F.
    pub inner: usize,
    /// Number of blocks.
    pub layers: usize,
    /// The longest text, where it is said.
    pub positions: Option<usize>,
}

impl<'a> Decoder<'a> {
    /// Reads its sizes, by Llama's keys.
    ///
    /// # Errors
    /// Sizes that are missing or do not fit together.
    pub fn read(family: &'static str, config: &'a Config, weights: &'a Weights) -> Result<Self> {
        Self::read_with_inner(family, config, weights, &["intermediate_size"])
    }

    /// As [`Decoder::read`] with other keys for F.
    ///
    /// # Errors
    /// As [`Decoder::read`].
    pub fn read_with_inner(
        family: &'static str,
        config: &'a Config,
        weights: &'a Weights,
        inner: &[&str],
    ) -> Result<Self> {
        let (hidden, heads) = (config.size(&["hidden_size"])?, config.size(&["num_attention_heads"])?);
        let key_value_heads = config.optional_size(&["num_key_value_heads"])?.unwrap_or(heads);
        config.require_multiple("num_attention_heads", heads, "num_key_value_heads", key_value_heads)?;
        let head_size = match config.optional_size(&["head_dim"])? {
            Some(size) => size,
            None => {
                config.require_multiple("hidden_size", hidden, "num_attention_heads", heads)?;
                hidden / heads
            }
        };
        Ok(Self {
            binder: Binder::new(family, config, weights, &["model.", ""]),
            hidden,
            heads,
            key_value_heads,
            head_size,
            inner: config.size(inner)?,
            layers: config.layers(&["num_hidden_layers"])?,
            positions: config.optional_size(&["max_position_embeddings"])?,
        })
    }

    /// The configuration.
    pub fn config(&self) -> &'a Config {
        self.binder.config
    }

    /// Width of the queries, and of the keys and the values.
    pub fn widths(&self) -> (usize, usize) {
        (self.heads * self.head_size, self.key_value_heads * self.head_size)
    }

    /// An RMS norm over the stream, part `name` of `layer`.
    ///
    /// # Errors
    /// As [`Binder::tensor`].
    pub fn rms_norm(&self, layer: usize, name: &str, epsilon: f64) -> Result<Norm> {
        self.binder.rms_norm(&part_name(layer, name), self.hidden, epsilon)
    }

    /// The map `name` of `layer`, with its bias where the file has one.
    ///
    /// # Errors
    /// As [`Binder::tensor`].
    pub fn linear(&self, layer: usize, name: &str, outputs: usize, inputs: usize) -> Result<Linear> {
        self.binder.linear(&part_name(layer, name), outputs, inputs, Bias::IfPresent)
    }

    /// `self_attn` of `layer`, which sees `window` tokens (all without one) and knows no position;
    /// `output` is the map from the heads back.
    ///
    /// # Errors
    /// As [`Binder::tensor`] and [`Binder::causal_mask`].
    pub fn attention(&self, layer: usize, output: &str, window: Option<usize>) -> Result<Attention> {
        let (queries, pairs) = self.widths();
        let projections = Projections::separate(
            self.linear(layer, "self_attn.q_proj", queries, self.hidden)?,
            self.linear(layer, "self_attn.k_proj", pairs, self.hidden)?,
            self.linear(layer, "self_attn.v_proj", pairs, self.hidden)?,
        );
        self.attention_of(layer, projections, output, window)
    }

    /// As [`Decoder::attention`] with other `projections`.
    ///
    /// # Errors
    /// As [`Decoder::attention`].
    pub fn attention_of(
        &self,
        layer: usize,
        projections: Projections,
        output: &str,
        window: Option<usize>,
    ) -> Result<Attention> {
        let output = self.linear(layer, &format!("self_attn.{output}"), self.hidden, self.widths().0)?;
        let mut attention = Attention::new(self.heads, self.head_size, projections, output)
            .with_mask(self.binder.causal_mask(window)?);
        attention.key_value_heads = self.key_value_heads;
        Ok(attention)
    }

    /// `mlp` of `layer`: down(act(gate x) * up x).
    ///
    /// # Errors
    /// As [`Binder::tensor`].
    pub fn gated(&self, layer: usize, activation: Activation) -> Result<FeedForward> {
        self.gated_at(&part_name(layer, "mlp"), self.inner, activation)
    }

    /// As [`Decoder::gated`], `inner` numbers wide, below `stem`.
    ///
    /// # Errors
    /// As [`Binder::tensor`].
    pub fn gated_at(&self, stem: &str, inner: usize, activation: Activation) -> Result<FeedForward> {
        let map = |name: &str, outputs, inputs| {
            self.binder.linear(&format!("{stem}.{name}"), outputs, inputs, Bias::IfPresent)
        };
        Ok(FeedForward::gated(
            map("gate_proj", inner, self.hidden)?,
            map("up_proj", inner, self.hidden)?,
            activation,
            map("down_proj", self.hidden, inner)?,
        ))
    }

    /// Two maps with a non-linearity between them.
    ///
    /// # Errors
    /// As [`Binder::tensor`].
    pub fn plain(&self, layer: usize, [up, down]: [&str; 2], activation: Activation) -> Result<FeedForward> {
        Ok(FeedForward::new(
            self.linear(layer, up, self.inner, self.hidden)?,
            activation,
            self.linear(layer, down, self.hidden, self.inner)?,
        ))
    }

    /// Llama's block: attention, then `mlp`, each behind an RMS norm.
    ///
    /// # Errors
    /// As [`Binder::tensor`].
    pub fn block(
        &self,
        layer: usize,
        attention: Attention,
        mlp: impl Into<Mixer>,
        epsilon: f64,
    ) -> Result<Block> {
        Ok(Block::new(vec![
            Part::pre_norm(self.rms_norm(layer, "input_layernorm", epsilon)?, attention),
            Part::pre_norm(self.rms_norm(layer, "post_attention_layernorm", epsilon)?, mlp),
        ]))
    }

    /// Every block, made by `block`.
    ///
    /// # Errors
    /// Those of `block`.
    pub fn blocks(&self, block: impl Fn(usize) -> Result<Block>) -> Result<Vec<Block>> {
        (0..self.layers).map(block).collect()
    }

    /// The network of these `blocks`; its output matrix is the token table where the file says so, or says
    /// nothing and the family is `tied`.
    ///
    /// # Errors
    /// As [`Binder::tensor`].
    pub fn network(self, blocks: Vec<Block>, final_norm: Norm, tied: bool) -> Result<Network> {
        let (binder, hidden) = (&self.binder, self.hidden);
        let vocabulary = binder.config.size(&["vocab_size"])?;
        let table = binder.tensor("embed_tokens.weight", &[vocabulary, hidden])?;
        let bias = binder.tensor_if_present("lm_head.bias", &[vocabulary])?;
        let head = binder.output_matrix("lm_head.weight", &table, bias, tied)?.map(Head::new);
        let front = Front::Tokens(TokenEmbedding::new(table));
        let stack = Stack::new("text", hidden, front, blocks, Some(final_norm)).at_most(self.positions);
        Ok(Network::new(binder.family(), Kind::Causal, vec![stack], head))
    }
}

/// The name of part `name` of `layer`.
pub fn part_name(layer: usize, name: &str) -> String {
    format!("layers.{layer}.{name}")
}

/// The window of all layers: `usual` where nothing is said, none where null is.
///
/// # Errors
/// When it is no size.
pub fn window(config: &Config, usual: Option<usize>) -> Result<Option<usize>> {
    match config.optional_size(&["sliding_window"])? {
        Some(window) => Ok(Some(window)),
        None if config.states("sliding_window") => Ok(None),
        None => Ok(usual),
    }
}

/// Whether `layer` sees a window only, as `layer_types` says; `otherwise` where it says nothing.
pub fn slides(config: &Config, layer: usize, otherwise: bool) -> bool {
    match config.get("layer_types").and_then(Value::as_array) {
        Some(kinds) => kinds.get(layer).and_then(Value::as_str) == Some("sliding_attention"),
        None => otherwise,
    }
}

/// The share of a head that turns, by its keys of both ages.
pub const ROTATED_SHARE: [&str; 2] = ["rope_parameters.partial_rotary_factor", "partial_rotary_factor"];
