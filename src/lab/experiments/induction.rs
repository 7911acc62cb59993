//! Looking up what followed before.

use ndarray::Axis;

use super::super::blueprint::{FirstWeights, NetworkKind, TransformerChoices};
use super::super::contest::{Contestant, usual_settings};
use super::super::experiment::{Budget, Card, Chart, Experiment, Run, count};
use super::super::lessons::{Batch, Lessons, MadeUp};
use super::super::outcome::Cell;
use super::super::training::{Training, TrainingSettings};
use crate::model::Network;
use crate::model::error::{ModelError, Result};
use crate::model::forward::{PassOptions, forward};
use crate::model::keep::Keep;
use crate::model::loss::cross_entropy;
use crate::model::network::FIRST;
use crate::progress::Progress;
use crate::random::Random;

/// As it is listed.
pub struct Induction;

static CARD: Card = Card {
    name: "induction",
    question: "How many layers does it take to look up what followed before?",
    method: "Networks of attention alone (four heads, 64 wide, one layer and two) read random symbols, 32 \
        kinds, that come twice: 12 to 24, then the same again (64 texts a step, Adam, 0.003). Loss is that on \
        the second half, 3.47 without looking back; the induction score is the mean weight, of the best head, \
        on the symbol behind the one that stood there before.",
    known: "Heads that do this take two layers, and appear in a sudden fall of the loss (Elhage et al. 2021; \
        Olsson et al. 2022).",
    budget: Budget { unit: "steps", usual: 2000, most: 100_000 },
    model: None,
    columns: &["layers", "step", "loss", "induction_score"],
    chart: Chart {
        series: "layers",
        across: "step",
        up: "induction_score",
        curves: &["loss", "induction score"],
    },
};

const fn of_attention(layers: usize) -> Contestant {
    let choices = TransformerChoices {
        feeds_forward: false,
        first_weights: FirstWeights::Plain,
        ..TransformerChoices::USUAL
    };
    let mut contestant = Contestant::usual("attention", NetworkKind::Causal).with(choices);
    contestant.blueprint.layers = layers;
    contestant
}

/// How often what was learned is looked at, in steps.
const LOOKED_AT_EVERY: u64 = 100;

impl Experiment for Induction {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn run(&self, run: &mut Run<'_>) -> Result<()> {
        let depths = [1, 2];
        run.progress.start(depths.len() as u64 * run.budget);
        for layers in depths {
            let name = format!("{layers} {}", if layers == 1 { "layer" } else { "layers" });
            run.progress.name_stage(name.clone());
            let settings = TrainingSettings { batch: 64, ..usual_settings(run.seed, run.budget) };
            let mut training = Training::new(of_attention(layers).build(SYMBOLS, run.seed)?, settings);
            training.adam.settings.weight_decay = 0.0;
            let lessons = said_twice(run.seed);
            while !training.is_done() {
                run.progress.check()?;
                training.step(&lessons, &Progress::unobserved())?;
                run.progress.advance(1);
                let step = training.adam.steps;
                if step.is_multiple_of(LOOKED_AT_EVERY) || training.is_done() {
                    let (loss, score) = judge(&training.network, &lessons)?;
                    run.point(&name, "loss", step, loss);
                    run.point(&name, "induction score", step, score);
                    run.row(vec![count(layers), count(step), Cell::Number(loss), Cell::Number(score)]);
                }
            }
        }
        Ok(())
    }
}

const SYMBOLS: usize = 32;
const LENGTHS: std::ops::RangeInclusive<usize> = 12..=24;
const HELD_OUT: usize = 32;

/// Random symbols, then the same again; the texts of a batch have one length.
fn said_twice(seed: u64) -> impl Lessons {
    let make = |mut random: Random, many: usize| {
        let length = LENGTHS.start() + random.below(LENGTHS.count());
        let text = |_| {
            let symbols: Vec<u32> = (0..length).map(|_| random.below(SYMBOLS) as u32).collect();
            symbols.repeat(2)
        };
        ((0..many).map(text).collect(), Vec::new())
    };
    MadeUp { seed, held_out: HELD_OUT, make }
}

/// The loss on the second half of texts that were not seen, and the induction score.
fn judge(network: &Network, lessons: &dyn Lessons) -> Result<(f64, f64)> {
    let held_out = lessons.held_out();
    let options = PassOptions { keep: Keep::Weights, ..PassOptions::default() };
    let (mut losses, mut scores) = (0.0, 0.0);
    for text in held_out.groups(1) {
        let Batch::Texts(ids) = &text else { continue };
        let (ids, half) = (&ids[0], ids[0].len() / 2);
        let mut trace = forward(network, &text.input(), &options, &Progress::unobserved())?;
        let logits =
            trace.logits.take().ok_or_else(|| ModelError::Request("a network without outputs".into()))?;
        let target = |row: usize| if row >= half { ids.get(row + 1).copied() } else { None };
        let targets: Vec<Option<u32>> = (0..ids.len()).map(target).collect();
        losses += cross_entropy(logits, &targets).0;
        let layers = (0..network.layers(FIRST)).filter_map(|layer| trace.weights(FIRST, layer));
        let of_head = |map: ndarray::ArrayView2<'_, f32>| {
            (half..ids.len()).map(|row| f64::from(map[[row, row - half + 1]])).sum::<f64>() / half as f64
        };
        let best = layers.flat_map(|maps| maps.axis_iter(Axis(0)).map(of_head).collect::<Vec<_>>());
        scores += best.fold(0.0, f64::max);
    }
    let texts = held_out.len() as f64;
    Ok((losses / texts, scores / texts))
}

#[cfg(test)]
mod tests {
    use super::super::tests::run_of;
    use super::*;

    #[test]
    fn two_layers_look_up_what_one_cannot() {
        let outcome = run_of(&Induction, 300);
        let last = |layers: usize, column| {
            outcome.find(&[("layers", count(layers)), ("step", count(300))], column).unwrap()
        };
        assert!(last(1, "loss") > last(2, "loss") + 0.4, "{:?}", outcome.rows);
        assert!(last(2, "induction_score") > 1.8 * last(1, "induction_score"), "{:?}", outcome.rows);
    }
}
