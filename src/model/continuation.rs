//! A text that grows token by token: what was computed for the tokens before is kept.

use ndarray::Array2;

use super::dropout::Dropout;
use super::error::{ModelError, Result};
use super::forward::{check_length, on_a_worker, run_stacks};
use super::fronts::{Feed, TokenEmbedding};
use super::interventions::{Interventions, Place};
use super::keep::Keep;
use super::network::{Block, Front, Head, Network, Stack};
use super::normalisation::normalise;
use super::parts::{PartContext, PartMemory, StackOutput};
use super::sequences::Sequences;
use crate::progress::Progress;

/// A text that the last stack of a network writes, after what the stacks before it read.
pub struct Continuation<'a> {
    stack: &'a Stack,
    index: usize,
    front: &'a TokenEmbedding,
    head: &'a Head,
    /// What the stacks before made.
    outputs: Vec<StackOutput>,
    /// What the parts of every block remember.
    memories: Vec<Vec<PartMemory>>,
    /// How many tokens there are.
    past: usize,
}

impl<'a> Continuation<'a> {
    /// An empty text of `network`, whose stacks before the last read `feeds`.
    ///
    /// # Errors
    /// [`ModelError::Request`] for a network that does not write text or predicts nothing, or what does not
    /// fit it; [`ModelError::Cancelled`].
    pub fn new(network: &'a Network, feeds: &[Feed<'_>], progress: &Progress) -> Result<Self> {
        let stack = network.last_stack();
        let Front::Tokens(front) = &stack.front else {
            return Err(ModelError::Request(format!("{} does not generate text", network.family)));
        };
        let Some(head) = &network.head else {
            return Err(ModelError::Request(
                "this checkpoint has no output matrix, so it predicts nothing".into(),
            ));
        };
        let index = network.stacks.len() - 1;
        if feeds.len() != index {
            return Err(ModelError::Request(format!(
                "{} reads {index} inputs before it writes, but {} were given",
                network.family,
                feeds.len()
            )));
        }
        let outputs = run_stacks(network, feeds, progress)?;
        let memories = stack.blocks.iter().map(Block::memories).collect();
        Ok(Self { stack, index, front, head, outputs, memories, past: 0 })
    }

    /// Adds further `tokens` and returns the logits of the last one `[1, V]`.
    ///
    /// # Errors
    /// [`ModelError::Request`] for a text too long, a token id outside the vocabulary.
    pub fn add(&mut self, tokens: &[u32]) -> Result<Array2<f32>> {
        check_length(self.stack, self.past + tokens.len())?;
        let (x, _) = self.front.embed(&[tokens], &[], self.past, &Interventions::default(), Keep::Logits)?;
        let logits = on_a_worker(|| self.last_logits(x));
        self.past += tokens.len();
        Ok(logits)
    }

    /// What the head makes of the last row of the stream `x` `[T, D]` before the first block.
    fn last_logits(&mut self, mut x: Array2<f32>) -> Array2<f32> {
        let interventions = Interventions::default();
        let sequences = Sequences::one(x.nrows());
        for (layer, (block, memories)) in self.stack.blocks.iter().zip(&mut self.memories).enumerate() {
            let place = Place { past: self.past, ..Place::of_block(self.index, layer, &interventions) };
            let context = PartContext {
                place,
                outputs: &self.outputs,
                sequences: &sequences,
                keep: Keep::Logits,
                dropout: Dropout::default(),
            };
            x = block.run(x, Some(memories), &context).0;
        }
        if let Some(norm) = &self.stack.final_norm {
            normalise(norm, &mut x);
        }
        self.head.logits(&x, true)
    }
}
