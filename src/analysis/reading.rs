//! A text as a network reads it, token by token: what it expects, and what its states hold.

use std::ops::RangeInclusive;

use ndarray::{Array2, Array3, ArrayView2, Axis, Ix2};

use super::place::Stack;
use crate::elementary::softmax;
use crate::model::error::{ModelError, Result};
use crate::model::forward::{Input, PassOptions, forward};
use crate::model::generate::{Candidate, likeliest};
use crate::model::network::{FIRST, Kind, Network};
use crate::model::parts::MixerTrace;
use crate::model::trace::Trace;
use crate::progress::Progress;

/// What a network expects after a token.
#[derive(Debug, Clone, PartialEq)]
pub struct Expectation {
    /// The likeliest tokens, the likeliest first.
    pub likeliest: Vec<Candidate>,
    /// The probability of the token that comes; of the last nothing is known.
    pub of_next: Option<f64>,
    /// The perplexity of the text so far: of all tokens from the second up to this one.
    pub perplexity: Option<f64>,
}

/// Numbers of one kind for every token: a gate, a state.
#[derive(Debug, Clone, PartialEq)]
pub struct Track {
    /// The layer.
    pub layer: usize,
    /// `forget`, `cell`, `hidden`, ...
    pub name: String,
    /// `[T, H]`.
    pub values: Array2<f32>,
}

/// The attention weights of a layer, with its number.
pub type LayerMaps = (usize, Array3<f32>);

/// A text as a network reads it: an encoder-decoder's is what its decoder is given.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The tokens.
    pub ids: Vec<u32>,
    /// After every token.
    pub expected: Vec<Expectation>,
    /// Of recurrent layers, the lowest first; empty of networks without.
    pub tracks: Vec<Track>,
    /// The weights of every layer that attends `[H, T, T]`.
    pub attention: Vec<LayerMaps>,
    /// What the encoder read, where there is one.
    pub source: Option<Source>,
}

impl Reading {
    /// The tokens of what each stack reads up to `step`: an encoder reads all of its text.
    pub fn texts_until(&self, step: usize) -> Vec<&[u32]> {
        let source = self.source.as_ref().map(|source| &source.ids[..]);
        source.into_iter().chain([&self.ids[..self.ids.len().min(step + 1)]]).collect()
    }
}

/// What an encoder read.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// Its tokens, S of them.
    pub ids: Vec<u32>,
    /// The weights of every layer of the decoder that attends to them `[H, T, S]`.
    pub attention: Vec<LayerMaps>,
}

/// How many tokens are told that may come next.
const TOLD: usize = 5;

/// Reads `input`.
///
/// # Errors
/// A network that does not say the next token; those of [`forward`].
pub fn read(network: &Network, input: &Input<'_>, memory_limit: u64, progress: &Progress) -> Result<Reading> {
    let says_what_comes = matches!(network.kind, Kind::Causal | Kind::EncoderDecoder);
    if !says_what_comes || network.head.is_none() {
        return Err(ModelError::Request(format!(
            "{} does not say the next token, so there is nothing that it expects",
            network.family
        )));
    }
    let options = PassOptions { memory_limit, ..PassOptions::default() };
    let trace = forward(network, input, &options, progress)?;
    let logits = trace.logits.as_ref().ok_or_else(|| {
        ModelError::Request("this checkpoint has no output matrix, so it predicts nothing".into())
    })?;
    let last = network.stacks.len() - 1;
    let ids = trace.tokens(last);
    let maps = |stack: Stack| -> Vec<LayerMaps> {
        let of_layer = |layer| Some((layer, stack.trace(&trace, layer)?.weights.clone()));
        stack.attending(network).filter_map(of_layer).collect()
    };
    Ok(Reading {
        ids: ids.to_vec(),
        expected: expectations(logits.view(), ids),
        tracks: tracks(&trace, last),
        attention: Stack::of_own(last).map(maps).unwrap_or_default(),
        source: (last > FIRST)
            .then(|| Source { ids: trace.tokens(FIRST).to_vec(), attention: maps(Stack::Cross) }),
    })
}

fn expectations(logits: ArrayView2<'_, f32>, ids: &[u32]) -> Vec<Expectation> {
    let mut surprise = 0.0;
    let rows = logits.axis_iter(Axis(0)).enumerate();
    rows.map(|(index, row)| {
        let perplexity = (index > 0).then(|| (surprise / index as f64).exp());
        let mut probabilities = row.to_vec();
        let likely = likeliest(&probabilities, TOLD);
        softmax(&mut probabilities);
        let next = ids.get(index + 1).and_then(|&id| probabilities.get(id as usize));
        let of_next = next.map(|&probability| f64::from(probability));
        surprise -= of_next.unwrap_or(1.0).max(f64::from(f32::MIN_POSITIVE)).ln();
        Expectation { likeliest: likely, of_next, perplexity }
    })
    .collect()
}

