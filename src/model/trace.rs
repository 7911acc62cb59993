//! Everything that one forward pass computed, kept for looking at: it mirrors the description,
//! stack by stack, block by block, part by part.
//!
//! Shapes: T query tokens, S key tokens (T for self-attention), D hidden size, H heads, G key/value
//! heads, E head size, F feed-forward size, V outputs.

use ndarray::{Array1, Array2, Array3};

pub use super::block::{BlockTrace, PartTrace};
use super::dropout::Dropout;
pub use super::fronts::FrontTrace;
pub use super::head::HeadTrace;
pub use super::keep::Keep;
use super::network::{FIRST, Network};
pub use super::parts::MixerTrace;
pub use super::parts::attention::AttentionTrace;
pub use super::parts::feed_forward::FeedForwardTrace;
use super::trajectory::Foreseen;

/// One forward pass.
#[derive(Debug, Clone, Default)]
pub struct Trace {
    /// One entry a stack.
    pub stacks: Vec<StackTrace>,
    /// The head.
    pub head: HeadTrace,
    /// `[T, V]`, or `[1, classes]` for a classifier; `None` without a head.
    pub logits: Option<Array2<f32>>,
    /// What the pooler made, where there is one.
    pub pooled: Option<Pooled>,
    /// What is foreseen, of a trajectory.
    pub foreseen: Option<Foreseen>,
    /// The vector of each text (or image) in the space that the network shares with another, `[texts, P]`.
    pub shared: Option<Array2<f32>>,
    /// What was left out of what the parts made.
    pub dropout: Dropout,
}

/// What a pooler made of the last stack.
#[derive(Debug, Clone)]
pub struct Pooled {
    /// The stream after the final norm, which it looked at, `[T, D]`.
    pub stream: Array2<f32>,
    /// One vector a text or image, `[texts, D]`.
    pub vectors: Array2<f32>,
}

/// One stack.
#[derive(Debug, Clone, Default)]
pub struct StackTrace {
    /// The token ids that went in (empty for an image).
    pub tokens: Vec<u32>,
    /// What each step of the front gave.
    pub front: FrontTrace,
    /// One entry a block.
    pub blocks: Vec<BlockTrace>,
    /// The residual stream `[T, D]`: after the front, then after every block; the last one is
    /// after the final norm where the stack has one (but before it in a ViT, as PyTorch reports
    /// it). Not on a tape.
    pub hidden_states: Vec<Array2<f32>>,
    /// The stream after the last block, before the final norm; on a tape, and where states are listed
    /// after blocks.
    pub unnormed: Option<Array2<f32>>,
    /// See [`Stack::lists_after_blocks`](super::network::Stack::lists_after_blocks).
    pub lists_after_blocks: bool,
    /// What later stacks read: the stream after the final norm, `[T, D]`. The last stack has none.
    pub output: Option<Array2<f32>>,
}

impl Trace {
    fn blocks(&self, stack: usize) -> &[BlockTrace] {
        self.stacks.get(stack).map_or(&[], |stack| &stack.blocks)
    }

    /// How many blocks of `stack` were kept.
    pub fn layers(&self, stack: usize) -> usize {
        self.blocks(stack).len()
    }

    /// The token ids that went into `stack`; empty for an image.
    pub fn tokens(&self, stack: usize) -> &[u32] {
        self.stacks.get(stack).map_or(&[], |stack| &stack.tokens)
    }

    /// The attention of block `layer` of `stack` to its own stream.
    pub fn attention(&self, stack: usize, layer: usize) -> Option<&AttentionTrace> {
        self.blocks(stack).get(layer)?.attention()
    }

    /// The attention of block `layer` of `stack` to another stack.
    pub fn cross_attention(&self, stack: usize, layer: usize) -> Option<&AttentionTrace> {
        self.blocks(stack).get(layer)?.cross_attention()
    }

    /// The feed-forward part of block `layer` of `stack`.
    pub fn feed_forward(&self, stack: usize, layer: usize) -> Option<&FeedForwardTrace> {
        self.blocks(stack).get(layer)?.feed_forward()
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
        self.blocks(stack).get(layer)?.parts.last()?.after.as_ref()
    }

    /// The hidden states of the last stack, see [`StackTrace::hidden_states`].
    pub fn hidden_states(&self) -> &[Array2<f32>] {
        self.stacks.last().map_or(&[], |stack| &stack.hidden_states)
    }

