//! The description of a network, with its weights bound: what every family file produces and the
//! one forward pass consumes.
//!
//! Shapes: T tokens, D hidden size, H heads, G key/value heads, E head size, F feed-forward size,
//! V vocabulary. A linear map is stored `[out, in]` and computes y = x Wᵀ + b.

use std::ops::Range;
use std::sync::Arc;

use ndarray::{Array1, Array2, ArrayView2, CowArray, Ix2};

use super::weights::Tensor;

/// How a weight matrix lies in its tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// `[out, in]`, as PyTorch's Linear.
    OutIn,
    /// `[in, out]`, as GPT-2's Conv1D.
    InOut,
}

/// A linear map, with or without a bias.
#[derive(Debug, Clone)]
pub struct Linear {
    /// The weights.
    pub weight: Arc<Tensor>,
    /// How they lie.
    pub layout: Layout,
    /// One number an output.
    pub bias: Option<Array1<f32>>,
}

impl Linear {
    /// The weights as they lie in the tensor; see [`Linear::layout`].
    pub fn matrix(&self) -> CowArray<'_, f32, Ix2> {
        self.weight.to_matrix()
    }

    /// Turns the stored matrix into a view `[out, in]`.
    pub fn out_in<'a>(&self, stored: &'a CowArray<'_, f32, Ix2>) -> ArrayView2<'a, f32> {
        match self.layout {
            Layout::OutIn => stored.view(),
            Layout::InOut => stored.view().reversed_axes(),
        }
    }

    /// Number of outputs.
    pub fn outputs(&self) -> usize {
        let shape = self.weight.shape();
        match self.layout {
            Layout::OutIn => shape[0],
            Layout::InOut => shape[1..].iter().product(),
        }
    }
}

/// Which normalisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NormKind {
    /// (x - mean) / sqrt(variance + eps) * weight + bias (Ba et al. 2016).
    Layer,
    /// x / sqrt(mean of squares + eps) * weight (Zhang and Sennrich 2019).
    Rms,
}

/// A normalisation over the last axis.
#[derive(Debug, Clone)]
pub struct Norm {
    /// Which.
    pub kind: NormKind,
    /// Scale a component. Families that store scale - 1 (Gemma) add the 1 when they bind.
    pub weight: Array1<f32>,
    /// Shift a component.
    pub bias: Option<Array1<f32>>,
    /// Keeps the root away from zero.
    pub epsilon: f32,
}

/// The non-linearity of a feed-forward part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// max(0, x).
    Relu,
    /// x/2 (1 + erf(x/√2)) (Hendrycks and Gimpel 2016).
    Gelu,
    /// Its tanh approximation ("gelu_new", "gelu_pytorch_tanh").
    GeluTanh,
    /// x σ(1.702 x).
    QuickGelu,
    /// x σ(x), also called swish.
    Silu,
    /// tanh x.
    Tanh,
}

/// Where position enters an attention.
#[derive(Debug, Clone)]
pub enum AttentionPosition {
    /// It does not (it was added to the embeddings, or not at all).
    None,
    /// Queries and keys are rotated (Su et al. 2021).
    Rotary(Rotary),
    /// A penalty of slope x distance a head (Press et al. 2022); one slope a head.
    Alibi(Vec<f32>),
    /// A learned bias by bucketed distance (Raffel et al. 2020).
    Relative(Arc<RelativeBias>),
}

/// Rotary position: pairs of components turn by position x frequency.
#[derive(Debug, Clone, PartialEq)]
pub struct Rotary {
    /// One angle a pair and position step; pairs = rotated components / 2.
    pub frequencies: Vec<f32>,
    /// Whether a pair is (2i, 2i+1) rather than (i, i + pairs).
    pub adjacent: bool,
}

/// T5's learned bias by bucketed distance.
#[derive(Debug)]
pub struct RelativeBias {
    /// `[buckets, H]`.
    pub table: Array2<f32>,
    /// Distances from here on share the last bucket.
    pub maximum_distance: usize,
    /// Whether the future has buckets of its own (encoders).
    pub bidirectional: bool,
}

/// How query, key and value are computed.
#[derive(Debug, Clone)]
pub enum Projections {
    /// Three maps: `[H E, D]`, `[G E, D]`, `[G E, D]`.
    Separate {
        /// Queries.
        query: Linear,
        /// Keys.
        key: Linear,
        /// Values.
        value: Linear,
    },
    /// One map `[3 D, D]`: all queries, all keys, all values (GPT-2).
    FusedThirds(Linear),
    /// One map `[3 D, D]`: for every head its query, key and value (GPT-NeoX, BLOOM).
    FusedByHead(Linear),
}

