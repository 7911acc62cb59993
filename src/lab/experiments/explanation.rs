//! Whether what a network looks at is what it uses.

use ndarray::Array1;

use super::super::experiment::{Budget, Card, Chart, Experiment, Run, count, text};
use super::super::outcome::Cell;
use super::super::passage;
use crate::analysis::Stack;
use crate::analysis::attribution::{self, Claim, Method};
use crate::analysis::flow::flow;
use crate::analysis::influence::by_omission;
use crate::analysis::norms::norm_weighted_layer;
use crate::analysis::rollout::{mean_over_heads, rollout};
use crate::correlation::spearman;
use crate::model::error::{ModelError, Result};
use crate::model::forward::{Input, PassOptions, forward};
use crate::model::network::FIRST;
use crate::model::{Network, Trace, shipped};
use crate::progress::Progress;

/// As it is listed.
pub struct Explanation;

static CARD: Card = Card {
    name: "explanation",
    question: "Is what a network looks at what it uses?",
    method: "Each token of a short text is left out: how far the prediction at the end moves (Kullback-Leibler) \
        says how much it was used. Told is the rank correlation (Spearman) of that, over the tokens, with \
        the weights of the last token (mean of the heads), their norms, rollout and flow up to that layer, and \
        once with gradient times input; the mean over the texts, as many as the budget says, of 24 tokens.",
    known: "Weights and what leaving out shows often disagree (Jain and Wallace 2019); rollout and flow are \
        nearer to it than raw weights (Abnar and Zuidema 2020, table 1), norms differ from weights most where \
        a head rests (Kobayashi et al. 2020).",
    budget: Budget { unit: "texts", usual: 8, most: 25 },
    model: Some(shipped::WRITER),
    columns: &["method", "layer", "rank_correlation"],
    chart: Chart { series: "method", across: "layer", up: "rank_correlation", curves: &[] },
};

const TOKENS: usize = 24;

static METHODS: [&str; 4] = ["weights", "norms", "rollout", "flow"];

impl Experiment for Explanation {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn run(&self, run: &mut Run<'_>) -> Result<()> {
        let model = run.attending_writer()?;
        let network = &model.network;
        let layers: Vec<usize> = Stack::Text.attending(network).collect();
        let ids = model.encode(passage::TALE)?.ids;
        let texts: Vec<&[u32]> = ids.chunks_exact(TOKENS).take(run.budget as usize).collect();
        let mut sums = vec![vec![0.0; METHODS.len()]; layers.len()];
        let mut gradient = 0.0;
        run.progress.start(texts.len() as u64);
        for ids in &texts {
            run.progress.check()?;
            let used = by_omission(network, &[ids], &Progress::unobserved())?.swap_remove(FIRST);
            let trace =
                forward(network, &Input::Tokens(ids), &PassOptions::default(), &Progress::unobserved())?;
            for (sums, &layer) in sums.iter_mut().zip(&layers) {
                for (sum, shown) in sums.iter_mut().zip(shown(network, &trace, layer)?) {
                    *sum += agreement(&shown, &used);
                }
            }
            gradient += agreement(&by_gradient(network, &trace, ids)?, &used);
            run.progress.advance(1);
        }
        let mean = |sum: f64| Cell::Number(sum / texts.len().max(1) as f64);
        for (index, method) in METHODS.iter().enumerate() {
            for (sums, &layer) in sums.iter().zip(&layers) {
                run.row(vec![text(*method), count(layer), mean(sums[index])]);
            }
        }
        run.row(vec![text("gradient times input"), Cell::Nothing, mean(gradient)]);
        Ok(())
    }
}

/// What each method says of the tokens, for the last one, in the order of [`METHODS`].
fn shown(network: &Network, trace: &Trace, layer: usize) -> Result<[Array1<f64>; 4]> {
    let last = TOKENS - 1;
    let not_kept = || ModelError::Request("the pass kept no weights".into());
    let row = |map: &ndarray::Array2<f32>| map.row(last).mapv(f64::from);
    let stack = Stack::Text;
    Ok([
        row(&mean_over_heads(trace, stack, layer).ok_or_else(not_kept)?),
        row(&norm_weighted_layer(network, trace, stack, layer)?),
        row(&rollout(trace, layer, true).ok_or_else(not_kept)?),
        flow(trace, layer, last).ok_or_else(not_kept)?,
    ])
}

/// How much the likeliest next token is due to each token, whichever way.
fn by_gradient(network: &Network, trace: &Trace, ids: &[u32]) -> Result<Array1<f64>> {
    let (input, quiet) = (Input::Tokens(ids), Progress::unobserved());
    let claim = Claim::likeliest(trace, ids.len() - 1)?;
    let found = attribution::tokens(network, &input, claim, Method::GradientTimesInput, &quiet)?;
    Ok(found.tokens.into_iter().map(f64::abs).collect())
}

/// Of all tokens but the last, which cannot be left out.
fn agreement(shown: &Array1<f64>, used: &Array1<f64>) -> f64 {
    let but_last = |numbers: &Array1<f64>| numbers.iter().copied().take(TOKENS - 1).collect::<Vec<_>>();
    spearman(&but_last(shown), &but_last(used)).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::super::tests::run_of;
    use super::*;

    #[test]
    fn every_layer_has_a_row_a_method_and_gradients_agree_with_leaving_out() {
        let outcome = run_of(&Explanation, 4);
        assert_eq!(outcome.rows.len() % METHODS.len(), 1);
        let gradient = outcome.find(&[("method", text("gradient times input"))], "rank_correlation").unwrap();
        assert!(gradient > 0.2, "{gradient}");
        let all = outcome.rows.iter().map(|row| row[2].number().unwrap());
        assert!(all.into_iter().all(|correlation| (-1.0..=1.0).contains(&correlation)));
    }
}
