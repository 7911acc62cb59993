//! Small pictures of all maps of a pass, pooled once, so that drawing every head at once takes as
//! long for 512 tokens as for 64.

use ndarray::{Array2, Array3, ArrayView2, ArrayView3, Axis, CowArray, Ix3, s};
use rayon::prelude::*;

use super::maps::DerivedMaps;
use super::place::Stack;
use crate::model::Trace;
use crate::model::trace::AttentionTrace;

/// The longest side of a thumbnail; shorter maps stay as they are.
pub const LONGEST_SIDE: usize = 64;

/// The thumbnails of the attention weights of a pass.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Thumbnails {
    text: SmallMaps,
    decoder: SmallMaps,
    cross: SmallMaps,
}

impl Thumbnails {
    /// Those of all heads of `trace`.
    pub fn of(trace: &Trace) -> Self {
        let all = |stack: Stack| {
            SmallMaps::of_layers(stack, trace, |attention| Some(attention.weights.view().into()))
        };
        Self { text: all(Stack::Text), decoder: all(Stack::Decoder), cross: all(Stack::Cross) }
    }

    /// Those of `stack`.
    pub fn of_stack(&self, stack: Stack) -> &SmallMaps {
        match stack {
            Stack::Text => &self.text,
            Stack::Decoder => &self.decoder,
            Stack::Cross => &self.cross,
        }
    }
}

/// The maps of one view of a stack, small: each `[T, S]` or smaller, masked cells NaN where that is
/// known.
#[derive(Debug, Clone, PartialEq)]
pub struct SmallMaps {
    /// One entry a layer, `[H, ..]`; `[1, ..]` in views of whole layers.
    layers: Vec<Array3<f32>>,
    largest: f32,
}

impl Default for SmallMaps {
    fn default() -> Self {
        Self::new(Vec::new())
    }
}

impl SmallMaps {
    fn new(layers: Vec<Array3<f32>>) -> Self {
        let finite = || layers.iter().flatten().filter(|value| value.is_finite());
        let largest = finite().fold(0f32, |largest, value| largest.max(value.abs()));
        Self { layers, largest }
    }

    fn of_layers(
        stack: Stack,
        trace: &Trace,
        maps: impl Fn(&AttentionTrace) -> Option<CowArray<'_, f32, Ix3>> + Sync,
    ) -> Self {
        let layers: Vec<usize> = (0..stack.layers(trace)).collect();
        let small = |layer: usize| {
            let maps = stack.trace(trace, layer).and_then(&maps);
            maps.map_or_else(|| Array3::zeros((0, 0, 0)), |maps| shrunk(maps.view()))
        };
        Self::new(layers.into_par_iter().map(small).collect())
    }

    /// The scores of a pass that kept them.
    pub fn of_scores(stack: Stack, trace: &Trace) -> Self {
        let masked = |score: f32| if score.is_finite() { score } else { f32::NAN };
        Self::of_layers(stack, trace, |attention| Some(attention.scores.as_ref()?.mapv(masked).into()))
    }

    /// The weights of `after` minus those of `before`; empty where they are not alike.
    pub fn of_difference(stack: Stack, before: &Trace, after: &Trace) -> Self {
        let layers: Vec<usize> = (0..stack.layers(before)).collect();
        let small = |layer: usize| {
            let (before, after) = (stack.trace(before, layer)?, stack.trace(after, layer)?);
            let alike = before.weights.dim() == after.weights.dim();
            alike.then(|| shrunk((&after.weights - &before.weights).view()))
        };
        let empty = || Array3::zeros((0, 0, 0));
        Self::new(layers.into_par_iter().map(|layer| small(layer).unwrap_or_else(empty)).collect())
    }

    /// The maps of a derived view.
    pub fn of_derived(maps: &DerivedMaps) -> Self {
        let layers = match maps {
            DerivedMaps::Norm(_, layers) => layers.iter().map(|maps| shrunk(maps.view())).collect(),
            DerivedMaps::Mean(_, layers) | DerivedMaps::Rollout(layers) => {
                layers.iter().map(|map| shrunk(map.view().insert_axis(Axis(0)))).collect()
            }
        };
        Self::new(layers)
    }

    /// How many heads (or maps) a layer has.
    pub fn heads(&self, layer: usize) -> usize {
        self.layers.get(layer).map_or(0, |maps| maps.dim().0)
    }

    /// How many layers there are.
    pub fn layers(&self) -> usize {
        self.layers.len()
    }

