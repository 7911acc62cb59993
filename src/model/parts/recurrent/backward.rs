//! The gradient of one recurrent layer: back through time (Werbos 1990).

use ndarray::{Array2, ArrayView2, Axis, s};

use super::description::{Cell, Direction, Recurrent};
use super::run::Steps;
use super::trace::{DirectionTrace, RecurrentState, RecurrentTrace};
use crate::elementary::{tanh, vectorised};
use crate::matmul;
use crate::model::gradients::Gradients;
use crate::model::sequences::Sequences;

/// What a recurrent layer passes on.
#[derive(Debug, Clone)]
pub struct RecurrentGradient {
    /// Of its input, `[T, E]`.
    pub input: Array2<f32>,
    /// Of the state that it started from.
    pub start: Option<RecurrentState>,
}

impl Recurrent {
    /// Adds the gradients of its parameters, given that of its output `[T, H or 2 H]` and, where
    /// another layer started from it, of its last state. `x` is what it saw.
    ///
    /// # Panics
    /// When `trace` has no stages.
    pub fn backward(
        &self,
        x: ArrayView2<'_, f32>,
        trace: &RecurrentTrace,
        output: ArrayView2<'_, f32>,
        last: Option<&RecurrentState>,
        sequences: &Sequences,
        gradients: &mut Gradients,
    ) -> RecurrentGradient {
        assert_eq!(trace.directions.len(), self.directions().count(), "directions on the tape");
        let mut input = Array2::zeros(x.raw_dim());
        let mut start = None;
        for (index, (direction, trace)) in self.directions().zip(&trace.directions).enumerate() {
            let reverse = index == 1;
            let own = output.slice(s![.., index * self.size..(index + 1) * self.size]);
            let pass = Pass { layer: self, direction, trace, steps: Steps::new(sequences, reverse) };
            let (deltas, first) = pass.run(own, last.filter(|_| !reverse));
            let of_input = deltas.of_input.view();
            direction.input.backward(x, of_input, Some(&mut input), gradients);
            let of_hidden = deltas.of_hidden.as_ref().unwrap_or(&deltas.of_input);
            direction.hidden.backward(pass.before().view(), of_hidden.view(), None, gradients);
            if !reverse && trace.start.is_some() {
                start = Some(first);
            }
        }
        RecurrentGradient { input, start }
    }
}

/// One direction.
struct Pass<'a> {
    layer: &'a Recurrent,
    direction: &'a Direction,
    trace: &'a DirectionTrace,
    steps: Steps,
}

/// Gradients of what stands before the non-linearities, `[T, G H]`.
struct Deltas {
    /// Of W x.
    of_input: Array2<f32>,
    /// Of U h, where that is another.
    of_hidden: Option<Array2<f32>>,
}

impl Pass<'_> {
    /// Walks from the last step to the first; returns the gradient of the state it started from, too.
    fn run(&self, output: ArrayView2<'_, f32>, last: Option<&RecurrentState>) -> (Deltas, RecurrentState) {
        let Self { layer, direction, trace, steps } = self;
        let (size, texts, width) = (layer.size, steps.texts(), layer.cell.gates() * layer.size);
        let is_gru = layer.cell == Cell::Gru;
        let rows = output.nrows();
        let mut deltas = Deltas {
            of_input: Array2::zeros((rows, width)),
            of_hidden: is_gru.then(|| Array2::zeros((rows, width))),
        };
        let stored = direction.hidden.matrix();
        let weights = direction.hidden.out_in(&stored);
        let mut hidden = Array2::zeros((texts, size));
        let mut cell = Array2::zeros((texts, if trace.cell.is_some() { size } else { 0 }));
        if let Some(last) = last {
            steps.gather(&last.hidden, &mut hidden);
            if let Some(last) = &last.cell {
                steps.gather(last, &mut cell);
            }
        }
        let before = StatesBefore { trace, steps, zeros: vec![0.0; size] };
        let mut step_deltas = Array2::zeros((texts, width));
        for step in (0..steps.count()).rev() {
            let active = steps.active(step);
            for index in 0..active {
                let row = steps.row(index, step);
                let mut gradient = hidden.row_mut(index);
                gradient += &output.row(row);
                let gradient = gradient.into_slice().expect(ROWS);
                let mut delta = deltas.of_input.row_mut(row);
                let delta = delta.as_slice_mut().expect(ROWS);
                match layer.cell {
                    Cell::Tanh => {
                        let h = trace.hidden.row(row);
                        each(delta, gradient, h.to_slice().expect(ROWS), |g, h| g * (1.0 - h * h));
                    }
                    Cell::Relu => {
                        let h = trace.hidden.row(row);
                        each(
                            delta,
                            gradient,
                            h.to_slice().expect(ROWS),
                            |g, h| if h > 0.0 { g } else { 0.0 },
                        );
                    }
                    Cell::Gru => {
                        let of_hidden = deltas.of_hidden.as_mut().expect("made for this cell");
                        let of_hidden = of_hidden.row_mut(row).into_slice().expect(ROWS);
                        let unreset = trace.unreset.as_ref().expect("made for this cell").row(row);
                        let gates = trace.gates.row(row);
                        back_gru(
                            [gates.to_slice().expect(ROWS), unreset.to_slice().expect(ROWS)],
                            before.hidden(index, step),
                            gradient,
                            [delta, of_hidden],
                        );
                        step_deltas.row_mut(index).assign(&ndarray::aview1(of_hidden));
                    }
                    Cell::Lstm => {
                        let (gates, now) = (trace.gates.row(row), before.cell_of(row));
                        let cell = cell.row_mut(index).into_slice().expect(ROWS);
                        let gates = gates.to_slice().expect(ROWS);
                        back_lstm(gates, [now, before.cell(index, step)], gradient, cell, delta);
                    }
                }
                if !is_gru {
                    step_deltas.row_mut(index).assign(&ndarray::aview1(delta));
                }
            }
            let mut earlier = hidden.slice_mut(s![..active, ..]);
            let step_deltas = step_deltas.slice(s![..active, ..]);
            if is_gru {
                // z times the gradient already stands there.
                matmul::add_product(step_deltas, weights, earlier.view_mut());
            } else {
                matmul::multiply(step_deltas, weights, earlier.view_mut());
            }
        }
        let cell = trace.cell.is_some().then(|| steps.scatter(&cell));
        (deltas, RecurrentState { hidden: steps.scatter(&hidden), cell })
    }

    /// The hidden state that every row started from, `[T, H]`.
    fn before(&self) -> Array2<f32> {
        let Self { trace, steps, layer, .. } = self;
        let mut before = Array2::zeros(trace.hidden.raw_dim());
        let states = StatesBefore { trace, steps, zeros: vec![0.0; layer.size] };
        for step in 0..steps.count() {
            for index in 0..steps.active(step) {
                let row = steps.row(index, step);
                before.row_mut(row).assign(&ndarray::aview1(states.hidden(index, step)));
            }
        }
        before
    }
}

