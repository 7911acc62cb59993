//! Which tokens and heads an output is due to, by its gradients.

use ndarray::{Array1, Array2, Array3, Axis};

use super::place::{HeadPlace, Stack};
use crate::elementary::{dot, softmax};
use crate::model::Network;
use crate::model::backward::{ActivationGradients, backward};
use crate::model::error::{ModelError, Result};
use crate::model::forward::{Input, PassOptions, forward};
use crate::model::generate::likeliest;
use crate::model::gradients::Gradients;
use crate::model::keep::Keep;
use crate::model::network::{FIRST, Front, Mixer, Says};
use crate::model::trace::Trace;
use crate::progress::Progress;

/// What is explained: the logarithm of the probability of `output` in row `row` of the logits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// The row.
    pub row: usize,
    /// The token or class.
    pub output: u32,
}

/// How tokens are held to account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// The gradient at the token's vector, times the vector (Shrikumar et al. 2016).
    GradientTimesInput,
    /// The mean of the gradient on the way from no vector to the token's, in so many steps, times the
    /// vector (Sundararajan et al. 2017). The shares add up to what all tokens together changed.
    IntegratedGradients(usize),
}

/// What an output is due to.
#[derive(Debug, Clone, PartialEq)]
pub struct Attribution {
    /// The logarithm of the probability.
    pub value: f64,
    /// The same where every token's own vector is 0 and only positions are left; of integrated
    /// gradients.
    pub baseline: Option<f64>,
    /// The share of every token of the first stack.
    pub tokens: Vec<f64>,
}

/// The share of every token of the first stack in `claim`. Progress counts steps.
///
/// # Errors
/// [`ModelError::Request`] for a network that does not read tokens or has no head, and for a row or an
/// output that there is not; those of [`forward`].
pub fn tokens(
    network: &Network,
    input: &Input<'_>,
    claim: Claim,
    method: Method,
    progress: &Progress,
) -> Result<Attribution> {
    let steps = match method {
        Method::GradientTimesInput => {
            let found = Found::of(network, input, &[claim])?;
            let vectors = vectors(network, found.trace.tokens(FIRST))?;
            return Ok(Attribution { value: found.value, baseline: None, tokens: along(&found, &vectors)? });
        }
        Method::IntegratedGradients(steps) => steps.max(1),
    };
    progress.start(steps as u64);
    let whole = forward_to(network, input, Keep::Logits)?;
    let vectors = vectors(network, whole.tokens(FIRST))?;
    let mut sums = vec![0.0; vectors.nrows()];
    for step in 0..steps {
        progress.check()?;
        // The middle of each step. A norm makes whole vectors of faint ones, so that most happens near
        // the beginning of the way: the steps are shorter there, as those of u⁴ are.
        let u = (step as f64 + 0.5) / steps as f64;
        let found = Found::of(&scaled(network, u.powi(4) as f32)?, input, &[claim])?;
        // The gradient is that of the table, u⁴ of which stands in the text; the step is 4 u³ du long.
        let shares = along(&found, &vectors)?;
        let weight = 4.0 / (u * steps as f64);
        sums.iter_mut().zip(shares).for_each(|(sum, share)| *sum += share * weight);
        progress.advance(1);
    }
    let baseline = claim.value(&forward_to(&scaled(network, 0.0)?, input, Keep::Logits)?)?;
    Ok(Attribution { value: claim.value(&whole)?, baseline: Some(baseline), tokens: sums })
}

/// The share of every head of `stack` in the mean of `claims`: its weighted values times their gradient,
/// which is how much would be lost, to first order, if it were silent (Molchanov et al. 2017, eq. 6; Michel
/// et al. 2019, section 3.2).
///
/// # Errors
/// As [`tokens`]; a network whose stack does not attend.
pub fn heads(
    network: &Network,
    input: &Input<'_>,
    stack: Stack,
    claims: &[Claim],
) -> Result<Vec<(HeadPlace, f64)>> {
    let found = Found::of(network, input, claims)?;
    let mut shares = Vec::new();
    for layer in stack.attending(network) {
        let outputs = stack.trace(&found.trace, layer).and_then(|trace| trace.head_outputs.as_ref());
        let (Some(outputs), Some(gradients)) = (outputs, found.of_heads(network, stack, layer)) else {
            continue;
        };
        for (head, (outputs, gradients)) in outputs.outer_iter().zip(gradients.outer_iter()).enumerate() {
            let (outputs, gradients) = (outputs.to_slice().expect(WHOLE), gradients.to_slice().expect(WHOLE));
            shares.push((HeadPlace { stack, layer, head }, dot(outputs, gradients)));
        }
    }
    if shares.is_empty() {
        return Err(ModelError::Request(format!("{} does not attend there", network.family)));
    }
    Ok(shares)
}

