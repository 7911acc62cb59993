//! The one backward pass, for every network: from the gradient of the logits to those of parameters
//! and streams, part by part in reverse over what the forward pass kept
//! ([`Keep::Tape`](super::keep::Keep)).

use ndarray::{Array2, Array3, ArrayView2};

use super::error::{ModelError, Result};
use super::forward::{Feeds, Input};
use super::gradients::Gradients;
use super::interventions::{Interventions, Place};
use super::keep::Keep;
use super::network::Network;
use super::parts::recurrent::RecurrentState;
use super::parts::{Mixer, MixerGradient, PartContext, StackOutput};
use super::sequences::Sequences;
use super::trace::Trace;

/// The gradients of what a pass computed, stack by stack.
#[derive(Debug, Clone, Default)]
pub struct ActivationGradients {
    /// One entry a stack.
    pub stacks: Vec<StackGradients>,
}

/// Those of one stack.
#[derive(Debug, Clone, Default)]
pub struct StackGradients {
    /// Of what every token has of its own, `[T, D or less]`; none of patches.
    pub front: Option<Array2<f32>>,
    /// Of the stream `[T, D]`: before every block, then after the last, before the final norm.
    pub streams: Vec<Array2<f32>>,
    /// Of the weighted values of the heads `[H, T, E]`: block by block, one entry a part.
    pub head_outputs: Vec<Vec<Option<Array3<f32>>>>,
}

/// Adds the gradients of `network`'s parameters, given that of the logits `[T, V]` of a pass over
/// `input` in which nothing was changed. Those of streams and heads are written to `activations`
/// where that is given.
///
/// # Errors
/// Those of [`forward`](super::forward::forward), which made the trace; a network with a
/// [`Scan`](super::parts::scan::Scan), or one that hears sounds.
///
/// # Panics
/// When `trace` is not a tape of `input`.
pub fn backward(
    network: &Network,
    input: &Input<'_>,
    trace: &Trace,
    logits: ArrayView2<'_, f32>,
    gradients: &mut Gradients,
    activations: Option<&mut ActivationGradients>,
) -> Result<()> {
    let mut parts = network.stacks.iter().flat_map(|stack| &stack.blocks).flat_map(|block| &block.parts);
    let fronts = network.stacks.iter().all(|stack| stack.front.has_gradients());
    if !fronts || parts.any(|part| matches!(part.mixer, Mixer::Scan(_))) {
        return Err(ModelError::Request(format!(
            "{} has parts that gradients are not carried through here, so nothing can be learned or attributed",
            network.family
        )));
    }
    let shifted = Feeds::shifted(network, input);
    let feeds = Feeds::of(network, input, &shifted)?;
    let sequences: Vec<Sequences> = feeds.sequences(network);
    let mut pass =
        Pass { network, trace, of_outputs: Vec::new(), of_states: Vec::new(), outputs: Vec::new() };
    for (index, stack) in network.stacks.iter().enumerate() {
        pass.of_outputs.push(None);
        pass.of_states.push(vec![None; stack.blocks.len()]);
        if let Some(stream) = &trace.stacks[index].output {
            let sequences = sequences[index].clone();
            pass.outputs.push(StackOutput { stream: stream.clone(), sequences, states: Vec::new() });
        }
    }
    if let Some(head) = &network.head {
        let last = network.stacks.len() - 1;
        let size = (sequences[last].rows(), network.last_stack().hidden);
        pass.of_outputs[last] = Some(head.backward(&trace.head, logits, size, gradients));
    }
    let mut kept = Vec::new();
    for index in (0..network.stacks.len()).rev() {
        let (stream, found) = pass.run_stack(index, &sequences[index], gradients, activations.is_some());
        let stack = &network.stacks[index];
        let front = stack.front.backward(&feeds.feeds[index], &trace.stacks[index].front, stream, gradients);
        kept.push(StackGradients { front, ..found });
    }
    if let Some(activations) = activations {
        kept.reverse();
        activations.stacks = kept;
    }
    Ok(())
}

struct Pass<'a> {
    network: &'a Network,
    trace: &'a Trace,
    /// Of what every stack made.
    of_outputs: Vec<Option<Array2<f32>>>,
    /// Of where the recurrent layer of every block of every stack stopped.
    of_states: Vec<Vec<Option<RecurrentState>>>,
    outputs: Vec<StackOutput>,
}

impl Pass<'_> {
    /// The gradient of the stream before the first block, and what is kept of the others.
    fn run_stack(
        &mut self,
        index: usize,
        sequences: &Sequences,
        gradients: &mut Gradients,
        keep: bool,
    ) -> (Array2<f32>, StackGradients) {
        let (stack, trace) = (&self.network.stacks[index], &self.trace.stacks[index]);
        let unnormed = trace.unnormed.as_ref().expect("the pass kept a tape");
        let mut stream = self.of_outputs[index].take().unwrap_or_else(|| Array2::zeros(unnormed.raw_dim()));
        if let Some(norm) = &stack.final_norm {
            norm.backward(unnormed, &mut stream, gradients);
        }
        let mut kept = StackGradients::default();
        let unchanged = Interventions::default();
        for (layer, block) in stack.blocks.iter().enumerate().rev() {
            if keep {
                kept.streams.push(stream.clone());
            }
            let last = self.of_states[index][layer].take();
            let place = Place::of_block(index, layer, &unchanged);
            let dropout = self.trace.dropout.at(index).at(layer);
            let outputs = &self.outputs;
            let context = PartContext { place, outputs, sequences, keep: Keep::Tape, dropout };
            let found = block.backward(&trace.blocks[layer], stream, last.as_ref(), &context, gradients);
            stream = found.stream;
            let mut heads = Vec::new();
            for part in found.parts {
                heads.push(self.pass_on(part));
            }
            if keep {
                kept.head_outputs.push(heads);
            }
        }
        if keep {
            kept.streams.push(stream.clone());
        }
        kept.streams.reverse();
        kept.head_outputs.reverse();
        (stream, kept)
    }

    /// Hands what a part owes to other stacks to them; returns what its heads get.
    fn pass_on(&mut self, part: MixerGradient) -> Option<Array3<f32>> {
        if let Some((to, memory)) = part.memory {
            match &mut self.of_outputs[to] {
                Some(sum) => *sum += &memory,
                none => *none = Some(memory),
            }
        }
        if let Some(((stack, block), start)) = part.start {
            match &mut self.of_states[stack][block] {
                Some(sum) => {
                    sum.hidden += &start.hidden;
                    if let (Some(sum), Some(cell)) = (&mut sum.cell, &start.cell) {
                        *sum += cell;
                    }
                }
                none => *none = Some(start),
            }
        }
        part.head_outputs
    }
}
