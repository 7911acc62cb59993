//! The lines below the tokens of a half: a name, and a share for every token.

use ndarray::{Array1, ArrayView1, Axis};

use super::state::{Memory, Side};
use crate::analysis::reading::{LayerMaps, Source, Track, matching};

/// How a line is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LaneKind {
    /// How much of a token is felt at the step; old while another step is asked about.
    Felt,
    /// What looks at it, or which cells are on there.
    Weights,
    /// How far gates are open, how large states are.
    Gate,
}

/// A line.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Lane {
    pub name: String,
    pub kind: LaneKind,
    /// From 0 to 1, one a token.
    pub shares: Vec<f64>,
}

/// What stands below the tokens, the most telling first.
pub(super) fn lanes(memory: &Memory, half: usize, side: &Side, step: usize) -> Vec<Lane> {
    let attending = largest_of_layers(&side.reading.attention, step);
    let last = states(side).map(|track| track.layer);
    let gates = side.reading.tracks.iter().filter(|track| Some(track.layer) == last).map(gate);
    let felt = felt(memory, half, <[_]>::last);
    felt.chain(same_cells(memory, side, step)).chain(attending).chain(gates).collect()
}

/// What stands below the tokens of what the encoder read.
pub(super) fn of_source(memory: &Memory, half: usize, source: &Source, step: usize) -> Vec<Lane> {
    felt(memory, half, <[_]>::first).chain(largest_of_layers(&source.attention, step)).collect()
}

/// The token of the source that any head looks at most from the step.
pub(super) fn most_looked_at(source: &Source, step: usize) -> usize {
    let weights = largest_of_layers(&source.attention, step)
        .flat_map(|lane| lane.shares.into_iter().enumerate().collect::<Vec<_>>());
    weights.max_by(|one, other| one.1.total_cmp(&other.1)).map_or(0, |(token, _)| token)
}

/// How much of the text that `which` takes is felt at the step.
fn felt<'a>(
    memory: &'a Memory,
    half: usize,
    which: impl Fn(&'a [Array1<f64>]) -> Option<&'a Array1<f64>>,
) -> impl Iterator<Item = Lane> {
    let felt = &memory.felt[half];
    let felt = [("gradient", &felt.by_gradient), ("left out", &felt.by_omission)];
    felt.map(|(name, texts)| Lane {
        name: name.to_owned(),
        kind: LaneKind::Felt,
        shares: which(texts).map_or_else(Vec::new, |numbers| of_largest(numbers.to_vec())),
    })
    .into_iter()
}

/// What the head of each layer looks at that looks there most: a mean would hide what one alone does.
fn largest_of_layers(attention: &[LayerMaps], step: usize) -> impl Iterator<Item = Lane> {
    attention.iter().map(move |(layer, maps)| {
        let rows = maps.index_axis(Axis(1), step);
        let largest = rows.fold_axis(Axis(0), 0.0, |&largest, &weight| f32::max(largest, weight));
        weights(format!("layer {layer}"), largest.view())
    })
}

/// What every head looks at from the step.
pub(super) fn of_heads(attention: &[LayerMaps], step: usize) -> impl Iterator<Item = Lane> {
    attention.iter().flat_map(move |(layer, maps)| {
        maps.outer_iter().enumerate().map(move |(head, map)| Lane {
            kind: LaneKind::Gate,
            ..weights(format!("L{layer} H{head}"), map.row(step))
        })
    })
}

/// The last recurrent layer's hidden states.
pub(super) fn states(side: &Side) -> Option<&Track> {
    side.reading.tracks.iter().rev().find(|track| track.name == "hidden")
}

fn weights(name: String, weights: ArrayView1<'_, f32>) -> Lane {
    Lane { name, kind: LaneKind::Weights, shares: weights.iter().map(|&weight| weight.into()).collect() }
}

/// Where else the cells are on that are on from the beginning of the range to the step.
fn same_cells(memory: &Memory, side: &Side, step: usize) -> Option<Lane> {
    let (start, track) = (memory.chosen.range_start?, states(side)?);
    let found = matching(track.values.view(), start.min(step)..=start.max(step), memory.chosen.threshold);
    let name = format!("{} cells", found.cells.len());
    Some(Lane { name, kind: LaneKind::Weights, shares: found.shares })
}

/// Gates by the mean of the cells, which is between 0 and 1; what has signs by its size.
fn gate(track: &Track) -> Lane {
    let size = |row: ArrayView1<'_, f32>| {
        let squares: f64 = row.iter().map(|&number| f64::from(number).powi(2)).sum();
        (squares / row.len().max(1) as f64).sqrt()
    };
    let rows = track.values.outer_iter();
    let shares = match track.name.as_str() {
        "hidden" | "cell" => of_largest(rows.map(size).collect()),
        "candidate" | "new" => rows.map(size).collect(),
        _ => rows.map(|row| f64::from(row.mean().unwrap_or(0.0))).collect(),
    };
    Lane { name: track.name.clone(), kind: LaneKind::Gate, shares }
}

/// As shares of the largest.
fn of_largest(numbers: Vec<f64>) -> Vec<f64> {
    let largest = numbers.iter().copied().fold(0.0, f64::max);
    if largest > 0.0 { numbers.into_iter().map(|number| number / largest).collect() } else { numbers }
}
