//! What a block can do without.

use std::time::Instant;

use ndarray::Axis;

use super::super::blueprint::{FirstWeights, NetworkKind, TransformerChoices};
use super::super::contest::{Contestant, Course, learn, usual_settings};
use super::super::experiment::{Budget, Card, Chart, Experiment, Run, count, text};
use super::super::lessons::{Batch, Lessons};
use super::super::outcome::Cell;
use super::super::rule::{Rule, SYMBOLS};
use super::super::training::TrainingSettings;
use crate::model::Network;
use crate::model::error::Result;
use crate::model::forward::{PassOptions, forward};
use crate::model::network::FIRST;
use crate::progress::Progress;

/// As it is listed.
pub struct Simplified;

static CARD: Card = Card {
    name: "simplified",
    question: "What of a transformer's block can be left out?",
    method: "Four blocks of four heads, 64 wide, learn a made-up language (texts of 64 symbols, 32 a step, \
        Adam, 0.001, the same texts for all): the usual block, one without values, output maps and skips whose \
        attention starts as the identity, and the same with both parts side by side. Told are the loss on \
        texts that were not seen, the seconds, and the mean weight of a token on itself before and after.",
    known: "Blocks so simplified learn as well with 15 % fewer parameters and 15 % faster (He and Hofmann \
        2024, abstract).",
    budget: Budget { unit: "steps", usual: 1000, most: 100_000 },
    model: None,
    columns: &["network", "parameters", "loss", "seconds", "on_itself_before", "on_itself_after"],
    chart: Chart { series: "network", across: "parameters", up: "loss", curves: &["loss", "accuracy"] },
};

static CONTESTANTS: [Contestant; 3] = [
    four_blocks("usual", NetworkKind::Causal, false),
    four_blocks("simplified", NetworkKind::Simplified, false),
    four_blocks("simplified-parallel", NetworkKind::Simplified, true),
];

const fn four_blocks(name: &'static str, kind: NetworkKind, is_parallel: bool) -> Contestant {
    let choices =
        TransformerChoices { is_parallel, first_weights: FirstWeights::Plain, ..TransformerChoices::USUAL };
    let mut contestant = Contestant::usual(name, kind).with(choices);
    contestant.blueprint.layers = 4;
    contestant
}

const LENGTH: usize = 64;

impl Experiment for Simplified {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn run(&self, run: &mut Run<'_>) -> Result<()> {
        run.progress.start(CONTESTANTS.len() as u64 * run.budget);
        let rule = Rule::new(run.seed, LENGTH);
        for contestant in &CONTESTANTS {
            let network = contestant.build(SYMBOLS, run.seed)?;
            let before = on_itself(&network, &rule)?;
            let parameters = network.parameter_count();
            let settings = TrainingSettings { batch: 32, rate: 1e-3, ..usual_settings(run.seed, run.budget) };
            let start = Instant::now();
            let learned = learn(run, network, &Course::of_steps(contestant.name, &rule, settings))?;
            let seconds = start.elapsed().as_secs_f64();
            let after = on_itself(&learned.network, &rule)?;
            run.row(vec![
                text(contestant.name),
                count(parameters),
                Cell::Number(learned.judgement.loss),
                Cell::Number(seconds),
                Cell::Number(before),
                Cell::Number(after),
            ]);
        }
        Ok(())
    }
}

/// The mean over layers, heads and tokens of what a token takes of itself.
fn on_itself(network: &Network, rule: &Rule) -> Result<f64> {
    let held_out = rule.held_out();
    let one: Vec<Batch<'_>> = held_out.groups(1);
    let trace = forward(network, &one[0].input(), &PassOptions::default(), &Progress::unobserved())?;
    let layers = network.layers(FIRST);
    let maps = (0..layers).filter_map(|layer| trace.attention(FIRST, layer));
    let (sum, count) = maps.fold((0.0, 0), |(sum, count), attention| {
        let maps = attention.shaped.as_ref().unwrap_or(&attention.weights);
        let of_map =
            |map: ndarray::ArrayView2<'_, f32>| map.diag().iter().map(|&x| f64::from(x)).sum::<f64>();
        let diagonal: f64 = maps.axis_iter(Axis(0)).map(of_map).sum();
        (sum + diagonal, count + maps.dim().0 * maps.dim().1)
    });
    Ok(sum / f64::from(u32::try_from(count.max(1)).unwrap_or(u32::MAX)))
}

#[cfg(test)]
mod tests {
    use super::super::tests::run_of;
    use super::*;

    #[test]
    fn fewer_parameters_learn_the_same_from_attention_that_starts_as_the_identity() {
        let outcome = run_of(&Simplified, 60);
        let found = |name: &'static str, column| outcome.find(&[("network", text(name))], column).unwrap();
        for name in ["simplified", "simplified-parallel"] {
            let share = found(name, "parameters") / found("usual", "parameters");
            assert!((0.8..0.9).contains(&share), "{share}");
            assert!((found(name, "on_itself_before") - 1.0).abs() < 1e-5);
            assert!(found(name, "on_itself_after") != 1.0);
            assert!(found(name, "loss") < 2.7, "{}", found(name, "loss"));
        }
        assert!(found("usual", "on_itself_before") < 0.3);
        assert_eq!(outcome.curves.len(), 6);
    }
}
