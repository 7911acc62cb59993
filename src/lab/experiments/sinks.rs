//! Reading through a window, with and without the first tokens.

use ndarray::{Axis, s};

use super::super::experiment::{Budget, Card, Chart, Experiment, Run, count};
use super::super::outcome::Cell;
use super::super::passage;
use crate::analysis::Stack;
use crate::analysis::statistics::mass_on;
use crate::model::error::{ModelError, Result};
use crate::model::forward::{Input, PassOptions, forward};
use crate::model::keep::Keep;
use crate::model::loss::cross_entropy;
use crate::model::network::{FIRST, Mask};
use crate::model::{Network, Trace, shipped};
use crate::progress::Progress;

/// As it is listed.
pub struct Sinks;

static CARD: Card = Card {
    name: "sinks",
    question: "What is lost when a model sees only a window, and what do sinks save?",
    method: "A tale that the shipped networks have not read, as many tokens as the budget says: perplexity of \
        its second half when every token sees all before, or only a window, the first few tokens (sinks) \
        counted in it or not there. Then layer by layer the share of heads that rest on the first token with \
        more than half their weight, and the largest number of the stream behind it (of the last: behind its norm), in which dimension, and \
        how many times the middle number.",
    known: "A window alone fails as soon as the first tokens leave it, four sinks repair it (Xiao et al. 2024, \
        table 1); single dimensions of the first token are thousands of times the middle (Sun et al. 2024).",
    budget: Budget { unit: "tokens", usual: 256, most: 8192 },
    model: Some(shipped::WRITER),
    columns: &[
        "window",
        "sinks",
        "perplexity",
        "layer",
        "heads_on_first",
        "largest_number",
        "dimension",
        "times_the_middle",
    ],
    chart: Chart { series: "sinks", across: "window", up: "perplexity", curves: &[] },
};

static SINKS: [usize; 3] = [0, 1, 4];

/// Windows, as parts of the text.
static PARTS: [usize; 3] = [16, 8, 4];

impl Experiment for Sinks {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn run(&self, run: &mut Run<'_>) -> Result<()> {
        let model = run.attending_writer()?;
        let network = &model.network;
        let ids = model.encode(passage::TALE)?.ids;
        let longest = network.usual_tokens().unwrap_or(usize::MAX).min(run.budget as usize);
        let ids = &ids[..ids.len().min(longest)];
        run.progress.start((1 + SINKS.len() * PARTS.len()) as u64);
        let dense = perplexity(network, ids)?;
        let mut row = |window: Cell, sinks: Cell, perplexity| {
            let mut row = vec![window, sinks, Cell::Number(perplexity)];
            row.resize(CARD.columns.len(), Cell::Nothing);
            run.row(row);
            run.progress.advance(1);
        };
        row(count(ids.len()), count(0u64), dense);
        for part in PARTS {
            let window = ids.len() / part;
            for sinks in SINKS.into_iter().filter(|&sinks| sinks < window) {
                let through = perplexity(&looking_through(network, window - sinks, sinks), ids)?;
                row(count(window), count(sinks), through);
            }
        }
        run.progress.check()?;
        let options = PassOptions { keep: Keep::Weights, ..PassOptions::default() };
        let trace = forward(network, &Input::Tokens(ids), &options, &Progress::unobserved())?;
        for layer in Stack::Text.attending(network) {
            if let Some(found) = resting(&trace, layer) {
                run.row([vec![Cell::Nothing; 3], vec![count(layer)], found].concat());
            }
        }
        Ok(())
    }
}

/// The network in which every token sees a window and, wherever it is, the first `sinks` tokens.
fn looking_through(network: &Network, window: usize, sinks: usize) -> Network {
    let mut network = network.clone();
    for attention in network.attentions_mut() {
        attention.mask = Mask { sinks, ..Mask::causal(Some(window)) };
    }
    network
}

/// Of the tokens in the second half.
fn perplexity(network: &Network, ids: &[u32]) -> Result<f64> {
    let options = PassOptions { keep: Keep::Logits, ..PassOptions::default() };
    let trace = forward(network, &Input::Tokens(ids), &options, &Progress::unobserved())?;
    let logits = trace.logits.ok_or_else(|| ModelError::Request("nothing is predicted".into()))?;
    let half = ids.len() / 2;
    let target = |row: usize| if row + 1 >= half { ids.get(row + 1).copied() } else { None };
    let targets: Vec<Option<u32>> = (0..ids.len()).map(target).collect();
    Ok(cross_entropy(logits, &targets).0.exp())
}

/// The share of heads that rest on the first token, and the largest number behind the layer.
fn resting(trace: &Trace, layer: usize) -> Option<Vec<Cell>> {
    let weights = trace.weights(FIRST, layer)?;
    let half = weights.dim().1 / 2;
    let rests = |map: ndarray::ArrayView2<'_, f32>| mass_on(map.slice(s![half.., ..]), 0) > 0.5;
    let resting = weights.axis_iter(Axis(0)).filter(|map| rests(map.view())).count();
    let stream = trace.hidden_states().get(layer + 1)?;
    let mut sizes: Vec<f32> = stream.iter().map(|number| number.abs()).collect();
    sizes.sort_by(f32::total_cmp);
    let middle = f64::from(*sizes.get(sizes.len() / 2)?);
    let ((_, dimension), largest) =
        stream.indexed_iter().max_by(|(_, one), (_, other)| one.abs().total_cmp(&other.abs()))?;
    Some(vec![
        Cell::Number(resting as f64 / weights.dim().0 as f64),
        Cell::Number(f64::from(*largest)),
        count(dimension),
        Cell::Number(f64::from(largest.abs()) / middle),
    ])
}

#[cfg(test)]
mod tests {
    use super::super::tests::run_of;
    use super::*;

    #[test]
    fn a_window_costs_and_every_layer_is_reported() {
        let outcome = run_of(&Sinks, 128);
        let found = |window: usize, sinks: usize| {
            outcome.find(&[("window", count(window)), ("sinks", count(sinks))], "perplexity").unwrap()
        };
        assert!(found(8, 0) > found(128, 0), "{:?}", outcome.rows);
        let layers = outcome.rows.iter().filter(|row| row[3] != Cell::Nothing).count();
        assert_eq!(outcome.rows.len(), 1 + SINKS.len() * PARTS.len() + layers);
        assert!(layers >= 4);
    }
}
