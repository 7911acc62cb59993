//! Changes made to a pass, always to be shown beside the unchanged one.

use std::collections::{BTreeMap, BTreeSet};

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
    /// By (layer, head); of the encoder or the only stack.
    pub heads: BTreeMap<(usize, usize), HeadChange>,
    /// Tokens that no other token may attend to (they still attend, to themselves too).
    pub hidden_tokens: BTreeSet<usize>,
    /// What is done to positions.
    pub positions: PositionChange,
}

impl Interventions {
    /// Whether nothing is changed.
    pub fn is_empty(&self) -> bool {
        self == &Self::default()
    }

    /// Switches off every head of `layer` but `head` (of `heads`).
    pub fn keep_only(&mut self, layer: usize, head: usize, heads: usize) {
        for other in (0..heads).filter(|&other| other != head) {
            self.heads.insert((layer, other), HeadChange::Zero);
        }
        self.heads.remove(&(layer, head));
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
    /// The layer, for interventions by head; `None` where those do not apply (decoders).
    pub layer: Option<usize>,
    /// What the pass changes.
    pub interventions: &'a Interventions,
    /// Tokens before the first query token, whose keys and values come from a cache.
    pub past: usize,
}

impl Place<'_> {
    /// What is done to `head`.
    pub fn change(&self, head: usize) -> Option<&HeadChange> {
        self.interventions.heads.get(&(self.layer?, head))
    }
}
