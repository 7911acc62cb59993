//! What is lost when a head is switched off.

use ndarray::{Array1, Array2, ArrayView1};
use rayon::prelude::*;

use super::attribution::{self, Claim};
use super::lens::probability;
use super::place::{HeadPlace, Stack};
use super::similarity::cosine;
use crate::correlation::{pearson, spearman};
use crate::model::error::{ModelError, Result};
use crate::model::forward::{Beginning, Input, PassOptions, forward, forward_from, sentence_vector};
use crate::model::generate::likeliest;
use crate::model::interventions::{HeadChange, Interventions};
use crate::model::network::{Head, Kind, Says};
use crate::model::trace::Keep;
use crate::model::{Network, Trace};
use crate::progress::Progress;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// 1 - cosine of the sentence vectors, for networks without a head.
    SentenceVector,
    /// The fall of the probability of what was likeliest at a token (the last when `None`).
    TopProbability(Option<usize>),
    /// The rise of the mean loss in nats over the text, for causal networks.
    Loss,
}

/// How much every head of a stack matters for one text.
#[derive(Debug, Clone, PartialEq)]
pub struct Importance {
    /// Whose heads these are.
    pub stack: Stack,
    /// What was measured.
    pub measure: Measure,
    /// The value with every head as it was: 1, the top probability or the loss.
    pub baseline: f64,
    /// The change `[layers, heads]` without each head; positive where the head helps. NaN where
    /// layers have fewer heads than others, and where nothing is left to compare.
    pub changes: Array2<f64>,
}

impl Measure {
    /// What it is, in a few words.
    pub fn title(self) -> &'static str {
        match self {
            Self::SentenceVector => "how far the sentence's vector turns (1 - cosine) without each head",
            Self::TopProbability(_) => {
                "how much of the best prediction's probability is lost without each head"
            }
            Self::Loss => "how much the loss rises without each head, in nats",
        }
    }

    /// What suits `network`.
    pub fn of(network: &Network) -> Self {
        match &network.head {
            Some(head) if head.says == Says::OneOf => Self::TopProbability(None),
            _ => Self::SentenceVector,
        }
    }
}

impl Importance {
    /// How far the changes of all heads rise and fall with those of `other`, which is of the same network and
    /// stack: Pearson's correlation and Spearman's.
    pub fn agreement(&self, other: &Self) -> [Option<f64>; 2] {
        let both = self.changes.iter().zip(&other.changes);
        let (own, others): (Vec<f64>, Vec<f64>) =
            both.filter(|(one, other)| !one.is_nan() && !other.is_nan()).unzip();
        [pearson(&own, &others), spearman(&own, &others)]
    }

    /// (layer, head, change), the largest change first; ties in order.
    pub fn ranked(&self) -> Vec<(usize, usize, f64)> {
        let mut ranked: Vec<_> = self
            .changes
            .indexed_iter()
            .filter(|(_, change)| !change.is_nan())
            .map(|((layer, head), &change)| (layer, head, change))
            .collect();
        ranked.sort_by(|one, other| other.2.total_cmp(&one.2));
        ranked
    }
}

/// Runs `network` once for every head of `stack` with that head's output set to zero, beside the
/// `changes` that are made to every one of these passes, and measures what changes (Michel et al. 2019,
/// section 3.1). Layers before the head are not run again. Progress counts heads.
///
/// # Errors
/// As [`crate::model::forward::forward`]; a measure that the network does not allow.
pub fn head_importance(
    network: &Network,
    stack: Stack,
    input: &Input<'_>,
    measure: Measure,
    changes: &Interventions,
    progress: &Progress,
) -> Result<Importance> {
    let layers = network.layers(stack.index());
    let heads_in = |layer| stack.attention(network, layer).map_or(0, |attention| attention.heads);
    let heads: Vec<HeadPlace> = (0..layers)
        .flat_map(|layer| (0..heads_in(layer)).map(move |head| HeadPlace { stack, layer, head }))
        .collect();
    progress.start(heads.len() as u64);
    let without = |&place: &HeadPlace| {
        let mut interventions = changes.clone();
        interventions.heads.insert(place, HeadChange::Zero);
        interventions
    };
    let sets: Vec<Interventions> = heads.iter().map(without).collect();
    let (baseline, losses) = changes_of(network, input, measure, changes, &sets, progress)?;
    let changes = table(network, stack, heads.into_iter().zip(losses));
    Ok(Importance { stack, measure, baseline, changes })
}

