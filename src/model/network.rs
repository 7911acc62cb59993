//! The description of a network, with its weights bound: what every family file produces and the
//! one forward pass consumes.
//!
//! A network is stacks of blocks of parts. Shapes: T tokens, D hidden size, H heads, G key/value
//! heads, E head size, F feed-forward size, V vocabulary.

use std::collections::BTreeMap;
use std::sync::Arc;

pub use super::activation::Activation;
pub use super::block::{Block, Combine, Gain, Part, Reads};
pub use super::fronts::{Front, PatchEmbedding, PixelGrid, TokenEmbedding};
pub use super::head::{Head, LooksAt, Says, Transform};
pub use super::head_place::{DECODER, FIRST};
pub use super::linear::{Layout, Linear};
pub use super::normalisation::{Norm, NormKind};
use super::parameters::{Parameter, Parameters, parameters_in};
pub use super::parts::Mixer;
pub use super::parts::attention::{
    Attention, AttentionPosition, HeadNorm, Mask, Projection, Projections, Role, Shaping,
};
pub use super::parts::convolution::Convolution;
pub use super::parts::experts::Experts;
pub use super::parts::feed_forward::FeedForward;
pub use super::parts::recurrent::{Cell, Direction, Recurrent};
use super::pooler::Pooler;
pub use super::positions::{RelativeBias, Rotary};
use super::shared_space::SharedSpace;
use super::tensor::Tensor;
use super::trajectory::TrajectoryHead;

/// What a network does with its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Sees the whole text; fills in masked tokens.
    Masked,
    /// Sees what came before; predicts the next token.
    Causal,
    /// An encoder reads, a decoder writes.
    EncoderDecoder,
    /// A text or a sound in, classes of it or of its tokens out.
    Classifier,
    /// An image in, a class out.
    Vision,
    /// A trajectory in, what to do next out.
    Trajectory,
}

/// Blocks one after the other, from a front to a stream.
#[derive(Debug, Clone)]
pub struct Stack {
    /// What to call it: "text", "encoder", "decoder", "image".
    pub name: &'static str,
    /// D.
    pub hidden: usize,
    /// What it reads.
    pub front: Front,
    /// Its blocks.
    pub blocks: Vec<Block>,
    /// The norm after the last block.
    pub final_norm: Option<Norm>,
    /// Whether the last state that is recorded is the stream before the final norm (PyTorch's ViT)
    /// rather than after it.
    pub records_before_norm: bool,
    /// Whether transformers lists the stream after each block and then the normed one, and not what goes
    /// into the first (Mamba, RWKV).
    pub lists_after_blocks: bool,
    /// The most tokens that it takes, where it has a limit.
    pub maximum_tokens: Option<usize>,
    /// The longest texts that it learned from, where it takes longer ones: no table of positions ends there.
    pub learned_tokens: Option<usize>,
    /// The token that its text starts with, where it writes what another stack read.
    pub start_token: Option<u32>,
}

parameters_in!(Stack: front, blocks, final_norm);

impl Stack {
    /// A stack without limit, whose last state is recorded after `final_norm`.
    pub fn new(
        name: &'static str,
        hidden: usize,
        front: Front,
        blocks: Vec<Block>,
        final_norm: Option<Norm>,
    ) -> Self {
        Self {
            name,
            hidden,
            front,
            blocks,
            final_norm,
            records_before_norm: false,
            lists_after_blocks: false,
            maximum_tokens: None,
            learned_tokens: None,
            start_token: None,
        }
    }

    /// The same for texts of at most `maximum` tokens: a limit where every position has a row of its own,
    /// else what it learned from.
    pub fn at_most(mut self, maximum: Option<usize>) -> Self {
        match self.front.has_last_position() {
            true => self.maximum_tokens = maximum,
            false => self.learned_tokens = maximum,
        }
        self
    }

    /// What is to be said of a text of `tokens` tokens that is longer than those that it learned from.
    pub fn beyond_what_it_learned(&self, tokens: usize) -> Option<String> {
        let learned = self.learned_tokens.filter(|&learned| tokens > learned)?;
        Some(format!("{tokens} tokens are more than the {learned} that the model learned from"))
    }
}

/// A whole network.
#[derive(Debug, Clone)]
pub struct Network {
    /// The family, as users call it: "GPT-2".
    pub family: &'static str,
    /// What it does.
    pub kind: Kind,
    /// V, or the number of classes; 0 without a head.
    pub outputs: usize,
    /// Its stacks, in the order in which they run; the head reads the last.
    pub stacks: Vec<Stack>,
    /// From the residual stream to logits, where the checkpoint has it.
    pub head: Option<Head>,
    /// From the stream of the last stack to one vector, where the checkpoint has such.
    pub pooler: Option<Pooler>,
    /// From the stream of the last stack to what a trajectory does next, where it reads such.
    pub trajectory_head: Option<TrajectoryHead>,
    /// From the stream of the last stack to the space that it shares with another network, where it has
    /// such.
    pub shared_space: Option<SharedSpace>,
}

parameters_in!(Network: stacks, head, pooler, trajectory_head, shared_space);

