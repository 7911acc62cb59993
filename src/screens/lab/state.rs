//! State of the screen *Lab*: what was chosen, what runs, and what came out.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::lab::experiment::{Card, Experiment};
use crate::lab::experiments::ALL;
use crate::lab::outcome::Outcome;
use crate::progress::Progress;

/// How results are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum View {
    /// One line a network, one column a length.
    #[default]
    Table,
    /// All that was measured.
    Rows,
    /// What was seen on the way.
    Curves,
}

impl View {
    /// What it is called.
    pub fn title(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Rows => "rows",
            Self::Curves => "curves",
        }
    }
}

/// What a person chose on the screen *Lab*.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Choices {
    /// The name of the experiment.
    pub experiment: String,
    /// What all that is random follows from.
    pub seed: u64,
    /// Budgets by experiment, where they are not the usual ones.
    pub budgets: BTreeMap<String, u64>,
    /// How results are shown.
    pub view: View,
}

impl Default for Choices {
    fn default() -> Self {
        Self {
            experiment: ALL.first().map_or_else(String::new, |first| first.card().name.to_owned()),
            seed: 1,
            budgets: BTreeMap::new(),
            view: View::default(),
        }
    }
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// All was done.
    Done,
    /// It was stopped.
    Stopped,
    /// It was read from a file or an earlier session.
    Read,
}

/// What came out of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    /// What it is.
    pub outcome: Outcome,
    /// How it ended.
    pub ending: Ending,
}

/// An experiment that runs.
#[derive(Debug, Clone)]
pub struct Running {
    /// Its name.
    pub name: &'static str,
    /// What came out so far.
    pub outcome: Outcome,
    /// How far it is.
    pub progress: Arc<Progress>,
    /// When it began, on the clock of the frame.
    pub since: Duration,
}

/// Everything that the screen *Lab* shows.
#[derive(Debug, Clone, Default)]
pub struct Lab {
    /// What a person chose.
    pub chosen: Choices,
    /// What runs.
    pub running: Option<Running>,
    /// What came out, by the names of the experiments.
    pub results: BTreeMap<&'static str, Kept>,
    /// Why an experiment could not run, by its name.
    pub problems: BTreeMap<&'static str, String>,
    /// The first row that is shown.
    pub first_row: usize,
}

impl Lab {
    /// The number of the chosen experiment in the list.
    pub fn index(&self) -> usize {
        ALL.iter().position(|experiment| experiment.card().name == self.chosen.experiment).unwrap_or(0)
    }

    /// The chosen experiment.
    pub fn experiment(&self) -> &'static dyn Experiment {
        ALL[self.index()]
    }

    /// Its card.
    pub fn card(&self) -> &'static Card {
        self.experiment().card()
    }

    /// How much it is to do.
    pub fn budget(&self) -> u64 {
        let card = self.card();
        self.chosen.budgets.get(card.name).copied().unwrap_or(card.budget.usual)
    }

    /// Whether any experiment runs.
    pub fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// The chosen experiment, where it is the one that runs.
    pub fn running_here(&self) -> Option<&Running> {
        self.running.as_ref().filter(|running| running.name == self.card().name)
    }

    /// What is shown of the chosen experiment.
    pub fn shown(&self) -> Option<&Outcome> {
        let kept = || self.results.get(self.card().name).map(|kept| &kept.outcome);
        self.running_here().map(|running| &running.outcome).or_else(kept)
    }
}
