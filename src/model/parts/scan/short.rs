//! LFM2's short convolution (Liquid AI 2025): between two gates, over a few tokens.

use ndarray::{Array2, ArrayView2, Axis};

use super::causal;
use crate::model::linear::Linear;
use crate::model::parameters::{Parameter, parameters_in};

/// out(C * conv(B * u)), where B, C and u are maps of the token.
#[derive(Debug, Clone)]
pub struct ShortConvolution {
    /// `[3 E, D]`: B, C and u.
    pub input: Linear,
    /// `[E, 1, K]`.
    pub kernel: Parameter,
    /// `[E]`.
    pub kernel_bias: Option<Parameter>,
    /// `[D, E]`.
    pub output: Linear,
}

parameters_in!(ShortConvolution: input, kernel, kernel_bias, output);

impl ShortConvolution {
    /// What goes into the output map, `[T, E]`, and what comes out of it.
    pub(super) fn run(&self, x: ArrayView2<'_, f32>) -> (Array2<f32>, Array2<f32>) {
        let all = self.input.apply(x);
        let third = all.ncols() / 3;
        let (before, rest) = all.view().split_at(Axis(1), third);
        let (behind, u) = rest.split_at(Axis(1), third);
        let gated = &before * &u;
        let state = &behind * &causal(gated.view(), &self.kernel, self.kernel_bias.as_ref());
        let output = self.output.apply(state.view());
        (state, output)
    }
}
