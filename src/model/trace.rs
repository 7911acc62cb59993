//! Everything that one forward pass computed, kept for looking at.
//!
//! Shapes: T query tokens, S key tokens (T for self-attention), D hidden size, H heads, G key/value
//! heads, E head size, F feed-forward size, V outputs.

use ndarray::{Array1, Array2, Array3};

use super::network::{Attention, Block, DECODER, FIRST, Network};

/// How much of a pass is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Keep {
    /// Logits only: for generation and for switching off heads one by one.
    Logits,
    /// Attention weights, hidden states and logits.
    Weights,
    /// Every stage.
    #[default]
    Everything,
}

/// One forward pass.
#[derive(Debug, Clone, Default)]
pub struct Trace {
    /// The token ids that went in (empty for an image).
    pub tokens: Vec<u32>,
    /// The decoder's token ids, in an encoder-decoder model.
    pub decoder_tokens: Vec<u32>,
    /// What each part of the embedding added.
    pub embedding: EmbeddingTrace,
    /// One entry a block.
    pub layers: Vec<LayerTrace>,
    /// One entry a decoder block, in an encoder-decoder model.
    pub decoder_layers: Vec<LayerTrace>,
    /// The residual stream `[T, D]`: after the embedding, then after every block; the last one is
    /// after the final norm where the network has one (but before it in a ViT, as PyTorch reports
    /// it). Of the decoder where there is one.
    pub hidden_states: Vec<Array2<f32>>,
    /// The encoder's output `[S, D]`, in an encoder-decoder model.
    pub encoder_output: Option<Array2<f32>>,
    /// `[T, V]`, or `[1, classes]` for a classifier; `None` without a head.
    pub logits: Option<Array2<f32>>,
}

/// What each part of the embedding added, `[T, D or the embedding's own size]`.
#[derive(Debug, Clone, Default)]
pub struct EmbeddingTrace {
    /// The tokens' (or patches') own vectors.
    pub tokens: Option<Array2<f32>>,
    /// What position added.
    pub positions: Option<Array2<f32>>,
    /// The sum of all, before any norm.
    pub sum: Option<Array2<f32>>,
}

/// One block.
#[derive(Debug, Clone, Default)]
pub struct LayerTrace {
    /// The residual stream before, `[T, D]`.
    pub before: Option<Array2<f32>>,
    /// Attention to the same text.
    pub attention: AttentionTrace,
    /// Attention to the encoder's output.
    pub cross: Option<AttentionTrace>,
    /// The residual stream between attention and feed-forward, `[T, D]`; in a parallel block the
    /// stream before the block plus the attention's output.
    pub between: Option<Array2<f32>>,
    /// The feed-forward part.
    pub feed_forward: FeedForwardTrace,
    /// The residual stream after, `[T, D]`.
    pub after: Option<Array2<f32>>,
}

/// One attention.
#[derive(Debug, Clone, Default)]
pub struct AttentionTrace {
    /// What the projections saw: the (normalised) stream, `[T, D]`.
    pub input: Option<Array2<f32>>,
    /// Queries `[H, T, E]`, after rotation where there is one.
    pub query: Option<Array3<f32>>,
    /// Keys `[G, S, E]`, after rotation where there is one.
    pub key: Option<Array3<f32>>,
    /// Queries before rotation, where there is one.
    pub unrotated_query: Option<Array3<f32>>,
    /// Keys before rotation, where there is one.
    pub unrotated_key: Option<Array3<f32>>,
    /// Values `[G, S, E]`.
    pub value: Option<Array3<f32>>,
    /// q·k `[H, T, S]`, before the scale.
    pub products: Option<Array3<f32>>,
    /// q·k x scale + position bias `[H, T, S]`; minus infinity where masked.
    pub scores: Option<Array3<f32>>,
    /// Softmax of the scores `[H, T, S]`; rows sum to 1, masked entries are exactly 0.
    pub weights: Array3<f32>,
    /// Weighted values `[H, T, E]`.
    pub head_outputs: Option<Array3<f32>>,
    /// What the attention adds to the stream, `[T, D]`.
    pub output: Option<Array2<f32>>,
}

/// One feed-forward part.
#[derive(Debug, Clone, Default)]
pub struct FeedForwardTrace {
    /// What it saw, `[T, D]`.
    pub input: Option<Array2<f32>>,
    /// Before the non-linearity, `[T, F]` (the gate, in gated kinds).
    pub before_activation: Option<Array2<f32>>,
    /// After it (and times the ungated branch, in gated kinds), `[T, F]`.
    pub activation: Option<Array2<f32>>,
    /// What it adds to the stream, `[T, D]`.
    pub output: Option<Array2<f32>>,
}