/// One attention.
#[derive(Debug, Clone)]
pub struct Attention {
    /// H.
    pub heads: usize,
    /// G; H is a multiple of it.
    pub key_value_heads: usize,
    /// E.
    pub head_size: usize,
    /// What q·k is multiplied by.
    pub scale: f32,
    /// Query, key and value.
    pub projections: Projections,
    /// A norm over each head's query (Qwen3).
    pub query_norm: Option<Norm>,
    /// A norm over each head's key (Qwen3).
    pub key_norm: Option<Norm>,
    /// From the heads, side by side, back to D.
    pub output: Linear,
    /// Where position enters.
    pub position: AttentionPosition,
    /// Whether a token sees only itself and those before.
    pub causal: bool,
    /// How many tokens it sees, itself included.
    pub window: Option<usize>,
}

impl Attention {
    /// Whether no token sees a later one.
    pub fn is_causal(&self) -> bool {
        self.causal
    }

    /// The keys, of `keys`, that the mask leaves open to `query`.
    pub fn open_keys(&self, query: usize, keys: usize) -> Range<usize> {
        let end = if self.causal { keys.min(query + 1) } else { keys };
        let start = self.window.map_or(0, |window| (query + 1).saturating_sub(window));
        start.min(end)..end
    }
}

/// One feed-forward part: down(act(up x)), or down(act(gate x) * up x).
#[derive(Debug, Clone)]
pub struct FeedForward {
    /// `[F, D]`.
    pub up: Linear,
    /// `[F, D]`, for the gated kinds.
    pub gate: Option<Linear>,
    /// The non-linearity.
    pub activation: Activation,
    /// `[D, F]`.
    pub down: Linear,
}

/// How the parts of a block and the residual stream are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResidualLayout {
    /// x + f(norm x), part after part.
    PreNorm,
    /// norm(x + f x), part after part (the original transformer, BERT).
    PostNorm,
    /// x + attention(norm1 x) + feed_forward(norm2 x) (GPT-NeoX).
    Parallel,
}

/// One transformer block.
#[derive(Debug, Clone)]
pub struct Block {
    /// How the parts are put together.
    pub layout: ResidualLayout,
    /// The attention's norm.
    pub attention_norm: Norm,
    /// Attention to the same text.
    pub attention: Attention,
    /// Attention to the encoder's output, with its norm (decoders of encoder-decoder models).
    pub cross: Option<(Norm, Attention)>,
    /// The feed-forward's norm.
    pub feed_forward_norm: Norm,
    /// The feed-forward part.
    pub feed_forward: FeedForward,
}

/// Learned absolute positions.
#[derive(Debug, Clone)]
pub struct LearnedPositions {
    /// `[positions, D]`.
    pub table: Arc<Tensor>,
    /// The row of the first token (RoBERTa and OPT start at 2).
    pub first_row: usize,
}

/// From token ids to the residual stream.
#[derive(Debug, Clone)]
pub struct TokenEmbedding {
    /// `[V, D or less]`.
    pub table: Arc<Tensor>,
    /// What a token's row is multiplied by (Gemma: √D).
    pub scale: f32,
    /// Absolute positions, added.
    pub positions: Option<LearnedPositions>,
    /// The row added to every token of a single text (BERT's token type 0).
    pub segment: Option<Array1<f32>>,
    /// A norm over the sum.
    pub norm: Option<Norm>,
    /// From a smaller embedding to D (ALBERT, ELECTRA).
    pub projection: Option<Linear>,
}

/// From an image to the residual stream.
#[derive(Debug, Clone)]
pub struct PatchEmbedding {
    /// `[D, C, P, P]`, applied to patches side by side.
    pub projection: Linear,
    /// Side of a patch in pixels.
    pub patch: usize,
    /// Side of the image in pixels.
    pub image: usize,
    /// Colour channels.
    pub channels: usize,
    /// The first token.
    pub class_token: Array1<f32>,
    /// `[1 + patches, D]`.
    pub positions: Array2<f32>,
}

impl PatchEmbedding {
    /// How many patches lie side by side.
    pub fn across(&self) -> usize {
        self.image / self.patch.max(1)
    }
}

