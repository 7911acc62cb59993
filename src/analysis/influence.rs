//! How much of what a network says at one place depends on each token before.

use ndarray::{Array1, Array2, ArrayView1};
use rayon::prelude::*;

use crate::elementary::softmax;
use crate::model::Network;
use crate::model::backward::{ActivationGradients, backward};
use crate::model::error::{ModelError, Result};
use crate::model::forward::{Input, PassOptions, forward};
use crate::model::fronts::Feed;
use crate::model::gradients::Gradients;
use crate::model::keep::Keep;
use crate::model::trace::Trace;
use crate::progress::Progress;
use crate::random::Random;

/// How much what a network expects after the last token of a text depends on every token before, and on
/// every token of a source: an array for every text that it reads, the source's first.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Felt {
    /// By gradient (see [`by_gradient`]).
    pub by_gradient: Vec<Array1<f64>>,
    /// By leaving the token out, in nats (see [`by_omission`]).
    pub by_omission: Vec<Array1<f64>>,
}

/// Random directions along which gradients are taken.
const DRAWS: usize = 4;

/// Both measures for `texts`, one for every stack of the network; nothing of an empty text. Progress
/// counts tokens.
///
/// # Errors
/// As [`by_gradient`].
pub fn felt(network: &Network, texts: &[&[u32]], progress: &Progress) -> Result<Felt> {
    let Some(last) = texts.last().and_then(|ids| ids.len().checked_sub(1)) else {
        return Ok(Felt::default());
    };
    progress.check()?;
    Ok(Felt {
        by_gradient: by_gradient(network, &input_of(texts), last, DRAWS, &mut Random::new(1))?,
        by_omission: by_omission(network, texts, progress)?,
    })
}

/// How strongly row `row` of the logits moves with the vector of every token of every stack, `[T]` each:
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
) -> Result<Vec<Array1<f64>>> {
    let trace = run(network, input, Keep::Tape)?;
    let logits = logits(&trace)?;
    if row >= logits.nrows() {
        return Err(ModelError::Request(format!("there is no token {row}: the text has {}", logits.nrows())));
    }
    let stacks = 0..network.stacks.len();
    let mut squares: Vec<Array1<f64>> =
        stacks.map(|stack| Array1::zeros(trace.tokens(stack).len())).collect();
    let mut gradients = Gradients::of(network);
    for _ in 0..draws.max(1) {
        let mut direction = Array2::zeros(logits.raw_dim());
        direction.row_mut(row).mapv_inplace(|_: f32| random.normal() as f32);
        let mut found = ActivationGradients::default();
        backward(network, input, &trace, direction.view(), &mut gradients, Some(&mut found))?;
        for (squares, stack) in squares.iter_mut().zip(&found.stacks) {
            let rows = stack.front.as_ref();
            let rows = rows.ok_or_else(|| ModelError::Request("the tokens have no gradient".into()))?;
            let squared = |row: ArrayView1<'_, f32>| row.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>();
            squares.iter_mut().zip(rows.outer_iter()).for_each(|(sum, row)| *sum += squared(row));
        }
    }
    let length = |sum: f64| (sum / draws.max(1) as f64).sqrt();
    Ok(squares.into_iter().map(|squares| squares.mapv_into(length)).collect())
}

/// How much the prediction after the last token changes when each of the others is left out, `[T]` of
/// every text that a stack of the network reads: the divergence (Kullback and Leibler 1951) of what is
/// then expected from what was, in nats. The last token's own place holds 0, and that of a source of
/// one token NaN, since nothing would be left to read. Progress counts tokens.
///
/// # Errors
/// As [`by_gradient`].
pub fn by_omission(network: &Network, texts: &[&[u32]], progress: &Progress) -> Result<Vec<Array1<f64>>> {
    let expected = |texts: &[&[u32]]| -> Result<Array1<f32>> {
        let trace = run(network, &input_of(texts), Keep::Logits)?;
        trace.last_logits().ok_or_else(no_head).map(probabilities)
    };
    let whole = expected(texts)?;
    progress.start(texts.iter().map(|ids| ids.len() as u64).sum());
    let change = |stack: usize, left_out: usize| -> Result<f64> {
        progress.check()?;
        let rest: Vec<u32> = [&texts[stack][..left_out], &texts[stack][left_out + 1..]].concat();
        let mut texts = texts.to_vec();
        texts[stack] = &rest;
        let changed = match rest.is_empty() {
            true => f64::NAN,
            false => divergence(whole.view(), expected(&texts)?.view()),
        };
        progress.advance(1);
        Ok(changed)
    };
    let of_stack = |(stack, ids): (usize, &&[u32])| -> Result<Array1<f64>> {
        let is_last = stack + 1 == texts.len();
        let others = ids.len() - usize::from(is_last);
        let mut changes =
            (0..others).into_par_iter().map(|token| change(stack, token)).collect::<Result<Vec<f64>>>()?;
        changes.resize(ids.len(), 0.0);
        Ok(changes.into())
    };
    texts.iter().enumerate().map(of_stack).collect()
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

/// A text for every stack.
fn input_of<'a>(texts: &[&'a [u32]]) -> Input<'a> {
    Input::Each(texts.iter().map(|ids| Feed::Tokens(ids)).collect())
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
        let found = &found[0];
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
        let found = &by_omission(&network, &[&IDS], &Progress::unobserved()).unwrap()[0];
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

    /// The encoder's text is felt through cross attention alone.
    #[test]
    fn a_decoder_feels_both_texts() {
        let (source, target): (&[u32], &[u32]) = (&[3, 4, 5, 6], &[0, 7, 8]);
        for folder in ["transformers/t5", "lab/seq2seq_attention"] {
            let folder = format!("{}/tests/fixtures/golden/{folder}", env!("CARGO_MANIFEST_DIR"));
            let network = open::open(&folder).unwrap().network;
            let quiet = Progress::unobserved();
            let felt = by_omission(&network, &[source, target], &quiet).unwrap();
            let expected = |source: &[u32]| -> Vec<f64> {
                let trace = run(&network, &Input::Pair(source, target), Keep::Logits).unwrap();
                let exponentials = trace.last_logits().unwrap().mapv(|logit| f64::from(logit).exp());
                (&exponentials / exponentials.sum()).to_vec()
            };
            let (whole, rest) = (expected(source), expected(&[3, 5, 6]));
            let divergence: f64 = whole.iter().zip(&rest).map(|(p, q)| p * (p / q).ln()).sum();
            assert!((felt[0][1] - divergence).abs() < 1e-6, "{} {divergence}", felt[0][1]);
            assert_eq!((felt[0].len(), felt[1].len(), felt[1][2]), (4, 3, 0.0));
            let lonely = by_omission(&network, &[&source[..1], target], &quiet).unwrap();
            assert!(lonely[0][0].is_nan());
            let random = &mut Random::new(1);
            let found = by_gradient(&network, &Input::Pair(source, target), 2, 1, random).unwrap();
            assert_eq!((found[0].len(), found[1].len()), (4, 3));
            assert!(found.iter().all(|felt| felt.sum() > 0.0));
        }
    }

    #[test]
    fn what_there_is_not_is_told() {
        let random = &mut Random::new(1);
        assert!(by_gradient(&lstm(), &Input::Tokens(&IDS), 99, 1, random).is_err());
        let headless = open::shipped().unwrap().network;
        assert!(by_gradient(&headless, &Input::Tokens(&IDS), 0, 1, random).is_err());
        assert!(by_omission(&headless, &[&IDS], &Progress::unobserved()).is_err());
    }
}
