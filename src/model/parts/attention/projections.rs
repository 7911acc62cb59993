//! How query, key and value are computed, and which rows of which map belong to a head.

use std::ops::Range;

use ndarray::{Array1, Array2, Array3, ArrayView2, Axis, s};
use rayon::prelude::*;

use crate::elementary::dot;
use crate::model::gradients::Gradients;
use crate::model::linear::Linear;
use crate::model::parameters::{Parameter, Parameters};

/// How query, key and value are computed.
#[derive(Debug, Clone)]
pub enum Projections {
    /// One for each: `[H E, D]`, `[G E, D]`, `[G E, D]`.
    Separate {
        /// Queries.
        query: Projection,
        /// Keys.
        key: Projection,
        /// Values.
        value: Projection,
    },
    /// One map `[(H + 2 G) E, D]`: all queries, all keys, all values (GPT-2).
    Fused(Linear),
    /// One map `[(H + 2 G) E, D]`: for every key/value head its queries, its key and its value
    /// (GPT-NeoX, BLOOM).
    FusedByHead(Linear),
    /// One map `[3 H E, D]` in so many parts, each with the queries, values and keys of its share of the
    /// heads (CodeGen, which was cut for as many machines).
    FusedInParts(Linear, usize),
}

/// How one of the three is computed.
#[derive(Debug, Clone)]
pub enum Projection {
    /// The stream itself: head h has columns h E to (h + 1) E.
    Identity,
    /// A map.
    Map(Linear),
    /// Both, weighed (He and Hofmann 2024, eq. 6).
    Mixed {
        /// Of the stream itself, `[1]`.
        identity_gain: Parameter,
        /// Of the map, `[1]`.
        map_gain: Parameter,
        /// The map.
        map: Linear,
    },
}

impl From<Linear> for Projection {
    fn from(map: Linear) -> Self {
        Self::Map(map)
    }
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

/// From the stream to what one head has of a token.
#[derive(Debug, Clone, PartialEq)]
pub struct HeadMap {
    /// `[E, D]`.
    pub weight: Array2<f32>,
    /// `[E]`.
    pub bias: Option<Array1<f32>>,
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

impl Parameters for Projection {
    fn each<'a>(&'a self, see: &mut dyn FnMut(&'a Parameter)) {
        match self {
            Self::Identity => {}
            Self::Map(map) => map.each(see),
            Self::Mixed { identity_gain, map_gain, map } => {
                [identity_gain, map_gain].into_iter().for_each(&mut *see);
                map.each(see);
            }
        }
    }

    fn each_mut(&mut self, change: &mut dyn FnMut(&mut Parameter)) {
        match self {
            Self::Identity => {}
            Self::Map(map) => map.each_mut(change),
            Self::Mixed { identity_gain, map_gain, map } => {
                [identity_gain, map_gain].into_iter().for_each(&mut *change);
                map.each_mut(change);
            }
        }
    }
}

impl Parameters for Projections {
    fn each<'a>(&'a self, see: &mut dyn FnMut(&'a Parameter)) {
        match self {
            Self::Separate { query, key, value } => [query, key, value].iter().for_each(|map| map.each(see)),
            Self::Fused(all) | Self::FusedByHead(all) | Self::FusedInParts(all, _) => all.each(see),
        }
    }

    fn each_mut(&mut self, change: &mut dyn FnMut(&mut Parameter)) {
        match self {
            Self::Separate { query, key, value } => {
                [query, key, value].into_iter().for_each(|map| map.each_mut(change));
            }
            Self::Fused(all) | Self::FusedByHead(all) | Self::FusedInParts(all, _) => all.each_mut(change),
        }
    }
}

impl Projection {
    fn apply(&self, x: ArrayView2<'_, f32>) -> Array2<f32> {
        match self {
            Self::Identity => x.to_owned(),
            Self::Map(map) => map.apply(x),
            Self::Mixed { identity_gain, map_gain, map } => {
                let mut mapped = map.apply(x);
                mapped *= number(map_gain);
                mapped.scaled_add(number(identity_gain), &x);
                mapped
            }
        }
    }

    /// Adds the gradients of its parameters and that of `x`, given that of what it made.
    fn backward(
        &self,
        x: ArrayView2<'_, f32>,
        output: Array2<f32>,
        input: &mut Array2<f32>,
        gradients: &mut Gradients,
    ) {
        match self {
            Self::Identity => *input += &output,
            Self::Map(map) => map.backward(x, output.view(), Some(input), gradients),
            Self::Mixed { identity_gain, map_gain, map } => {
                let mut output = output;
                let along = |other: ArrayView2<'_, f32>| sum_of_products(output.view(), other);
                gradients.of_mut(identity_gain)[0] += along(x);
                gradients.of_mut(map_gain)[0] += along(map.apply(x).view());
                input.scaled_add(number(identity_gain), &output);
                output *= number(map_gain);
                map.backward(x, output.view(), Some(input), gradients);
            }
        }
    }

