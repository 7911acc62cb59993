//! Background work of the screen *Attention*, and what its results change.

mod run;

use std::sync::Arc;

use super::pass::{Derived, Inspection, Pass, Question};
use super::state::Attention;
use crate::analysis::cell::{self, CellSteps};
use crate::analysis::difference::{self, Difference};
use crate::analysis::heads::HeadFigures;
use crate::analysis::importance::Importance;
use crate::analysis::maps::{self, DerivedKind, View};
use crate::analysis::thumbnails::SmallMaps;
use crate::analysis::{HeadPlace, Stack};
use crate::app::{Answers, Frame};
use crate::jobs::{Failure, Job, Reporter, Slot};
use crate::model::Model;
use crate::model::interventions::Interventions;
use crate::model::tokenizer::Tokens;

/// All of it, for a model that is closed.
pub(super) const SLOTS: [Slot; 8] = [
    Tokenise::SLOT,
    RunPass::SLOT,
    RunChanged::SLOT,
    Figures::SLOT,
    Derive::SLOT,
    ExplainCell::SLOT,
    Inspect::SLOT,
    MeasureImportance::SLOT,
];

/// Cuts a text into tokens.
#[derive(Debug)]
pub struct Tokenise {
    /// The model.
    pub model: Arc<Model>,
    /// The text.
    pub text: String,
}

impl Job for Tokenise {
    type Output = Tokens;
    type Note = ();
    const SLOT: Slot = Slot::front("attention.tokenise").quietly();

    fn run(self, _: &Reporter<'_, ()>) -> Result<Tokens, Failure> {
        Ok(self.model.encode_with_target(&self.text)?.0)
    }
}

impl Answers<Tokenise> for Attention {
    fn answered(&mut self, tokens: Tokens, _: &mut Frame) {
        self.tokens = Some(Arc::new(tokens));
    }

    fn failed(&mut self, failure: Failure, frame: &mut Frame) {
        self.text_failed(failure, frame);
    }
}

/// Runs the model on a text, or on the image of a path.
#[derive(Debug)]
pub struct RunPass {
    /// The model.
    pub model: Arc<Model>,
    /// The text.
    pub text: String,
}

impl Job for RunPass {
    type Output = Arc<Pass>;
    type Note = ();
    const SLOT: Slot = Slot::front("attention.pass");

    fn run(self, reporter: &Reporter<'_, ()>) -> Result<Arc<Pass>, Failure> {
        Ok(Arc::new(run::run(&self.model, &self.text, None, reporter.progress())?))
    }
}

impl Answers<RunPass> for Attention {
    fn answered(&mut self, pass: Arc<Pass>, frame: &mut Frame) {
        self.pass_arrived(pass, frame);
    }

    fn failed(&mut self, failure: Failure, frame: &mut Frame) {
        self.text_failed(failure, frame);
    }
}

/// Runs the model with changes, and compares.
#[derive(Debug)]
pub struct RunChanged {
    /// The model.
    pub model: Arc<Model>,
    /// The unchanged pass.
    pub before: Arc<Pass>,
    /// What to change.
    pub interventions: Interventions,
}

impl Job for RunChanged {
    type Output = (Arc<Pass>, Arc<Difference>);
    type Note = ();
    const SLOT: Slot = Slot::front("attention.changed-pass");

    fn run(self, reporter: &Reporter<'_, ()>) -> Result<Self::Output, Failure> {
        let Self { model, before, interventions } = self;
        let changes = Some((&interventions, &*before));
        let after = run::run(&model, &before.text, changes, reporter.progress())?;
        let difference = difference::difference(&before.trace, &after.trace)?;
        Ok((Arc::new(after), Arc::new(difference)))
    }
}

impl Answers<RunChanged> for Attention {
    fn answered(&mut self, (pass, difference): (Arc<Pass>, Arc<Difference>), frame: &mut Frame) {
        self.changed_pass_arrived(pass, difference, frame);
    }

    fn failed(&mut self, failure: Failure, frame: &mut Frame) {
        self.change_failed();
        frame.complain(failure.to_string());
    }
}

/// Tells what each head does.
#[derive(Debug)]
pub struct Figures {
    /// The model.
    pub model: Arc<Model>,
    /// The pass.
    pub pass: Arc<Pass>,
}

impl Job for Figures {
    type Output = Vec<HeadFigures>;
    type Note = ();
    const SLOT: Slot = Slot::front("attention.figures").quietly();

    fn run(self, _: &Reporter<'_, ()>) -> Result<Vec<HeadFigures>, Failure> {
        Ok(run::figures(&self.model, &self.pass))
    }
}

