//! Background work of the screen *Lab*, and what its results change.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value;

use super::state::Lab;
use crate::app::{Answers, Frame};
use crate::jobs::{Failure, Job, Reporter, Slot};
use crate::lab::experiment::{Experiment, Run};
use crate::lab::experiments;
use crate::lab::outcome::{News, Outcome};
use crate::lab::replay::replay;
use crate::model::{Model, open};

/// Runs an experiment.
pub struct Conduct {
    /// The experiment.
    pub experiment: &'static dyn Experiment,
    /// What all that is random follows from, and how much is done.
    pub asked: (u64, u64),
    /// The model to look at; `None` for that of its card.
    pub model: Option<Arc<Model>>,
}

impl Job for Conduct {
    type Output = Outcome;
    type Note = News;
    const SLOT: Slot = Slot::background("lab.experiment");

    fn run(self, reporter: &Reporter<'_, News>) -> Result<Outcome, Failure> {
        let card = self.experiment.card();
        let model = match (self.model, card.model) {
            (given @ Some(_), Some(_)) => given,
            (None, Some(name)) => Some(Arc::new(open::open(name)?)),
            (_, None) => None,
        };
        let mut tell = |news| reporter.note(news);
        let mut run = Run::new(card, self.asked, model.as_deref(), reporter.progress(), &mut tell);
        self.experiment.run(&mut run)?;
        Ok(run.outcome)
    }
}

impl Answers<Conduct> for Lab {
    fn answered(&mut self, outcome: Outcome, frame: &mut Frame) {
        self.done(outcome, frame);
    }

    fn failed(&mut self, failure: Failure, frame: &mut Frame) {
        match failure {
            Failure::Refused(message) => self.refused(message),
            other => {
                self.running = None;
                frame.complain(other.to_string());
            }
        }
    }

    fn noted(&mut self, news: News, _: &mut Frame) {
        self.noted_news(news);
    }
}

/// Shows once more how a run went, or one that was written to a file.
pub enum Show {
    /// What came out.
    Again(Outcome),
    /// A file that holds what came out, as JSON.
    File(PathBuf),
}

impl Job for Show {
    type Output = Outcome;
    type Note = Shown;
    const SLOT: Slot = Slot::background("lab.replay");

    fn run(self, reporter: &Reporter<'_, Shown>) -> Result<Outcome, Failure> {
        let outcome = match self {
            Self::Again(outcome) => outcome,
            Self::File(path) => read(&path)?,
        };
        reporter.note(Shown::Begins(outcome.clone()));
        replay(&outcome, reporter.progress(), &mut |news| reporter.note(Shown::Goes(news)))?;
        Ok(outcome)
    }
}

/// What is told of a run that is shown once more.
pub enum Shown {
    /// What it is going to be.
    Begins(Outcome),
    /// What came next.
    Goes(News),
}

fn read(path: &std::path::Path) -> Result<Outcome, Failure> {
    let refuse = |what: String| Failure::Refused(format!("cannot show {}: {what}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| refuse(error.to_string()))?;
    let written: Value = serde_json::from_str(&text).map_err(|error| refuse(error.to_string()))?;
    let name = written["experiment"].as_str().unwrap_or_default();
    let experiment =
        experiments::named(name).ok_or_else(|| refuse(format!("no experiment is called \"{name}\"")))?;
    Outcome::from_json(&written, experiment.card().columns).map_err(refuse)
}

impl Answers<Show> for Lab {
    fn answered(&mut self, outcome: Outcome, _: &mut Frame) {
        self.shown_again(outcome);
    }

    fn failed(&mut self, failure: Failure, frame: &mut Frame) {
        self.running = None;
        frame.complain(failure.to_string());
    }

    fn noted(&mut self, shown: Shown, frame: &mut Frame) {
        match shown {
            Shown::Begins(outcome) => self.begin_again(&outcome, frame),
            Shown::Goes(news) => self.noted_news(news),
        }
    }
}
