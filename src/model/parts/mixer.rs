//! The list of the kinds of parts.

use std::borrow::Cow;

use ndarray::{Array2, ArrayView2, ArrayViewD, s};

use super::attention::{Attention, AttentionTrace, KeyValueCache, Texts, attend};
use super::context::{PartContext, PartMemory};
use super::convolution::{Convolution, ConvolutionTrace};
use super::experts::{Experts, ExpertsTrace};
use super::feed_forward::{FeedForward, FeedForwardTrace};
use super::recurrent::{Recurrent, RecurrentState, RecurrentTrace};
use super::scan::{Scan, ScanTrace};
use crate::model::gradients::Gradients;
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
    /// Every token for itself, by a few of many.
    Experts(Experts),
    /// Token after token, with a state.
    Recurrent(Recurrent),
    /// Every pixel with its neighbours.
    Convolution(Convolution),
    /// From the first token to the last, without attention.
    Scan(Box<Scan>),
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
    /// Of [`Mixer::Experts`].
    Experts(ExpertsTrace),
    /// Of [`Mixer::Recurrent`].
    Recurrent(RecurrentTrace),
    /// Of [`Mixer::Convolution`].
    Convolution(ConvolutionTrace),
    /// Of [`Mixer::Scan`].
    Scan(ScanTrace),
}

/// What a part passes back.
#[derive(Debug, Clone)]
pub struct MixerGradient {
    /// Of what it saw, `[T, D]`.
    pub input: Array2<f32>,
    /// Of the weighted values of every head, `[H, T, E]`, of an attention.
    pub head_outputs: Option<ndarray::Array3<f32>>,
    /// Of the stream of another stack, with the number of that.
    pub memory: Option<(usize, Array2<f32>)>,
    /// Of the state of a block of another stack that it started from, with the numbers of both.
    pub start: Option<((usize, usize), RecurrentState)>,
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

impl From<Experts> for Mixer {
    fn from(experts: Experts) -> Self {
        Self::Experts(experts)
    }
}

impl From<Recurrent> for Mixer {
    fn from(recurrent: Recurrent) -> Self {
        Self::Recurrent(recurrent)
    }
}

impl From<Convolution> for Mixer {
    fn from(convolution: Convolution) -> Self {
        Self::Convolution(convolution)
    }
}

impl From<Scan> for Mixer {
    fn from(scan: Scan) -> Self {
        Self::Scan(Box::new(scan))
    }
}

impl Parameters for Mixer {
    fn each<'a>(&'a self, see: &mut dyn FnMut(&'a Parameter)) {
        match self {
            Self::Attention(attention) | Self::CrossAttention { attention, .. } => attention.each(see),
            Self::FeedForward(part) => part.each(see),
            Self::Experts(part) => part.each(see),
            Self::Recurrent(part) => part.each(see),
            Self::Convolution(part) => part.each(see),
            Self::Scan(part) => part.each(see),
        }
    }

    fn each_mut(&mut self, change: &mut dyn FnMut(&mut Parameter)) {
        match self {
            Self::Attention(attention) | Self::CrossAttention { attention, .. } => attention.each_mut(change),
            Self::FeedForward(part) => part.each_mut(change),
            Self::Experts(part) => part.each_mut(change),
            Self::Recurrent(part) => part.each_mut(change),
            Self::Convolution(part) => part.each_mut(change),
            Self::Scan(part) => part.each_mut(change),
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
            Self::Experts(_) => "experts",
            Self::Recurrent(_) => "recurrent",
            Self::Convolution(_) => "convolution",
            Self::Scan(part) => part.name(),
        }
    }

    /// What it makes of `x` `[T, D]`, its trace, and where it stopped if it is recurrent. With a
    /// `memory`, what was computed for the tokens before is used and added to; that is for passes that
    /// keep logits only.
    ///
    /// # Panics
    /// When it looks at a stack that did not run before.
    pub fn run(
        &self,
        x: ArrayView2<'_, f32>,
        memory: Option<&mut PartMemory>,
        context: &PartContext<'_>,
    ) -> (Array2<f32>, MixerTrace, Option<RecurrentState>) {
        let PartContext { place, outputs, sequences, keep, .. } = *context;
        match self {
            Self::Attention(attention) => {
                let cache = memory.and_then(PartMemory::cache);
                let texts = Texts { queries: sequences, keys: sequences };
                let (output, trace) = attend(attention, x, None, cache, texts, &place, keep);
                (output, MixerTrace::Attention(trace), None)
            }
            Self::CrossAttention { to, attention } => {
                let place = place.looking_at(*to);
                let texts = Texts { queries: sequences, keys: &outputs[*to].sequences };
                let cache = memory.and_then(PartMemory::cache);
                // What is looked at stays the same: its keys and values are computed for the first token.
                let new = if cache.as_ref().is_some_and(|cache| cache.tokens() > 0) { 0 } else { usize::MAX };
                let stream = &outputs[*to].stream;
                let seen = Some(stream.slice(s![..new.min(stream.nrows()), ..]));
                let (output, trace) = attend(attention, x, seen, cache, texts, &place, keep);
                (output, MixerTrace::CrossAttention(trace), None)
            }
            Self::FeedForward(part) => {
                let (output, trace) = part.run(x, keep);
                (output, MixerTrace::FeedForward(trace), None)
            }
            Self::Experts(part) => {
                let (output, trace) = part.run(x, keep);
                (output, MixerTrace::Experts(trace), None)
            }
            Self::Recurrent(part) => {
                let own = memory.and_then(PartMemory::state);
                let given = part.starts_from.and_then(|(stack, block)| outputs[stack].states[block].as_ref());
                let start = own.as_deref().and_then(Option::as_ref).or(given);
                let (output, trace, last) = part.run(x, start, sequences, keep);
                if let Some(own) = own {
                    *own = Some(last.clone());
                }
                (output, MixerTrace::Recurrent(trace), Some(last))
            }
            Self::Convolution(part) => {
                let (output, trace) = part.run(x, keep);
                (output, MixerTrace::Convolution(trace), None)
            }
            Self::Scan(part) => {
                let (output, trace) = part.run(x, memory.and_then(PartMemory::seen), sequences, keep);
                (output, MixerTrace::Scan(trace), None)
            }
        }
    }