    /// One map.
    pub fn get(&self, layer: usize, head: usize) -> Option<ArrayView2<'_, f32>> {
        let heads = self.layers.get(layer)?;
        (head < heads.dim().0).then(|| heads.index_axis(Axis(0), head))
    }

    /// The largest magnitude of all; 0 where there is none.
    pub fn largest(&self) -> f32 {
        self.largest
    }
}

fn shrunk(maps: ArrayView3<'_, f32>) -> Array3<f32> {
    let (heads, rows, columns) = maps.dim();
    let (lines, width) = (rows.min(LONGEST_SIDE), columns.min(LONGEST_SIDE));
    let mut pooled = Array3::zeros((heads, lines, width));
    for (mut pooled, map) in pooled.axis_iter_mut(Axis(0)).zip(maps.axis_iter(Axis(0))) {
        pooled.assign(&pool(map, lines, width));
    }
    pooled
}

/// `values` pooled to `lines` x `width`, or spread where that is more: each number is the one of
/// largest magnitude of its block, NaN where all of the block is NaN.
pub fn pool(values: ArrayView2<'_, f32>, lines: usize, width: usize) -> Array2<f32> {
    let (rows, columns) = values.dim();
    if rows == 0 || columns == 0 {
        return Array2::zeros((0, 0));
    }
    Array2::from_shape_fn((lines, width), |(line, x)| {
        let (top, bottom) = span(line, lines, rows);
        let (left, right) = span(x, width, columns);
        largest(values.slice(s![top..bottom, left..right]))
    })
}

/// The entries of `count` that cell `index` of `cells` stands for; never none.
fn span(index: usize, cells: usize, count: usize) -> (usize, usize) {
    let start = (index * count / cells).min(count - 1);
    (start, ((index + 1) * count / cells).clamp(start + 1, count))
}

fn largest(block: ArrayView2<'_, f32>) -> f32 {
    let (mut found, mut magnitude) = (f32::NAN, -1.0);
    for row in block.rows() {
        for &value in row {
            // False for NaN.
            if value.abs() > magnitude {
                (found, magnitude) = (value, value.abs());
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::trace::{BlockTrace, StackTrace};

    #[test]
    fn pooling_keeps_the_largest_magnitude_of_each_block() {
        let mut values = Array2::<f32>::zeros((512, 512));
        values[[300, 17]] = -0.9;
        values[[301, 18]] = 0.5;
        let pooled = pool(values.view(), 8, 16);
        assert_eq!((pooled[[4, 0]], pooled.iter().filter(|&&value| value != 0.0).count()), (-0.9, 1));
        let masked = Array2::from_elem((3, 3), f32::NAN);
        assert!(pool(masked.view(), 1, 1)[[0, 0]].is_nan());
        let mut part = masked;
        part[[1, 1]] = 0.0;
        assert_eq!(pool(part.view(), 1, 1)[[0, 0]], 0.0);
    }

    #[test]
    fn few_entries_are_spread_over_more_cells() {
        assert_eq!((span(7, 8, 3), span(0, 8, 3)), ((2, 3), (0, 1)));
        let values = ndarray::array![[1.0, 2.0]];
        assert_eq!(pool(values.view(), 1, 4), ndarray::array![[1.0, 1.0, 2.0, 2.0]]);
        assert!(pool(Array2::zeros((0, 5)).view(), 3, 3).is_empty());
    }

    #[test]
    fn short_maps_are_their_own_thumbnails() {
        let weights = Array3::from_shape_fn((2, 5, 100), |(h, i, j)| (h * 500 + i * 100 + j) as f32);
        let attention = AttentionTrace { weights: weights.clone(), ..Default::default() };
        let stack = StackTrace { blocks: vec![BlockTrace::of_attention(attention)], ..Default::default() };
        let trace = Trace { stacks: vec![stack], ..Default::default() };
        let thumbnails = Thumbnails::of(&trace);
        let text = thumbnails.of_stack(Stack::Text);
        let second = text.get(0, 1).expect("a head");
        assert_eq!(second.dim(), (5, LONGEST_SIDE));
        assert_eq!((second[[4, 63]], second[[0, 0]]), (999.0, 500.0));
        assert!(text.get(0, 2).is_none());
        assert_eq!((text.largest(), text.heads(0), text.layers()), (999.0, 2, 1));
        let cross = thumbnails.of_stack(Stack::Cross);
        assert!(cross.get(0, 0).is_none() && cross.heads(0) == 0);
    }
}
