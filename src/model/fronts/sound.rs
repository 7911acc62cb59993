//! From a sound to the residual stream: convolutions along time, then positions.

use std::ops::Range;

use ndarray::{Array1, Array2, ArrayView2, Axis, s};

use super::places::rows_of_places;
use super::trace::FrontTrace;
use crate::model::activation::Activation;
use crate::model::error::{ModelError, Result};
use crate::model::interventions::Interventions;
use crate::model::keep::Keep;
use crate::model::linear::Linear;
use crate::model::normalisation::{Norm, normalise};
use crate::model::parameters::{Parameter, Parameters, parameters_in};

/// Convolutions one after the other, then a map to D, then positions.
///
/// wav2vec 2.0 (Baevski et al. 2020) and HuBERT (Hsu et al. 2021) hear the samples themselves, Whisper
/// (Radford et al. 2022) the strengths of bands of pitch.
#[derive(Debug, Clone)]
pub struct SoundEmbedding {
    /// What it hears at every step: one sample, or so many bands.
    pub channels: usize,
    /// The convolutions, first to last.
    pub convolutions: Vec<TimeConvolution>,
    /// A norm over what they give.
    pub features_norm: Option<Norm>,
    /// From what they give to D.
    pub projection: Option<Linear>,
    /// Where a token is.
    pub positions: SoundPositions,
    /// A norm over the sum.
    pub norm: Option<Norm>,
}

parameters_in!(SoundEmbedding: convolutions, features_norm, projection, positions, norm);

/// A convolution along time; a cross-correlation, as PyTorch's `Conv1d`.
#[derive(Debug, Clone)]
pub struct TimeConvolution {
    /// `[out, in, width]`.
    pub map: Linear,
    /// Steps in a window.
    pub width: usize,
    /// Steps from window to window.
    pub stride: usize,
    /// Zeros before and behind the sound.
    pub padding: usize,
    /// Over what it gives, before the non-linearity.
    pub norm: Option<TimeNorm>,
    /// The non-linearity.
    pub activation: Activation,
}

parameters_in!(TimeConvolution: map, norm);

/// A norm over the channels of a sound.
#[derive(Debug, Clone)]
pub enum TimeNorm {
    /// Of all channels at each step.
    OfSteps(Norm),
    /// Of each channel over the whole sound (PyTorch's `GroupNorm` with a group a channel).
    OfChannels(Norm),
}

impl Parameters for TimeNorm {
    fn each<'a>(&'a self, see: &mut dyn FnMut(&'a Parameter)) {
        let (Self::OfSteps(norm) | Self::OfChannels(norm)) = self;
        norm.each(see);
    }

    fn each_mut(&mut self, change: &mut dyn FnMut(&mut Parameter)) {
        let (Self::OfSteps(norm) | Self::OfChannels(norm)) = self;
        norm.each_mut(change);
    }
}

/// How a sound's tokens know where they are.
#[derive(Debug, Clone)]
pub enum SoundPositions {
    /// A row for every token `[tokens, D]`; a sound has exactly as many.
    Learned(Parameter),
    /// A convolution over the neighbours, in groups of channels, is added.
    OfNeighbours(NeighbourConvolution),
}

impl Parameters for SoundPositions {
    fn each<'a>(&'a self, see: &mut dyn FnMut(&'a Parameter)) {
        match self {
            Self::Learned(table) => see(table),
            Self::OfNeighbours(convolution) => convolution.each(see),
        }
    }

    fn each_mut(&mut self, change: &mut dyn FnMut(&mut Parameter)) {
        match self {
            Self::Learned(table) => change(table),
            Self::OfNeighbours(convolution) => convolution.each_mut(change),
        }
    }
}

