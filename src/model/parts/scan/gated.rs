//! The real-gated linear recurrent unit (De et al. 2024, section 2.4).

use ndarray::{Array2, ArrayView2, s};

use super::{causal, logistic, softplus};
use crate::model::activation::Activation;
use crate::model::linear::Linear;
use crate::model::parameters::{Parameter, parameters_in};

/// h = a h + √(1 - a²) i u with a = exp(-8 r softplus(p)), where u is the input behind a short convolution and
/// the gates i and r are maps of u, head by head; beside it a branch that h is multiplied with.
#[derive(Debug, Clone)]
pub struct GatedRecurrence {
    /// `[L, D]`, to the branch.
    pub branch: Linear,
    /// Of the branch.
    pub activation: Activation,
    /// `[L, D]`, to the convolution.
    pub input: Linear,
    /// `[L, 1, K]`.
    pub kernel: Parameter,
    /// `[L]`.
    pub kernel_bias: Parameter,
    /// i.
    pub input_gate: HeadGate,
    /// r.
    pub recurrent_gate: HeadGate,
    /// p, `[L]`.
    pub decay: Parameter,
    /// `[D, L]`.
    pub output: Linear,
}

parameters_in!(
    GatedRecurrence: branch, input, kernel, kernel_bias, input_gate, recurrent_gate, decay, output
);

/// A gate of every head's own numbers: the logistic function of x W + b.
#[derive(Debug, Clone)]
pub struct HeadGate {
    /// `[heads, in, out]`.
    pub weight: Parameter,
    /// `[heads, out]`.
    pub bias: Parameter,
}

parameters_in!(HeadGate: weight, bias);

impl HeadGate {
    fn run(&self, x: &Array2<f32>) -> Array2<f32> {
        let (heads, width) = (self.weight.shape()[0], self.weight.shape()[1]);
        let (weights, bias) = (self.weight.to_f32(), self.bias.to_f32());
        let mut out = Array2::zeros(x.raw_dim());
        for head in 0..heads {
            let own = head * width..(head + 1) * width;
            let weight = &weights[head * width * width..(head + 1) * width * width];
            let weight = ArrayView2::from_shape((width, width), weight).expect("a square a head");
            let mut gate = x.slice(s![.., own.clone()]).dot(&weight);
            for mut row in gate.rows_mut() {
                row.iter_mut().zip(&bias[own.clone()]).for_each(|(x, bias)| *x = logistic(*x + bias));
            }
            out.slice_mut(s![.., own]).assign(&gate);
        }
        out
    }
}

/// How strongly the gate pulls (De et al. 2024, equation 3).
const SHARPNESS: f32 = 8.0;

impl GatedRecurrence {
    /// What goes into the output map, `[T, L]`, and what comes out of it.
    pub(super) fn run(&self, x: ArrayView2<'_, f32>) -> (Array2<f32>, Array2<f32>) {
        let mut branch = self.branch.apply(x);
        branch.mapv_inplace(|value| self.activation.apply(value));
        let u = causal(self.input.apply(x).view(), &self.kernel, Some(&self.kernel_bias));
        let (input_gate, recurrent_gate) = (self.input_gate.run(&u), self.recurrent_gate.run(&u));
        let decay: Vec<f32> = self.decay.to_f32().iter().map(|&p| softplus(p)).collect();
        let mut hidden = vec![0.0f32; u.ncols()];
        let mut made = Array2::zeros(u.raw_dim());
        for token in 0..u.nrows() {
            for (channel, hidden) in hidden.iter_mut().enumerate() {
                let log = -SHARPNESS * recurrent_gate[[token, channel]] * decay[channel];
                let input = input_gate[[token, channel]] * u[[token, channel]];
                // The first token starts the state, as it is.
                *hidden = match token {
                    0 => input,
                    _ => log.exp() * *hidden + (1.0 - (2.0 * log).exp()).sqrt() * input,
                };
                made[[token, channel]] = *hidden * branch[[token, channel]];
            }
        }
        let output = self.output.apply(made.view());
        (made, output)
    }
}
