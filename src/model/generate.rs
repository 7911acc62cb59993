//! Writing on: next tokens of a causal model, and the tokens behind a mask.

use super::continuation::Continuation;
use super::error::{ModelError, Result};
use super::forward::Input;
use super::fronts::Feed;
use super::network::{Kind, Network};
use super::writing_rules::WritingRules;
use crate::progress::Progress;
use crate::random::Random;

/// How the next token is chosen.
#[derive(Debug, Clone, PartialEq)]
pub struct Sampling {
    /// 0 takes the likeliest token; larger values flatten the distribution.
    pub temperature: f32,
    /// Only so many of the likeliest are considered.
    pub top_k: Option<usize>,
    /// Only the likeliest that make up this share are considered (Holtzman et al. 2020).
    pub top_p: Option<f32>,
    /// Where the random choices start.
    pub seed: u64,
}

impl Default for Sampling {
    fn default() -> Self {
        Self { temperature: 0.0, top_k: None, top_p: None, seed: 1 }
    }
}

/// One candidate for a place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate {
    /// The token.
    pub id: u32,
    /// Its probability.
    pub probability: f64,
}

/// The `count` likeliest tokens of `logits`, by falling probability and then rising id.
pub fn likeliest(logits: &[f32], count: usize) -> Vec<Candidate> {
    let largest = logits.iter().copied().filter(|x| x.is_finite()).fold(f32::NEG_INFINITY, f32::max);
    let exponentials = logits.iter().map(|&x| f64::from(x - largest).exp());
    let sum: f64 = exponentials.clone().filter(|x| x.is_finite()).sum();
    let mut all: Vec<Candidate> = exponentials
        .enumerate()
        .filter(|(_, x)| x.is_finite())
        .map(|(id, x)| Candidate { id: id as u32, probability: x / sum })
        .collect();
    let order = |a: &Candidate, b: &Candidate| b.probability.total_cmp(&a.probability).then(a.id.cmp(&b.id));
    if count < all.len() {
        all.select_nth_unstable_by(count, order);
        all.truncate(count);
    }
    all.sort_unstable_by(order);
    all
}

/// Whether `network` writes on.
///
/// # Errors
/// [`ModelError::Request`] where it does something else.
pub fn check_writes(network: &Network) -> Result<()> {
    let instead = match network.kind {
        Kind::Causal => None,
        Kind::EncoderDecoder if network.has_decoder() => None,
        Kind::Masked => Some("it fills in masked tokens: put the mask token into the text"),
        Kind::Classifier => Some("it says what a text is"),
        Kind::EncoderDecoder => Some("its decoder has no token to start with"),
        Kind::Vision => Some("it looks at images"),
        Kind::Trajectory => Some("it foresees what to do"),
    };
    if let Some(instead) = instead {
        return Err(ModelError::Request(format!("{} does not write on; {instead}", network.family)));
    }
    Ok(())
}

/// How much is written, and how.
#[derive(Debug, Clone)]
pub struct Writing<'a> {
    /// At most so many tokens.
    pub count: usize,
    /// How each is chosen.
    pub sampling: &'a Sampling,
    /// What the checkpoint wants of them.
    pub rules: &'a WritingRules,
}

/// What the last stack of `network` is to write on of `input`, and what the stacks before it read.
///
/// # Errors
/// [`ModelError::Request`] where that is not a text.
pub fn given<'a>(network: &Network, input: &Input<'a>) -> Result<(Vec<Feed<'a>>, Vec<u32>)> {
    let nothing = || ModelError::Request(format!("{} writes texts on, nothing else", network.family));
    let start = || network.start_token().map(|start| vec![start]).ok_or_else(nothing);
    Ok(match input {
        Input::Tokens(ids) | Input::Typed(ids, _) if network.stacks.len() == 1 => (Vec::new(), ids.to_vec()),
        Input::Tokens(ids) | Input::Typed(ids, _) => (vec![Feed::Tokens(ids)], start()?),
        Input::Pair(ids, written) => (vec![Feed::Tokens(ids)], written.to_vec()),
        Input::Sound(sound) => (vec![Feed::Sound(*sound)], start()?),
        Input::Each(feeds) => match feeds.split_last() {
            Some((Feed::Tokens(written), read)) => (read.to_vec(), written.to_vec()),
            _ => return Err(nothing()),
        },
        Input::Image(_) | Input::Trajectory(_) => return Err(nothing()),
    })
}

