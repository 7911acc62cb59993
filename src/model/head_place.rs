//! Which attention is meant.

use super::error::{ModelError, Result};
use super::network::{Attention, DECODER, FIRST, Network};
use super::trace::{AttentionTrace, Trace};

/// Which attentions of a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Stack {
    /// The only stack, or the encoder's.
    #[default]
    Text,
    /// The decoder's attention to its own text.
    Decoder,
    /// The decoder's attention to the encoder.
    Cross,
}

impl Stack {
    /// All of them, in the order in which they run.
    pub const ALL: [Self; 3] = [Self::Text, Self::Decoder, Self::Cross];

    /// The network's stack that these attentions are in.
    pub fn index(self) -> usize {
        match self {
            Self::Text => FIRST,
            Self::Decoder | Self::Cross => DECODER,
        }
    }

    /// The attentions of the network's stack `index` to their own stream; of further stacks than a
    /// decoder none are told apart.
    pub fn of_own(index: usize) -> Option<Self> {
        match index {
            FIRST => Some(Self::Text),
            DECODER => Some(Self::Decoder),
            _ => None,
        }
    }

    /// The trace of `layer` of this stack.
    pub fn trace(self, trace: &Trace, layer: usize) -> Option<&AttentionTrace> {
        match self {
            Self::Text | Self::Decoder => trace.attention(self.index(), layer),
            Self::Cross => trace.cross_attention(self.index(), layer),
        }
    }

    /// The description of `layer` of this stack.
    pub fn attention(self, network: &Network, layer: usize) -> Option<&Attention> {
        match self {
            Self::Text | Self::Decoder => network.attention(self.index(), layer),
            Self::Cross => network.cross_attention(self.index(), layer),
        }
    }

    /// How many layers a trace has of this stack.
    pub fn layers(self, trace: &Trace) -> usize {
        trace.layers(self.index())
    }
}

/// One head.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct HeadPlace {
    /// Its stack.
    pub stack: Stack,
    /// Its layer, from 0.
    pub layer: usize,
    /// Its number in the layer, from 0.
    pub head: usize,
}

impl HeadPlace {
    /// A head of the only stack, or of the encoder.
    pub fn new(layer: usize, head: usize) -> Self {
        Self { stack: Stack::Text, layer, head }
    }

    /// Its attention's description.
    ///
    /// # Errors
    /// [`ModelError::Request`] when the network has no such head.
    pub fn attention(self, network: &Network) -> Result<&Attention> {
        let attention = self.stack.attention(network, self.layer);
        attention.filter(|attention| self.head < attention.heads).ok_or_else(|| self.missing())
    }

    /// Its attention's trace.
    ///
    /// # Errors
    /// [`ModelError::Request`] when the trace has no such head.
    pub fn trace(self, trace: &Trace) -> Result<&AttentionTrace> {
        let found = self.stack.trace(trace, self.layer);
        found.filter(|found| self.head < found.weights.dim().0).ok_or_else(|| self.missing())
    }

    fn missing(self) -> ModelError {
        ModelError::Request(format!("there is no head {} in layer {}", self.head, self.layer))
    }
}
