//! What an attention is.

use ndarray::Array2;

use super::disentangled::Disentangled;
use super::mask::Mask;
use super::projections::{HeadMap, Heads, Projections, Role};
use crate::model::linear::Linear;
use crate::model::normalisation::Norm;
use crate::model::parameters::{Parameter, Parameters, parameters_in};
use crate::model::positions::{GridBias, RelativeBias, Rotary};

/// Where position enters an attention.
#[derive(Debug, Clone)]
pub enum AttentionPosition {
    /// It does not (it was added to the embeddings, or not at all).
    None,
    /// Queries and keys are rotated (Su et al. 2021).
    Rotary(Rotary),
    /// A penalty of slope x distance a head (Press et al. 2022); one slope a head.
    Alibi(Vec<f32>),
    /// The same written as slope x the key's place, in bfloat16, and scaled as q·k is (Falcon); one slope
    /// a head.
    AlibiOfKeys(Vec<f32>),
    /// A learned bias by bucketed distance (Raffel et al. 2020).
    Relative(RelativeBias),
    /// A learned bias by the way between patches of an image (Bao et al. 2022).
    Grid(GridBias),
    /// Queries and keys meet learned vectors of their distance (He et al. 2021).
    Disentangled(Disentangled),
}

impl Parameters for AttentionPosition {
    fn each<'a>(&'a self, see: &mut dyn FnMut(&'a Parameter)) {
        match self {
            Self::None | Self::Rotary(_) | Self::Alibi(_) | Self::AlibiOfKeys(_) => {}
            Self::Relative(bias) => bias.each(see),
            Self::Grid(bias) => bias.each(see),
            Self::Disentangled(bias) => bias.each(see),
        }
    }

    fn each_mut(&mut self, change: &mut dyn FnMut(&mut Parameter)) {
        match self {
            Self::None | Self::Rotary(_) | Self::Alibi(_) | Self::AlibiOfKeys(_) => {}
            Self::Relative(bias) => bias.each_mut(change),
            Self::Grid(bias) => bias.each_mut(change),
            Self::Disentangled(bias) => bias.each_mut(change),
        }
    }
}

/// A norm over queries or keys, before rotation.
#[derive(Debug, Clone)]
pub enum HeadNorm {
    /// Over each head, with one scale for all, `[E]` (Qwen3).
    EachHead(Norm),
    /// Over each head, with a scale of its own, `[E]` each (StableLM, Cohere).
    OfEach(Vec<Norm>),
    /// Over all heads side by side, `[H E]` or `[G E]` (OLMo 2).
    AllHeads(Norm),
}

impl Parameters for HeadNorm {
    fn each<'a>(&'a self, see: &mut dyn FnMut(&'a Parameter)) {
        match self {
            Self::EachHead(norm) | Self::AllHeads(norm) => norm.each(see),
            Self::OfEach(norms) => norms.each(see),
        }
    }

    fn each_mut(&mut self, change: &mut dyn FnMut(&mut Parameter)) {
        match self {
            Self::EachHead(norm) | Self::AllHeads(norm) => norm.each_mut(change),
            Self::OfEach(norms) => norms.each_mut(change),
        }
    }
}

/// What a map becomes before values are weighed with it (He and Hofmann 2024, eq. 4; Noci et al. 2023):
/// identity I + softmax A - centre C, where C is uniform over what the mask lets through. One number a
/// head each.
#[derive(Debug, Clone)]
pub struct Shaping {
    /// Of I, `[H]`.
    pub identity: Parameter,
    /// Of the map A, `[H]`.
    pub softmax: Parameter,
    /// Of C, `[H]`.
    pub centre: Parameter,
}

parameters_in!(Shaping: identity, softmax, centre);

/// One attention. [`Attention::new`] gives the usual one.
#[derive(Debug, Clone)]
pub struct Attention {
    /// H.
    pub heads: usize,
    /// G; H is a multiple of it.
    pub key_value_heads: usize,
    /// E.
    pub head_size: usize,
    /// What q·k is multiplied by.
    pub scale: f32,
    /// Scores s become c tanh(s/c), before the mask (Gemma 2).
    pub soft_cap: Option<f32>,
    /// Query, key and value.
    pub projections: Projections,
    /// A norm over queries.
    pub query_norm: Option<HeadNorm>,
    /// A norm over keys.
    pub key_norm: Option<HeadNorm>,
    /// What a map becomes before values are weighed with it.
    pub shaping: Option<Shaping>,
    /// From the heads, side by side, back to D; without it they are what it makes.
    pub output: Option<Linear>,
    /// Where position enters.
    pub position: AttentionPosition,
    /// Which tokens a token sees.
    pub mask: Mask,
}

parameters_in!(Attention: projections, query_norm, key_norm, position, shaping, output);

impl Attention {
    /// Scaled by 1/√E, every head with a key and value of its own, no position, no mask.
    pub fn new(
        heads: usize,
        head_size: usize,
        projections: Projections,
        output: impl Into<Option<Linear>>,
    ) -> Self {
        Self {
            heads,
            key_value_heads: heads,
            head_size,
            scale: 1.0 / (head_size as f32).sqrt(),
            soft_cap: None,
            projections,
            query_norm: None,
            key_norm: None,
            shaping: None,
            output: output.into(),
            position: AttentionPosition::None,
            mask: Mask::default(),
        }
    }

    /// The same with another mask.
    pub fn with_mask(mut self, mask: Mask) -> Self {
        self.mask = mask;
        self
    }

    /// The same with another way for position to enter.
    pub fn with_position(mut self, position: AttentionPosition) -> Self {
        self.position = position;
        self
    }

    /// The same with another scale.
    pub fn with_scale(mut self, scale: f32) -> Self {
        self.scale = scale;
        self
    }

    /// Whether no token sees a later one.
    pub fn is_causal(&self) -> bool {
        self.mask.is_causal()
    }

    /// The key/value head that `head` uses: floor(head G / H) (Ainslie et al. 2023).
    pub fn key_value_head(&self, head: usize) -> usize {
        shared_head(head, self.heads, self.key_value_heads)
    }

    /// What makes `role` of the stream for `head` (of H).
    pub fn head_map(&self, role: Role, head: usize) -> HeadMap {
        let index = if role == Role::Query { head } else { self.key_value_head(head) };
        self.projections.head_map(role, index, self.sizes())
    }

    /// What it makes of the heads side by side, `[T, H E]`.
    pub fn join(&self, heads: Array2<f32>) -> Array2<f32> {
        match &self.output {
            Some(output) => output.apply(heads.view()),
            None => heads,
        }
    }

    pub(super) fn sizes(&self) -> Heads {
        Heads { heads: self.heads, groups: self.key_value_heads, size: self.head_size }
    }
}

/// The key-value head that `head` of `heads` shares with its neighbours, where there are so many.
pub(super) fn shared_head(head: usize, heads: usize, key_value_heads: usize) -> usize {
    head / (heads / key_value_heads.max(1)).max(1)
}
