//! The list of the kinds of parts.

use ndarray::{Array2, ArrayView2, ArrayViewD};

use super::attention::{Attention, AttentionTrace, KeyValueCache, attend};
use super::feed_forward::{FeedForward, FeedForwardTrace};
use crate::model::interventions::Place;
use crate::model::keep::Keep;
use crate::model::parameters::{Parameter, Parameters};

/// What a part does with its input.
#[derive(Debug, Clone)]
pub enum Mixer {
    /// Attention to the same stream.
    Attention(Attention),
    /// Attention to the output of another stack, which runs before this one.
    CrossAttention {
        /// The number of that stack.
        to: usize,
        /// The attention.
        attention: Attention,
    },
    /// Every token for itself.
    FeedForward(FeedForward),
}

/// What a part computed.
#[derive(Debug, Clone)]
pub enum MixerTrace {
    /// Of [`Mixer::Attention`].
    Attention(AttentionTrace),
    /// Of [`Mixer::CrossAttention`].
    CrossAttention(AttentionTrace),
    /// Of [`Mixer::FeedForward`].
    FeedForward(FeedForwardTrace),
}

/// What a part remembers of the tokens before, when a text is continued token by token.
#[derive(Debug, Clone)]
pub enum PartMemory {
    /// Nothing: it looks at one token at a time, or at what does not change.
    None,
    /// Of [`Mixer::Attention`].
    Attention(KeyValueCache),
}

/// What a part needs to know of the pass besides its input.
#[derive(Debug, Clone, Copy)]
pub struct PartContext<'a> {
    /// Where it stands.
    pub place: Place<'a>,
    /// The outputs `[S, D]` of the stacks that ran before.
    pub outputs: &'a [Array2<f32>],
    /// What is kept.
    pub keep: Keep,
}

impl From<Attention> for Mixer {
    fn from(attention: Attention) -> Self {
        Self::Attention(attention)
    }
}

impl From<FeedForward> for Mixer {
    fn from(feed_forward: FeedForward) -> Self {
        Self::FeedForward(feed_forward)
    }
}

impl Parameters for Mixer {
    fn each<'a>(&'a self, see: &mut dyn FnMut(&'a Parameter)) {
        match self {
            Self::Attention(attention) | Self::CrossAttention { attention, .. } => attention.each(see),
            Self::FeedForward(part) => part.each(see),
        }
    }

    fn each_mut(&mut self, change: &mut dyn FnMut(&mut Parameter)) {
        match self {
            Self::Attention(attention) | Self::CrossAttention { attention, .. } => attention.each_mut(change),
            Self::FeedForward(part) => part.each_mut(change),
        }
    }
}

impl Mixer {
    /// Its kind, as the file of `trace` calls it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Attention(_) => "attention",
            Self::CrossAttention { .. } => "cross",
            Self::FeedForward(_) => "feed_forward",
        }
    }

    /// What it makes of `x` `[T, D]`, and its trace. With a `memory`, what was computed for the
    /// tokens before is used and added to; that is for passes that keep logits only.
    ///
    /// # Panics
    /// When a cross attention looks at a stack that did not run before.
    pub fn run(
        &self,
        x: ArrayView2<'_, f32>,
        memory: Option<&mut PartMemory>,
        context: &PartContext<'_>,
    ) -> (Array2<f32>, MixerTrace) {
        let PartContext { place, outputs, keep } = context;
        match self {
            Self::Attention(attention) => {
                let cache = memory.and_then(|memory| match memory {
                    PartMemory::Attention(cache) => Some(cache),
                    PartMemory::None => None,
                });
                let (output, trace) = attend(attention, x, None, cache, place, *keep);
                (output, MixerTrace::Attention(trace))
            }
            Self::CrossAttention { to, attention } => {
                let place = place.looking_at(*to);
                let (output, trace) = attend(attention, x, Some(outputs[*to].view()), None, &place, *keep);
                (output, MixerTrace::CrossAttention(trace))
            }
            Self::FeedForward(part) => {
                let (output, trace) = part.run(x, *keep);
                (output, MixerTrace::FeedForward(trace))
            }
        }
    }

    /// An empty memory for it.
    pub fn memory(&self) -> PartMemory {
        match self {
            Self::Attention(_) => PartMemory::Attention(KeyValueCache::default()),
            Self::CrossAttention { .. } | Self::FeedForward(_) => PartMemory::None,
        }
    }

    /// How many numbers its trace has of `tokens` tokens; `outputs` are the lengths of the stacks
    /// before.
    pub fn numbers_kept(&self, tokens: u64, outputs: &[u64], keep: Keep) -> u64 {
        match self {
            Self::Attention(attention) => attention.numbers_kept(tokens, tokens, keep),
            Self::CrossAttention { to, attention } => {
                attention.numbers_kept(tokens, outputs.get(*to).copied().unwrap_or(0), keep)
            }
            Self::FeedForward(part) => part.numbers_kept(tokens, keep),
        }
    }
}

impl MixerTrace {
    /// Everything that was kept but attention weights, by name.
    pub fn stages(&self) -> Vec<(&'static str, ArrayViewD<'_, f32>)> {
        match self {
            Self::Attention(trace) | Self::CrossAttention(trace) => trace.stages(),
            Self::FeedForward(trace) => trace.stages(),
        }
    }

    /// Its kind, as [`Mixer::name`].
    pub fn name(&self) -> &'static str {
        match self {
            Self::Attention(_) => "attention",
            Self::CrossAttention(_) => "cross",
            Self::FeedForward(_) => "feed_forward",
        }
    }
}
