//! What a head does: how well it follows each of a few known patterns, and its label.

use ndarray::ArrayView2;

use super::place::{HeadPlace, Stack};
use super::statistics::{is_causal, mass_on, mean_distance, mean_entropy, relative_entropy};
use crate::model::Trace;
use crate::model::tokenizer::Tokens;

/// What a head mostly does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HeadKind {
    /// Looks at the token before.
    PreviousToken,
    /// Looks at the token after.
    NextToken,
    /// Looks at the first token, where attention rests that has nothing to do.
    FirstToken,
    /// Looks at the token itself and at the same token elsewhere.
    SameToken,
    /// Looks at special tokens (other than the first) and punctuation.
    Separator,
    /// Looks at what followed the same token earlier.
    Induction,
    /// None of these.
    Broad,
}

/// A label with how well it fits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HeadLabel {
    /// What the head mostly does.
    pub kind: HeadKind,
    /// The share of attention that follows the pattern, from 0 to 1; of a broad head its mean
    /// entropy as a share of the largest possible.
    pub score: f64,
}

/// How well a head follows one pattern.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PatternScore {
    /// The pattern.
    pub kind: HeadKind,
    /// The mean, over the tokens to which the pattern applies, of the weight on it; `None` when it
    /// applies to none.
    pub score: Option<f64>,
}

/// All figures of one head.
#[derive(Debug, Clone, PartialEq)]
pub struct HeadFigures {
    /// Which head.
    pub place: HeadPlace,
    /// What it mostly does.
    pub label: HeadLabel,
    /// How well it follows each pattern, in the order of [`HeadKind::PATTERNS`].
    pub patterns: Vec<PatternScore>,
    /// Mean entropy of its rows in nats.
    pub entropy: f64,
    /// Mean distance in tokens.
    pub mean_distance: f64,
    /// Mean weight on the first token.
    pub first_token_mass: f64,
    /// Mean weight on separators.
    pub separator_mass: f64,
}

impl HeadKind {
    /// All but [`HeadKind::Broad`].
    pub const PATTERNS: [Self; 6] = [
        Self::PreviousToken,
        Self::NextToken,
        Self::FirstToken,
        Self::SameToken,
        Self::Separator,
        Self::Induction,
    ];

    /// Its name on the screen and in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::PreviousToken => "previous token",
            Self::NextToken => "next token",
            Self::FirstToken => "first token",
            Self::SameToken => "same token",
            Self::Separator => "separator",
            Self::Induction => "induction",
            Self::Broad => "broad",
        }
    }
}

/// A pattern must hold this share of a head's attention to name it.
const LABEL_FROM: f64 = 0.5;
/// And this many times what even attention would give it, so that short texts name nothing.
const LABEL_ABOVE_CHANCE: f64 = 2.0;
/// And apply to this share of the tokens: one repeated word does not make an induction head.
const LABEL_APPLIES_TO: f64 = 0.25;

/// The label of one map `[T, S]`.
///
/// The pattern with the largest share of attention names the head if that is at least half, twice
/// what even attention would give, and the pattern applies to a quarter of the tokens. Patterns:
/// previous and next token, separators ([SEP], punctuation) and broad heads as in Clark et al. 2019,
/// section 3; first token as in Xiao et al. 2024 (attention sinks); induction as in Olsson et al.
/// 2022. The thresholds are ours.
pub fn label(weights: ArrayView2<'_, f32>, tokens: &Tokens) -> HeadLabel {
    let causal = is_causal(weights);
    let patterns = Patterns::new(tokens, tokens, weights.dim());
    patterns.label(weights, causal, &patterns.scores(weights, causal))
}

/// The figures of all heads of the only stack (or the encoder), layer by layer.
pub fn all_heads(trace: &Trace, tokens: &Tokens) -> Vec<HeadFigures> {
    heads_of(trace, Stack::Text, tokens, tokens)
}

/// The figures of all heads of all stacks of a pass over `tokens`; `decoder` are the decoder's, where
/// there is one.
pub fn all_stacks(trace: &Trace, tokens: &Tokens, decoder: Option<&Tokens>) -> Vec<HeadFigures> {
    let mut figures = heads_of(trace, Stack::Text, tokens, tokens);
    if let Some(decoder) = decoder {
        figures.extend(heads_of(trace, Stack::Decoder, decoder, decoder));
        figures.extend(heads_of(trace, Stack::Cross, decoder, tokens));
    }
    figures
}