impl Claim {
    /// The likeliest output of row `row`.
    ///
    /// # Errors
    /// No such row.
    pub fn likeliest(trace: &Trace, row: usize) -> Result<Self> {
        let logits = trace.logits.as_ref().and_then(|logits| logits.outer_iter().nth(row));
        let best = logits.and_then(|row| likeliest(&row.to_vec(), 1).first().map(|best| best.id));
        best.map(|output| Self { row, output }).ok_or_else(|| no_such(Self { row, output: 0 }))
    }

    /// ln of the probability.
    fn value(self, trace: &Trace) -> Result<f64> {
        Ok(self.value_and_gradient(trace)?.0)
    }

    /// ln of the probability, and its gradient at its row of the logits `[V]`.
    fn value_and_gradient(self, trace: &Trace) -> Result<(f64, Array1<f32>)> {
        let logits = trace.logits.as_ref().ok_or_else(|| no_such(self))?;
        let output = self.output as usize;
        if self.row >= logits.nrows() || output >= logits.ncols() {
            return Err(no_such(self));
        }
        let mut row: Array1<f32> = logits.row(self.row).to_owned();
        let logit = f64::from(row[output]);
        let sums = softmax(row.as_slice_mut().expect(WHOLE));
        let value = logit - f64::from(sums.maximum) - sums.sum.ln();
        row.mapv_inplace(|probability| -probability);
        row[output] += 1.0;
        Ok((value, row))
    }
}

fn no_such(claim: Claim) -> ModelError {
    ModelError::Request(format!("there is no output {} at place {}", claim.output, claim.row))
}

/// A pass both ways.
struct Found {
    trace: Trace,
    value: f64,
    activations: ActivationGradients,
}

impl Found {
    /// Of the mean of `claims`.
    fn of(network: &Network, input: &Input<'_>, claims: &[Claim]) -> Result<Self> {
        let trace = forward_to(network, input, Keep::Tape)?;
        let share = 1.0 / claims.len().max(1) as f32;
        let mut gradient = Array2::zeros(trace.logits.as_ref().map_or((0, 0), |logits| logits.dim()));
        let mut value = 0.0;
        for claim in claims {
            let (one, row) = claim.value_and_gradient(&trace)?;
            value += one * f64::from(share);
            gradient.row_mut(claim.row).scaled_add(share, &row);
        }
        let mut activations = ActivationGradients::default();
        let mut gradients = Gradients::of(network);
        backward(network, input, &trace, gradient.view(), &mut gradients, Some(&mut activations))?;
        Ok(Self { trace, value, activations })
    }

    /// The gradient of the weighted values of a layer's heads, `[H, T, E]`.
    fn of_heads(&self, network: &Network, stack: Stack, layer: usize) -> Option<&Array3<f32>> {
        let block = network.stacks.get(stack.index())?.blocks.get(layer)?;
        let part = block.parts.iter().position(|part| match part.mixer {
            Mixer::Attention(_) => stack != Stack::Cross,
            Mixer::CrossAttention { .. } => stack == Stack::Cross,
            _ => false,
        })?;
        self.activations.stacks.get(stack.index())?.head_outputs.get(layer)?.get(part)?.as_ref()
    }
}

fn forward_to(network: &Network, input: &Input<'_>, keep: Keep) -> Result<Trace> {
    let missing = match &network.head {
        None => Some("has no output matrix, so there is nothing to explain"),
        Some(head) if head.says != Says::OneOf => Some("does not choose one of its outputs"),
        Some(_) => None,
    };
    if let Some(missing) = missing {
        return Err(ModelError::Request(format!("{} {missing}", network.family)));
    }
    forward(network, input, &PassOptions { keep, ..PassOptions::default() }, &Progress::unobserved())
}