/// What goes in.
#[derive(Debug, Clone)]
pub enum Embedding {
    /// Token ids.
    Tokens(TokenEmbedding),
    /// An image.
    Patches(PatchEmbedding),
}

/// From the residual stream to logits.
#[derive(Debug, Clone)]
pub struct Head {
    /// A map, non-linearity and norm before the projection (masked language models).
    pub transform: Option<(Linear, Activation, Norm)>,
    /// `[V, D]`, often the token table itself.
    pub projection: Linear,
    /// What the stream is multiplied by first (T5 with a tied table: 1/√D).
    pub scale: f32,
    /// Whether only the first token is looked at (ViT's class token).
    pub first_token_only: bool,
}

/// What a network does with its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Sees the whole text; fills in masked tokens.
    Masked,
    /// Sees what came before; predicts the next token.
    Causal,
    /// An encoder reads, a decoder writes.
    EncoderDecoder,
    /// An image in, a class out.
    Vision,
}

/// The second half of an encoder-decoder model.
#[derive(Debug, Clone)]
pub struct Decoder {
    /// Its blocks.
    pub blocks: Vec<Block>,
    /// The norm after the last.
    pub final_norm: Option<Norm>,
    /// The token that every output starts with.
    pub start_token: u32,
}

/// A whole network.
#[derive(Debug, Clone)]
pub struct Network {
    /// The family, as users call it: "GPT-2".
    pub family: &'static str,
    /// What it does.
    pub kind: Kind,
    /// D.
    pub hidden: usize,
    /// V, or the number of classes; 0 without a head.
    pub outputs: usize,
    /// The longest text that it takes, where it has a limit.
    pub maximum_tokens: Option<usize>,
    /// What goes in.
    pub embedding: Embedding,
    /// The blocks (the encoder's, in an encoder-decoder model).
    pub blocks: Vec<Block>,
    /// The norm after the last block.
    pub final_norm: Option<Norm>,
    /// The decoder, in an encoder-decoder model.
    pub decoder: Option<Decoder>,
    /// From the residual stream to logits, where the checkpoint has it.
    pub head: Option<Head>,
}

/// The number of the only stack, or of the encoder.
pub const FIRST: usize = 0;
/// The number of the decoder, in an encoder-decoder model.
pub const DECODER: usize = 1;

impl Network {
    fn blocks(&self, stack: usize) -> &[Block] {
        match (stack, &self.decoder) {
            (FIRST, _) => &self.blocks,
            (DECODER, Some(decoder)) => &decoder.blocks,
            _ => &[],
        }
    }

    /// How many blocks `stack` has; 0 for a stack that is not there.
    pub fn layers(&self, stack: usize) -> usize {
        self.blocks(stack).len()
    }

    /// The attention of block `layer` of `stack` to its own stream.
    pub fn attention(&self, stack: usize, layer: usize) -> Option<&Attention> {
        self.blocks(stack).get(layer).map(|block| &block.attention)
    }

    /// The attention of block `layer` of `stack` to another stack.
    pub fn cross_attention(&self, stack: usize, layer: usize) -> Option<&Attention> {
        self.blocks(stack).get(layer)?.cross.as_ref().map(|(_, cross)| cross)
    }

    /// How many heads that block `layer` of `stack` attends with; 0 where it has no attention.
    pub fn heads(&self, stack: usize, layer: usize) -> usize {
        self.attention(stack, layer).map_or(0, |attention| attention.heads)
    }

    /// Whether an attention of the first stack hides later tokens.
    pub fn is_causal(&self) -> bool {
        (0..self.layers(FIRST)).filter_map(|layer| self.attention(FIRST, layer)).any(Attention::is_causal)
    }

    /// What the first stack reads.
    pub fn front(&self) -> &Embedding {
        &self.embedding
    }

    /// Whether a decoder writes what an encoder read.
    pub fn has_decoder(&self) -> bool {
        self.decoder.is_some()
    }

    /// The token that every output of the decoder starts with.
    pub fn start_token(&self) -> Option<u32> {
        self.decoder.as_ref().map(|decoder| decoder.start_token)
    }

    /// The norm after the last block of the last stack.
    pub fn final_norm(&self) -> Option<&Norm> {
        match &self.decoder {
            Some(decoder) => decoder.final_norm.as_ref(),
            None => self.final_norm.as_ref(),
        }
    }
}