/// The figures of all heads of `stack`; `from` are the tokens that look and `to` those looked at.
/// Missing tokens (an image) are taken to be all different.
pub fn heads_of(trace: &Trace, stack: Stack, from: &Tokens, to: &Tokens) -> Vec<HeadFigures> {
    let Some(first) = stack.trace(trace, 0) else { return Vec::new() };
    let (_, rows, columns) = first.weights.dim();
    let patterns = Patterns::new(from, to, (rows, columns));
    let mut figures = Vec::new();
    for layer in 0..stack.layers(trace) {
        let Some(attention) = stack.trace(trace, layer) else { continue };
        // A sharp head of an encoder can look causal; all heads of a layer share one mask.
        let causal = attention.weights.outer_iter().all(is_causal);
        for (head, weights) in attention.weights.outer_iter().enumerate() {
            let place = HeadPlace { stack, layer, head };
            figures.push(patterns.figures(place, weights, causal));
        }
    }
    figures
}

/// `ids` twice over, to ask for induction heads on any text (Olsson et al. 2022 use random ids).
pub fn repeated(ids: &[u32]) -> Vec<u32> {
    [ids, ids].concat()
}

/// The cells of every pattern for one text: for every row its columns.
struct Patterns {
    columns: Vec<(HeadKind, Vec<Vec<usize>>)>,
    separators: Vec<usize>,
}

impl Patterns {
    fn new(from: &Tokens, to: &Tokens, (rows, width): (usize, usize)) -> Self {
        let from_id = |i: usize| from.ids.get(i);
        let to_id = |j: usize| to.ids.get(j);
        let separators: Vec<usize> = (0..width).filter(|&j| is_separator(to, j)).collect();
        let columns_of = |kind: HeadKind, i: usize| -> Vec<usize> {
            let one = |j: Option<usize>| j.into_iter().filter(|&j| j < width).collect();
            match kind {
                HeadKind::PreviousToken => one(i.checked_sub(1)),
                HeadKind::NextToken => one((i + 1 < rows).then_some(i + 1)),
                HeadKind::FirstToken => one(Some(0)),
                HeadKind::SameToken => {
                    (0..width).filter(|&j| j == i || from_id(i).is_some() && from_id(i) == to_id(j)).collect()
                }
                HeadKind::Separator => separators.clone(),
                HeadKind::Induction => (1..width.min(i + 1))
                    .filter(|&j| from_id(i).is_some() && from_id(i) == to_id(j - 1))
                    .collect(),
                HeadKind::Broad => Vec::new(),
            }
        };
        let columns = HeadKind::PATTERNS
            .map(|kind| (kind, (0..rows).map(|i| columns_of(kind, i)).collect()))
            .into_iter()
            .collect();
        Self { columns, separators }
    }

    /// The score of every pattern, over the rows that it applies to and that have a choice.
    fn scores(&self, weights: ArrayView2<'_, f32>, causal: bool) -> Vec<PatternScore> {
        let score = |columns: &[Vec<usize>]| {
            let (mut sum, mut count) = (0.0, 0usize);
            for (row, columns) in self.rows(weights, causal, columns) {
                sum +=
                    columns.iter().filter_map(|&j| weights.get((row, j))).map(|&w| f64::from(w)).sum::<f64>();
                count += 1;
            }
            (count > 0).then(|| sum / count as f64)
        };
        self.columns
            .iter()
            .map(|(kind, columns)| PatternScore { kind: *kind, score: score(columns) })
            .collect()
    }

    /// The rows that a pattern applies to, with its columns; the first row of a causal map sees only
    /// itself, which says nothing.
    fn rows<'a>(
        &self,
        weights: ArrayView2<'_, f32>,
        causal: bool,
        columns: &'a [Vec<usize>],
    ) -> impl Iterator<Item = (usize, &'a [usize])> {
        let first = usize::from(causal || weights.ncols() < 2);
        columns.iter().map(Vec::as_slice).enumerate().skip(first).filter(|(_, columns)| !columns.is_empty())
    }

    fn label(&self, weights: ArrayView2<'_, f32>, causal: bool, scores: &[PatternScore]) -> HeadLabel {
        let mut best = None;
        for (PatternScore { kind, score }, (_, columns)) in scores.iter().zip(&self.columns) {
            let (mut chance, mut applies) = (0.0, 0usize);
            for (row, columns) in self.rows(weights, causal, columns) {
                let seen = if causal { row + 1 } else { weights.ncols() };
                chance += columns.iter().filter(|&&j| j < seen).count() as f64 / seen as f64;
                applies += 1;
            }
            let Some(score) = *score else { continue };
            let fits = score >= LABEL_FROM
                && score >= LABEL_ABOVE_CHANCE * chance / applies as f64
                && applies as f64 >= LABEL_APPLIES_TO * weights.nrows() as f64;
            if fits && best.is_none_or(|best: HeadLabel| score > best.score) {
                best = Some(HeadLabel { kind: *kind, score });
            }
        }
        best.unwrap_or_else(|| HeadLabel { kind: HeadKind::Broad, score: relative_entropy(weights, causal) })
    }

    fn figures(&self, place: HeadPlace, weights: ArrayView2<'_, f32>, causal: bool) -> HeadFigures {
        let patterns = self.scores(weights, causal);
        HeadFigures {
            place,
            label: self.label(weights, causal, &patterns),
            patterns,
            entropy: mean_entropy(weights),
            mean_distance: mean_distance(weights),
            first_token_mass: mass_on(weights, 0),
            separator_mass: self.separators.iter().map(|&j| mass_on(weights, j)).sum(),
        }
    }
}

