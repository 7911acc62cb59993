//! The experiments: one file a question, and its line in the list here.

mod explanation;
mod extrapolation;
mod hunger;
mod hybrid;
mod importance;
mod induction;
mod influence;
mod kinds;
mod order;
mod recall;
mod resources;
mod sequential;
mod simplified;
mod sinks;

use super::experiment::Experiment;

/// All, in the order in which they are listed.
pub static ALL: &[&dyn Experiment] = &[
    &recall::USUAL,
    &influence::Influence,
    &sequential::Sequential,
    &order::Order,
    &extrapolation::USUAL,
    &sinks::Sinks,
    &simplified::Simplified,
    &hybrid::USUAL,
    &hunger::USUAL,
    &importance::HeadImportance,
    &explanation::Explanation,
    &induction::Induction,
    &resources::Resources,
    &kinds::Kinds,
];

/// The experiment of that name.
pub fn named(name: &str) -> Option<&'static dyn Experiment> {
    ALL.iter().copied().find(|experiment| experiment.card().name == name)
}

#[cfg(test)]
mod tests {
    use super::super::experiment::{Experiment, Run};
    use super::super::outcome::Outcome;
    use super::ALL;
    use crate::model::open;
    use crate::progress::Progress;

    /// What comes out of `experiment` with a budget of its own, seed 1, and the model that it asks for.
    pub(super) fn run_of(experiment: &dyn Experiment, budget: u64) -> Outcome {
        let (progress, card) = (Progress::unobserved(), experiment.card());
        let model = card.model.map(|name| open::open(name).expect("a shipped model"));
        let mut heard = 0;
        let mut tell = |_| heard += 1;
        let mut run = Run::new(card, (1, budget), model.as_ref(), &progress, &mut tell);
        experiment.run(&mut run).expect("runs");
        let outcome = run.outcome;
        let points: usize = outcome.curves.iter().map(|curve| curve.points.len()).sum();
        assert_eq!(heard, outcome.rows.len() + points, "all that came out was told");
        assert!(!outcome.rows.is_empty());
        outcome
    }

    #[test]
    fn every_card_is_whole_and_no_two_have_one_name() {
        for (index, experiment) in ALL.iter().enumerate() {
            let card = experiment.card();
            assert!(ALL[..index].iter().all(|other| other.card().name != card.name), "{}", card.name);
            assert!(card.question.ends_with('?') && card.question.len() <= 76, "{}", card.question);
            assert!(!card.method.is_empty() && !card.known.is_empty());
            assert!(card.budget.usual > 0 && card.budget.usual <= card.budget.most);
            let chart = [card.chart.series, card.chart.across, card.chart.up];
            assert!(
                chart.iter().all(|column| column.is_empty() || card.columns.contains(column)),
                "{}",
                card.name
            );
        }
    }
}
