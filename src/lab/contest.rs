//! Networks that learn the same task.

use super::blueprint::{Blueprint, NetworkKind, TransformerChoices};
use super::experiment::Run;
use super::lessons::Lessons;
use super::training::{Training, TrainingSettings};
use crate::model::Network;
use crate::model::error::Result;
use crate::model::loss::Judgement;
use crate::progress::Progress;

/// A network of an experiment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Contestant {
    /// What it is called there.
    pub name: &'static str,
    /// What it is.
    pub blueprint: Blueprint,
}

impl Contestant {
    /// One layer of `kind`, 64 wide; a transformer has two layers of four heads (with one layer nothing
    /// can be looked up by what stood before it), a hybrid one head.
    pub const fn usual(name: &'static str, kind: NetworkKind) -> Self {
        let (layers, heads) = match kind {
            NetworkKind::Causal | NetworkKind::Simplified => (2, 4),
            _ => (1, 1),
        };
        let transformer = TransformerChoices::USUAL;
        let blueprint =
            Blueprint { kind, vocabulary: 0, layers, width: 64, heads, forget_bias: 1.0, transformer };
        Self { name, blueprint }
    }

    /// The same, whose forget gate starts from `bias`.
    pub const fn forgetting(mut self, bias: f32) -> Self {
        self.blueprint.forget_bias = bias;
        self
    }

    /// The same, made in another way.
    pub const fn with(mut self, choices: TransformerChoices) -> Self {
        self.blueprint.transformer = choices;
        self
    }

    /// The network before it has learned anything.
    ///
    /// # Errors
    /// Sizes that do not fit each other.
    pub fn build(&self, vocabulary: usize, seed: u64) -> Result<Network> {
        Blueprint { vocabulary, ..self.blueprint }.build(seed)
    }
}

/// How a task is learned.
pub struct Course<'a> {
    /// The name of the curve.
    pub name: String,
    /// The task.
    pub lessons: &'a dyn Lessons,
    /// How it is learned.
    pub settings: TrainingSettings,
    /// Which judgement is good enough to stop.
    pub is_enough: fn(&Judgement) -> bool,
    /// The name of a parameter that learns nothing.
    pub fixed: Option<&'static str>,
}

impl<'a> Course<'a> {
    /// All steps of `lessons`.
    pub fn of_steps(name: impl Into<String>, lessons: &'a dyn Lessons, settings: TrainingSettings) -> Self {
        Self { name: name.into(), lessons, settings, is_enough: |_| false, fixed: None }
    }
}

/// How often what was learned is looked at, in steps.
const JUDGED_EVERY: u64 = 50;

/// What was learned.
pub struct Learned {
    /// The network.
    pub network: Network,
    /// How good it is.
    pub judgement: Judgement,
    /// After so many steps.
    pub steps: u64,
}

/// Trains `network` until it is good enough or the steps are taken, with loss and accuracy as curves;
/// progress counts steps.
///
/// # Errors
/// Those of [`Training::step`]; it was stopped.
pub fn learn(run: &mut Run<'_>, network: Network, course: &Course<'_>) -> Result<Learned> {
    let quiet = Progress::unobserved();
    let mut training = Training::new(network, course.settings);
    training.adam.settings.weight_decay = 0.0;
    training.fixed = course.fixed;
    run.progress.name_stage(course.name.clone());
    loop {
        run.progress.check()?;
        training.step(course.lessons, &quiet)?;
        run.progress.advance(1);
        let steps = training.adam.steps;
        if !steps.is_multiple_of(JUDGED_EVERY) && !training.is_done() {
            continue;
        }
        let judgement = training.judge(course.lessons, &quiet)?;
        run.point(&course.name, "loss", steps, judgement.loss);
        run.point(&course.name, "accuracy", steps, judgement.accuracy);
        if training.is_done() || (course.is_enough)(&judgement) {
            run.progress.advance(course.settings.steps.saturating_sub(steps));
            return Ok(Learned { network: training.network, judgement, steps });
        }
    }
}

/// What a small network learns by: 64 texts a step, the same size of every step.
pub fn usual_settings(seed: u64, steps: u64) -> TrainingSettings {
    TrainingSettings { steps, batch: 64, rate: 3e-3, warm_up: 1, last_share: 1.0, seed, dropout: 0.0 }
}
