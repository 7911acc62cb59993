//! What a network is to say, and how far it is from it.

use ndarray::{Array2, Axis};
use rayon::prelude::*;

use super::backward::backward;
use super::dropout::Dropout;
use super::error::{ModelError, Result};
use super::forward::{Feeds, Input, PassOptions, forward};
use super::gradients::Gradients;
use super::keep::Keep;
use super::network::{DECODER, FIRST, Kind, Network, Says};
use super::parts::Mixer;
use crate::elementary::vectorised;
use crate::progress::Progress;

/// The right output of every row of logits, where it has one.
///
/// A network that reads text is to say the next token (of the last nothing is known), a decoder its
/// next token, and one that looks at images the class of each, from `labels`. A recurrent network that
/// goes both ways is to say every token itself: its states have already seen the next one. Where texts
/// have `labels`, each of them is a question: nothing is asked but its label, after its last token.
///
/// # Errors
/// [`ModelError::Request`] for a network without a head, a class, or a token, that the network has no output for, a text of one
/// token, and an input that does not fit.
pub fn targets(network: &Network, input: &Input<'_>, labels: &[u32]) -> Result<Vec<Option<u32>>> {
    if network.head.is_none() {
        return Err(no_head());
    }
    if network.head.as_ref().is_some_and(|head| head.says != Says::OneOf) {
        return Err(ModelError::Request(format!(
            "{} does not choose one of its outputs, so this loss says nothing of it",
            network.family
        )));
    }
    let shifted = Feeds::shifted(network, input);
    let feeds = Feeds::of(network, input, &shifted)?;
    let targets: Vec<Option<u32>> = match network.kind {
        Kind::Vision | Kind::Classifier | Kind::Trajectory => {
            labels.iter().map(|&label| Some(label)).collect()
        }
        Kind::Masked | Kind::Causal if !labels.is_empty() => answers(&feeds.texts(FIRST), labels)?,
        Kind::Masked if goes_both_ways(network) => {
            feeds.texts(FIRST).concat().into_iter().map(Some).collect()
        }
        Kind::Masked | Kind::Causal => next_tokens(&feeds.texts(FIRST)),
        Kind::EncoderDecoder => next_tokens(&feeds.texts(DECODER)),
    };
    let outputs = network.outputs;
    if let Some(wrong) = targets.iter().flatten().find(|&&target| target as usize >= outputs) {
        return Err(ModelError::Request(format!(
            "the right answer would be output {wrong}, but the network has {outputs} outputs"
        )));
    }
    if targets.iter().all(Option::is_none) {
        return Err(ModelError::Request(
            "nothing is predicted: the network says the next token, so the text needs two".into(),
        ));
    }
    Ok(targets)
}

fn goes_both_ways(network: &Network) -> bool {
    let mut parts = network.stacks[FIRST].blocks.iter().flat_map(|block| &block.parts);
    parts.any(|part| matches!(&part.mixer, Mixer::Recurrent(layer) if layer.reverse.is_some()))
}

/// The label of every text, after its last token.
fn answers(texts: &[&[u32]], labels: &[u32]) -> Result<Vec<Option<u32>>> {
    if texts.len() != labels.len() {
        return Err(ModelError::Request(format!(
            "{} texts, but {} labels: one for each text",
            texts.len(),
            labels.len()
        )));
    }
    let of_text = |(ids, &label): (&&[u32], &u32)| {
        let unasked = ids.iter().skip(1).map(|_| None);
        unasked.chain([Some(label)]).collect::<Vec<_>>()
    };
    Ok(texts.iter().zip(labels).flat_map(of_text).collect())
}

fn next_tokens(texts: &[&[u32]]) -> Vec<Option<u32>> {
    let of_text = |ids: &&[u32]| {
        let next = ids.iter().skip(1).map(|&id| Some(id));
        next.chain(ids.last().map(|_| None)).collect::<Vec<_>>()
    };
    texts.iter().flat_map(of_text).collect()
}

