//! How query, key and value are computed, and which rows of which map belong to a head.

use std::ops::Range;

use ndarray::{Array2, Array3, ArrayView2, Axis, s};

use crate::model::linear::Linear;
use crate::model::parameters::{Parameter, Parameters};

/// How query, key and value are computed.
#[derive(Debug, Clone)]
pub enum Projections {
    /// Three maps: `[H E, D]`, `[G E, D]`, `[G E, D]`.
    Separate {
        /// Queries.
        query: Linear,
        /// Keys.
        key: Linear,
        /// Values.
        value: Linear,
    },
    /// One map `[(H + 2 G) E, D]`: all queries, all keys, all values (GPT-2).
    Fused(Linear),
    /// One map `[(H + 2 G) E, D]`: for every key/value head its queries, its key and its value
    /// (GPT-NeoX, BLOOM).
    FusedByHead(Linear),
}

/// What a map makes of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// What a token looks for.
    Query,
    /// What it is found by.
    Key,
    /// What it hands over.
    Value,
}

/// How many heads of each kind, and how large.
#[derive(Debug, Clone, Copy)]
pub(super) struct Heads {
    /// H.
    pub heads: usize,
    /// G.
    pub groups: usize,
    /// E.
    pub size: usize,
}

impl Parameters for Projections {
    fn each<'a>(&'a self, see: &mut dyn FnMut(&'a Parameter)) {
        match self {
            Self::Separate { query, key, value } => [query, key, value].iter().for_each(|map| map.each(see)),
            Self::Fused(all) | Self::FusedByHead(all) => all.each(see),
        }
    }

    fn each_mut(&mut self, change: &mut dyn FnMut(&mut Parameter)) {
        match self {
            Self::Separate { query, key, value } => {
                [query, key, value].into_iter().for_each(|map| map.each_mut(change));
            }
            Self::Fused(all) | Self::FusedByHead(all) => all.each_mut(change),
        }
    }
}

impl Projections {
    /// The map that makes `role` of the stream, and its rows for head `index` (of H for queries, of
    /// G for keys and values).
    pub(super) fn rows(&self, role: Role, index: usize, heads: Heads) -> (&Linear, Range<usize>) {
        let Heads { heads, groups, size } = heads;
        let (map, first) = match self {
            Self::Separate { query, key, value } => {
                let map = match role {
                    Role::Query => query,
                    Role::Key => key,
                    Role::Value => value,
                };
                (map, index)
            }
            Self::Fused(all) => match role {
                Role::Query => (all, index),
                Role::Key => (all, heads + index),
                Role::Value => (all, heads + groups + index),
            },
            Self::FusedByHead(all) => {
                let share = heads / groups.max(1);
                let of_group = |group: usize| group * (share + 2);
                match role {
                    Role::Query => (all, of_group(index / share.max(1)) + index % share.max(1)),
                    Role::Key => (all, of_group(index) + share),
                    Role::Value => (all, of_group(index) + share + 1),
                }
            }
        };
        (map, first * size..(first + 1) * size)
    }

    /// Queries of `x` `[T, D]`, keys and values of `memory` `[S, D]`, as the maps give them: side by
    /// side, `[T, H E]` and twice `[S, G E]`.
    pub(super) fn project(
        &self,
        x: ArrayView2<'_, f32>,
        memory: Option<ArrayView2<'_, f32>>,
        heads: Heads,
    ) -> [Array3<f32>; 3] {
        match self {
            Self::Separate { query, key, value } => {
                let source = memory.unwrap_or(x);
                let cut = |map: &Linear, x, count| split_heads(map.apply(x).view(), count, heads.size);
                [cut(query, x, heads.heads), cut(key, source, heads.groups), cut(value, source, heads.groups)]
            }
            Self::Fused(all) | Self::FusedByHead(all) => {
                let of_x = all.apply(x);
                let of_memory = memory.map(|memory| all.apply(memory));
                let source = of_memory.as_ref().unwrap_or(&of_x);
                let part = |role, from: &Array2<f32>, count| {
                    let mut out = Array3::zeros((count, from.nrows(), heads.size));
                    for (index, mut out) in out.axis_iter_mut(Axis(0)).enumerate() {
                        out.assign(&from.slice(s![.., self.rows(role, index, heads).1]));
                    }
                    out
                };
                [
                    part(Role::Query, &of_x, heads.heads),
                    part(Role::Key, source, heads.groups),
                    part(Role::Value, source, heads.groups),
                ]
            }
        }
    }
}

/// From `[T, heads x E]` to `[heads, T, E]`.
pub(super) fn split_heads(x: ArrayView2<'_, f32>, heads: usize, size: usize) -> Array3<f32> {
    let mut out = Array3::zeros((heads, x.nrows(), size));
    for (head, mut out) in out.axis_iter_mut(Axis(0)).enumerate() {
        out.assign(&x.slice(s![.., head * size..(head + 1) * size]));
    }
    out
}

/// From `[H, T, E]` to `[T, H x E]`.
pub(super) fn side_by_side(heads: &Array3<f32>) -> Array2<f32> {
    let (count, tokens, size) = heads.dim();
    let mut out = Array2::zeros((tokens, count * size));
    for (head, values) in heads.axis_iter(Axis(0)).enumerate() {
        out.slice_mut(s![.., head * size..(head + 1) * size]).assign(&values);
    }
    out
}