/// Gates, cells and hidden states of every recurrent layer.
fn tracks(trace: &Trace, stack: usize) -> Vec<Track> {
    let Some(stack) = trace.stacks.get(stack) else { return Vec::new() };
    let mut tracks = Vec::new();
    for (layer, block) in stack.blocks.iter().enumerate() {
        for part in &block.parts {
            let MixerTrace::Recurrent(recurrent) = &part.mixer else { continue };
            let mut add = |name: String, values: Array2<f32>| tracks.push(Track { layer, name, values });
            for (name, values) in recurrent.stages() {
                if let Ok(values) = values.into_dimensionality::<Ix2>() {
                    add(name.into_owned(), values.to_owned());
                }
            }
            if let Some(hidden) = recurrent.hidden() {
                add("hidden".into(), hidden);
            }
        }
    }
    tracks
}

/// Which cells are on over a range of tokens, and where else they are.
#[derive(Debug, Clone, PartialEq)]
pub struct Match {
    /// The cells whose number is above the threshold at every token of the range.
    pub cells: Vec<usize>,
    /// Which share of them is above it at every token.
    pub shares: Vec<f64>,
}

/// Selects the cells of `values` `[T, H]` that are above `threshold` at all `tokens`, and finds them
/// elsewhere (Strobelt et al. 2018, section 5.2).
pub fn matching(values: ArrayView2<'_, f32>, tokens: RangeInclusive<usize>, threshold: f32) -> Match {
    let (rows, width) = values.dim();
    let is_on = |token: usize, cell: usize| values.get((token, cell)).is_some_and(|&value| value > threshold);
    let cells: Vec<usize> =
        (0..width).filter(|&cell| tokens.clone().all(|token| is_on(token, cell))).collect();
    let share = |token: usize| match cells.len() {
        0 => 0.0,
        count => cells.iter().filter(|&&cell| is_on(token, cell)).count() as f64 / count as f64,
    };
    Match { shares: (0..rows).map(share).collect(), cells }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{loss, open};
    use ndarray::array;

    #[test]
    fn what_is_expected_is_what_the_loss_says() {
        let folder = format!("{}/tests/fixtures/golden/recurrent/lstm", env!("CARGO_MANIFEST_DIR"));
        let model = open::open(&folder).unwrap();
        let ids = [1, 4, 2, 0, 3, 1];
        let quiet = Progress::unobserved();
        let found = read(&model.network, &Input::Tokens(&ids), 1 << 30, &quiet).unwrap();
        let judged = loss::judge(&model.network, &Input::Tokens(&ids), &[], &quiet).unwrap();
        let last = found.expected.last().unwrap();
        assert!((last.perplexity.unwrap().ln() - judged.loss).abs() < 1e-5);
        assert_eq!((last.of_next, found.expected[0].perplexity), (None, None));
        let names: Vec<&str> = found.tracks.iter().map(|track| track.name.as_str()).collect();
        assert!(names.contains(&"forget") && names.contains(&"hidden"), "{names:?}");
        assert!(found.tracks.iter().all(|track| track.values.nrows() == ids.len()));
        assert!(found.attention.is_empty() && found.source.is_none());
        assert_eq!(found.ids, ids);
        let headless = open::shipped().unwrap().network;
        assert!(read(&headless, &Input::Tokens(&ids), 1 << 30, &quiet).is_err());
    }

    #[test]
    fn a_decoder_reads_what_it_is_given_and_looks_at_the_source() {
        let (source, target) = ([3, 4, 5, 6], [0, 7, 8]);
        let quiet = Progress::unobserved();
        for folder in ["transformers/t5", "lab/seq2seq_attention"] {
            let folder = format!("{}/tests/fixtures/golden/{folder}", env!("CARGO_MANIFEST_DIR"));
            let model = open::open(&folder).unwrap();
            let found = read(&model.network, &Input::Pair(&source, &target), 1 << 30, &quiet).unwrap();
            assert_eq!((found.expected.len(), &found.ids[..]), (3, &target[..]));
            let read = found.source.unwrap();
            assert_eq!(read.ids, source);
            for (_, maps) in &read.attention {
                assert_eq!((maps.dim().1, maps.dim().2), (target.len(), source.len()));
                assert!(maps.sum_axis(Axis(2)).iter().all(|sum| (sum - 1.0).abs() < 1e-5));
            }
            assert!(!read.attention.is_empty());
        }
    }

    #[test]
    fn cells_that_are_on_over_a_range_are_found_elsewhere() {
        let values = array![[0.9, 0.1, 0.8], [0.7, 0.6, 0.9], [0.1, 0.9, 0.9], [0.8, 0.0, 0.0]];
        let found = matching(values.view(), 0..=1, 0.5);
        assert_eq!(found, Match { cells: vec![0, 2], shares: vec![1.0, 1.0, 0.5, 0.5] });
        assert_eq!(matching(values.view(), 0..=9, 0.5).cells, Vec::<usize>::new());
    }
}
