//! A convolution over the pixels of an image (LeCun et al. 1998): every token is a pixel of a square
//! grid, its numbers are channels.

use ndarray::{Array2, ArrayView2, ArrayViewD, Axis};

use crate::model::activation::Activation;
use crate::model::gradients::Gradients;
use crate::model::keep::Keep;
use crate::model::linear::Linear;
use crate::model::parameters::parameters_in;

/// One convolution of 3 x 3 pixels, stride 1, with zeros around the image, so that it stays as large;
/// a cross-correlation, as PyTorch's `Conv2d`.
#[derive(Debug, Clone)]
pub struct Convolution {
    /// `[out, in, 3, 3]`.
    pub map: Linear,
    /// Side of the image in pixels.
    pub side: usize,
    /// The non-linearity behind it.
    pub activation: Activation,
}

parameters_in!(Convolution: map);

/// What one convolution computed.
#[derive(Debug, Clone, Default)]
pub struct ConvolutionTrace {
    /// Before the non-linearity, `[pixels, out]`.
    pub before_activation: Option<Array2<f32>>,
    /// After it.
    pub activation: Option<Array2<f32>>,
}

/// Pixels side by side in a window.
const SIDE: usize = 3;
/// All pixels of a window.
const WINDOW: usize = SIDE * SIDE;

impl Convolution {
    /// What it makes of `x` `[pixels, in]` (of several images, one after the other), and its trace.
    pub fn run(&self, x: ArrayView2<'_, f32>, keep: Keep) -> (Array2<f32>, ConvolutionTrace) {
        let before = self.map.apply(self.windows(x).view());
        let mut active = before.clone();
        self.activation.apply_all(active.as_slice_mut().expect("just made"));
        let trace = ConvolutionTrace {
            before_activation: keep.stages().then_some(before),
            activation: keep.stages().then(|| active.clone()),
        };
        (active, trace)
    }

    /// Adds the gradients of its parameters, given that of its output, and returns that of `x`.
    ///
    /// # Panics
    /// When `trace` is not on a tape.
    pub fn backward(
        &self,
        x: ArrayView2<'_, f32>,
        trace: &ConvolutionTrace,
        output: ArrayView2<'_, f32>,
        gradients: &mut Gradients,
    ) -> Array2<f32> {
        let before = trace.before_activation.as_ref().expect("the pass kept a tape");
        let mut inner = output.as_standard_layout().into_owned();
        let before = before.as_slice().expect("what is on a tape is contiguous");
        self.activation.multiply_by_slope(before, inner.as_slice_mut().expect("just made"));
        let windows = self.windows(x);
        let mut of_windows = Array2::zeros(windows.raw_dim());
        self.map.backward(windows.view(), inner.view(), Some(&mut of_windows), gradients);
        let mut input = Array2::zeros(x.raw_dim());
        self.each_pair(x.nrows(), |row, neighbour, place| {
            for (channel, sum) in input.row_mut(neighbour).iter_mut().enumerate() {
                *sum += of_windows[[row, channel * WINDOW + place]];
            }
        });
        input
    }

    /// The window of every pixel, `[pixels, in x 9]`; zeros outside the image.
    fn windows(&self, x: ArrayView2<'_, f32>) -> Array2<f32> {
        let mut windows = Array2::zeros((x.nrows(), x.ncols() * WINDOW));
        self.each_pair(x.nrows(), |row, neighbour, place| {
            for (channel, &number) in x.index_axis(Axis(0), neighbour).iter().enumerate() {
                windows[[row, channel * WINDOW + place]] = number;
            }
        });
        windows
    }

    /// Every pixel with every pixel of its window, and the place of that in it.
    fn each_pair(&self, rows: usize, mut visit: impl FnMut(usize, usize, usize)) {
        let pixels = self.side * self.side;
        for row in 0..rows {
            let (first, pixel) = (row / pixels * pixels, row % pixels);
            for place in 0..WINDOW {
                // One to the left and above is place 0.
                let y = (pixel / self.side + place / SIDE).checked_sub(1).filter(|&y| y < self.side);
                let x = (pixel % self.side + place % SIDE).checked_sub(1).filter(|&x| x < self.side);
                if let (Some(y), Some(x)) = (y, x) {
                    visit(row, first + y * self.side + x, place);
                }
            }
        }
    }

    /// How many numbers its trace has of `pixels`.
    pub fn numbers_kept(&self, pixels: u64, keep: Keep) -> u64 {
        if keep.stages() { 2 * pixels * self.map.outputs() as u64 } else { 0 }
    }
}

impl ConvolutionTrace {
    /// Everything that was kept, by name.
    pub fn stages(&self) -> Vec<(&'static str, ArrayViewD<'_, f32>)> {
        let all = [("before_activation", &self.before_activation), ("activation", &self.activation)];
        let kept = all.into_iter().filter_map(|(name, stage)| Some((name, stage.as_ref()?)));
        kept.map(|(name, stage)| (name, stage.view().into_dyn())).collect()
    }
}
