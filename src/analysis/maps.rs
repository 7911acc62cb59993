//! The map of a head, or of a layer, in every view.

use ndarray::{Array2, Array3, ArrayView2, Axis, s};

use super::norms::norm_weighted;
use super::place::{HeadPlace, Stack, not_kept};
use super::rollout::{mean_over_heads, rollout};
use crate::model::error::{ModelError, Result};
use crate::model::interventions::{Interventions, Place};
use crate::model::network::Attention;
use crate::model::{Network, Trace};
use crate::progress::Progress;

/// What a cell of a map is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum View {
    /// Attention weights, after the softmax.
    #[default]
    Weights,
    /// Scores, before the softmax: q·k x scale + position bias, masked cells minus infinity.
    Scores,
    /// Weights after the changes minus weights before.
    Difference,
    /// Weights times the length of the transformed value (Kobayashi et al. 2020).
    Norm,
    /// Mean over the heads of a layer.
    Mean,
    /// Attention rollout up to a layer.
    Rollout,
}

impl View {
    /// All views, in the order that the screen goes through.
    pub const ALL: [Self; 6] =
        [Self::Weights, Self::Scores, Self::Difference, Self::Norm, Self::Mean, Self::Rollout];

    /// What to call it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Weights => "weights",
            Self::Scores => "scores",
            Self::Difference => "difference",
            Self::Norm => "norm",
            Self::Mean => "mean of heads",
            Self::Rollout => "rollout",
        }
    }

    /// What a number of it is.
    pub fn quantity(self) -> &'static str {
        match self {
            Self::Scores => "score",
            Self::Norm => "norm",
            Self::Difference => "change",
            Self::Weights | Self::Rollout | Self::Mean => "weight",
        }
    }

    /// Whether its numbers have a sign (diverging colours).
    pub fn is_signed(self) -> bool {
        matches!(self, Self::Scores | Self::Difference)
    }

    /// Whether it has one map a layer rather than one a head.
    pub fn is_per_layer(self) -> bool {
        matches!(self, Self::Mean | Self::Rollout)
    }

    /// Whether it needs a trace that kept every stage.
    pub fn needs_every_stage(self) -> bool {
        matches!(self, Self::Scores | Self::Norm)
    }
}

/// The attention weights of a head, `[T, S]`.
pub fn weights(trace: &Trace, place: HeadPlace) -> Option<ArrayView2<'_, f32>> {
    of_head(&place.stack.trace(trace, place.layer)?.weights, place.head)
}

/// The scores of a head, `[T, S]`, minus infinity where masked; `None` where they were not kept.
pub fn scores(trace: &Trace, place: HeadPlace) -> Option<ArrayView2<'_, f32>> {
    of_head(place.stack.trace(trace, place.layer)?.scores.as_ref()?, place.head)
}

/// The weights of a head after a change minus those before, `[T, S]`; `None` where a pass has no such
/// head, or their texts have different lengths.
pub fn difference(before: &Trace, after: &Trace, place: HeadPlace) -> Option<Array2<f32>> {
    let (before, after) = (weights(before, place)?, weights(after, place)?);
    (before.dim() == after.dim()).then(|| &after - &before)
}

fn of_head(numbers: &Array3<f32>, head: usize) -> Option<ArrayView2<'_, f32>> {
    (head < numbers.dim().0).then(|| numbers.index_axis(Axis(0), head))
}

/// The map of one head of a pass in `view`, `[T, S]`; in a view of whole layers, of its layer.
///
/// # Errors
/// No such head; a stage that was not kept; [`View::Difference`], which is of two passes
/// ([`difference`]); a rollout of another stack than the text's.
pub fn map(network: &Network, trace: &Trace, place: HeadPlace, view: View) -> Result<Array2<f32>> {
    place.attention(network)?;
    let HeadPlace { stack, layer, .. } = place;
    match view {
        View::Weights => weights(trace, place).map(|map| map.to_owned()).ok_or_else(|| not_kept("weights")),
        View::Scores => scores(trace, place).map(|map| map.to_owned()).ok_or_else(|| not_kept("scores")),
        View::Norm => norm_weighted(network, trace, place),
        View::Mean => mean_over_heads(trace, stack, layer).ok_or_else(|| not_kept("weights")),
        View::Rollout if stack == Stack::Text => {
            rollout(trace, layer, true).ok_or_else(|| not_kept("weights"))
        }
        View::Rollout => Err(ModelError::Request("a rollout is of the encoder only".into())),
        View::Difference => Err(ModelError::Request("a difference is of two passes".into())),
    }
}