    /// The hidden states of the last stack as transformers lists them.
    pub fn listed_states(&self) -> Vec<&Array2<f32>> {
        let Some(stack) = self.stacks.last() else { return Vec::new() };
        match (&stack.hidden_states[..], &stack.unnormed) {
            ([_, between @ .., last], Some(unnormed)) if stack.lists_after_blocks => {
                between.iter().chain([unnormed, last]).collect()
            }
            (states, _) => states.iter().collect(),
        }
    }

    /// How well what `network` read here fits what its other tower read in `other`; `None` where they share
    /// no space, or a pass has no vector in it.
    pub fn fit(&self, network: &Network, other: &Self) -> Option<f32> {
        let (own, other) = (self.shared.as_ref()?, other.shared.as_ref()?);
        let fits = own.nrows() > 0 && own.dim() == other.dim();
        let space = network.shared_space.as_ref().filter(|_| fits)?;
        Some(space.fit(own.row(0), other.row(0)))
    }

    /// The encoder's output `[S, D]`, in an encoder-decoder model.
    pub fn encoder_output(&self) -> Option<&Array2<f32>> {
        self.stacks.get(FIRST)?.output.as_ref()
    }

    /// The logits of the last token, `[V]`.
    pub fn last_logits(&self) -> Option<Array1<f32>> {
        let logits = self.logits.as_ref()?;
        (logits.nrows() > 0).then(|| logits.row(logits.nrows() - 1).to_owned())
    }
}

impl BlockTrace {
    /// A block of which only the attention weights were kept.
    pub fn of_attention(attention: AttentionTrace) -> Self {
        Self { parts: vec![PartTrace::new(MixerTrace::Attention(attention))], ..Self::default() }
    }

    /// The first part of a kind, by its name in the file of `trace`: "attention", "feed_forward".
    pub fn part(&self, kind: &str) -> Option<&PartTrace> {
        self.parts.iter().find(|part| part.mixer.name() == kind)
    }

    /// The attention to the same stream.
    pub fn attention(&self) -> Option<&AttentionTrace> {
        self.parts.iter().find_map(|part| match &part.mixer {
            MixerTrace::Attention(trace) => Some(trace),
            _ => None,
        })
    }

    /// As [`BlockTrace::attention`], to be changed.
    pub fn attention_mut(&mut self) -> Option<&mut AttentionTrace> {
        self.parts.iter_mut().find_map(|part| match &mut part.mixer {
            MixerTrace::Attention(trace) => Some(trace),
            _ => None,
        })
    }

    /// The attention to another stack.
    pub fn cross_attention(&self) -> Option<&AttentionTrace> {
        self.parts.iter().find_map(|part| match &part.mixer {
            MixerTrace::CrossAttention(trace) => Some(trace),
            _ => None,
        })
    }

    /// The feed-forward part.
    pub fn feed_forward(&self) -> Option<&FeedForwardTrace> {
        self.parts.iter().find_map(|part| match &part.mixer {
            MixerTrace::FeedForward(trace) => Some(trace),
            _ => None,
        })
    }
}

/// The bytes that a trace will take of a pass over `tokens` tokens in each stack, before it is made.
pub fn bytes_needed(network: &Network, tokens: &[usize], keep: Keep) -> u64 {
    let tokens: Vec<u64> = tokens.iter().map(|&tokens| tokens as u64).collect();
    let stacks = network.stacks.iter().zip(&tokens).map(|(stack, &t)| {
        let hidden = stack.hidden as u64;
        let states = match keep {
            Keep::Logits => 0,
            Keep::Tape => 2 * t * hidden,
            Keep::Weights | Keep::Everything => (stack.blocks.len() as u64 + 2) * t * hidden,
        };
        let blocks = stack.blocks.iter().map(|block| block.numbers_kept(t, &tokens, hidden, keep));
        stack.front.numbers_kept(t, hidden, keep) + states + blocks.sum::<u64>()
    });
    let (last, hidden) = (tokens.last().copied().unwrap_or(0), network.last_stack().hidden as u64);
    let head = network.head.as_ref().map_or(0, |head| head.numbers_kept(last, hidden, keep));
    4 * (stacks.sum::<u64>() + head)
}