/// A convolution along time that mixes the channels of a group only.
#[derive(Debug, Clone)]
pub struct NeighbourConvolution {
    /// `[1, 1, width]`: how long the weights of each place of a window are, over all channels.
    pub length: Parameter,
    /// `[D, D / groups, width]`: the weights, but for that (Salimans and Kingma 2016).
    pub direction: Parameter,
    /// `[D]`.
    pub bias: Parameter,
    /// Steps in a window.
    pub width: usize,
    /// Groups of channels.
    pub groups: usize,
    /// The non-linearity.
    pub activation: Activation,
}

parameters_in!(NeighbourConvolution: length, direction, bias);

impl SoundEmbedding {
    /// How many tokens a sound of `steps` has; none where it is shorter than a window.
    pub fn tokens_of(&self, steps: usize) -> usize {
        self.convolutions.iter().fold(steps, |steps, convolution| convolution.steps_of(steps))
    }

    /// The stream `[T, D]` of a sound `[channels, steps]`.
    ///
    /// # Errors
    /// [`ModelError::Request`] for a sound of other channels, one that is too short, or not as long as
    /// positions were learned for; a token that is told another place where there are no learned ones, or
    /// none of that number.
    pub fn embed(
        &self,
        sound: ArrayView2<'_, f32>,
        interventions: &Interventions,
        keep: Keep,
    ) -> Result<(Array2<f32>, FrontTrace)> {
        self.check(sound)?;
        let mut x = sound.reversed_axes().as_standard_layout().into_owned();
        for convolution in &self.convolutions {
            x = convolution.apply(x.view());
        }
        if let Some(norm) = &self.features_norm {
            normalise(norm, &mut x);
        }
        let tokens = self.projection.as_ref().map_or_else(|| x.clone(), |map| map.apply(x.view()));
        let positions = match &self.positions {
            SoundPositions::Learned(table) => {
                rows_of_places(table.to_matrix().view(), table.name(), tokens.nrows(), interventions)?
            }
            SoundPositions::OfNeighbours(convolution) => {
                let told = |token| interventions.position(token);
                if (0..tokens.nrows()).all(|token| told(token).is_none()) {
                    Array2::zeros(tokens.raw_dim())
                } else if (0..tokens.nrows()).all(|token| told(token) == Some(token)) {
                    convolution.apply(tokens.view())
                } else {
                    return Err(ModelError::Request(
                        "the tokens know where they are by their neighbours: no other place can be told"
                            .into(),
                    ));
                }
            }
        };
        let sum = &tokens + &positions;
        let mut stream = sum.clone();
        if let Some(norm) = &self.norm {
            normalise(norm, &mut stream);
        }
        Ok((stream, FrontTrace::looked_at(keep, tokens, positions, &sum)))
    }

    fn check(&self, sound: ArrayView2<'_, f32>) -> Result<()> {
        let (channels, steps) = sound.dim();
        if channels != self.channels {
            return Err(ModelError::Request(format!(
                "the model hears {} numbers at every step, this sound has {channels}",
                self.channels
            )));
        }
        let tokens = self.tokens_of(steps);
        if tokens == 0 {
            return Err(ModelError::Request(format!(
                "a sound of {steps} steps is shorter than what the model hears at once; give a longer one"
            )));
        }
        match &self.positions {
            SoundPositions::Learned(table) if table.shape()[0] != tokens => {
                Err(ModelError::Request(format!(
                    "the model hears sounds of {} tokens, this one ({steps} steps) has {tokens}; cut it, or \
                     fill it up with silence",
                    table.shape()[0]
                )))
            }
            _ => Ok(()),
        }
    }
}

impl TimeConvolution {
    fn steps_of(&self, steps: usize) -> usize {
        let room = (steps + 2 * self.padding).checked_sub(self.width);
        room.map_or(0, |room| room / self.stride.max(1) + 1)
    }