/// The vectors that the table of the first stack has for `ids`, `[T, D or less]`.
fn vectors(network: &Network, ids: &[u32]) -> Result<Array2<f32>> {
    let Front::Tokens(front) = &network.stacks[FIRST].front else {
        return Err(ModelError::Request(format!("{} does not read tokens", network.family)));
    };
    let mut vectors = Array2::zeros((ids.len(), front.table.shape()[1..].iter().product()));
    for (&id, mut row) in ids.iter().zip(vectors.axis_iter_mut(Axis(0))) {
        front.table.row_to_f32(id as usize, row.as_slice_mut().expect(WHOLE));
    }
    Ok(vectors)
}

/// The network in which every token's own vector is `share` of what it was.
fn scaled(network: &Network, share: f32) -> Result<Network> {
    let mut network = network.clone();
    let family = network.family;
    let Front::Tokens(front) = &mut network.stacks[FIRST].front else {
        return Err(ModelError::Request(format!("{family} does not read tokens")));
    };
    front.scale *= share;
    Ok(network)
}

/// The gradient of every token's vector, times that vector.
fn along(found: &Found, vectors: &Array2<f32>) -> Result<Vec<f64>> {
    let gradient = found.activations.stacks.get(FIRST).and_then(|stack| stack.front.as_ref());
    let gradient = gradient.filter(|gradient| gradient.dim() == vectors.dim());
    let gradient = gradient.ok_or_else(|| ModelError::Request("the tokens have no gradient".into()))?;
    let rows = gradient.outer_iter().zip(vectors.outer_iter());
    Ok(rows.map(|(a, b)| dot(a.to_slice().expect(WHOLE), b.to_slice().expect(WHOLE))).collect())
}

const WHOLE: &str = "rows of an array in standard order are contiguous";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::open;

    fn golden(name: &str) -> open::Model {
        open::open(&format!("{}/tests/fixtures/golden/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
    }

    fn asked() -> (open::Model, Vec<u32>, Claim) {
        let model = golden("transformers/gpt2");
        let ids = vec![5, 9, 17, 3, 40, 9];
        let claim = Claim { row: ids.len() - 1, output: ids[0] };
        (model, ids, claim)
    }

    /// F when every vector of the text is `share` of what it is.
    fn value(model: &open::Model, ids: &[u32], claim: Claim, share: f32) -> f64 {
        let network = scaled(&model.network, share).unwrap();
        claim.value(&forward_to(&network, &Input::Tokens(ids), Keep::Logits).unwrap()).unwrap()
    }

    fn attributed(model: &open::Model, ids: &[u32], claim: Claim, method: Method) -> Attribution {
        tokens(&model.network, &Input::Tokens(ids), claim, method, &Progress::unobserved()).unwrap()
    }

    #[test]
    fn gradients_times_vectors_are_what_a_small_change_does() {
        let (model, ids, claim) = asked();
        let found = attributed(&model, &ids, claim, Method::GradientTimesInput);
        let sum: f64 = found.tokens.iter().sum();
        let slope = (value(&model, &ids, claim, 1.01) - value(&model, &ids, claim, 0.99)) / 0.02;
        assert!((sum - slope).abs() < 0.02 * slope.abs().max(0.1), "{sum}, {slope}");
        assert!((found.value - value(&model, &ids, claim, 1.0)).abs() < 1e-5);
    }

    #[test]
    fn integrated_gradients_add_up_to_what_all_tokens_changed() {
        let (model, ids, claim) = asked();
        let found = attributed(&model, &ids, claim, Method::IntegratedGradients(200));
        let (sum, all) = (found.tokens.iter().sum::<f64>(), found.value - found.baseline.unwrap());
        assert!((sum - all).abs() < 0.05 * all.abs().max(1.0), "{sum}, {all}");
    }

    #[test]
    fn every_head_has_a_share_and_what_there_is_not_is_told() {
        let (model, ids, claim) = asked();
        let input = Input::Tokens(&ids);
        let found = heads(&model.network, &input, Stack::Text, &[claim]).unwrap();
        assert_eq!(found.len(), model.network.heads_of_first(FIRST) * model.network.layers(FIRST));
        assert!(
            found.iter().all(|(_, share)| share.is_finite()) && found.iter().any(|(_, share)| *share != 0.0)
        );
        for wrong in [Claim { row: 99, ..claim }, Claim { output: 1 << 20, ..claim }] {
            assert!(heads(&model.network, &input, Stack::Text, &[wrong]).is_err());
        }
        assert!(heads(&open::shipped().unwrap().network, &input, Stack::Text, &[claim]).is_err());
        let lstm = golden("recurrent/lstm");
        assert!(heads(&lstm.network, &input, Stack::Text, &[claim]).is_err());
    }
}
