//! What the commands of the screen *Lab* do.

use serde_json::Value;

use super::state::{Ending, Kept, Lab, Running, View};
use super::work::{Conduct, Show};
use crate::app::{Frame, moved};
use crate::jobs::Job;
use crate::lab::experiments::{ALL, named};
use crate::lab::outcome::{News, Outcome};
use crate::widgets::canvas::Target;
use crate::widgets::text::spoken;

/// The kind of target that an experiment in the list is.
pub(super) const EXPERIMENT: &str = "experiment";

impl Lab {
    pub(super) fn select(&mut self, by: isize) {
        self.choose(moved(self.index(), by, ALL.len()));
    }

    fn choose(&mut self, index: usize) {
        if let Some(experiment) = ALL.get(index) {
            experiment.card().name.clone_into(&mut self.chosen.experiment);
            self.first_row = 0;
        }
    }

    pub(super) fn select_target(&mut self, target: Target) {
        if target.kind == EXPERIMENT {
            self.choose(target.row);
        }
    }

    /// Runs the chosen experiment, with the model that a person opened where it looks at one.
    pub(super) fn start(&mut self, frame: &mut Frame) {
        let (experiment, card) = (self.experiment(), self.card());
        let asked = (self.chosen.seed, self.budget());
        let opened = frame.model_name.is_some() && card.model.is_some();
        let model = frame.model.open().filter(|_| opened).cloned();
        let name = model.as_ref().map(|model| model.name.clone()).or_else(|| card.model.map(str::to_owned));
        let outcome = card.nothing_yet(asked, name);
        frame.cancel(Show::SLOT);
        self.problems.remove(card.name);
        self.first_row = 0;
        let progress = frame.start::<Self, _>(Conduct { experiment, asked, model });
        self.running = Some(Running { name: card.name, outcome, progress, since: frame.now });
    }

    /// Stops what runs and keeps what there is; `false` when nothing runs.
    pub(super) fn stop(&mut self, frame: &mut Frame) -> bool {
        let Some(running) = self.running.take() else { return false };
        let was_shown_again = frame.is_running(Show::SLOT);
        frame.cancel(Conduct::SLOT);
        frame.cancel(Show::SLOT);
        if was_shown_again {
            frame.inform("shown no further");
        } else if running.outcome.rows.is_empty() && running.outcome.curves.is_empty() {
            frame.inform(format!("{} was stopped before anything came out", running.name));
        } else {
            frame.inform(format!("{} was stopped; what came out is kept", running.name));
            self.results.insert(running.name, Kept { outcome: running.outcome, ending: Ending::Stopped });
        }
        true
    }

    pub(super) fn noted_news(&mut self, news: News) {
        if let Some(running) = &mut self.running {
            running.outcome.add(news);
        }
    }

    pub(super) fn done(&mut self, outcome: Outcome, frame: &mut Frame) {
        let Some(running) = self.running.take() else { return };
        let seconds = frame.now.saturating_sub(running.since).as_secs();
        frame.inform(format!("{} is done, in {}", running.name, spoken(seconds)));
        self.results.insert(running.name, Kept { outcome, ending: Ending::Done });
    }

    pub(super) fn refused(&mut self, message: String) {
        if let Some(running) = self.running.take() {
            self.problems.insert(running.name, message);
        }
    }

    pub(super) fn next_view(&mut self, _: &mut Frame) {
        self.chosen.view = match self.chosen.view {
            View::Table => View::Rows,
            View::Rows if !self.card().chart.curves.is_empty() => View::Curves,
            View::Rows | View::Curves => View::Table,
        };
    }

    pub(super) fn scroll_rows(&mut self, by: isize) {
        const PAGE: isize = 8;
        let rows = self.shown().map_or(0, |outcome| outcome.rows.len());
        self.first_row = moved(self.first_row, by * PAGE, rows.max(1));
    }

    /// Shows the run of the chosen experiment once more.
    pub(super) fn show_again(&mut self, frame: &mut Frame) {
        if let Some(kept) = self.results.get(self.card().name) {
            let progress = frame.start::<Self, _>(Show::Again(kept.outcome.clone()));
            let outcome = empty(&kept.outcome);
            self.running = Some(Running { name: self.card().name, outcome, progress, since: frame.now });
        }
    }

    pub(super) fn begin_again(&mut self, outcome: &Outcome, frame: &mut Frame) {
        let Some(experiment) = named(&outcome.experiment) else { return };
        let name = experiment.card().name;
        name.clone_into(&mut self.chosen.experiment);
        let progress = self.running.as_ref().map(|running| running.progress.clone()).unwrap_or_default();
        self.running = Some(Running { name, outcome: empty(outcome), progress, since: frame.now });
    }

    pub(super) fn shown_again(&mut self, outcome: Outcome) {
        self.running = None;
        let Some(experiment) = named(&outcome.experiment) else { return };
        self.results.entry(experiment.card().name).or_insert(Kept { outcome, ending: Ending::Read });
    }

    pub(super) fn remember_results(&mut self, memory: &Value) -> Result<(), String> {
        let Some(written) = memory.as_array() else { return Ok(()) };
        let mut results = self.results.clone();
        for one in written {
            // An experiment of another version may have other columns, or be gone.
            let name = one["experiment"].as_str().unwrap_or_default();
            let Some(card) = named(name).map(|experiment| experiment.card()) else { continue };
            let outcome = Outcome::from_json(one, card.columns)?;
            results.insert(card.name, Kept { outcome, ending: Ending::Read });
        }
        self.results = results;
        Ok(())
    }
}

/// What a run was before anything came out.
fn empty(outcome: &Outcome) -> Outcome {
    Outcome { rows: Vec::new(), curves: Vec::new(), ..outcome.clone() }
}
