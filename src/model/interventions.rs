//! Changes made to a pass, always to be shown beside the unchanged one.

use std::collections::{BTreeMap, BTreeSet};

use super::head_place::{FIRST, HeadPlace, Stack};

/// What is done to one head's output.
#[derive(Debug, Clone, PartialEq)]
pub enum HeadChange {
    /// Its output is zero.
    Zero,
    /// Its output is its own mean over the tokens, at every token.
    Mean,
    /// Its attention map is uniform over what the mask lets through.
    Uniform,
}

/// What is done to positions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum PositionChange {
    /// Nothing.
    #[default]
    Keep,
    /// Token i is told that it stands at the given place; a permutation of 0..T.
    Permute(Vec<usize>),
    /// No token is told where it stands: no table, no rotation, no distance bias.
    Remove,
}

/// Changes made to one pass.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Interventions {
    /// By head, of any attention.
    pub heads: BTreeMap<HeadPlace, HeadChange>,
    /// Tokens of the first stack's text that no other token may attend to, in that stack nor from
    /// another (they still attend, to themselves too).
    pub hidden_tokens: BTreeSet<usize>,
    /// What the tokens of the first stack's text are told about their positions.
    pub positions: PositionChange,
}

impl Interventions {
    /// Whether nothing is changed.
    pub fn is_empty(&self) -> bool {
        self == &Self::default()
    }

    /// Switches off every head of its layer, which has `heads`, but `kept`.
    pub fn keep_only(&mut self, kept: HeadPlace, heads: usize) {
        for head in (0..heads).filter(|&head| head != kept.head) {
            self.heads.insert(HeadPlace { head, ..kept }, HeadChange::Zero);
        }
        self.heads.remove(&kept);
    }

    /// The position that token `index` is told, or `None` when it is told none.
    pub fn position(&self, index: usize) -> Option<usize> {
        match &self.positions {
            PositionChange::Keep => Some(index),
            PositionChange::Permute(places) => Some(places.get(index).copied().unwrap_or(index)),
            PositionChange::Remove => None,
        }
    }
}

/// Where a part stands in a pass.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Which attention it is, and its layer; `None` where there is no name for it.
    pub attention: Option<(Stack, usize)>,
    /// Whether its queries are tokens of the first stack's text.
    pub queries_of_first: bool,
    /// Whether its keys are.
    pub keys_of_first: bool,
    /// What the pass changes.
    pub interventions: &'a Interventions,
    /// Tokens before the first query token, whose keys and values come from a cache.
    pub past: usize,
}

impl<'a> Place<'a> {
    /// That of the parts of block `layer` of stack `index`.
    pub fn of_block(index: usize, layer: usize, interventions: &'a Interventions) -> Self {
        let first = index == FIRST;
        Self {
            attention: Stack::of_own(index).map(|stack| (stack, layer)),
            queries_of_first: first,
            keys_of_first: first,
            interventions,
            past: 0,
        }
    }

    /// That of the attentions that `stack` names, in block `layer`.
    pub fn of_attention(stack: Stack, layer: usize, interventions: &'a Interventions) -> Self {
        let own = Self::of_block(stack.index(), layer, interventions);
        if stack == Stack::Cross { own.looking_at(FIRST) } else { own }
    }

    /// That of the attention to stack `to` in the same block.
    pub fn looking_at(self, to: usize) -> Self {
        let attention = match self.attention {
            Some((Stack::Decoder, layer)) if to == FIRST => Some((Stack::Cross, layer)),
            _ => None,
        };
        Self { attention, keys_of_first: to == FIRST, ..self }
    }

    /// What is done to `head`.
    pub fn change(&self, head: usize) -> Option<&'a HeadChange> {
        let (stack, layer) = self.attention?;
        self.interventions.heads.get(&HeadPlace { stack, layer, head })
    }

    /// The position that token `index` is told, or `None` when it is told none.
    pub fn position(&self, index: usize) -> Option<usize> {
        match self.queries_of_first {
            true => self.interventions.position(index),
            false => Some(index),
        }
    }

    /// The keys, of `keys`, that are hidden from `query`.
    pub fn hidden(&self, query: usize, keys: usize) -> impl Iterator<Item = usize> + use<'a> {
        let Self { queries_of_first, keys_of_first, interventions, .. } = *self;
        let itself = move |key: usize| queries_of_first && key == query;
        let hidden = interventions.hidden_tokens.iter().copied().filter(move |_| keys_of_first);
        hidden.take_while(move |&key| key < keys).filter(move |&key| !itself(key))
    }

    /// Whether every one of `keys` is hidden, from a text that is not theirs.
    pub fn hides_all(&self, keys: usize) -> bool {
        !self.queries_of_first && self.hidden(0, keys).count() == keys
    }
}
