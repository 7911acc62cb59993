//! What a part is given besides its input.

use ndarray::Array2;

use super::attention::KeyValueCache;
use super::recurrent::RecurrentState;
use crate::model::dropout::Dropout;
use crate::model::interventions::Place;
use crate::model::keep::Keep;
use crate::model::sequences::Sequences;

/// What a part needs to know of the pass besides its input.
#[derive(Debug, Clone, Copy)]
pub struct PartContext<'a> {
    /// Where it stands.
    pub place: Place<'a>,
    /// What the stacks that ran before made.
    pub outputs: &'a [StackOutput],
    /// Where one text ends and the next begins in the part's input.
    pub sequences: &'a Sequences,
    /// What is kept.
    pub keep: Keep,
    /// What is left out of what it makes.
    pub dropout: Dropout,
}

/// What a stack made, for those that run after it.
#[derive(Debug, Clone)]
pub struct StackOutput {
    /// The stream after the last norm, `[S, D]`.
    pub stream: Array2<f32>,
    /// Where one text ends and the next begins in it.
    pub sequences: Sequences,
    /// Where the recurrent layer of every block stopped, where it has one.
    pub states: Vec<Option<RecurrentState>>,
}

impl StackOutput {
    /// The output of a pass over one text that has no recurrent layer.
    pub fn of_one_text(stream: Array2<f32>) -> Self {
        let sequences = Sequences::one(stream.nrows());
        Self { stream, sequences, states: Vec::new() }
    }
}

/// What a part remembers of the tokens before, when a text is continued token by token.
#[derive(Debug, Clone)]
pub enum PartMemory {
    /// Nothing: it looks at one token at a time, or at what does not change.
    None,
    /// Keys and values of an attention.
    Attention(KeyValueCache),
    /// Where a recurrent layer stopped; `None` before the first token.
    Recurrent(Option<RecurrentState>),
    /// All rows that a scan has seen, `[T, D]`: it goes through them again.
    Seen(Array2<f32>),
}