    /// The windows of `x` `[steps, in]` at some steps, `[steps, in x width]`; zeros outside.
    fn windows(&self, x: ArrayView2<'_, f32>, steps: Range<usize>) -> Array2<f32> {
        let mut windows = Array2::zeros((steps.len(), x.ncols() * self.width));
        for (step, mut window) in steps.zip(windows.rows_mut()) {
            for place in 0..self.width {
                let at = (step * self.stride + place).checked_sub(self.padding);
                let Some(at) = at.filter(|&at| at < x.nrows()) else { continue };
                window.slice_mut(s![place..;self.width]).assign(&x.row(at));
            }
        }
        windows
    }

    /// What it makes of `x` `[steps, in]`: `[steps, out]`.
    fn apply(&self, x: ArrayView2<'_, f32>) -> Array2<f32> {
        let steps = self.steps_of(x.nrows());
        let mut y = Array2::zeros((steps, self.map.outputs()));
        for first in (0..steps).step_by(AT_ONCE) {
            let steps = first..(first + AT_ONCE).min(steps);
            let windows = self.windows(x, steps.clone());
            y.slice_mut(s![steps, ..]).assign(&self.map.apply(windows.view()));
        }
        match &self.norm {
            Some(TimeNorm::OfSteps(norm)) => normalise(norm, &mut y),
            Some(TimeNorm::OfChannels(norm)) => normalise_channels(norm, &mut y),
            None => {}
        }
        self.activation.apply_all(y.as_slice_mut().expect("just made"));
        y
    }
}

/// Windows that are laid side by side at once: those of a long sound would take more memory than the sound.
const AT_ONCE: usize = 4096;

/// Brings every column to mean 0 and variance 1, then by its own scale and shift.
fn normalise_channels(norm: &Norm, x: &mut Array2<f32>) {
    let (weight, bias) = (norm.weight.to_f32(), norm.bias.as_ref().map(|bias| bias.to_f32()));
    for (channel, mut column) in x.axis_iter_mut(Axis(1)).enumerate() {
        let steps = column.len() as f64;
        let mean = column.iter().map(|&number| f64::from(number)).sum::<f64>() / steps;
        let squares = column.iter().map(|&number| (f64::from(number) - mean).powi(2)).sum::<f64>() / steps;
        let scale = f64::from(weight[channel]) / (squares + f64::from(norm.epsilon)).sqrt();
        let shift = bias.as_ref().map_or(0.0, |bias| f64::from(bias[channel]));
        column.mapv_inplace(|number| ((f64::from(number) - mean) * scale + shift) as f32);
    }
}

impl NeighbourConvolution {
    /// g v / |v| at each place of a window.
    fn weight(&self) -> Vec<f32> {
        let (lengths, mut weight) = (self.length.to_f32(), self.direction.to_f32().into_owned());
        let mut squares = vec![0.0f64; lengths.len()];
        for window in weight.chunks_exact(lengths.len()) {
            squares.iter_mut().zip(window).for_each(|(sum, &number)| *sum += f64::from(number).powi(2));
        }
        let factor = |(&length, sum): (&f32, &f64)| f64::from(length) / sum.sqrt();
        let factors: Vec<f64> = lengths.iter().zip(&squares).map(factor).collect();
        for window in weight.chunks_exact_mut(lengths.len()) {
            let each = window.iter_mut().zip(&factors);
            each.for_each(|(number, factor)| *number = (f64::from(*number) * factor) as f32);
        }
        weight
    }