/// The states that a step started from.
struct StatesBefore<'a> {
    trace: &'a DirectionTrace,
    steps: &'a Steps,
    zeros: Vec<f32>,
}

impl StatesBefore<'_> {
    fn hidden(&self, index: usize, step: usize) -> &[f32] {
        let start = self.trace.start.as_ref().map(|start| &start.hidden);
        self.before(&self.trace.hidden, start, index, step)
    }

    fn cell(&self, index: usize, step: usize) -> &[f32] {
        let start = self.trace.start.as_ref().and_then(|start| start.cell.as_ref());
        self.before(self.trace.cell.as_ref().expect("made for this cell"), start, index, step)
    }

    fn cell_of(&self, row: usize) -> &[f32] {
        self.trace.cell.as_ref().expect("made for this cell").index_axis(Axis(0), row).to_slice().expect(ROWS)
    }

    fn before<'a>(
        &'a self,
        states: &'a Array2<f32>,
        start: Option<&'a Array2<f32>>,
        index: usize,
        step: usize,
    ) -> &'a [f32] {
        match (step, start) {
            (0, None) => &self.zeros,
            (0, Some(start)) => start.index_axis(Axis(0), self.steps.text(index)).to_slice().expect(ROWS),
            (step, _) => states.index_axis(Axis(0), self.steps.row(index, step - 1)).to_slice().expect(ROWS),
        }
    }
}

const ROWS: &str = "rows of an array in standard order are contiguous";

fn each(delta: &mut [f32], gradient: &[f32], state: &[f32], of: impl Fn(f32, f32) -> f32) {
    vectorised!({
        for ((delta, &gradient), &state) in delta.iter_mut().zip(gradient).zip(state) {
            *delta = of(gradient, state);
        }
    });
}

/// One step of a GRU; `gradient` of h becomes z times itself, which is what flows on beside the
/// products.
fn back_gru(
    [gates, unreset]: [&[f32]; 2],
    before: &[f32],
    gradient: &mut [f32],
    [of_input, of_hidden]: [&mut [f32]; 2],
) {
    let size = gradient.len();
    let (reset, rest) = gates.split_at(size);
    let (update, new) = rest.split_at(size);
    vectorised!({
        for i in 0..size {
            let (g, r, z, n) = (gradient[i], reset[i], update[i], new[i]);
            let of_update = g * (before[i] - n) * z * (1.0 - z);
            let of_new = g * (1.0 - z) * (1.0 - n * n);
            let of_reset = of_new * unreset[i] * r * (1.0 - r);
            (of_input[i], of_hidden[i]) = (of_reset, of_reset);
            (of_input[size + i], of_hidden[size + i]) = (of_update, of_update);
            (of_input[2 * size + i], of_hidden[2 * size + i]) = (of_new, of_new * r);
            gradient[i] = g * z;
        }
    });
}

/// One step of an LSTM; `cell` is the gradient that the later cell state sends, and becomes that of the
/// earlier one.
fn back_lstm(
    gates: &[f32],
    [now, before]: [&[f32]; 2],
    gradient: &[f32],
    cell: &mut [f32],
    delta: &mut [f32],
) {
    let size = gradient.len();
    let (input, rest) = gates.split_at(size);
    let (forget, rest) = rest.split_at(size);
    let (candidate, output) = rest.split_at(size);
    vectorised!({
        for k in 0..size {
            let (i, f, g, o) = (input[k], forget[k], candidate[k], output[k]);
            let squashed = tanh(now[k]);
            let of_cell = cell[k] + gradient[k] * o * (1.0 - squashed * squashed);
            delta[k] = of_cell * g * i * (1.0 - i);
            delta[size + k] = of_cell * before[k] * f * (1.0 - f);
            delta[2 * size + k] = of_cell * i * (1.0 - g * g);
            delta[3 * size + k] = gradient[k] * squashed * o * (1.0 - o);
            cell[k] = of_cell * f;
        }
    });
}