/// Views that take a while: of all layers at once.
#[derive(Debug, Clone)]
pub enum DerivedMaps {
    /// Norm-weighted attention (Kobayashi et al. 2020) of a stack: one `[H, T, S]` a layer.
    Norm(Stack, Vec<Array3<f32>>),
    /// The mean over the heads of a stack: one `[T, S]` a layer.
    Mean(Stack, Vec<Array2<f32>>),
    /// Rollout up to each layer (Abnar and Zuidema 2020): one `[T, S]` a layer.
    Rollout(Vec<Array2<f32>>),
}

/// Which maps to compute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DerivedKind {
    /// [`DerivedMaps::Norm`].
    Norm,
    /// [`DerivedMaps::Mean`].
    Mean,
    /// [`DerivedMaps::Rollout`].
    Rollout,
}

/// The maps of all layers; progress counts layers.
///
/// # Errors
/// A trace that did not keep what the maps are made of; cancelled.
pub fn derived(
    network: &Network,
    trace: &Trace,
    kind: DerivedKind,
    stack: Stack,
    progress: &Progress,
) -> Result<DerivedMaps> {
    let layers = match kind {
        DerivedKind::Rollout => Stack::Text.layers(trace),
        DerivedKind::Norm | DerivedKind::Mean => stack.layers(trace),
    };
    progress.start(layers as u64);
    let place = |layer| HeadPlace { stack, layer, head: 0 };
    match kind {
        DerivedKind::Norm => {
            let maps = each(layers, progress, |layer| norms_of_layer(network, trace, stack, layer))?;
            Ok(DerivedMaps::Norm(stack, maps))
        }
        DerivedKind::Mean => {
            let maps = each(layers, progress, |layer| map(network, trace, place(layer), View::Mean))?;
            Ok(DerivedMaps::Mean(stack, maps))
        }
        DerivedKind::Rollout => {
            let of_text = |layer| HeadPlace::new(layer, 0);
            let maps = each(layers, progress, |layer| map(network, trace, of_text(layer), View::Rollout))?;
            Ok(DerivedMaps::Rollout(maps))
        }
    }
}

fn each<T>(layers: usize, progress: &Progress, of: impl Fn(usize) -> Result<T>) -> Result<Vec<T>> {
    (0..layers)
        .map(|layer| {
            progress.check()?;
            let made = of(layer)?;
            progress.advance(1);
            Ok(made)
        })
        .collect()
}

fn norms_of_layer(network: &Network, trace: &Trace, stack: Stack, layer: usize) -> Result<Array3<f32>> {
    let Some(attention) = stack.trace(trace, layer) else { return Ok(Array3::zeros((0, 0, 0))) };
    let mut maps = Array3::zeros(attention.weights.dim());
    for (head, mut map) in maps.axis_iter_mut(Axis(0)).enumerate() {
        map.assign(&norm_weighted(network, trace, HeadPlace { stack, layer, head })?);
    }
    Ok(maps)
}

/// Makes NaN of what a token cannot see in a layer of `stack`: what `attention` masks, and tokens of the
/// text that were hidden.
pub fn mark_unseen(stack: Stack, attention: &Attention, changes: &Interventions, map: &mut Array2<f32>) {
    let place = Place::of_attention(stack, 0, changes);
    for (query, mut row) in map.axis_iter_mut(Axis(0)).enumerate() {
        let [sinks, reach] = attention.mask.open(query, row.len());
        row.slice_mut(s![sinks.end..reach.start]).fill(f32::NAN);
        row.slice_mut(s![reach.end..]).fill(f32::NAN);
        for key in place.hidden(query, row.len()) {
            row[key] = f32::NAN;
        }
    }
}

/// The weight of one cell in every head of a stack, `[layers, heads]`; NaN where a layer has fewer
/// heads than others, or a map no such cell.
pub fn everywhere(trace: &Trace, stack: Stack, query: usize, key: usize) -> Array2<f32> {
    let layers = stack.layers(trace);
    let count = |layer| stack.trace(trace, layer).map_or(0, |attention| attention.weights.dim().0);
    let heads = (0..layers).map(count).max().unwrap_or(0);
    Array2::from_shape_fn((layers, heads), |(layer, head)| {
        let map = weights(trace, HeadPlace { stack, layer, head });
        map.and_then(|map| map.get((query, key)).copied()).unwrap_or(f32::NAN)
    })
}