impl Trace {
    fn blocks(&self, stack: usize) -> &[LayerTrace] {
        match stack {
            FIRST => &self.layers,
            DECODER => &self.decoder_layers,
            _ => &[],
        }
    }

    /// How many blocks of `stack` were kept.
    pub fn layers(&self, stack: usize) -> usize {
        self.blocks(stack).len()
    }

    /// The attention of block `layer` of `stack` to its own stream.
    pub fn attention(&self, stack: usize, layer: usize) -> Option<&AttentionTrace> {
        self.blocks(stack).get(layer).map(|layer| &layer.attention)
    }

    /// The attention of block `layer` of `stack` to another stack.
    pub fn cross_attention(&self, stack: usize, layer: usize) -> Option<&AttentionTrace> {
        self.blocks(stack).get(layer)?.cross.as_ref()
    }

    /// The feed-forward part of block `layer` of `stack`.
    pub fn feed_forward(&self, stack: usize, layer: usize) -> Option<&FeedForwardTrace> {
        self.blocks(stack).get(layer).map(|layer| &layer.feed_forward)
    }

    /// The attention weights of block `layer` of `stack`, `[H, T, S]`.
    pub fn weights(&self, stack: usize, layer: usize) -> Option<&Array3<f32>> {
        self.attention(stack, layer).map(|attention| &attention.weights)
    }

    /// The residual stream `[T, D]` before block `layer` of `stack`.
    pub fn before(&self, stack: usize, layer: usize) -> Option<&Array2<f32>> {
        self.blocks(stack).get(layer)?.before.as_ref()
    }

    /// The residual stream `[T, D]` after block `layer` of `stack`.
    pub fn after(&self, stack: usize, layer: usize) -> Option<&Array2<f32>> {
        self.blocks(stack).get(layer)?.after.as_ref()
    }

    /// The residual stream of the last stack, `[T, D]`: after the embedding, then after every block;
    /// the last one is after the final norm where the network has one (but before it in a ViT, as
    /// PyTorch reports it).
    pub fn hidden_states(&self) -> &[Array2<f32>] {
        &self.hidden_states
    }

    /// The encoder's output `[S, D]`, in an encoder-decoder model.
    pub fn encoder_output(&self) -> Option<&Array2<f32>> {
        self.encoder_output.as_ref()
    }

    /// The logits of the last token, `[V]`.
    pub fn last_logits(&self) -> Option<Array1<f32>> {
        let logits = self.logits.as_ref()?;
        (logits.nrows() > 0).then(|| logits.row(logits.nrows() - 1).to_owned())
    }
}

/// The bytes that a trace of `tokens` tokens (and `decoder_tokens`) will take, before it is made.
pub fn bytes_needed(network: &Network, tokens: usize, decoder_tokens: usize, keep: Keep) -> u64 {
    let stack = |blocks: &[Block], t: u64, s: u64| -> u64 {
        blocks.iter().map(|block| block_numbers(block, network.hidden as u64, t, s, keep)).sum()
    };
    let (t, d) = (tokens as u64, decoder_tokens as u64);
    let decoder_blocks = network.decoder.as_ref().map_or(&[][..], |decoder| &decoder.blocks);
    let streams = match keep {
        Keep::Logits => 0,
        _ => (network.blocks.len() as u64 + 4) * t * network.hidden as u64,
    };
    let logits = if decoder_blocks.is_empty() { t } else { d } * network.outputs as u64;
    4 * (stack(&network.blocks, t, t) + stack(decoder_blocks, d, t) + streams + logits)
}

fn block_numbers(block: &Block, hidden: u64, t: u64, s: u64, keep: Keep) -> u64 {
    let attention = |attention: &Attention, s: u64| -> u64 {
        let (h, g, e) =
            (attention.heads as u64, attention.key_value_heads as u64, attention.head_size as u64);
        match keep {
            Keep::Logits => 0,
            Keep::Weights => h * t * s,
            Keep::Everything => 3 * h * t * s + 3 * h * t * e + 3 * g * s * e + 2 * t * hidden,
        }
    };
    let cross = block.cross.as_ref().map_or(0, |(_, cross)| attention(cross, s));
    let feed_forward = match keep {
        Keep::Everything => (2 * block.feed_forward.up.outputs() as u64 + 5 * hidden) * t,
        _ => 0,
    };
    attention(&block.attention, t) + cross + feed_forward
}
