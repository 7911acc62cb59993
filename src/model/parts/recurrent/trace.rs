//! What one recurrent layer computed.

use std::borrow::Cow;

use ndarray::{Array2, ArrayViewD, Axis, concatenate, s};

use super::description::Cell;

/// Where a layer stopped, a row a text: what a decoder or the next token starts from.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RecurrentState {
    /// `[texts, H]`.
    pub hidden: Array2<f32>,
    /// `[texts, H]`, of an LSTM.
    pub cell: Option<Array2<f32>>,
}

/// What one direction computed; row t is token t in both.
#[derive(Debug, Clone)]
pub struct DirectionTrace {
    /// Hidden states `[T, H]`.
    pub hidden: Array2<f32>,
    /// Gates after their non-linearity, side by side in the order of [`Cell::gate_names`],
    /// `[T, G H]`; empty for a cell without.
    pub gates: Array2<f32>,
    /// Cell states `[T, H]`, of an LSTM.
    pub cell: Option<Array2<f32>>,
    /// U h of the new state, with its bias and before the reset gate, `[T, H]`; of a GRU.
    pub unreset: Option<Array2<f32>>,
    /// What it started from, where that was not 0.
    pub start: Option<RecurrentState>,
}

/// What one recurrent layer computed.
#[derive(Debug, Clone)]
pub struct RecurrentTrace {
    /// What is computed at every step.
    pub cell: Cell,
    /// From the first token to the last, then from the last to the first where it goes both ways;
    /// empty where stages are not kept.
    pub directions: Vec<DirectionTrace>,
}

impl RecurrentTrace {
    /// Hidden states `[T, H or 2 H]`: both directions side by side.
    pub fn hidden(&self) -> Option<Array2<f32>> {
        (!self.directions.is_empty()).then(|| hidden_of(&self.directions))
    }

    /// Gates and cell states by name; those of the way back end in `_reverse`.
    pub fn stages(&self) -> Vec<(Cow<'static, str>, ArrayViewD<'_, f32>)> {
        self.directions
            .iter()
            .zip(["", "_reverse"])
            .flat_map(|(direction, end)| direction.stages(self.cell, end))
            .collect()
    }
}

/// The hidden states of both directions side by side, or of the only one.
pub(super) fn hidden_of(directions: &[DirectionTrace]) -> Array2<f32> {
    let views: Vec<_> = directions.iter().map(|direction| direction.hidden.view()).collect();
    concatenate(Axis(1), &views).expect("as many rows in both directions")
}

impl DirectionTrace {
    fn stages(&self, cell: Cell, end: &str) -> Vec<(Cow<'static, str>, ArrayViewD<'_, f32>)> {
        let size = self.hidden.ncols();
        let gates = cell.gate_names().iter().enumerate().map(|(index, &name)| {
            (name, self.gates.slice(s![.., index * size..(index + 1) * size]).into_dyn())
        });
        let cell = self.cell.iter().map(|cell| ("cell", cell.view().into_dyn()));
        let named = |(name, stage): (&'static str, _)| {
            (if end.is_empty() { Cow::Borrowed(name) } else { Cow::Owned(format!("{name}{end}")) }, stage)
        };
        gates.chain(cell).map(named).collect()
    }
}
