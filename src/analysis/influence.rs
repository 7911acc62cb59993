//! How much of what a network says at one place depends on each token before.

use ndarray::{Array1, Array2, ArrayView1};
use rayon::prelude::*;

use crate::elementary::softmax;
use crate::model::Network;
use crate::model::backward::{ActivationGradients, backward};
use crate::model::error::{ModelError, Result};
use crate::model::forward::{Input, PassOptions, forward};
use crate::model::gradients::Gradients;
use crate::model::keep::Keep;
use crate::model::network::FIRST;
use crate::model::trace::Trace;
use crate::progress::Progress;
use crate::random::Random;

/// How strongly row `row` of the logits moves with the vector of every token of the first stack, `[T]`:
/// the length of the gradients along `draws` random directions, which is in the mean that of the whole
/// table of slopes |dh/dx| (up to a factor that all tokens share).
///
/// # Errors
/// A network that does not read tokens or has no head, a row that there is not; those of [`forward`].
pub fn by_gradient(
    network: &Network,
    input: &Input<'_>,
    row: usize,
    draws: usize,
    random: &mut Random,
) -> Result<Array1<f64>> {
    let trace = run(network, input, Keep::Tape)?;
    let logits = logits(&trace)?;
    if row >= logits.nrows() {
        return Err(ModelError::Request(format!("there is no token {row}: the text has {}", logits.nrows())));
    }
    let mut squares = Array1::zeros(trace.tokens(FIRST).len());
    let mut gradients = Gradients::of(network);
    for _ in 0..draws.max(1) {
        let mut direction = Array2::zeros(logits.raw_dim());
        direction.row_mut(row).mapv_inplace(|_: f32| random.normal() as f32);
        let mut found = ActivationGradients::default();
        backward(network, input, &trace, direction.view(), &mut gradients, Some(&mut found))?;
        let rows = found.stacks.get(FIRST).and_then(|stack| stack.front.as_ref());
        let rows = rows.ok_or_else(|| ModelError::Request("the tokens have no gradient".into()))?;
        let squared = |row: ArrayView1<'_, f32>| row.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>();
        squares.iter_mut().zip(rows.outer_iter()).for_each(|(sum, row)| *sum += squared(row));
    }
    Ok(squares.mapv_into(|sum: f64| (sum / draws.max(1) as f64).sqrt()))
}

/// How much the prediction after the last of `ids` changes when each of the others is left out of the
/// text, `[T]`: the divergence (Kullback and Leibler 1951) of what is then expected from what was, in
/// nats. The last token's own place holds 0. Progress counts tokens.
///
/// # Errors
/// As [`by_gradient`].
pub fn by_omission(network: &Network, ids: &[u32], progress: &Progress) -> Result<Array1<f64>> {
    let expected = |ids: &[u32]| -> Result<Array1<f32>> {
        let trace = run(network, &Input::Tokens(ids), Keep::Logits)?;
        trace.last_logits().ok_or_else(no_head).map(probabilities)
    };
    let whole = expected(ids)?;
    progress.start(ids.len() as u64);
    let change = |left_out: usize| -> Result<f64> {
        progress.check()?;
        let rest: Vec<u32> = [&ids[..left_out], &ids[left_out + 1..]].concat();
        let change = divergence(whole.view(), expected(&rest)?.view());
        progress.advance(1);
        Ok(change)
    };
    let last = ids.len().saturating_sub(1);
    let mut changes = (0..last).into_par_iter().map(change).collect::<Result<Vec<f64>>>()?;
    changes.resize(ids.len(), 0.0);
    Ok(changes.into())
}

/// Σ p ln(p / q), in nats.
fn divergence(p: ArrayView1<'_, f32>, q: ArrayView1<'_, f32>) -> f64 {
    let term = |(&p, &q): (&f32, &f32)| {
        let (p, q) = (f64::from(p), f64::from(q).max(f64::from(f32::MIN_POSITIVE)));
        if p > 0.0 { p * (p / q).ln() } else { 0.0 }
    };
    p.iter().zip(q).map(term).sum()
}

