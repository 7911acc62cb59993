//! What a pass over a text costs: operations, steps that wait for each other, memory.

use crate::model::Network;
use crate::model::block::Block;
use crate::model::network::{Attention, Cell};
use crate::model::parameters::{Parameter, Parameters};
use crate::model::parts::Mixer;

/// What a pass over some tokens costs, counted from the description of a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Costs {
    /// Multiplications and additions of all products of matrices (a multiplication with its addition
    /// counts 2), with all scores of attention, also those behind the mask.
    pub operations: u64,
    /// How many steps wait for the one before, one layer after the other: every token of a recurrent
    /// layer, one of any other part (Vaswani et al. 2017, table 1).
    pub steps_in_a_row: u64,
    /// Numbers that the next token needs of those before: keys and values, or states.
    pub kept: u64,
    /// Numbers of all attention maps.
    pub weights: u64,
}

/// The costs of a pass of `network` over a text of `tokens` tokens in every stack. What is counted is
/// blocks and the output map; a network that slides over images is not counted right.
pub fn of_pass(network: &Network, tokens: u64) -> Costs {
    let blocks = network.stacks.iter().flat_map(|stack| &stack.blocks);
    let mut sum = blocks.map(|block| of_block(block, tokens)).fold(Costs::default(), Costs::and);
    if let Some(head) = &network.head {
        sum.operations += 2 * tokens * matrices(head);
        sum.steps_in_a_row += 1;
    }
    sum
}

/// The costs of one block over `tokens` tokens.
pub fn of_block(block: &Block, tokens: u64) -> Costs {
    block.parts.iter().map(|part| of_mixer(&part.mixer, tokens)).fold(Costs::default(), Costs::and)
}

impl Costs {
    fn and(self, other: Self) -> Self {
        Self {
            operations: self.operations + other.operations,
            steps_in_a_row: self.steps_in_a_row + other.steps_in_a_row,
            kept: self.kept + other.kept,
            weights: self.weights + other.weights,
        }
    }
}

fn of_mixer(mixer: &Mixer, tokens: u64) -> Costs {
    let products = Costs { operations: 2 * tokens * matrices(mixer), steps_in_a_row: 1, ..Costs::default() };
    match mixer {
        Mixer::Attention(attention) | Mixer::CrossAttention { attention, .. } => {
            products.and(of_attention(attention, tokens))
        }
        Mixer::Recurrent(layer) => {
            let states = if layer.cell == Cell::Lstm { 2 } else { 1 };
            Costs { steps_in_a_row: tokens, kept: states * layer.size as u64, ..products }
        }
        Mixer::Experts(part) => {
            let asked =
                part.experts.iter().take(part.chosen).map(matrices).sum::<u64>() + matrices(&part.router);
            Costs { operations: 2 * tokens * asked, ..products }
        }
        Mixer::Scan(_) => Costs { steps_in_a_row: tokens, ..products },
        Mixer::FeedForward(_) | Mixer::Convolution(_) => products,
    }
}

/// Scores and weighted values, on top of the projections.
fn of_attention(attention: &Attention, tokens: u64) -> Costs {
    let side = |reach: Option<usize>| reach.map_or(tokens, |reach| reach as u64);
    let near = side(attention.mask.back).saturating_add(1 + attention.mask.sinks as u64);
    let ahead = if attention.mask.back.is_none() { 0 } else { side(attention.mask.ahead) };
    let seen = near.saturating_add(ahead).min(tokens);
    let (heads, size) = (attention.heads as u64, attention.head_size as u64);
    Costs {
        operations: 4 * tokens * seen * heads * size,
        steps_in_a_row: 0,
        kept: 2 * seen * attention.key_value_heads as u64 * size,
        weights: heads * tokens * seen,
    }
}

/// Numbers in matrices, each of which meets every token once.
fn matrices(described: &impl Parameters) -> u64 {
    let mut count = 0;
    described.each(&mut |parameter: &Parameter| {
        if parameter.shape().len() == 2 {
            count += parameter.len() as u64;
        }
    });
    count
}