/// As [`head_importance`] without any change, to first order, from one pass forwards and one back: how much
/// the measure would change without each head if it went on as it begins to (Michel et al. 2019, section
/// 3.2, with the sign that they drop).
///
/// # Errors
/// As [`head_importance`]; [`Measure::SentenceVector`], which is at its best with all heads, so that its
/// slope is 0 whatever a head does.
pub fn importance_by_gradient(
    network: &Network,
    stack: Stack,
    input: &Input<'_>,
    measure: Measure,
) -> Result<Importance> {
    if measure == Measure::SentenceVector {
        return Err(request(format!(
            "{} predicts nothing, and the slope of a sentence's likeness to itself is 0: heads can only be \
             switched off one by one",
            network.family
        )));
    }
    let options = PassOptions { keep: Keep::Logits, ..PassOptions::default() };
    let whole = forward(network, input, &options, &Progress::unobserved())?;
    let yardstick = Yardstick::new(network, input, measure, &whole)?;
    // d p = p d ln p; a loss is the mean of -ln p already.
    let (claims, factor) = match &yardstick {
        Yardstick::Probability { row, token, baseline } => {
            (vec![Claim { row: *row, output: *token as u32 }], *baseline)
        }
        Yardstick::Loss { targets, .. } => {
            let claims = targets.iter().enumerate().map(|(row, &output)| Claim { row, output });
            (claims.collect(), 1.0)
        }
        Yardstick::Sentence(_) => (Vec::new(), 0.0),
    };
    let shares = attribution::heads(network, input, stack, &claims)?;
    let changes = table(network, stack, shares.into_iter().map(|(place, share)| (place, factor * share)));
    Ok(Importance { stack, measure, baseline: yardstick.baseline(), changes })
}

/// `[layers, heads]`, NaN where there is no head.
fn table(
    network: &Network,
    stack: Stack,
    changes: impl IntoIterator<Item = (HeadPlace, f64)>,
) -> Array2<f64> {
    let layers = network.layers(stack.index());
    let heads_in = |layer| stack.attention(network, layer).map_or(0, |attention| attention.heads);
    let widest = (0..layers).map(heads_in).max().unwrap_or(0);
    let mut table = Array2::from_elem((layers, widest), f64::NAN);
    for (place, change) in changes {
        table[[place.layer, place.head]] = change;
    }
    table
}

/// What `measure` gives for a pass that is changed as `unchanged` says, and how much it differs for each
/// of `sets`, positive where it gets worse. Progress advances by one a set.
///
/// # Errors
/// As [`head_importance`].
pub fn changes_of(
    network: &Network,
    input: &Input<'_>,
    measure: Measure,
    unchanged: &Interventions,
    sets: &[Interventions],
    progress: &Progress,
) -> Result<(f64, Vec<f64>)> {
    let options = |keep, interventions: &Interventions| PassOptions {
        keep,
        interventions: interventions.clone(),
        ..Default::default()
    };
    let quiet = Progress::unobserved();
    progress.check()?;
    let whole = forward(network, input, &options(Keep::Weights, unchanged), &quiet)?;
    let yardstick = Yardstick::new(network, input, measure, &whole)?;
    let changes = sets.par_iter().map(|interventions| -> Result<f64> {
        progress.check()?;
        // Without a head only the last hidden state says anything, and weights come with it.
        let keep = if measure == Measure::SentenceVector { Keep::Weights } else { Keep::Logits };
        let options = options(keep, interventions);
        let changed = match beginning(network, &whole, unchanged, interventions) {
            Some(beginning) => forward_from(network, input, beginning, &options, &quiet)?,
            None => forward(network, input, &options, &quiet)?,
        };
        let change = yardstick.change(&changed)?;
        progress.advance(1);
        Ok(change)
    });
    Ok((yardstick.baseline(), changes.collect::<Result<Vec<f64>>>()?))
}