fn probabilities(mut logits: Array1<f32>) -> Array1<f32> {
    softmax(logits.as_slice_mut().expect("a row of its own is contiguous"));
    logits
}

fn run(network: &Network, input: &Input<'_>, keep: Keep) -> Result<Trace> {
    forward(network, input, &PassOptions { keep, ..PassOptions::default() }, &Progress::unobserved())
}

fn logits(trace: &Trace) -> Result<&Array2<f32>> {
    trace.logits.as_ref().ok_or_else(no_head)
}

fn no_head() -> ModelError {
    ModelError::Request("this checkpoint has no output matrix, so nothing that it says can be traced".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::open;

    const IDS: [u32; 5] = [1, 4, 2, 0, 3];
    const LAST: usize = IDS.len() - 1;

    fn lstm() -> Network {
        let folder = format!("{}/tests/fixtures/golden/recurrent/lstm", env!("CARGO_MANIFEST_DIR"));
        open::open(&folder).unwrap().network
    }

    /// Every token stands once, so that its row of the table is its vector alone.
    #[test]
    fn gradients_are_what_small_changes_of_each_vector_do() {
        let (network, seed) = (lstm(), 7);
        let found = by_gradient(&network, &Input::Tokens(&IDS), LAST, 1, &mut Random::new(seed)).unwrap();
        let mut random = Random::new(seed);
        let direction: Vec<f64> = (0..network.outputs).map(|_| random.normal()).collect();
        let along = |network: &Network| -> f64 {
            let trace = run(network, &Input::Tokens(&IDS), Keep::Logits).unwrap();
            let logits = trace.last_logits().unwrap();
            logits.iter().zip(&direction).map(|(&logit, along)| f64::from(logit) * along).sum()
        };
        let width = network.parameter("embedding.weight").unwrap().shape()[1];
        let moved = |at: usize, by: f32| {
            let mut network = network.clone();
            network.change_parameters(|name, numbers| {
                if name == "embedding.weight" {
                    numbers[at] += by;
                }
            });
            along(&network)
        };
        for (token, &id) in IDS.iter().enumerate() {
            let slope = |dimension: usize| {
                let at = id as usize * width + dimension;
                (moved(at, 0.01) - moved(at, -0.01)) / 0.02
            };
            let length = (0..width).map(|dimension| slope(dimension).powi(2)).sum::<f64>().sqrt();
            assert!(
                (found[token] - length).abs() < 0.01 * length + 1e-4,
                "{token}: {} {length}",
                found[token]
            );
        }
    }

    #[test]
    fn what_is_left_out_changes_what_is_expected() {
        let network = lstm();
        let found = by_omission(&network, &IDS, &Progress::unobserved()).unwrap();
        let expected = |ids: &[u32]| -> Vec<f64> {
            let trace = run(&network, &Input::Tokens(ids), Keep::Logits).unwrap();
            let exponentials = trace.last_logits().unwrap().mapv(|logit| f64::from(logit).exp());
            (&exponentials / exponentials.sum()).to_vec()
        };
        let whole = expected(&IDS);
        for token in 0..LAST {
            let rest: Vec<u32> = IDS.iter().copied().filter(|&id| id != IDS[token]).collect();
            let rest = expected(&rest);
            let divergence: f64 = whole.iter().zip(&rest).map(|(p, q)| p * (p / q).ln()).sum();
            assert!((found[token] - divergence).abs() < 1e-6, "{token}: {} {divergence}", found[token]);
        }
        assert_eq!((found.len(), found[LAST]), (IDS.len(), 0.0));
    }

    #[test]
    fn what_there_is_not_is_told() {
        let random = &mut Random::new(1);
        assert!(by_gradient(&lstm(), &Input::Tokens(&IDS), 99, 1, random).is_err());
        let headless = open::shipped().unwrap().network;
        assert!(by_gradient(&headless, &Input::Tokens(&IDS), 0, 1, random).is_err());
        assert!(by_omission(&headless, &IDS, &Progress::unobserved()).is_err());
    }
}