    /// The rows of head `index` of `count`, each of `size` numbers.
    fn head_map(&self, index: usize, count: usize, size: usize) -> HeadMap {
        let first = index * size;
        let identity = || {
            let mut identity = Array2::zeros((size, count * size));
            (0..size).for_each(|row| identity[[row, first + row]] = 1.0);
            identity
        };
        match self {
            Self::Identity => HeadMap { weight: identity(), bias: None },
            Self::Map(map) => rows_of(map, first..first + size),
            Self::Mixed { identity_gain, map_gain, map } => {
                let mut rows = rows_of(map, first..first + size);
                rows.weight *= number(map_gain);
                rows.weight.scaled_add(number(identity_gain), &identity());
                HeadMap { bias: rows.bias.map(|bias| bias * number(map_gain)), ..rows }
            }
        }
    }
}

const ROWS: &str = "rows of an array in standard order are contiguous";

/// The sum of the products of two arrays of the same shape, in f64.
pub(super) fn sum_of_products(a: ArrayView2<'_, f32>, b: ArrayView2<'_, f32>) -> f32 {
    let rows = a.rows().into_iter().zip(b.rows());
    rows.map(|(a, b)| dot(a.to_slice().expect(ROWS), b.to_slice().expect(ROWS))).sum::<f64>() as f32
}

/// The one number of a gain.
fn number(gain: &Parameter) -> f32 {
    gain.to_f32()[0]
}

fn rows_of(map: &Linear, rows: Range<usize>) -> HeadMap {
    let stored = map.matrix();
    let bias = map.bias.as_ref().map(|bias| bias.to_f32()[rows.clone()].to_vec().into());
    HeadMap { weight: map.out_in(&stored).slice(s![rows, ..]).to_owned(), bias }
}

impl Projections {
    /// Three maps, or none where a role has the stream itself.
    pub fn separate(
        query: impl Into<Projection>,
        key: impl Into<Projection>,
        value: impl Into<Projection>,
    ) -> Self {
        Self::Separate { query: query.into(), key: key.into(), value: value.into() }
    }

    /// What makes `role` of the stream for head `index` (of H for queries, of G for keys and values).
    pub(super) fn head_map(&self, role: Role, index: usize, heads: Heads) -> HeadMap {
        match self {
            Self::Separate { query, .. } if role == Role::Query => {
                query.head_map(index, heads.heads, heads.size)
            }
            Self::Separate { key, value, .. } => {
                let map = if role == Role::Key { key } else { value };
                map.head_map(index, heads.groups, heads.size)
            }
            Self::Fused(all) | Self::FusedByHead(all) | Self::FusedInParts(all, _) => {
                rows_of(all, self.fused_rows(role, index, heads))
            }
        }
    }

    /// The rows of the one map that make `role` for head `index` (of H for queries, of G for keys and
    /// values).
    fn fused_rows(&self, role: Role, index: usize, heads: Heads) -> Range<usize> {
        let Heads { heads, groups, size } = heads;
        let first = match (self, role) {
            (Self::FusedInParts(_, parts), role) => {
                let share = (heads / (*parts).max(1)).max(1);
                let place = match role {
                    Role::Query => 0,
                    Role::Value => share,
                    Role::Key => 2 * share,
                };
                index / share * 3 * share + place + index % share
            }
            (Self::FusedByHead(_), role) => {
                let share = heads / groups.max(1);
                let of_group = |group: usize| group * (share + 2);
                match role {
                    Role::Query => of_group(index / share.max(1)) + index % share.max(1),
                    Role::Key => of_group(index) + share,
                    Role::Value => of_group(index) + share + 1,
                }
            }
            (_, Role::Query) => index,
            (_, Role::Key) => heads + index,
            (_, Role::Value) => heads + groups + index,
        };
        first * size..(first + 1) * size
    }

