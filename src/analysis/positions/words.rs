//! The words of a text as tokens, and one word at two places.

use std::ops::Range;

use crate::analysis::similarity;
use crate::model::Trace;
use crate::model::tokenizer::Tokens;

/// How many words around a place are told.
const CONTEXT: usize = 3;

/// One word at two places, layer by layer.
#[derive(Debug, Clone, PartialEq)]
pub struct TwoPlaces {
    /// The word.
    pub word: String,
    /// Indices of the two tokens; the first ones, of a word of several.
    pub tokens: (usize, usize),
    /// The words around each place.
    pub contexts: (String, String),
    /// Cosine of the two tokens' streams: after the embedding, then after every layer. NaN where one
    /// of them is zero.
    pub by_layer: Vec<f64>,
}

/// Every word of `text` that comes back, with each place and the one before, letters compared without
/// case; the one that changes most first. `trace` is of a pass over `tokens` that kept the streams.
pub fn two_places(tokens: &Tokens, text: &str, trace: &Trace) -> Vec<TwoPlaces> {
    let words = words_of(tokens);
    let spelt: Vec<&str> = words.iter().map(|word| spelling(tokens, text, word).unwrap_or("")).collect();
    let context = |index: usize| {
        let end = (index + CONTEXT).min(spelt.len());
        spelt[index.saturating_sub(CONTEXT)..end].join(" ")
    };
    let mut found = Vec::new();
    for (second, word) in spelt.iter().enumerate() {
        let same = |other: &&str| other.to_lowercase() == word.to_lowercase();
        let Some(first) = spelt[..second].iter().rposition(same) else { continue };
        if !word.chars().any(char::is_alphanumeric) {
            continue;
        }
        let similarities =
            similarity::words_by_layer(trace, words[first].clone(), trace, words[second].clone());
        found.push(TwoPlaces {
            word: (*word).to_owned(),
            tokens: (words[first].start, words[second].start),
            contexts: (context(first), context(second)),
            by_layer: similarities.into_iter().map(f64::from).collect(),
        });
    }
    // The word that changes most is the most telling.
    let last = |places: &TwoPlaces| places.by_layer.last().copied().unwrap_or(1.0);
    found.sort_by(|one, other| last(one).total_cmp(&last(other)));
    found
}

/// The tokens of each word of the text.
pub(super) fn words_of(tokens: &Tokens) -> Vec<Range<usize>> {
    let mut words: Vec<Range<usize>> = Vec::new();
    for index in 0..tokens.len() {
        let word = tokens.words.get(index).copied().flatten();
        if word.is_none() || tokens.special.get(index).copied().unwrap_or(false) {
            continue;
        }
        match words.last_mut() {
            Some(last) if last.end == index && tokens.words[last.start] == word => last.end = index + 1,
            _ => words.push(index..index + 1),
        }
    }
    words
}

pub(super) fn spelling<'a>(tokens: &Tokens, text: &'a str, word: &Range<usize>) -> Option<&'a str> {
    let start = tokens.spans.get(word.start)?.0;
    let end = tokens.spans.get(word.end.checked_sub(1)?)?.1;
    text.get(start..end).map(str::trim)
}