impl Network {
    /// A network of `stacks`.
    ///
    /// # Panics
    /// When there is none, or one looks at or starts from a stack that does not run before it.
    pub fn new(family: &'static str, kind: Kind, stacks: Vec<Stack>, head: Option<Head>) -> Self {
        assert!(!stacks.is_empty(), "a network has a stack");
        for (index, stack) in stacks.iter().enumerate() {
            for part in stack.blocks.iter().flat_map(|block| &block.parts) {
                match &part.mixer {
                    Mixer::CrossAttention { to, .. } => {
                        assert!(*to < index, "stack {index} attends to stack {to}, which runs later");
                    }
                    Mixer::Recurrent(Recurrent { starts_from: Some((from, block)), .. }) => {
                        assert!(*from < index, "stack {index} starts from stack {from}, which runs later");
                        assert!(
                            *block < stacks[*from].blocks.len(),
                            "there is no block {block} to start from"
                        );
                    }
                    _ => {}
                }
            }
        }
        let outputs = head.as_ref().map_or(0, Head::outputs);
        Self { family, kind, outputs, stacks, head, pooler: None, trajectory_head: None, shared_space: None }
    }

    fn blocks(&self, stack: usize) -> &[Block] {
        self.stacks.get(stack).map_or(&[], |stack| &stack.blocks)
    }

    /// How many blocks `stack` has; 0 for a stack that is not there.
    pub fn layers(&self, stack: usize) -> usize {
        self.blocks(stack).len()
    }

    /// The attention of block `layer` of `stack` to its own stream.
    pub fn attention(&self, stack: usize, layer: usize) -> Option<&Attention> {
        self.blocks(stack).get(layer)?.attention()
    }

    /// The attention of block `layer` of `stack` to another stack.
    pub fn cross_attention(&self, stack: usize, layer: usize) -> Option<&Attention> {
        self.blocks(stack).get(layer)?.cross_attention()
    }

    /// How many heads the first attention of `stack` has; 0 where none of its blocks attends.
    pub fn heads_of_first(&self, stack: usize) -> usize {
        self.blocks(stack).iter().find_map(Block::attention).map_or(0, |attention| attention.heads)
    }

    /// Whether an attention of the first stack hides later tokens.
    pub fn is_causal(&self) -> bool {
        self.blocks(FIRST).iter().filter_map(Block::attention).any(Attention::is_causal)
    }

    /// D of the first stack.
    pub fn hidden(&self) -> usize {
        self.stacks[FIRST].hidden
    }

    /// The most tokens that the first stack takes, where it has a limit.
    pub fn maximum_tokens(&self) -> Option<usize> {
        self.stacks[FIRST].maximum_tokens
    }

    /// The longest texts that the first stack takes or, where it takes any, learned from.
    pub fn usual_tokens(&self) -> Option<usize> {
        self.stacks[FIRST].maximum_tokens.or(self.stacks[FIRST].learned_tokens)
    }

    /// What the first stack reads.
    pub fn front(&self) -> &Front {
        &self.stacks[FIRST].front
    }

    /// Whether a decoder writes what an encoder read.
    pub fn has_decoder(&self) -> bool {
        self.start_token().is_some()
    }

    /// The token that every output of the decoder starts with.
    pub fn start_token(&self) -> Option<u32> {
        self.stacks.get(DECODER)?.start_token
    }

    /// The stack that the head reads.
    pub fn last_stack(&self) -> &Stack {
        &self.stacks[self.stacks.len() - 1]
    }

    /// The norm after the last block of the last stack.
    pub fn final_norm(&self) -> Option<&Norm> {
        self.last_stack().final_norm.as_ref()
    }

    /// Its parameters by the names of the checkpoint, in the order of the description; one that
    /// several parts hold (a tied output matrix) comes once.
    pub fn parameters(&self) -> Vec<&Parameter> {
        let (mut found, mut seen) = (Vec::new(), std::collections::HashSet::new());
        self.each(&mut |parameter| {
            if seen.insert(Arc::as_ptr(parameter)) {
                found.push(parameter);
            }
        });
        found
    }

    /// How many numbers its parameters have, those that parts share counted once.
    pub fn parameter_count(&self) -> usize {
        self.parameters().into_iter().map(|parameter| parameter.len()).sum()
    }

    /// Every attention of every stack, also those to another stack.
    pub fn attentions_mut(&mut self) -> impl Iterator<Item = &mut Attention> {
        let blocks = self.stacks.iter_mut().flat_map(|stack| &mut stack.blocks);
        blocks.flat_map(|block| &mut block.parts).filter_map(|part| match &mut part.mixer {
            Mixer::Attention(attention) | Mixer::CrossAttention { attention, .. } => Some(attention),
            _ => None,
        })
    }

    /// The parameter of this name.
    pub fn parameter(&self, name: &str) -> Option<&Parameter> {
        self.parameters().into_iter().find(|parameter| parameter.name() == name)
    }

    /// Calls `change` with the name and the numbers of every parameter, each once, in the order of
    /// [`Network::parameters`]. All are taken into memory; those that parts share stay shared.
    pub fn change_parameters(&mut self, mut change: impl FnMut(&str, &mut [f32])) {
        let nothing: Parameter = Arc::new(Tensor::owned("", vec![0], Vec::new()));
        let mut taken: Vec<Parameter> = Vec::new();
        let (mut places, mut held) = (BTreeMap::new(), Vec::new());
        self.each_mut(&mut |parameter| {
            let place = *places.entry(Arc::as_ptr(parameter) as usize).or_insert_with(|| {
                taken.push(Arc::clone(parameter));
                taken.len() - 1
            });
            held.push(place);
            *parameter = Arc::clone(&nothing);
        });
        for parameter in &mut taken {
            let tensor = Arc::make_mut(parameter);
            let name = tensor.name().to_owned();
            change(&name, tensor.numbers_mut());
        }
        let mut held = held.into_iter();
        self.each_mut(&mut |parameter| {
            if let Some(place) = held.next() {
                *parameter = Arc::clone(&taken[place]);
            }
        });
    }
}