    /// Adds the gradients of its parameters, given that of its output `[T, D]` and, where another
    /// layer started from it, of its last state, for a pass in which nothing was changed. `x` is what
    /// it saw.
    ///
    /// # Panics
    /// When `trace` is not on its tape.
    pub fn backward(
        &self,
        x: ArrayView2<'_, f32>,
        trace: &MixerTrace,
        output: ArrayView2<'_, f32>,
        last: Option<&RecurrentState>,
        context: &PartContext<'_>,
        gradients: &mut Gradients,
    ) -> MixerGradient {
        let PartContext { place, outputs, sequences, .. } = *context;
        let only = |input| MixerGradient { input, head_outputs: None, memory: None, start: None };
        match (self, trace) {
            (Self::Attention(attention), MixerTrace::Attention(trace)) => {
                let texts = Texts { queries: sequences, keys: sequences };
                let found = attention.backward(x, None, trace, output, texts, &place, gradients);
                MixerGradient { head_outputs: Some(found.head_outputs), ..only(found.input) }
            }
            (Self::CrossAttention { to, attention }, MixerTrace::CrossAttention(trace)) => {
                let texts = Texts { queries: sequences, keys: &outputs[*to].sequences };
                let seen = Some(outputs[*to].stream.view());
                let place = place.looking_at(*to);
                let found = attention.backward(x, seen, trace, output, texts, &place, gradients);
                MixerGradient {
                    head_outputs: Some(found.head_outputs),
                    memory: found.memory.map(|memory| (*to, memory)),
                    ..only(found.input)
                }
            }
            (Self::FeedForward(part), MixerTrace::FeedForward(trace)) => {
                only(part.backward(x, trace, output, gradients))
            }
            (Self::Experts(part), MixerTrace::Experts(trace)) => {
                only(part.backward(x, trace, output, gradients))
            }
            (Self::Recurrent(part), MixerTrace::Recurrent(trace)) => {
                let found = part.backward(x, trace, output, last, sequences, gradients);
                MixerGradient { start: part.starts_from.zip(found.start), ..only(found.input) }
            }
            (Self::Convolution(part), MixerTrace::Convolution(trace)) => {
                only(part.backward(x, trace, output, gradients))
            }
            _ => panic!("the tape of a {} is given to a {}", trace.name(), self.name()),
        }
    }

    /// An empty memory for it.
    pub fn memory(&self) -> PartMemory {
        match self {
            Self::Attention(_) | Self::CrossAttention { .. } => {
                PartMemory::Attention(KeyValueCache::default())
            }
            Self::Recurrent(_) => PartMemory::Recurrent(None),
            Self::Scan(_) => PartMemory::Seen(Array2::zeros((0, 0))),
            Self::FeedForward(_) | Self::Experts(_) | Self::Convolution(_) => PartMemory::None,
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
            Self::Experts(part) => part.numbers_kept(tokens, keep),
            Self::Recurrent(part) => part.numbers_kept(tokens, keep),
            Self::Convolution(part) => part.numbers_kept(tokens, keep),
            Self::Scan(part) => part.numbers_kept(tokens, keep),
        }
    }
}

impl PartMemory {
    fn cache(&mut self) -> Option<&mut KeyValueCache> {
        match self {
            Self::Attention(cache) => Some(cache),
            Self::Recurrent(_) | Self::Seen(_) | Self::None => None,
        }
    }

    fn seen(&mut self) -> Option<&mut Array2<f32>> {
        match self {
            Self::Seen(rows) => Some(rows),
            Self::Attention(_) | Self::Recurrent(_) | Self::None => None,
        }
    }

    fn state(&mut self) -> Option<&mut Option<RecurrentState>> {
        match self {
            Self::Recurrent(state) => Some(state),
            Self::Attention(_) | Self::Seen(_) | Self::None => None,
        }
    }
}

impl MixerTrace {
    /// Everything that was kept but attention weights and what the part made, by name.
    pub fn stages(&self) -> Vec<(Cow<'static, str>, ArrayViewD<'_, f32>)> {
        let named = |stages: Vec<(&'static str, _)>| {
            stages.into_iter().map(|(name, stage)| (Cow::Borrowed(name), stage)).collect()
        };
        match self {
            Self::Attention(trace) | Self::CrossAttention(trace) => named(trace.stages()),
            Self::FeedForward(trace) => named(trace.stages()),
            Self::Experts(trace) => trace.stages(),
            Self::Recurrent(trace) => trace.stages(),
            Self::Convolution(trace) => named(trace.stages()),
            Self::Scan(trace) => {
                trace.state.iter().map(|state| (Cow::Borrowed("state"), state.view().into_dyn())).collect()
            }
        }
    }

    /// Its kind, as [`Mixer::name`].
    pub fn name(&self) -> &'static str {
        match self {
            Self::Attention(_) => "attention",
            Self::CrossAttention(_) => "cross",
            Self::FeedForward(_) => "feed_forward",
            Self::Experts(_) => "experts",
            Self::Recurrent(_) => "recurrent",
            Self::Convolution(_) => "convolution",
            Self::Scan(trace) => trace.name,
        }
    }
}