    /// Queries of `x` `[T, D]`, keys and values of `memory` `[S, D]`: `[H, T, E]` and twice
    /// `[G, S, E]`.
    pub(super) fn project(
        &self,
        x: ArrayView2<'_, f32>,
        memory: Option<ArrayView2<'_, f32>>,
        heads: Heads,
    ) -> [Array3<f32>; 3] {
        match self {
            Self::Separate { query, key, value } => {
                let source = memory.unwrap_or(x);
                let cut = |map: &Projection, x, count| split_heads(map.apply(x).view(), count, heads.size);
                [cut(query, x, heads.heads), cut(key, source, heads.groups), cut(value, source, heads.groups)]
            }
            Self::Fused(all) | Self::FusedByHead(all) | Self::FusedInParts(all, _) => {
                let of_x = all.apply(x);
                let of_memory = memory.map(|memory| all.apply(memory));
                let source = of_memory.as_ref().unwrap_or(&of_x);
                let part = |role, from: &Array2<f32>, count| {
                    let mut out = Array3::zeros((count, from.nrows(), heads.size));
                    let least = heads_a_thread(out.len(), count);
                    let each = out.axis_iter_mut(Axis(0)).into_par_iter().with_min_len(least);
                    each.enumerate().for_each(|(index, mut out)| {
                        out.assign(&from.slice(s![.., self.fused_rows(role, index, heads)]));
                    });
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

    /// Adds the gradients of the maps, given those of queries, keys and values, and adds to that of
    /// `x` and, where keys and values are of another stream, to that of `memory`.
    pub(super) fn backward(
        &self,
        x: (ArrayView2<'_, f32>, &mut Array2<f32>),
        memory: Option<(ArrayView2<'_, f32>, &mut Array2<f32>)>,
        [query, key, value]: [&Array3<f32>; 3],
        heads: Heads,
        gradients: &mut Gradients,
    ) {
        let (x, of_x) = x;
        match self {
            Self::Separate { query: to_query, key: to_key, value: to_value } => {
                to_query.backward(x, side_by_side(query), of_x, gradients);
                let (source, of_source) = memory.unwrap_or((x, of_x));
                to_key.backward(source, side_by_side(key), of_source, gradients);
                to_value.backward(source, side_by_side(value), of_source, gradients);
            }
            Self::Fused(all) | Self::FusedByHead(all) | Self::FusedInParts(all, _) => {
                let mut gathered = Array2::zeros((x.nrows(), all.outputs()));
                self.gather(Role::Query, query, &mut gathered, heads);
                match memory {
                    None => {
                        self.gather(Role::Key, key, &mut gathered, heads);
                        self.gather(Role::Value, value, &mut gathered, heads);
                    }
                    Some((memory, of_memory)) => {
                        let mut other = Array2::zeros((memory.nrows(), all.outputs()));
                        self.gather(Role::Key, key, &mut other, heads);
                        self.gather(Role::Value, value, &mut other, heads);
                        all.backward(memory, other.view(), Some(of_memory), gradients);
                    }
                }
                all.backward(x, gathered.view(), Some(of_x), gradients);
            }
        }
    }

    /// Writes what belongs to `role` into the columns of the one map.
    fn gather(&self, role: Role, from: &Array3<f32>, to: &mut Array2<f32>, heads: Heads) {
        for (index, from) in from.axis_iter(Axis(0)).enumerate() {
            to.slice_mut(s![.., self.fused_rows(role, index, heads)]).assign(&from);
        }
    }
}

/// From `[T, heads x E]` to `[heads, T, E]`.
pub(super) fn split_heads(x: ArrayView2<'_, f32>, heads: usize, size: usize) -> Array3<f32> {
    let mut out = Array3::zeros((heads, x.nrows(), size));
    let each = out.axis_iter_mut(Axis(0)).into_par_iter().with_min_len(heads_a_thread(x.len(), heads));
    each.enumerate().for_each(|(head, mut out)| {
        out.assign(&x.slice(s![.., head * size..(head + 1) * size]));
    });
    out
}

/// The least number of heads that is worth a thread, where all of them have so many `numbers`.
fn heads_a_thread(numbers: usize, heads: usize) -> usize {
    if numbers < PARALLEL_FROM { heads.max(1) } else { 1 }
}

/// From `[H, T, E]` to `[T, H x E]`.
pub(super) fn side_by_side(heads: &Array3<f32>) -> Array2<f32> {
    let (count, tokens, size) = heads.dim();
    let mut out = Array2::zeros((tokens, count * size));
    let least = heads_a_thread(out.len(), count);
    let columns = out.axis_chunks_iter_mut(Axis(1), size.max(1)).into_par_iter().with_min_len(least);
    columns.zip(heads.axis_iter(Axis(0))).for_each(|(mut out, head)| out.assign(&head));
    out
}

/// Heads of fewer numbers are copied by the caller: waking threads would cost more.
const PARALLEL_FROM: usize = 1 << 15;