/// The first layer in which `changed` differs from `unchanged`, with the stream that the `whole` pass had
/// there: every layer before it would compute the same again. `None` where all layers are to run.
fn beginning<'a>(
    network: &Network,
    whole: &'a Trace,
    unchanged: &Interventions,
    changed: &Interventions,
) -> Option<Beginning<'a>> {
    let same_elsewhere = Interventions { heads: unchanged.heads.clone(), ..changed.clone() } == *unchanged;
    if network.stacks.len() != 1 || !same_elsewhere {
        return None;
    }
    let differs = |place: &&HeadPlace| unchanged.heads.get(place) != changed.heads.get(place);
    let places = unchanged.heads.keys().chain(changed.heads.keys());
    let layer = places.filter(differs).map(|place| place.layer).min()?;
    let stream = whole.hidden_states().get(layer)?;
    Some(Beginning { layer, stream })
}

/// What the unchanged pass gave, to hold the others against.
enum Yardstick {
    Sentence(Array1<f32>),
    Probability { row: usize, token: usize, baseline: f64 },
    Loss { targets: Vec<u32>, baseline: f64 },
}

impl Yardstick {
    fn new(network: &Network, input: &Input<'_>, measure: Measure, unchanged: &Trace) -> Result<Self> {
        match measure {
            Measure::SentenceVector => Ok(Self::Sentence(sentence(unchanged)?)),
            Measure::TopProbability(position) => {
                let logits = logits_of(unchanged)?;
                let once = network.head.as_ref().is_some_and(Head::answers_once);
                let last = logits.nrows().saturating_sub(1);
                let row = if once { 0 } else { position.unwrap_or(last) };
                if row >= logits.nrows() {
                    return Err(request(format!("there is no token {row}: the text has {}", logits.nrows())));
                }
                let values = logits.row(row).to_vec();
                let top = likeliest(&values, 1);
                let top = top.first().ok_or_else(|| request("the model's output is not finite".into()))?;
                Ok(Self::Probability { row, token: top.id as usize, baseline: top.probability })
            }
            Measure::Loss => {
                let (Kind::Causal, Input::Tokens(ids)) = (network.kind, input) else {
                    return Err(request(format!(
                        "{} does not predict the next token, so it has no loss over a text",
                        network.family
                    )));
                };
                if ids.len() < 2 {
                    return Err(request("a loss needs a text of two tokens or more".into()));
                }
                let targets = ids[1..].to_vec();
                let baseline = loss(logits_of(unchanged)?, &targets);
                Ok(Self::Loss { targets, baseline })
            }
        }
    }

    fn baseline(&self) -> f64 {
        match self {
            Self::Sentence(_) => 1.0,
            Self::Probability { baseline, .. } | Self::Loss { baseline, .. } => *baseline,
        }
    }

    fn change(&self, changed: &Trace) -> Result<f64> {
        match self {
            Self::Sentence(before) => {
                let cosine = cosine(&before.mapv(f64::from), &sentence(changed)?.mapv(f64::from));
                Ok(1.0 - cosine.unwrap_or(f64::NAN))
            }
            Self::Probability { row, token, baseline } => {
                let logits = logits_of(changed)?;
                Ok(baseline - probability(&logits.row(*row).to_vec(), *token))
            }
            Self::Loss { targets, baseline } => Ok(loss(logits_of(changed)?, targets) - baseline),
        }
    }
}

/// The mean of -ln p over the tokens that follow another, in nats.
fn loss(logits: &Array2<f32>, targets: &[u32]) -> f64 {
    let losses = logits.outer_iter().zip(targets);
    let sum: f64 = losses.map(|(row, &target)| -log_probability(row, target as usize)).sum();
    sum / targets.len().max(1) as f64
}

/// ln of the softmax at `index`, without going through a probability that may round to 0.
fn log_probability(logits: ArrayView1<'_, f32>, index: usize) -> f64 {
    let largest = logits.fold(f32::NEG_INFINITY, |largest, &logit| largest.max(logit));
    let sum: f64 = logits.iter().map(|&logit| f64::from(logit - largest).exp()).sum();
    logits.get(index).map_or(f64::NAN, |&logit| f64::from(logit - largest) - sum.ln())
}

fn sentence(trace: &Trace) -> Result<Array1<f32>> {
    sentence_vector(trace).ok_or_else(|| request("an empty text has no sentence vector".into()))
}

fn logits_of(trace: &Trace) -> Result<&Array2<f32>> {
    trace.logits.as_ref().ok_or_else(|| {
        request(
            "this checkpoint has no output matrix, so it predicts nothing; measure the sentence vector"
                .into(),
        )
    })
}

fn request(message: String) -> ModelError {
    ModelError::Request(message)
}