    /// What it makes of `x` `[steps, D]`: half a window of zeros lies before and behind, and of an even
    /// window's one step too many the last is dropped.
    fn apply(&self, x: ArrayView2<'_, f32>) -> Array2<f32> {
        let (steps, hidden) = x.dim();
        let each = hidden / self.groups.max(1);
        let (weight, bias) = (self.weight(), self.bias.to_f32());
        let mut y = Array2::zeros((steps, hidden));
        let mut windows = Array2::<f32>::zeros((steps, each * self.width));
        for group in 0..self.groups {
            let channels = group * each..(group + 1) * each;
            windows.fill(0.0);
            for (step, mut window) in windows.rows_mut().into_iter().enumerate() {
                for place in 0..self.width {
                    let at = (step + place).checked_sub(self.width / 2).filter(|&at| at < steps);
                    let Some(at) = at else { continue };
                    window.slice_mut(s![place..;self.width]).assign(&x.slice(s![at, channels.clone()]));
                }
            }
            let size = each * self.width;
            let own = &weight[channels.start * size..channels.end * size];
            let own = ArrayView2::from_shape((each, size), own).expect("a filter a channel");
            y.slice_mut(s![.., channels]).assign(&windows.dot(&own.t()));
        }
        y += &Array1::from_iter(bias.iter().copied());
        self.activation.apply_all(y.as_slice_mut().expect("just made"));
        y
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::linear::Layout;
    use crate::model::tensor::Tensor;
    use crate::random::Random;

    fn parameter(random: &mut Random, shape: &[usize]) -> Parameter {
        let numbers = (0..shape.iter().product()).map(|_| random.normal() as f32).collect();
        Arc::new(Tensor::owned("w", shape.to_vec(), numbers))
    }

    /// Longer than what is laid side by side at once.
    #[test]
    fn a_convolution_is_the_sum_over_its_window() {
        let mut random = Random::new(1);
        let map = Linear {
            weight: parameter(&mut random, &[2, 3, 3]),
            layout: Layout::OutIn,
            bias: Some(parameter(&mut random, &[2])),
        };
        let convolution = TimeConvolution {
            map,
            width: 3,
            stride: 2,
            padding: 1,
            norm: None,
            activation: Activation::Gelu,
        };
        let x = Array2::from_shape_simple_fn((2 * AT_ONCE + 7, 3), || random.normal() as f32);
        let y = convolution.apply(x.view());
        assert_eq!(y.dim(), (AT_ONCE + 4, 2));
        let (weight, bias) =
            (convolution.map.weight.to_f32(), convolution.map.bias.as_ref().unwrap().to_f32());
        for ((step, output), &found) in y.indexed_iter() {
            let mut sum = f64::from(bias[output]);
            for (input, place) in (0..3).flat_map(|input| (0..3).map(move |place| (input, place))) {
                let at = (2 * step + place).checked_sub(1).filter(|&at| at < x.nrows());
                let number = at.map_or(0.0, |at| f64::from(x[[at, input]]));
                sum += f64::from(weight[(output * 3 + input) * 3 + place]) * number;
            }
            let expected = Activation::Gelu.apply(sum as f32);
            assert!((found - expected).abs() < 1e-5, "{step} {output}: {found} {expected}");
        }
    }

    #[test]
    fn of_an_even_window_the_last_step_is_dropped() {
        let mut random = Random::new(2);
        let convolution = NeighbourConvolution {
            length: Arc::new(Tensor::owned("g", vec![1, 1, 2], vec![2.0, 3.0])),
            direction: Arc::new(Tensor::owned("v", vec![2, 1, 2], vec![3.0, 0.0, 4.0, 1.0])),
            bias: Arc::new(Tensor::owned("b", vec![2], vec![0.0, 0.5])),
            width: 2,
            groups: 2,
            activation: Activation::Relu,
        };
        // Lengths over both channels: 5 at the first place, 1 at the second.
        assert_eq!(convolution.weight(), [1.2, 0.0, 1.6, 3.0]);
        let x = Array2::from_shape_simple_fn((4, 2), || random.normal() as f32);
        let y = convolution.apply(x.view());
        assert_eq!(y.dim(), (4, 2));
        for step in 0..4 {
            let before = |channel| if step > 0 { x[[step - 1, channel]] } else { 0.0 };
            let expected = [1.2 * before(0), 1.6 * before(1) + 3.0 * x[[step, 1]] + 0.5];
            for (channel, expected) in expected.into_iter().enumerate() {
                assert!((y[[step, channel]] - expected.max(0.0)).abs() < 1e-6, "{step} {channel}");
            }
        }
    }
}
