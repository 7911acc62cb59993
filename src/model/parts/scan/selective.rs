//! Mamba's selective state space (Gu and Dao 2023, algorithm 2).

use ndarray::{Array2, ArrayView2, Axis, s};

use super::{causal, logistic, softplus};
use crate::model::activation::Activation;
use crate::model::linear::Linear;
use crate::model::parameters::{Parameter, parameters_in};

/// A state of N numbers for each of I channels: s = exp(d A) s + d B u, y = C s + D u, where u is the input
/// behind a short convolution and d, B and C are maps of u.
#[derive(Debug, Clone)]
pub struct SelectiveScan {
    /// `[2 I, D]`: the input and its gate z.
    pub input: Linear,
    /// `[I, 1, K]`.
    pub kernel: Parameter,
    /// `[I]`.
    pub kernel_bias: Option<Parameter>,
    /// Behind the convolution.
    pub activation: Activation,
    /// `[R + 2 N, I]`: what d is made of, B and C.
    pub selection: Linear,
    /// `[I, R]`, to d, before softplus.
    pub step: Linear,
    /// `[I, N]`: A = -exp of it.
    pub decay: Parameter,
    /// D, `[I]`.
    pub skip: Parameter,
    /// `[D, I]`.
    pub output: Linear,
}

parameters_in!(SelectiveScan: input, kernel, kernel_bias, selection, step, decay, skip, output);

impl SelectiveScan {
    /// What goes into the output map, `[T, I]`, and what comes out of it.
    pub(super) fn run(&self, x: ArrayView2<'_, f32>) -> (Array2<f32>, Array2<f32>) {
        let both = self.input.apply(x);
        let channels = both.ncols() / 2;
        let (input, gate) = both.view().split_at(Axis(1), channels);
        let mut u = causal(input, &self.kernel, self.kernel_bias.as_ref());
        u.mapv_inplace(|value| self.activation.apply(value));
        let chosen = self.selection.apply(u.view());
        let rank = self.step.weight.shape()[1];
        let size = (chosen.ncols() - rank) / 2;
        let mut steps = self.step.apply(chosen.slice(s![.., ..rank]));
        steps.mapv_inplace(softplus);
        let (decay, skip) = (self.decay.to_f32(), self.skip.to_f32());
        let decay: Vec<f32> = decay.iter().map(|log| -log.exp()).collect();
        let mut states = vec![0.0f32; channels * size];
        let mut made = Array2::zeros((x.nrows(), channels));
        for (token, mut made) in made.rows_mut().into_iter().enumerate() {
            let write = chosen.slice(s![token, rank..rank + size]);
            let read = chosen.slice(s![token, rank + size..]);
            for (channel, made) in made.iter_mut().enumerate() {
                let (step, u) = (steps[[token, channel]], u[[token, channel]]);
                let own = channel * size..(channel + 1) * size;
                let mut sum = 0.0;
                for (index, state) in states[own.clone()].iter_mut().enumerate() {
                    *state = (step * decay[own.start + index]).exp() * *state + step * write[index] * u;
                    sum += *state * read[index];
                }
                let gate = gate[[token, channel]];
                *made = (sum + skip[channel] * u) * (gate * logistic(gate));
            }
        }
        let output = self.output.apply(made.view());
        (made, output)
    }
}
