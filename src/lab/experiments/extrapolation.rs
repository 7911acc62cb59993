//! Texts longer than any that was learned from.

use super::super::blueprint::{FirstWeights, NetworkKind, TransformerChoices};
use super::super::contest::{Contestant, Course, learn, usual_settings};
use super::super::experiment::{Budget, Card, Chart, Experiment, Run, count, text};
use super::super::lessons::{Batch, Lessons};
use super::super::outcome::Cell;
use super::super::rule::{Rule, SYMBOLS};
use super::super::training::TrainingSettings;
use crate::analysis::positions::PositionKind;
use crate::model::Network;
use crate::model::error::{ModelError, Result};
use crate::model::forward::{PassOptions, forward};
use crate::model::keep::Keep;
use crate::model::loss::cross_entropy;
use crate::progress::Progress;

/// Some of it can be left out, for less time.
pub struct Extrapolation {
    /// Who takes part.
    pub contestants: &'static [Contestant],
    /// The lengths that are read.
    pub lengths: &'static [usize],
}

/// As it is listed.
pub static USUAL: Extrapolation = Extrapolation {
    contestants: &[
        positioned("none", None),
        positioned("sinusoidal", Some(PositionKind::Sinusoidal)),
        positioned("learned", Some(PositionKind::Learned)),
        positioned("rotary", Some(PositionKind::Rotary)),
        positioned("t5", Some(PositionKind::T5)),
        positioned("alibi", Some(PositionKind::Alibi)),
        Contestant::usual("lstm", NetworkKind::Lstm),
        Contestant::usual("hybrid", NetworkKind::Hybrid),
    ],
    lengths: &[32, 64, 128, 256, 512],
};

static CARD: Card = Card {
    name: "extrapolation",
    question: "Who still reads when a text is longer than all that was learned from?",
    method: "A made-up language of 16 symbols, of which 8 in 10 follow from the last and the third last (who \
        knows the rule has a perplexity of 2.69). Two blocks of four heads, 64 wide, that are told positions \
        in different ways, an LSTM and one with a head learn from texts of 64 symbols (32 a step, Adam, \
        0.003); told is the perplexity of the last 16 symbols of longer ones. A learned table says of all \
        places behind its end what it says of the last.",
    known: "ALiBi reads on where sinusoidal and learned positions fail (Press et al. 2022, figure 1).",
    budget: Budget { unit: "steps", usual: 1000, most: 100_000 },
    model: None,
    columns: &["network", "length", "perplexity"],
    chart: Chart { series: "network", across: "length", up: "perplexity", curves: &["loss", "accuracy"] },
};

const fn positioned(name: &'static str, position: Option<PositionKind>) -> Contestant {
    Contestant::usual(name, NetworkKind::Causal).with(TransformerChoices {
        position,
        longest: LONGEST,
        first_weights: FirstWeights::Plain,
        ..TransformerChoices::USUAL
    })
}

/// What is learned from, and the longest that is read.
const LEARNED: usize = 64;
const LONGEST: usize = 512;

/// How many symbols at the end are asked for.
const ASKED: usize = 16;

impl Experiment for Extrapolation {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn run(&self, run: &mut Run<'_>) -> Result<()> {
        run.progress.start(self.contestants.len() as u64 * run.budget);
        for contestant in self.contestants {
            let found = perplexities(run, contestant, self.lengths, run.budget)?;
            for (&length, perplexity) in self.lengths.iter().zip(found) {
                run.row(vec![text(contestant.name), count(length), Cell::Number(perplexity)]);
            }
        }
        Ok(())
    }
}

/// The perplexity of the last symbols of texts of each of `lengths`, after `steps` steps with shorter
/// ones.
pub(super) fn perplexities(
    run: &mut Run<'_>,
    contestant: &Contestant,
    lengths: &[usize],
    steps: u64,
) -> Result<Vec<f64>> {
    let network = contestant.build(SYMBOLS, run.seed)?;
    let rule = Rule::new(run.seed, LEARNED);
    let settings = TrainingSettings { batch: 32, ..usual_settings(run.seed, steps) };
    let mut network = learn(run, network, &Course::of_steps(contestant.name, &rule, settings))?.network;
    if contestant.blueprint.transformer.position == Some(PositionKind::Learned) {
        end_with_the_last_learned(&mut network, contestant.blueprint.width);
    }
    lengths.iter().map(|&length| perplexity_at_the_end(&network, &rule.of_length(length))).collect()
}

/// What a table says of places that no text had is what it says of the last that one had.
fn end_with_the_last_learned(network: &mut Network, width: usize) {
    network.change_parameters(|name, numbers| {
        if name == "position.weight" {
            let (learned, rest) = numbers.split_at_mut(LEARNED * width);
            let last = &learned[(LEARNED - 1) * width..];
            rest.chunks_exact_mut(width).for_each(|row| row.copy_from_slice(last));
        }
    });
}

fn perplexity_at_the_end(network: &Network, rule: &Rule) -> Result<f64> {
    let Batch::Texts(texts) = rule.held_out() else {
        return Err(ModelError::Request("the language has texts".into()));
    };
    let options = PassOptions { keep: Keep::Logits, ..PassOptions::default() };
    let mut sum = 0.0;
    for ids in &texts {
        let batch = Batch::Texts(vec![ids.as_ref().into()]);
        let trace = forward(network, &batch.input(), &options, &Progress::unobserved())?;
        let logits = trace.logits.ok_or_else(|| ModelError::Request("a network without outputs".into()))?;
        let asked = |row: usize| (row + 1 + ASKED >= ids.len()).then(|| ids.get(row + 1).copied()).flatten();
        let targets: Vec<Option<u32>> = (0..ids.len()).map(asked).collect();
        sum += cross_entropy(logits, &targets).0;
    }
    Ok((sum / texts.len() as f64).exp())
}

#[cfg(test)]
mod tests {
    use super::super::tests::run_of;
    use super::*;

    #[test]
    fn alibi_and_the_lstm_read_on_where_sinusoidal_positions_fail() {
        static SMALL: Extrapolation = Extrapolation {
            contestants: &[
                positioned("sinusoidal", Some(PositionKind::Sinusoidal)),
                positioned("alibi", Some(PositionKind::Alibi)),
                Contestant::usual("lstm", NetworkKind::Lstm),
            ],
            lengths: &[64, 256],
        };
        let outcome = run_of(&SMALL, 150);
        let perplexity = |name: &'static str, length: usize| {
            outcome.find(&[("network", text(name)), ("length", count(length))], "perplexity").unwrap()
        };
        let growth = |name| perplexity(name, 256) / perplexity(name, 64);
        for name in ["alibi", "lstm"] {
            assert!(growth(name) < 1.3, "{name}: {}", growth(name));
        }
        assert!(
            growth("sinusoidal") > growth("alibi") + 0.15,
            "{} {}",
            growth("sinusoidal"),
            growth("alibi")
        );
        assert!(perplexity("lstm", 64) < 14.0 && perplexity("sinusoidal", 64) < 14.0);
    }
}