impl Answers<Figures> for Attention {
    fn answered(&mut self, figures: Vec<HeadFigures>, _: &mut Frame) {
        self.figures = Some(Arc::new(figures));
    }
}

/// Computes what a view other than weights needs: its maps, where it has some of its own, and all of
/// them small.
#[derive(Debug)]
pub struct Derive {
    /// The model.
    pub model: Arc<Model>,
    /// The unchanged pass.
    pub before: Arc<Pass>,
    /// The pass that is shown, or the changed one where the view compares.
    pub pass: Arc<Pass>,
    /// The view.
    pub view: View,
    /// Of which attentions.
    pub stack: Stack,
}

impl Job for Derive {
    type Output = Derived;
    type Note = ();
    const SLOT: Slot = Slot::front("attention.derive");

    fn run(self, reporter: &Reporter<'_, ()>) -> Result<Derived, Failure> {
        let Self { model, before, pass, view, stack } = self;
        let derived = |kind| maps::derived(&model.network, &pass.trace, kind, stack, reporter.progress());
        let maps = match view {
            View::Weights | View::Scores | View::Difference => None,
            View::Norm => Some(derived(DerivedKind::Norm)?),
            View::Mean => Some(derived(DerivedKind::Mean)?),
            View::Rollout => Some(derived(DerivedKind::Rollout)?),
        };
        let small = match (view, &maps) {
            (_, Some(maps)) => SmallMaps::of_derived(maps),
            (View::Difference, _) => SmallMaps::of_difference(stack, &before.trace, &pass.trace),
            (_, None) => SmallMaps::of_scores(stack, &pass.trace),
        };
        Ok(Derived { view, stack, maps, small })
    }
}

impl Answers<Derive> for Attention {
    fn answered(&mut self, derived: Derived, _: &mut Frame) {
        self.derived = Some(derived);
    }
}

/// Explains how one weight comes about.
#[derive(Debug)]
pub struct ExplainCell {
    /// The model.
    pub model: Arc<Model>,
    /// The pass.
    pub pass: Arc<Pass>,
    /// The head.
    pub place: HeadPlace,
    /// The token that looks.
    pub from: usize,
    /// The token looked at.
    pub to: usize,
}

impl Job for ExplainCell {
    type Output = CellSteps;
    type Note = ();
    const SLOT: Slot = Slot::front("attention.cell").quietly();

    fn run(self, _: &Reporter<'_, ()>) -> Result<CellSteps, Failure> {
        let Self { model, pass, place, from, to } = self;
        Ok(cell::explain(&model.network, &pass.trace, place, from, to)?)
    }
}

impl Answers<ExplainCell> for Attention {
    fn answered(&mut self, steps: CellSteps, _: &mut Frame) {
        self.cell = Some(Arc::new(steps));
    }
}

/// Works out what stands below the maps.
#[derive(Debug)]
pub struct Inspect {
    /// The model.
    pub model: Arc<Model>,
    /// The pass.
    pub pass: Arc<Pass>,
    /// What to look at.
    pub question: Question,
}

impl Job for Inspect {
    type Output = Inspection;
    type Note = ();
    const SLOT: Slot = Slot::front("attention.inspect");

    fn run(self, _: &Reporter<'_, ()>) -> Result<Inspection, Failure> {
        run::inspect(&self.model, &self.pass, self.question)
    }
}

impl Answers<Inspect> for Attention {
    fn answered(&mut self, inspection: Inspection, _: &mut Frame) {
        self.inspection = Some(inspection);
    }

    fn failed(&mut self, failure: Failure, frame: &mut Frame) {
        self.panel_failed(failure, frame);
    }
}

/// Measures what is lost without each head: a pass for every head of the model.
#[derive(Debug)]
pub struct MeasureImportance {
    /// The model.
    pub model: Arc<Model>,
    /// The pass, for what went into it.
    pub pass: Arc<Pass>,
    /// Of which attentions.
    pub stack: Stack,
}

impl Job for MeasureImportance {
    type Output = Importance;
    type Note = ();
    const SLOT: Slot = Slot::background("attention.importance");

    fn run(self, reporter: &Reporter<'_, ()>) -> Result<Importance, Failure> {
        run::importance(&self.model, &self.pass, self.stack, reporter.progress())
    }
}

impl Answers<MeasureImportance> for Attention {
    fn answered(&mut self, importance: Importance, _: &mut Frame) {
        self.inspection = Some(Inspection::Importance(importance));
    }

    fn failed(&mut self, failure: Failure, frame: &mut Frame) {
        self.panel_failed(failure, frame);
    }
}
