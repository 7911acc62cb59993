//! RWKV 4 (Peng et al. 2023): tokens mixed with the ones before them, and a decaying mean in place of
//! attention.

use ndarray::{Array2, ArrayView2};

use super::logistic;
use crate::model::linear::Linear;
use crate::model::parameters::{Parameter, parameters_in};

/// out(σ(r) wkv): wkv is the mean of all values so far, weighed by e^(key - distance w), the own one by
/// e^(key + u) (Peng et al. 2023, equation 16).
#[derive(Debug, Clone)]
pub struct TimeMix {
    /// The share of the token itself in what keys are made of, `[1, 1, D]`.
    pub mix_key: Parameter,
    /// In what values are made of.
    pub mix_value: Parameter,
    /// In what r is made of.
    pub mix_receptance: Parameter,
    /// `[A, D]`.
    pub key: Linear,
    /// `[A, D]`.
    pub value: Linear,
    /// `[A, D]`.
    pub receptance: Linear,
    /// w = e^ of it, `[A]`.
    pub decay: Parameter,
    /// u, `[A]`.
    pub first: Parameter,
    /// `[D, A]`.
    pub output: Linear,
}

parameters_in!(
    TimeMix: mix_key, mix_value, mix_receptance, key, value, receptance, decay, first, output
);

impl TimeMix {
    /// What goes into the output map, `[T, A]`, and what comes out of it.
    pub(super) fn run(&self, x: ArrayView2<'_, f32>) -> (Array2<f32>, Array2<f32>) {
        let through = |map: &Linear, mix: &Parameter| map.apply(mixed(x, mix).view());
        let (key, value) = (through(&self.key, &self.mix_key), through(&self.value, &self.mix_value));
        let receptance = through(&self.receptance, &self.mix_receptance);
        let (decay, first) = (self.decay.to_f32(), self.first.to_f32());
        let mut made = Array2::zeros(key.raw_dim());
        for channel in 0..key.ncols() {
            let decay = -decay[channel].exp();
            // Sums times e^-largest, so that none leaves the numbers.
            let (mut sum, mut weights, mut largest) = (0.0f32, 0.0f32, f32::NEG_INFINITY);
            for token in 0..key.nrows() {
                let (key, value) = (key[[token, channel]], value[[token, channel]]);
                let own = key + first[channel];
                let most = largest.max(own);
                let (old, new) = ((largest - most).exp(), (own - most).exp());
                let mean = (old * sum + new * value) / (old * weights + new);
                made[[token, channel]] = logistic(receptance[[token, channel]]) * mean;
                let most = (largest + decay).max(key);
                let (old, new) = ((largest + decay - most).exp(), (key - most).exp());
                (sum, weights, largest) = (old * sum + new * value, old * weights + new, most);
            }
        }
        let output = self.output.apply(made.view());
        (made, output)
    }
}

/// σ(r) value(relu(key)²), of tokens mixed with the ones before (Peng et al. 2023, equation 18).
#[derive(Debug, Clone)]
pub struct ChannelMix {
    /// As in [`TimeMix`].
    pub mix_key: Parameter,
    /// As in [`TimeMix`].
    pub mix_receptance: Parameter,
    /// `[F, D]`.
    pub key: Linear,
    /// `[D, D]`.
    pub receptance: Linear,
    /// `[D, F]`.
    pub value: Linear,
}

parameters_in!(ChannelMix: mix_key, mix_receptance, key, receptance, value);

impl ChannelMix {
    /// What goes into the value map, `[T, F]`, and what comes out of it all.
    pub(super) fn run(&self, x: ArrayView2<'_, f32>) -> (Array2<f32>, Array2<f32>) {
        let mut key = self.key.apply(mixed(x, &self.mix_key).view());
        key.mapv_inplace(|value| value.max(0.0).powi(2));
        let mut output = self.receptance.apply(mixed(x, &self.mix_receptance).view());
        output.mapv_inplace(logistic);
        output *= &self.value.apply(key.view());
        (key, output)
    }
}

/// Every token times its share, and the one before it times the rest; before the first there is nothing.
fn mixed(x: ArrayView2<'_, f32>, share: &Parameter) -> Array2<f32> {
    let share = share.to_f32();
    Array2::from_shape_fn(x.raw_dim(), |(token, column)| {
        let before = token.checked_sub(1).map_or(0.0, |before| x[[before, column]]);
        share[column] * x[[token, column]] + (1.0 - share[column]) * before
    })
}
