//! Step after step.

use rayon::prelude::*;

use super::corpus::Corpus;
use super::optimiser::{Adam, AdamSettings};
use crate::model::Network;
use crate::model::error::{ModelError, Result};
use crate::model::forward::Input;
use crate::model::fronts::Feed;
use crate::model::gradients::Gradients;
use crate::model::loss;
use crate::progress::Progress;

/// How many texts go through the network together: enough that a recurrent step is a product of
/// matrices, few enough that several groups keep several threads busy.
const GROUP: usize = 8;

/// How a network is trained.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrainingSettings {
    /// How many steps in all.
    pub steps: u64,
    /// How many pieces of text a step.
    pub batch: usize,
    /// The largest step that a parameter takes.
    pub rate: f32,
    /// How many steps until then.
    pub warm_up: u64,
    /// What all that is random follows from.
    pub seed: u64,
}

impl TrainingSettings {
    /// The size of step `step`: it grows evenly, then falls along a cosine to a tenth (Loshchilov and
    /// Hutter 2017).
    pub fn rate_at(&self, step: u64) -> f32 {
        const LEAST: f64 = 0.1;
        if step < self.warm_up {
            return self.rate * (step + 1) as f32 / self.warm_up as f32;
        }
        let rest = self.steps.saturating_sub(self.warm_up).max(1);
        let share = (step - self.warm_up) as f64 / rest as f64;
        let cosine = 0.5 * (1.0 + (std::f64::consts::PI * share.min(1.0)).cos());
        (f64::from(self.rate) * (LEAST + (1.0 - LEAST) * cosine)) as f32
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
        Self { settings, network, adam }
    }

    /// Whether all steps are taken.
    pub fn is_done(&self) -> bool {
        self.adam.steps >= self.settings.steps
    }

    /// Takes one step.
    ///
    /// # Errors
    /// A loss or a gradient that is not finite, with the step and the tensor: nothing is changed then.
    pub fn step(&mut self, corpus: &Corpus, progress: &Progress) -> Result<StepReport> {
        let step = self.adam.steps;
        let texts = corpus.batch(self.settings.seed, step, self.settings.batch);
        let (loss, mut gradients) = self.gradients(&texts, progress)?;
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

    /// The mean loss over `texts`, which are all of one length, and its gradients. Groups of texts go
    /// through the network side by side, each on a thread; which texts are a group does not depend on how
    /// many threads there are.
    fn gradients(&self, texts: &[&[u32]], progress: &Progress) -> Result<(f64, Gradients)> {
        let groups = texts.par_chunks(GROUP).map(|group| {
            let mut gradients = Gradients::of(&self.network);
            let input = Input::Each(vec![Feed::Texts(group.to_vec())]);
            let loss = loss::with_gradients(&self.network, &input, &[], &mut gradients, progress)?;
            Ok((loss, gradients, group.len() as f32 / texts.len() as f32))
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

    /// The mean loss over what is held out.
    ///
    /// # Errors
    /// None that the training itself would not have.
    pub fn held_out_loss(&self, corpus: &Corpus, progress: &Progress) -> Result<f64> {
        let (mut sum, mut count) = (0.0, 0.0);
        for texts in corpus.held_out_pieces().chunks(self.settings.batch.max(1)) {
            let input = Input::Each(vec![Feed::Texts(texts.to_vec())]);
            sum += loss::of(&self.network, &input, &[], progress)? * texts.len() as f64;
            count += texts.len() as f64;
        }
        Ok(sum / count)
    }
}
