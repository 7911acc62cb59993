//! Linear maps: stored `[out, in]`, they compute y = x Wᵀ + b.

use ndarray::{Array2, ArrayView2, ArrayViewMut2, CowArray, Ix2};

use super::gguf::products;
use super::gradients::Gradients;
use super::parameters::{Parameter, parameters_in};
use crate::elementary::vectorised;
use crate::matmul;

/// How a weight matrix lies in its tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// `[out, in]`, as PyTorch's Linear.
    OutIn,
    /// `[in, out]`, as GPT-2's Conv1D.
    InOut,
}

/// A linear map, with or without a bias.
#[derive(Debug, Clone)]
pub struct Linear {
    /// The weights.
    pub weight: Parameter,
    /// How they lie.
    pub layout: Layout,
    /// One number an output.
    pub bias: Option<Parameter>,
}

parameters_in!(Linear: weight, bias);

impl Linear {
    /// The weights as they lie in the tensor; see [`Linear::layout`].
    pub fn matrix(&self) -> CowArray<'_, f32, Ix2> {
        self.weight.to_matrix()
    }

    /// Turns the stored matrix into a view `[out, in]`.
    pub fn out_in<'a>(&self, stored: &'a CowArray<'_, f32, Ix2>) -> ArrayView2<'a, f32> {
        match self.layout {
            Layout::OutIn => stored.view(),
            Layout::InOut => stored.view().reversed_axes(),
        }
    }

    /// Number of outputs.
    pub fn outputs(&self) -> usize {
        let shape = self.weight.shape();
        match self.layout {
            Layout::OutIn => shape[0],
            Layout::InOut => shape[1..].iter().product(),
        }
    }

    /// y = x Wᵀ + b for every row of `x` `[T, in]`.
    pub fn apply(&self, x: ArrayView2<'_, f32>) -> Array2<f32> {
        let bias = self.bias.as_ref().map(|bias| bias.to_f32());
        let bias = bias.as_deref().unwrap_or(&[]);
        if self.layout == Layout::OutIn && !self.weight.is_f32() {
            if let Some((block, bytes)) =
                self.weight.blocks().filter(|(block, _)| products::suits(*block, x.nrows()))
            {
                return products::linear(block, bytes, x, self.outputs(), bias);
            }
            let rows = |rows, out: &mut [f32]| self.weight.rows_to_f32(rows, out);
            return matmul::linear_of_rows(x, self.outputs(), rows, bias);
        }
        let stored = self.matrix();
        matmul::linear(x, self.out_in(&stored), bias)
    }

    /// Adds the gradients of weights and bias, given that of the output `[T, out]`, and adds
    /// gradient W to `input` `[T, in]`, that of what it saw, where that is asked for.
    pub fn backward(
        &self,
        x: ArrayView2<'_, f32>,
        output: ArrayView2<'_, f32>,
        input: Option<&mut Array2<f32>>,
        gradients: &mut Gradients,
    ) {
        let stored = self.matrix();
        if let Some(input) = input {
            matmul::add_product(output, self.out_in(&stored), input.view_mut());
        }
        let weight = gradients.of_mut(&self.weight);
        let weight = ArrayViewMut2::from_shape(stored.raw_dim(), weight).expect("as long as the parameter");
        match self.layout {
            Layout::OutIn => matmul::add_product(output.reversed_axes(), x, weight),
            Layout::InOut => matmul::add_product(x.reversed_axes(), output, weight),
        }
        if let Some(bias) = &self.bias {
            add_rows(output, gradients.of_mut(bias));
        }
    }
}

/// Adds every row of `rows` to `sum`.
pub fn add_rows(rows: ArrayView2<'_, f32>, sum: &mut [f32]) {
    for row in rows.rows() {
        match row.to_slice() {
            Some(row) => add(row, sum),
            None => sum.iter_mut().zip(row).for_each(|(sum, number)| *sum += number),
        }
    }
}

/// Adds `numbers` to `sum`.
pub fn add(numbers: &[f32], sum: &mut [f32]) {
    vectorised!(sum.iter_mut().zip(numbers).for_each(|(sum, number)| *sum += number));
}