/// Writes tokens after `input`, calling `on_token` with each as it is chosen; stops early when `on_token`
/// says so, or after a token that ends a text. Returns the new tokens.
///
/// # Errors
/// [`ModelError::Request`] when the network does not write on, [`ModelError::Cancelled`].
pub fn generate(
    network: &Network,
    input: &Input<'_>,
    writing: &Writing<'_>,
    progress: &Progress,
    mut on_token: impl FnMut(u32) -> bool,
) -> Result<Vec<u32>> {
    check_writes(network)?;
    let Writing { count, sampling, rules } = *writing;
    let (read, mut text) = given(network, input)?;
    let first = rules.first_free(text.len());
    let before = text.len();
    let mut random = Random::new(sampling.seed);
    let mut continuation = Continuation::new(network, &read, progress)?;
    progress.start(count as u64);
    let mut seen = 0;
    for _ in 0..count {
        progress.check()?;
        let mut logits = continuation.add(&text[seen..])?.into_raw_vec_and_offset().0;
        seen = text.len();
        rules.apply(&text, first, &mut logits);
        let id = choose(&logits, sampling, &mut random)?;
        text.push(id);
        progress.advance(1);
        if !on_token(id) || rules.ends.contains(&id) {
            break;
        }
    }
    Ok(text.split_off(before))
}

/// Chooses a token from `logits`.
fn choose(logits: &[f32], sampling: &Sampling, random: &mut Random) -> Result<u32> {
    let empty = || ModelError::Request("the model's output is not finite: the checkpoint is broken".into());
    if sampling.temperature <= 0.0 {
        return likeliest(logits, 1).first().map(|candidate| candidate.id).ok_or_else(empty);
    }
    let scaled: Vec<f32> = logits.iter().map(|x| x / sampling.temperature).collect();
    let mut candidates = likeliest(&scaled, sampling.top_k.unwrap_or(logits.len()).max(1));
    if let Some(share) = sampling.top_p {
        // Of what the k likeliest have together, as transformers and llama.cpp count it.
        let all: f64 = candidates.iter().map(|candidate| candidate.probability).sum();
        let mut sum = 0.0;
        let within = candidates.iter().position(|candidate| {
            sum += candidate.probability;
            sum >= f64::from(share) * all
        });
        candidates.truncate(within.map_or(candidates.len(), |last| last + 1));
    }
    let total: f64 = candidates.iter().map(|candidate| candidate.probability).sum();
    let mut left = random.fraction() * total;
    for candidate in &candidates {
        left -= candidate.probability;
        if left <= 0.0 {
            return Ok(candidate.id);
        }
    }
    candidates.last().map(|candidate| candidate.id).ok_or_else(empty)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shares of 0.4, 0.3 and 0.2: of the three likeliest, the first two have 0.78 together, though
    /// only 0.7 of all.
    #[test]
    fn a_share_is_one_of_what_the_likeliest_have_together() {
        let logits: Vec<f32> = [0.4f32, 0.3, 0.2, 0.1].iter().map(|share| share.ln()).collect();
        let chosen = |top_k, top_p| {
            let all = (0..200).map(|seed| {
                let sampling = Sampling { temperature: 1.0, top_k, top_p, seed };
                choose(&logits, &sampling, &mut Random::new(seed)).unwrap()
            });
            all.collect::<std::collections::BTreeSet<u32>>().into_iter().collect::<Vec<_>>()
        };
        assert_eq!(chosen(None, None), [0, 1, 2, 3]);
        assert_eq!(chosen(Some(3), Some(0.75)), [0, 1]);
        assert_eq!(chosen(None, Some(0.75)), [0, 1, 2]);
    }
}
