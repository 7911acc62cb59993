//! How much of what a network says at one place depends on each token before.

use ndarray::{Array1, Array2, ArrayView1};

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
    let mut changes = Array1::zeros(ids.len());
    for left_out in 0..ids.len().saturating_sub(1) {
        progress.check()?;
        let rest: Vec<u32> = [&ids[..left_out], &ids[left_out + 1..]].concat();
        changes[left_out] = divergence(whole.view(), expected(&rest)?.view());
        progress.advance(1);
    }
    Ok(changes)
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
    let sums = softmax(logits.as_slice_mut().expect("a row of its own is contiguous"));
    debug_assert!(sums.sum > 0.0);
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
