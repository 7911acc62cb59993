//! The computation of one recurrent layer, for all texts of a pass at once, step by step.

use std::ops::Range;

use ndarray::{Array2, ArrayView2, Axis, s};

use super::description::{Cell, Direction, Recurrent};
use super::trace::{DirectionTrace, RecurrentState, RecurrentTrace, hidden_of};
use crate::elementary::{exp, tanh, vectorised};
use crate::matmul;
use crate::model::keep::Keep;
use crate::model::sequences::Sequences;

impl Recurrent {
    /// What it makes of `x` `[T, E]`, its trace, and where it stopped (in the direction from the
    /// first token to the last); `start` is a state a text.
    pub fn run(
        &self,
        x: ArrayView2<'_, f32>,
        start: Option<&RecurrentState>,
        sequences: &Sequences,
        keep: Keep,
    ) -> (Array2<f32>, RecurrentTrace, RecurrentState) {
        let mut directions = Vec::new();
        for (direction, reverse) in self.directions().zip([false, true]) {
            let start = start.filter(|_| !reverse);
            let steps = Steps::new(sequences, reverse);
            directions.push(self.run_direction(direction, x, start, &steps));
        }
        let state = last_state(&directions[0], sequences);
        let output = match &mut directions[..] {
            [only] if !keep.stages() => std::mem::take(&mut only.hidden),
            all => hidden_of(all),
        };
        let directions = if keep.stages() { directions } else { Vec::new() };
        (output, RecurrentTrace { cell: self.cell, directions }, state)
    }

    fn run_direction(
        &self,
        direction: &Direction,
        x: ArrayView2<'_, f32>,
        start: Option<&RecurrentState>,
        steps: &Steps,
    ) -> DirectionTrace {
        let (size, rows) = (self.size, x.nrows());
        let has = |cells: &[Cell], width| cells.contains(&self.cell).then(|| Array2::zeros((rows, width)));
        let mut trace = DirectionTrace {
            hidden: Array2::zeros((rows, size)),
            gates: direction.input.apply(x),
            cell: has(&[Cell::Lstm], size),
            unreset: has(&[Cell::Gru], size),
            start: start.cloned(),
        };
        let stored = direction.hidden.matrix();
        let weights = direction.hidden.out_in(&stored);
        let bias = direction.hidden.bias.as_ref().map(|bias| bias.to_f32());
        let texts = steps.texts.len();
        let mut hidden = Array2::zeros((texts, size));
        let mut cell = Array2::zeros((texts, if self.cell == Cell::Lstm { size } else { 0 }));
        if let Some(start) = start {
            steps.gather(&start.hidden, &mut hidden);
            if let Some(start) = &start.cell {
                steps.gather(start, &mut cell);
            }
        }
        let mut products = Array2::zeros((texts, self.cell.gates() * size));
        for step in 0..steps.count() {
            let active = steps.active(step);
            let mut products = products.slice_mut(s![..active, ..]);
            matmul::multiply_transposed(hidden.slice(s![..active, ..]), weights, products.view_mut());
            for index in 0..active {
                let row = steps.row(index, step);
                let mut product = products.row_mut(index);
                let product = product.as_slice_mut().expect(ROWS);
                if let Some(bias) = &bias {
                    product.iter_mut().zip(&**bias).for_each(|(product, bias)| *product += bias);
                }
                let mut state = State {
                    hidden: hidden.row_mut(index).into_slice().expect(ROWS),
                    cell: cell.row_mut(index).into_slice().expect(ROWS),
                };
                self.cell.step(&mut trace, row, product, &mut state);
            }
        }
        if self.cell.gate_names().is_empty() {
            trace.gates = Array2::zeros((0, 0));
        }
        trace
    }
}

const ROWS: &str = "rows of an array that was just made are contiguous";

/// The state of one text.
struct State<'a> {
    hidden: &'a mut [f32],
    cell: &'a mut [f32],
}

impl Cell {
    /// One step of one text: `trace.gates` holds W x in `row`, `product` U h.
    fn step(self, trace: &mut DirectionTrace, row: usize, product: &[f32], state: &mut State<'_>) {
        let size = state.hidden.len();
        let mut gates = trace.gates.row_mut(row);
        let gates = gates.as_slice_mut().expect(ROWS);
        let State { hidden, cell } = state;
        match self {
            Self::Tanh => vectorised!({
                for ((h, &x), &u) in hidden.iter_mut().zip(&*gates).zip(product) {
                    *h = tanh(x + u);
                }
            }),
            Self::Relu => vectorised!({
                for ((h, &x), &u) in hidden.iter_mut().zip(&*gates).zip(product) {
                    *h = (x + u).max(0.0);
                }
            }),
            Self::Gru => {
                let mut unreset = trace.unreset.as_mut().expect("made for this cell").row_mut(row);
                let unreset = unreset.as_slice_mut().expect(ROWS);
                unreset.copy_from_slice(&product[2 * size..]);
                step_gru(gates, product, hidden);
            }
            Self::Lstm => {
                step_lstm(gates, product, hidden, cell);
                trace.cell.as_mut().expect("made for this cell").row_mut(row).assign(&ndarray::aview1(cell));
            }
        }
        trace.hidden.row_mut(row).assign(&ndarray::aview1(hidden));
    }
}