/// Whether token `j` is special (but not the first) or nothing but punctuation or a line's end.
fn is_separator(tokens: &Tokens, j: usize) -> bool {
    if j > 0 && tokens.special.get(j) == Some(&true) {
        return true;
    }
    let Some(text) = tokens.texts.get(j) else { return false };
    let mark = |c: char| !c.is_alphanumeric() && !c.is_whitespace();
    let trimmed = text.trim();
    if trimmed.is_empty() { text.contains('\n') } else { trimmed.chars().all(mark) }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;

    fn tokens(texts: &[&str]) -> Tokens {
        let id = |text: &&str| texts.iter().position(|other| other == text).unwrap_or(0) as u32;
        Tokens {
            ids: texts.iter().map(id).collect(),
            texts: texts.iter().map(|text| (*text).to_owned()).collect(),
            special: texts.iter().map(|text| text.starts_with('[')).collect(),
            ..Default::default()
        }
    }

    /// A map in which row i puts 0.8 on `column(i)` (if any) and spreads the rest over what it sees.
    fn map(size: usize, causal: bool, column: impl Fn(usize) -> Option<usize>) -> Array2<f32> {
        Array2::from_shape_fn((size, size), |(i, j)| {
            let seen = if causal { i + 1 } else { size };
            let even = if j < seen { 1.0 / seen as f32 } else { 0.0 };
            match column(i) {
                Some(chosen) => 0.2 * even + if j == chosen { 0.8 } else { 0.0 },
                None => even,
            }
        })
    }

    #[test]
    fn every_kind_is_recognised() {
        let text = tokens(&["[CLS]", "a", "b", "c", "d", "a", "b", "c", "d", "[SEP]"]);
        let kind = |column: &dyn Fn(usize) -> Option<usize>| label(map(10, false, column).view(), &text).kind;
        assert_eq!(kind(&|i| i.checked_sub(1)), HeadKind::PreviousToken);
        assert_eq!(kind(&|i| (i < 9).then_some(i + 1)), HeadKind::NextToken);
        assert_eq!(kind(&|_| Some(0)), HeadKind::FirstToken);
        assert_eq!(kind(&Some), HeadKind::SameToken);
        assert_eq!(kind(&|_| Some(9)), HeadKind::Separator);
        assert_eq!(kind(&|i| (5..9).contains(&i).then(|| i - 3)), HeadKind::Induction);
        assert_eq!(kind(&|_| None), HeadKind::Broad);
        let induction = map(10, true, |i| (5..9).contains(&i).then(|| i - 3));
        assert_eq!(label(induction.view(), &text).kind, HeadKind::Induction);
    }

    #[test]
    fn short_and_broken_maps_are_broad() {
        let text = tokens(&["a"]);
        for map in [Array2::zeros((0, 0)), Array2::ones((1, 1)), Array2::from_elem((3, 3), f32::NAN)] {
            assert_eq!(label(map.view(), &text).kind, HeadKind::Broad);
            assert_eq!(label(map.view(), &Tokens::default()).kind, HeadKind::Broad);
        }
        assert!(all_heads(&Trace::default(), &text).is_empty());
    }

    #[test]
    fn punctuation_and_special_tokens_separate() {
        let text = tokens(&["[CLS]", "a", ",", ".", "\n", " ", "[SEP]"]);
        let found: Vec<usize> = (0..7).filter(|&j| is_separator(&text, j)).collect();
        assert_eq!(found, [2, 3, 4, 6]);
    }
}
