//! The attention and the trace of a place.

use crate::model::error::{ModelError, Result};
pub use crate::model::head_place::{HeadPlace, Stack};
use crate::model::network::Attention;
use crate::model::trace::AttentionTrace;
use crate::model::{Network, Trace};

impl Stack {
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

    /// The layers of this stack that attend.
    pub fn attending(self, network: &Network) -> impl Iterator<Item = usize> + '_ {
        (0..network.layers(self.index())).filter(move |&layer| self.attention(network, layer).is_some())
    }

    /// How many layers a trace has of this stack.
    pub fn layers(self, trace: &Trace) -> usize {
        trace.layers(self.index())
    }
}

impl HeadPlace {
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

/// The error of an analysis that needs more than the trace kept.
pub(super) fn not_kept(what: &str) -> ModelError {
    ModelError::Request(format!("the trace did not keep the {what}: run the pass again keeping everything"))
}