/// The mean over all rows with a target of -ln softmax(logits)\[target\], and its gradient `[T, V]`.
///
/// # Panics
/// When there are not as many targets as rows, or a target has no logit.
pub fn cross_entropy(logits: Array2<f32>, targets: &[Option<u32>]) -> (f64, Array2<f32>) {
    assert_eq!(logits.nrows(), targets.len(), "a target a row");
    let count = targets.iter().flatten().count().max(1) as f64;
    let share = (1.0 / count) as f32;
    let mut gradient = logits;
    let rows = gradient.axis_iter_mut(Axis(0)).into_par_iter().zip(targets.par_iter());
    let losses: Vec<f64> = rows
        .map(|(row, target)| {
            let row = row.into_slice().expect("rows of an array in standard order are contiguous");
            let Some(target) = *target else {
                row.fill(0.0);
                return 0.0;
            };
            let target = target as usize;
            let logit = f64::from(row[target]);
            let sums = crate::elementary::softmax(row);
            row[target] -= 1.0;
            vectorised!(row.iter_mut().for_each(|gradient| *gradient *= share));
            sums.sum.ln() + f64::from(sums.maximum) - logit
        })
        .collect();
    (losses.iter().sum::<f64>() / count, gradient)
}

/// The loss of a pass over `input`, whose gradients are added to `gradients`; `labels` as in
/// [`targets`]. Memory is announced as for a trace.
///
/// # Errors
/// Those of [`targets`] and [`forward`]; a network without a head predicts nothing.
pub fn with_gradients(
    network: &Network,
    input: &Input<'_>,
    labels: &[u32],
    gradients: &mut Gradients,
    progress: &Progress,
) -> Result<f64> {
    while_learning(network, input, labels, Dropout::default(), gradients, progress)
}

/// As [`with_gradients`], of a pass that leaves numbers out.
///
/// # Errors
/// As [`with_gradients`].
pub fn while_learning(
    network: &Network,
    input: &Input<'_>,
    labels: &[u32],
    dropout: Dropout,
    gradients: &mut Gradients,
    progress: &Progress,
) -> Result<f64> {
    let targets = targets(network, input, labels)?;
    let options = PassOptions { keep: Keep::Tape, dropout, ..PassOptions::default() };
    let mut trace = forward(network, input, &options, progress)?;
    let logits = trace.logits.take().ok_or_else(no_head)?;
    let (loss, gradient) = cross_entropy(logits, &targets);
    backward(network, input, &trace, gradient.view(), gradients, None)?;
    Ok(loss)
}

/// How well a network says what it is to say.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Judgement {
    /// The mean of -ln of the probability of what is right.
    pub loss: f64,
    /// Which share of the likeliest outputs is right.
    pub accuracy: f64,
}

/// Judges a pass over `input`; `labels` as in [`targets`].
///
/// # Errors
/// As [`with_gradients`].
pub fn judge(network: &Network, input: &Input<'_>, labels: &[u32], progress: &Progress) -> Result<Judgement> {
    let targets = targets(network, input, labels)?;
    let options = PassOptions { keep: Keep::Logits, ..PassOptions::default() };
    let logits = forward(network, input, &options, progress)?.logits.ok_or_else(no_head)?;
    let rows = logits.rows().into_iter().zip(&targets);
    let asked = rows.filter_map(|(row, target)| target.map(|target| (row, target)));
    let (right, all) = asked.fold((0usize, 0usize), |(right, all), (row, target)| {
        let logit = row[target as usize];
        let is_right =
            row.iter().enumerate().all(|(output, &other)| other < logit || output == target as usize);
        (right + usize::from(is_right), all + 1)
    });
    let (loss, _) = cross_entropy(logits, &targets);
    Ok(Judgement { loss, accuracy: right as f64 / all.max(1) as f64 })
}

fn no_head() -> ModelError {
    ModelError::Request("this checkpoint has no output matrix, so it predicts nothing".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn the_loss_of_even_odds_is_their_logarithm() {
        let logits = array![[1.0f32, 1.0, 1.0, 1.0], [9.0, 0.0, 0.0, 0.0]];
        let (loss, gradient) = cross_entropy(logits, &[Some(2), None]);
        assert!((loss - 4f64.ln()).abs() < 1e-6);
        assert_eq!(gradient, array![[0.25, 0.25, -0.75, 0.25], [0.0, 0.0, 0.0, 0.0]]);
    }
}
