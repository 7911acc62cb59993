//! The one forward pass, for every network.

use std::time::Instant;

use ndarray::{Array2, ArrayView2, ArrayView3, Axis};

use super::dropout::Dropout;
use super::error::{ModelError, Result};
use super::fronts::Feed;
use super::interventions::{Interventions, Place};
use super::network::{FIRST, Network, Stack};
use super::normalisation::normalise;
use super::parts::{PartContext, StackOutput};
use super::sequences::Sequences;
use super::trace::{Keep, Pooled, StackTrace, Trace, bytes_needed};
use super::trajectory::Trajectory;
use crate::copies::copy;
use crate::progress::Progress;

/// What goes into a pass.
#[derive(Debug, Clone)]
pub enum Input<'a> {
    /// Token ids. A decoder gets them too, behind its start token.
    Tokens(&'a [u32]),
    /// Token ids and the type of each: 0 for those of a first text, 1 for those of a second.
    Typed(&'a [u32], &'a [u32]),
    /// The encoder's token ids and the decoder's.
    Pair(&'a [u32], &'a [u32]),
    /// A normalised image `[C, side, side]`.
    Image(ArrayView3<'a, f32>),
    /// A sound `[channels, steps]`.
    Sound(ArrayView2<'a, f32>),
    /// A trajectory.
    Trajectory(&'a Trajectory),
    /// Something for every stack.
    Each(Vec<Feed<'a>>),
}

/// How a pass is to be made.
#[derive(Debug, Clone)]
pub struct PassOptions {
    /// What is kept.
    pub keep: Keep,
    /// What is changed.
    pub interventions: Interventions,
    /// The largest trace that is made, in bytes.
    pub memory_limit: u64,
    /// Whether logits are computed for the last token only.
    pub last_logits_only: bool,
    /// What is left out of what the parts make, while a network learns.
    pub dropout: Dropout,
}

impl Default for PassOptions {
    fn default() -> Self {
        Self {
            keep: Keep::Everything,
            interventions: Interventions::default(),
            memory_limit: 4 << 30,
            last_logits_only: false,
            dropout: Dropout::default(),
        }
    }
}

/// Runs `network` on `input` and keeps what `options` ask for. Progress counts blocks.
///
/// # Errors
/// [`ModelError::Request`] when the input does not fit the network (a text too long, a token id
/// outside the vocabulary, an image of another size), [`ModelError::TraceTooLarge`],
/// [`ModelError::Cancelled`].
pub fn forward(
    network: &Network,
    input: &Input<'_>,
    options: &PassOptions,
    progress: &Progress,
) -> Result<Trace> {
    on_a_worker(|| run(network, input, None, options, progress))
}

/// Does `work` on one of the threads that share it: from elsewhere every product would wait to be handed
/// over, which takes longer than a small one.
pub(super) fn on_a_worker<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    rayon::scope(|_| work())
}

/// Where a pass begins that has its first layers from another.
#[derive(Debug, Clone, Copy)]
pub struct Beginning<'a> {
    /// The first layer that is run.
    pub layer: usize,
    /// The residual stream before it, `[T, D]`.
    pub stream: &'a Array2<f32>,
}

/// As [`forward`], of one stack from a layer on: with the stream that an equal pass kept there it gives
/// the same numbers. The trace has what these layers computed and nothing of those before.
///
/// # Errors
/// As [`forward`]; a network of several stacks.
pub fn forward_from(
    network: &Network,
    input: &Input<'_>,
    beginning: Beginning<'_>,
    options: &PassOptions,
    progress: &Progress,
) -> Result<Trace> {
    if network.stacks.len() != 1 {
        let family = network.family;
        return Err(ModelError::Request(format!(
            "{family} has several stacks, which run from the first layer"
        )));
    }
    on_a_worker(|| run(network, input, Some(beginning), options, progress))
}

fn run(
    network: &Network,
    input: &Input<'_>,
    beginning: Option<Beginning<'_>>,
    options: &PassOptions,
    progress: &Progress,
) -> Result<Trace> {
    let shifted = Feeds::shifted(network, input);
    let feeds = Feeds::of(network, input, &shifted)?;
    let keep = options.keep;
    let sequences = feeds.sequences(network);
    let lengths: Vec<usize> = sequences.iter().map(Sequences::longest).collect();
    // Maps have as many columns as the longest text.
    let texts = sequences.iter().map(Sequences::count).max().unwrap_or(1) as u64;
    let needed = texts * bytes_needed(network, &lengths, keep);
    if needed > options.memory_limit {
        return Err(ModelError::TraceTooLarge {
            tokens: lengths[FIRST],
            needed,
            limit: options.memory_limit,
        });
    }
    let start = Instant::now();
    progress.start(network.stacks.iter().map(|stack| stack.blocks.len() as u64).sum());
    let mut trace = Trace { dropout: options.dropout, ..Trace::default() };
    let mut outputs = Vec::<StackOutput>::new();
    for (index, (stack, feed)) in network.stacks.iter().zip(&feeds.feeds).enumerate() {
        let run = StackRun { family: network.family, stack, index, beginning, options };
        let (output, stack_trace) = run.run(feed, &outputs, progress)?;
        trace.stacks.push(stack_trace);
        outputs.push(output);
    }
    if let (Some(head), Some(last)) = (&network.head, outputs.last()) {
        let (logits, head_trace) = head.run(&last.stream, &last.sequences, options.last_logits_only, keep);
        (trace.logits, trace.head) = (Some(logits), head_trace);
    }
    if let (Some(pooler), Some(last)) = (&network.pooler, outputs.last()) {
        trace.pooled =
            Some(Pooled { stream: last.stream.clone(), vectors: pooler.run(&last.stream, &last.sequences) });
    }
    if let (Some(head), Some(last)) = (&network.trajectory_head, outputs.last()) {
        trace.foreseen = Some(head.run(&last.stream));
    }
    if let (Some(space), Some(last), Some(stack)) =
        (&network.shared_space, outputs.last(), trace.stacks.last())
    {
        trace.shared = Some(space.run(&last.stream, &last.sequences, &stack.tokens));
    }
    outputs.pop();
    if keep != Keep::Logits {
        for (stack, output) in trace.stacks.iter_mut().zip(outputs) {
            stack.output = Some(output.stream);
        }
    }
    tracing::debug!(family = network.family, ?lengths, ?keep, needed, time = ?start.elapsed(), "passed");
    Ok(trace)
}

/// What each stack of a network is given.
pub(super) struct Feeds<'a> {
    /// One a stack.
    pub feeds: Vec<Feed<'a>>,
}

impl<'a> Feeds<'a> {
    /// A decoder's input where only the text is given: its start token, then the text without its last
    /// token.
    pub(super) fn shifted(network: &Network, input: &Input<'_>) -> Vec<u32> {
        match (input, network.start_token()) {
            (Input::Tokens(ids), Some(start)) => {
                std::iter::once(start).chain(ids.iter().copied()).take(ids.len()).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Of `input`; `shifted` is what [`Feeds::shifted`] gave.
    pub(super) fn of(network: &Network, input: &'a Input<'_>, shifted: &'a [u32]) -> Result<Self> {
        let given = match input {
            Input::Tokens(ids) if network.has_decoder() => vec![Feed::Tokens(ids), Feed::Tokens(shifted)],
            // A network that only reads has no use for the second text.
            Input::Pair(ids, _) if network.stacks.len() == 1 => vec![Feed::Tokens(ids)],
            Input::Pair(ids, decoder) => vec![Feed::Tokens(ids), Feed::Tokens(decoder)],
            Input::Tokens(ids) => vec![Feed::Tokens(ids)],
            Input::Typed(ids, types) if network.stacks.len() == 1 => vec![Feed::Typed(ids, types)],
            Input::Typed(ids, _) => vec![Feed::Tokens(ids)],
            Input::Image(image) => vec![Feed::Image(image.view())],
            Input::Sound(sound) => vec![Feed::Sound(sound.view())],
            Input::Trajectory(trajectory) => vec![Feed::Trajectory(trajectory)],
            Input::Each(feeds) => feeds.iter().map(Feed::view).collect(),
        };
        if given.len() == network.stacks.len() {
            return Ok(Self { feeds: given });
        }
        let names: Vec<&str> = network.stacks.iter().map(|stack| stack.name).collect();
        Err(ModelError::Request(format!(
            "{} reads {} inputs ({}), but {} were given",
            network.family,
            names.len(),
            names.join(", "),
            given.len()
        )))
    }

    /// Where the texts of every stack lie in its rows.
    pub(super) fn sequences(&self, network: &Network) -> Vec<Sequences> {
        network.stacks.iter().zip(&self.feeds).map(|(stack, feed)| stack.front.sequences(feed)).collect()
    }

    /// The texts of `stack`; none of images.
    pub(super) fn texts(&self, stack: usize) -> Vec<&[u32]> {
        self.feeds.get(stack).and_then(Feed::texts).unwrap_or_default()
    }
}

/// One stack of a pass.
struct StackRun<'a> {
    family: &'static str,
    stack: &'a Stack,
    index: usize,
    beginning: Option<Beginning<'a>>,
    options: &'a PassOptions,
}

impl StackRun<'_> {
    /// Its output `[T, D]` and its trace; `outputs` are those of the stacks before.
    fn run(
        &self,
        feed: &Feed<'_>,
        outputs: &[StackOutput],
        progress: &Progress,
    ) -> Result<(StackOutput, StackTrace)> {
        let (stack, keep, changes) = (self.stack, self.options.keep, &self.options.interventions);
        let keep_states = matches!(keep, Keep::Weights | Keep::Everything);
        let sequences = stack.front.sequences(feed);
        check_length(stack, sequences.longest())?;
        let mut states = Vec::new();
        let unchanged = Interventions::default();
        let told = if self.index == FIRST { changes } else { &unchanged };
        let mut trace = StackTrace::default();
        let mut x = match self.beginning {
            Some(beginning) => beginning.stream.clone(),
            None => {
                let (stream, front) = stack.front.embed(feed, told, keep, self.family)?;
                trace.front = front;
                stream
            }
        };
        let first = self.beginning.map_or(0, |beginning| beginning.layer);
        trace.tokens = feed.texts().unwrap_or_default().concat();
        for (layer, block) in stack.blocks.iter().enumerate().skip(first) {
            progress.check()?;
            if keep_states {
                trace.hidden_states.push(copy(&x));
            }
            let place = Place::of_block(self.index, layer, changes);
            let dropout = self.options.dropout.at(self.index).at(layer);
            let context = PartContext { place, outputs, sequences: &sequences, keep, dropout };
            let (after, mut block_trace) = block.run(x, None, &context);
            x = after;
            states.push(block_trace.state.take());
            if keep != Keep::Logits {
                trace.blocks.push(block_trace);
            }
            progress.advance(1);
        }
        if keep_states && stack.records_before_norm {
            trace.hidden_states.push(copy(&x));
        }
        trace.lists_after_blocks = stack.lists_after_blocks;
        trace.unnormed = (keep == Keep::Tape || keep_states && stack.lists_after_blocks).then(|| x.clone());
        if let Some(norm) = &stack.final_norm {
            normalise(norm, &mut x);
        }
        if keep_states && !stack.records_before_norm {
            trace.hidden_states.push(copy(&x));
        }
        Ok((StackOutput { stream: x, sequences, states }, trace))
    }
}

pub(super) fn check_length(stack: &Stack, tokens: usize) -> Result<()> {
    match stack.maximum_tokens {
        Some(maximum) if tokens > maximum => Err(ModelError::Request(format!(
            "the text has {tokens} tokens, but this model has positions for {maximum}; shorten it"
        ))),
        _ => Ok(()),
    }
}

/// What the stacks of `network` before the last make of `feeds`, one each.
pub(super) fn run_stacks(
    network: &Network,
    feeds: &[Feed<'_>],
    progress: &Progress,
) -> Result<Vec<StackOutput>> {
    let options = PassOptions { keep: Keep::Logits, ..PassOptions::default() };
    on_a_worker(|| {
        let mut outputs = Vec::new();
        for (index, (stack, feed)) in network.stacks.iter().zip(feeds).enumerate() {
            let run = StackRun { family: network.family, stack, index, beginning: None, options: &options };
            let (output, _) = run.run(feed, &outputs, progress)?;
            outputs.push(output);
        }
        Ok(outputs)
    })
}

/// The mean of the last hidden state over all tokens, of length 1: the sentence vector of
/// sentence-transformers models. `None` when nothing was kept.
pub fn sentence_vector(trace: &Trace) -> Option<ndarray::Array1<f32>> {
    let mean = trace.hidden_states().last()?.mean_axis(Axis(0))?;
    let norm = mean.dot(&mean).sqrt();
    Some(if norm > 0.0 { mean / norm } else { mean })
}
