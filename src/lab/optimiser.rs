//! AdamW with clipped gradients.

use crate::elementary::vectorised;
use crate::model::gradients::Gradients;
use crate::model::network::Network;

/// What AdamW is told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdamSettings {
    /// How fast the mean of the gradients forgets (β₁).
    pub first_decay: f32,
    /// How fast the mean of their squares forgets (β₂).
    pub second_decay: f32,
    /// Keeps the root away from zero, added to it.
    pub epsilon: f32,
    /// Which share of the learning rate every parameter shrinks by, at each step.
    pub weight_decay: f32,
    /// The greatest length of all gradients together; longer ones are shortened (Pascanu et al. 2013).
    pub clip: f64,
}

impl Default for AdamSettings {
    fn default() -> Self {
        Self { first_decay: 0.9, second_decay: 0.999, epsilon: 1e-8, weight_decay: 0.01, clip: 1.0 }
    }
}

/// AdamW (Loshchilov and Hutter 2019, algorithm 2): every parameter shrinks a little, then moves
/// against the mean of its gradients, divided by the root of the mean of their squares.
#[derive(Debug, Clone)]
pub struct Adam {
    /// What it was told.
    pub settings: AdamSettings,
    /// Steps so far.
    pub steps: u64,
    /// Means of the gradients and of their squares, a pair a parameter, in the order of
    /// [`Network::parameters`].
    pub moments: Vec<[Vec<f32>; 2]>,
}

impl Adam {
    /// Before the first step.
    pub fn new(network: &Network, settings: AdamSettings) -> Self {
        let zeros = |count: usize| [vec![0.0; count], vec![0.0; count]];
        let moments = network.parameters().iter().map(|parameter| zeros(parameter.len())).collect();
        Self { settings, steps: 0, moments }
    }

    /// Takes one step of size `rate`; returns the length of the gradients before they were clipped,
    /// which is not finite when one of them is not: then nothing is changed. The gradients themselves
    /// are clipped in place.
    ///
    /// # Panics
    /// When `gradients` are of another network.
    pub fn step(&mut self, network: &mut Network, gradients: &mut Gradients, rate: f32) -> f64 {
        let norm = gradients.norm();
        if !norm.is_finite() {
            return norm;
        }
        // As `clip_grad_norm_` of PyTorch has it.
        let scale = (self.settings.clip / (norm + 1e-6)).min(1.0) as f32;
        self.steps += 1;
        let power = i32::try_from(self.steps).unwrap_or(i32::MAX);
        let unbias = |decay: f32| 1.0 / (1.0 - f64::from(decay).powi(power)) as f32;
        let step = Step {
            settings: self.settings,
            rate,
            scale,
            unbiased: [unbias(self.settings.first_decay), unbias(self.settings.second_decay)],
        };
        let mut rows = self.moments.iter_mut().zip(gradients.numbers_mut());
        network.change_parameters(|name, numbers| {
            let (moments, gradient) = rows.next().expect("gradients of the same network");
            assert_eq!(gradient.len(), numbers.len(), "the gradient of {name}");
            step.apply(numbers, gradient, moments);
        });
        norm
    }
}

/// What all parameters have in common in one step.
struct Step {
    settings: AdamSettings,
    rate: f32,
    scale: f32,
    /// What makes up for the zeros that both means began with.
    unbiased: [f32; 2],
}

impl Step {
    fn apply(&self, numbers: &mut [f32], gradient: &mut [f32], [first, second]: &mut [Vec<f32>; 2]) {
        let AdamSettings { first_decay, second_decay, epsilon, weight_decay, .. } = self.settings;
        let shrink = 1.0 - self.rate * weight_decay;
        vectorised!({
            let moments = first.iter_mut().zip(second.iter_mut());
            for ((number, gradient), (first, second)) in numbers.iter_mut().zip(gradient).zip(moments) {
                *gradient *= self.scale;
                let g = *gradient;
                *first = first_decay * *first + (1.0 - first_decay) * g;
                *second = second_decay * *second + (1.0 - second_decay) * g * g;
                let root = (*second * self.unbiased[1]).sqrt() + epsilon;
                *number = *number * shrink - self.rate * (*first * self.unbiased[0]) / root;
            }
        });
    }
}
