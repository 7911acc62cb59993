//! Step after step.

use rayon::prelude::*;

use super::lessons::{Batch, Lessons};
use super::optimiser::{Adam, AdamSettings};
use crate::model::Network;
use crate::model::dropout::Dropout;
use crate::model::error::{ModelError, Result};
use crate::model::gradients::Gradients;
use crate::model::loss::{self, Judgement};
use crate::progress::Progress;
use crate::random::Random;

/// A batch goes through the network in at most so many groups, which keep as many threads busy.
const MOST_GROUPS: usize = 8;

/// A group has at least so many texts, so that a recurrent step is a product of matrices.
const SMALLEST_GROUP: usize = 4;

/// How many texts of a batch of `count` go through the network together.
fn group_size(count: usize) -> usize {
    count.div_ceil(MOST_GROUPS).max(SMALLEST_GROUP)
}

/// Bytes that training a network of so many parameters takes, besides what passes keep: weights, two
/// moments, and the gradients of every group of a batch.
pub fn bytes_needed(parameters: u64, batch: usize) -> u64 {
    let groups = batch.div_ceil(group_size(batch)) as u64;
    size_of::<f32>() as u64 * parameters * (3 + groups)
}

/// How a network is trained.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrainingSettings {
    /// How many steps in all.
    pub steps: u64,
    /// How many texts or images a step.
    pub batch: usize,
    /// The largest step that a parameter takes.
    pub rate: f32,
    /// How many steps until then.
    pub warm_up: u64,
    /// Which share of it is left at the last step.
    pub last_share: f64,
    /// What all that is random follows from.
    pub seed: u64,
    /// Which share of what every part makes is left out.
    pub dropout: f32,
}

impl TrainingSettings {
    /// The size of step `step`: it grows evenly, then falls along a cosine to its last share (Loshchilov
    /// and Hutter 2017).
    pub fn rate_at(&self, step: u64) -> f32 {
        if step < self.warm_up {
            return self.rate * (step + 1) as f32 / self.warm_up as f32;
        }
        let rest = self.steps.saturating_sub(self.warm_up).max(1);
        let share = (step - self.warm_up) as f64 / rest as f64;
        let cosine = 0.5 * (1.0 + (std::f64::consts::PI * share.min(1.0)).cos());
        (f64::from(self.rate) * (self.last_share + (1.0 - self.last_share) * cosine)) as f32
    }
}

fn not_finite(step: u64, loss: f64, gradients: &Gradients) -> ModelError {
    let is_broken = |numbers: &[f32]| numbers.iter().any(|number| !number.is_finite());
    let broken = gradients.iter().find(|(_, numbers)| is_broken(numbers)).map(|(name, _)| name);
    ModelError::Request(format!(
        "step {step}: the loss is {loss}, and the gradient of {} is not finite; try a smaller --rate",
        broken.unwrap_or("no tensor")
    ))
}

/// A training, at some step.
#[derive(Debug)]
pub struct Training {
    /// How it is done.
    pub settings: TrainingSettings,
    /// What learns.
    pub network: Network,
    /// What the optimiser remembers; its steps are those of the training.
    pub adam: Adam,
    /// The name of a parameter that learns nothing.
    pub fixed: Option<&'static str>,
}

/// What one step showed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepReport {
    /// Its number, from 1.
    pub step: u64,
    /// The loss before it.
    pub loss: f64,
    /// The length of all gradients together, before they were clipped.
    pub gradient: f64,
}

impl Training {
    /// Before the first step.
    pub fn new(network: Network, settings: TrainingSettings) -> Self {
        let adam = Adam::new(&network, AdamSettings::default());
        Self { settings, network, adam, fixed: None }
    }

    /// Whether all steps are taken.
    pub fn is_done(&self) -> bool {
        self.adam.steps >= self.settings.steps
    }

    /// Takes one step.
    ///
    /// # Errors
    /// A loss or a gradient that is not finite, with the step and the tensor: nothing is changed then.
    pub fn step(&mut self, lessons: &dyn Lessons, progress: &Progress) -> Result<StepReport> {
        let step = self.adam.steps;
        let batch = lessons.batch(self.settings.seed, step, self.settings.batch);
        let (loss, mut gradients) = self.gradients(&batch, progress)?;
        if let Some(name) = self.fixed {
            gradients.clear(name);
        }
        let rate = self.settings.rate_at(step);
        let gradient = match loss.is_finite() {
            true => self.adam.step(&mut self.network, &mut gradients, rate),
            false => f64::NAN,
        };
        if !gradient.is_finite() {
            return Err(not_finite(step + 1, loss, &gradients));
        }
        Ok(StepReport { step: step + 1, loss, gradient })
    }

    /// The mean loss over `batch`, and its gradients. Groups of texts go through the network side by
    /// side, each on a thread; which texts are a group does not depend on how many threads there are.
    fn gradients(&self, batch: &Batch<'_>, progress: &Progress) -> Result<(f64, Gradients)> {
        let TrainingSettings { seed, dropout, .. } = self.settings;
        let dropout = Dropout { share: dropout, seed: Random::of_step(!seed, self.adam.steps).bits() };
        let groups = batch.groups(group_size(batch.len()));
        let groups = groups.par_iter().enumerate().map(|(index, group)| {
            let mut gradients = Gradients::of(&self.network);
            let (input, dropout) = (group.input(), dropout.at(index));
            let loss = loss::while_learning(
                &self.network,
                &input,
                group.labels(),
                dropout,
                &mut gradients,
                progress,
            )?;
            Ok((loss, gradients, group.len() as f32 / batch.len() as f32))
        });
        let groups = groups.collect::<Result<Vec<_>>>()?;
        let loss = groups.iter().map(|&(loss, _, share)| loss * f64::from(share)).sum();
        let mut groups = groups.into_iter().map(|(_, gradients, share)| (gradients, share));
        let (mut sum, share) = groups.next().expect("a batch has a text");
        if share < 1.0 {
            sum.scale(share);
            groups.for_each(|(gradients, share)| sum.add(&gradients, share));
        }
        Ok((loss, sum))
    }

    /// How well it does on what is held out.
    ///
    /// # Errors
    /// None that the training itself would not have.
    pub fn judge(&self, lessons: &dyn Lessons, progress: &Progress) -> Result<Judgement> {
        let (held_out, mut sum) = (lessons.held_out(), Judgement::default());
        for group in held_out.groups(self.settings.batch.max(1)) {
            let share = group.len() as f64 / held_out.len() as f64;
            let found = loss::judge(&self.network, &group.input(), group.labels(), progress)?;
            sum.loss += found.loss * share;
            sum.accuracy += found.accuracy * share;
        }
        Ok(sum)
    }
}