fn step_gru(gates: &mut [f32], product: &[f32], hidden: &mut [f32]) {
    let size = hidden.len();
    let (reset, rest) = gates.split_at_mut(size);
    let (update, new) = rest.split_at_mut(size);
    let (of_reset, rest) = product.split_at(size);
    let (of_update, of_new) = rest.split_at(size);
    vectorised!({
        for i in 0..size {
            reset[i] = sigmoid(reset[i] + of_reset[i]);
            update[i] = sigmoid(update[i] + of_update[i]);
            new[i] = tanh(new[i] + reset[i] * of_new[i]);
            hidden[i] = (1.0 - update[i]) * new[i] + update[i] * hidden[i];
        }
    });
}

fn step_lstm(gates: &mut [f32], product: &[f32], hidden: &mut [f32], cell: &mut [f32]) {
    let size = hidden.len();
    vectorised!({
        let (inner, output) = gates.split_at_mut(3 * size);
        let (input, inner) = inner.split_at_mut(size);
        let (forget, candidate) = inner.split_at_mut(size);
        let (of_inner, of_output) = product.split_at(3 * size);
        let (of_input, of_inner) = of_inner.split_at(size);
        let (of_forget, of_candidate) = of_inner.split_at(size);
        for i in 0..size {
            input[i] = sigmoid(input[i] + of_input[i]);
            forget[i] = sigmoid(forget[i] + of_forget[i]);
            candidate[i] = tanh(candidate[i] + of_candidate[i]);
            output[i] = sigmoid(output[i] + of_output[i]);
            cell[i] = forget[i] * cell[i] + input[i] * candidate[i];
            hidden[i] = output[i] * tanh(cell[i]);
        }
    });
}

#[inline(always)]
fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// In which order rows are computed: all texts side by side, the longest first, so that those which
/// still run are always the first ones.
pub(super) struct Steps {
    /// The rows of every text and its number, longest first.
    texts: Vec<(Range<usize>, usize)>,
    reverse: bool,
}

impl Steps {
    pub(super) fn new(sequences: &Sequences, reverse: bool) -> Self {
        let mut texts: Vec<_> = sequences.ranges().zip(0..).collect();
        texts.sort_by_key(|(range, _)| std::cmp::Reverse(range.len()));
        Self { texts, reverse }
    }

    /// How many steps the longest text takes.
    pub(super) fn count(&self) -> usize {
        self.texts.first().map_or(0, |(range, _)| range.len())
    }

    /// How many texts there are.
    pub(super) fn texts(&self) -> usize {
        self.texts.len()
    }

    /// How many texts have a token at `step`.
    pub(super) fn active(&self, step: usize) -> usize {
        self.texts.partition_point(|(range, _)| range.len() > step)
    }

    /// The row of the `index`th longest text at `step`.
    pub(super) fn row(&self, index: usize, step: usize) -> usize {
        let range = &self.texts[index].0;
        if self.reverse { range.end - 1 - step } else { range.start + step }
    }

    /// The number of the `index`th longest text.
    pub(super) fn text(&self, index: usize) -> usize {
        self.texts[index].1
    }

    /// Rows by text into rows by length.
    pub(super) fn gather(&self, by_text: &Array2<f32>, by_length: &mut Array2<f32>) {
        for (mut row, (_, text)) in by_length.axis_iter_mut(Axis(0)).zip(&self.texts) {
            row.assign(&by_text.row(*text));
        }
    }

    /// Rows by length into rows by text.
    pub(super) fn scatter(&self, by_length: &Array2<f32>) -> Array2<f32> {
        let mut by_text = Array2::zeros(by_length.raw_dim());
        for (row, (_, text)) in by_length.axis_iter(Axis(0)).zip(&self.texts) {
            by_text.row_mut(*text).assign(&row);
        }
        by_text
    }
}

/// Where the way from the first token to the last stopped; a text without tokens where it started.
fn last_state(trace: &DirectionTrace, sequences: &Sequences) -> RecurrentState {
    let last = |states: &Array2<f32>, start: Option<&Array2<f32>>| {
        let mut rows = Array2::zeros((sequences.count(), states.ncols()));
        for (text, (range, mut row)) in sequences.ranges().zip(rows.axis_iter_mut(Axis(0))).enumerate() {
            match (range.is_empty(), start) {
                (false, _) => row.assign(&states.row(range.end - 1)),
                (true, Some(start)) => row.assign(&start.row(text)),
                (true, None) => {}
            }
        }
        rows
    };
    let start = trace.start.as_ref();
    RecurrentState {
        hidden: last(&trace.hidden, start.map(|start| &start.hidden)),
        cell: trace.cell.as_ref().map(|cell| last(cell, start.and_then(|start| start.cell.as_ref()))),
    }
}
