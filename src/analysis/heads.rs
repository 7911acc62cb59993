//! What a head does: how well it follows each of a few known patterns, and its label.

use ndarray::ArrayView2;

use super::place::{HeadPlace, Stack};
use super::statistics::{mass_on, mean_distance, mean_entropy, relative_entropy};
use crate::model::network::Mask;
use crate::model::tokenizer::Tokens;
use crate::model::{Network, Trace};

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
    /// Looks at this one token, of whatever kind.
    OneToken(usize),
    /// None of these, and sharper than [`HeadKind::Broad`].
    Mixed,
    /// Spreads over most of what it sees.
    Broad,
}

/// A label with how well it fits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HeadLabel {
    /// What the head mostly does.
    pub kind: HeadKind,
    /// The share of attention that follows the pattern, from 0 to 1; of a mixed or broad head its
    /// mean entropy as a share of the largest possible.
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
    /// 1 - mean entropy as a share of the largest possible: 0 even, 1 on one token a row.
    pub sharpness: f64,
    /// Whether it rests on a token where attention goes that has nothing to do: the first, or a
    /// separator.
    pub is_sink: bool,
    /// Mean distance in tokens.
    pub mean_distance: f64,
    /// Mean weight on the first token.
    pub first_token_mass: f64,
    /// Mean weight on separators.
    pub separator_mass: f64,
}

impl HeadKind {
    /// Those that say where each token looks, whatever the others do.
    pub const PATTERNS: [Self; 6] = [
        Self::PreviousToken,
        Self::NextToken,
        Self::FirstToken,
        Self::SameToken,
        Self::Separator,
        Self::Induction,
    ];

    /// Its name where a person looks at the map itself: what the token looks at.
    pub fn title(self) -> &'static str {
        match self {
            Self::PreviousToken => "token before",
            Self::NextToken => "token after",
            Self::FirstToken => "first token (sink)",
            Self::OneToken(_) => "mostly",
            _ => self.name(),
        }
    }

    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::PreviousToken => "previous token",
            Self::NextToken => "next token",
            Self::FirstToken => "first token",
            Self::SameToken => "same token",
            Self::Separator => "separator",
            Self::Induction => "induction",
            Self::OneToken(_) => "one token",
            Self::Mixed => "mixed",
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
/// One token must hold this share to name a head that follows no pattern.
const ONE_TOKEN_FROM: f64 = 0.35;
/// The entropy, as a share of the largest possible, from which a head is broad.
const BROAD_FROM: f64 = 0.75;

/// The label of one map `[T, S]` of an attention with this mask.
///
/// The pattern with the largest share of attention names the head if that is at least half, twice
/// what even attention would give, and the pattern applies to a quarter of the tokens. A head without
/// one is named after the token that holds a third of it, where there is one. Patterns:
/// previous and next token, separators ([SEP], punctuation) and broad heads as in Clark et al. 2019,
/// section 3; first token as in Xiao et al. 2024 (attention sinks); induction as in Olsson et al.
/// 2022. The thresholds are ours.
pub fn label(weights: ArrayView2<'_, f32>, mask: Mask, tokens: &Tokens) -> HeadLabel {
    let patterns = Patterns::new(tokens, tokens, weights.dim());
    patterns.label(weights, mask, &patterns.scores(weights, mask))
}

/// The figures of all heads of the only stack (or the encoder), layer by layer.
pub fn all_heads(network: &Network, trace: &Trace, tokens: &Tokens) -> Vec<HeadFigures> {
    heads_of(network, trace, Stack::Text, tokens, tokens)
}

/// The figures of all heads of all stacks of a pass over `tokens`; `decoder` are the decoder's, where
/// there is one.
pub fn all_stacks(
    network: &Network,
    trace: &Trace,
    tokens: &Tokens,
    decoder: Option<&Tokens>,
) -> Vec<HeadFigures> {
    let mut figures = heads_of(network, trace, Stack::Text, tokens, tokens);
    if let Some(decoder) = decoder {
        figures.extend(heads_of(network, trace, Stack::Decoder, decoder, decoder));
        figures.extend(heads_of(network, trace, Stack::Cross, decoder, tokens));
    }
    figures
}

/// The figures of all heads of `stack`; `from` are the tokens that look and `to` those looked at.
/// Missing tokens (an image) are taken to be all different.
pub fn heads_of(
    network: &Network,
    trace: &Trace,
    stack: Stack,
    from: &Tokens,
    to: &Tokens,
) -> Vec<HeadFigures> {
    let layers = stack.layers(trace);
    let Some(first) = (0..layers).find_map(|layer| stack.trace(trace, layer)) else { return Vec::new() };
    let (_, rows, columns) = first.weights.dim();
    let patterns = Patterns::new(from, to, (rows, columns));
    let mut figures = Vec::new();
    for layer in 0..layers {
        let Some(attention) = stack.trace(trace, layer) else { continue };
        // From the description: a sharp head of an encoder can look causal.
        let mask = stack.attention(network, layer).map_or(Mask::default(), |attention| attention.mask);
        for (head, weights) in attention.weights.outer_iter().enumerate() {
            let place = HeadPlace { stack, layer, head };
            figures.push(patterns.figures(place, weights, mask));
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
                HeadKind::OneToken(_) | HeadKind::Mixed | HeadKind::Broad => Vec::new(),
            }
        };
        let columns = HeadKind::PATTERNS
            .map(|kind| (kind, (0..rows).map(|i| columns_of(kind, i)).collect()))
            .into_iter()
            .collect();
        Self { columns, separators }
    }

    /// The score of every pattern, over the rows that it applies to and that have a choice.
    fn scores(&self, weights: ArrayView2<'_, f32>, mask: Mask) -> Vec<PatternScore> {
        let score = |columns: &[Vec<usize>]| {
            let (mut sum, mut count) = (0.0, 0usize);
            for (row, columns) in self.rows(weights, mask, columns) {
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

    /// The rows that a pattern applies to, with its columns; a row that sees one token only (the
    /// first of a causal map) says nothing.
    fn rows<'a>(
        &self,
        weights: ArrayView2<'_, f32>,
        mask: Mask,
        columns: &'a [Vec<usize>],
    ) -> impl Iterator<Item = (usize, &'a [usize])> {
        let keys = weights.ncols();
        let rows = columns.iter().map(Vec::as_slice).enumerate();
        rows.filter(move |(row, columns)| mask.count(*row, keys) > 1 && !columns.is_empty())
    }

    fn label(&self, weights: ArrayView2<'_, f32>, mask: Mask, scores: &[PatternScore]) -> HeadLabel {
        let mut best = None;
        for (PatternScore { kind, score }, (_, columns)) in scores.iter().zip(&self.columns) {
            let (mut chance, mut applies) = (0.0, 0usize);
            for (row, columns) in self.rows(weights, mask, columns) {
                let seen = mask.count(row, weights.ncols());
                chance += columns.iter().filter(|&&j| mask.sees(row, j)).count() as f64 / seen as f64;
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
        best.or_else(|| one_token(weights, mask)).unwrap_or_else(|| {
            let score = relative_entropy(weights, mask);
            // NaN, of a broken map, is no sharper than any other.
            let chosen = (0..weights.nrows()).any(|row| mask.count(row, weights.ncols()) > 1);
            let kind = if chosen && score < BROAD_FROM { HeadKind::Mixed } else { HeadKind::Broad };
            HeadLabel { kind, score }
        })
    }

    fn figures(&self, place: HeadPlace, weights: ArrayView2<'_, f32>, mask: Mask) -> HeadFigures {
        let patterns = self.scores(weights, mask);
        let label = self.label(weights, mask, &patterns);
        HeadFigures {
            place,
            label,
            patterns,
            entropy: mean_entropy(weights),
            sharpness: 1.0 - relative_entropy(weights, mask),
            is_sink: match label.kind {
                HeadKind::FirstToken | HeadKind::Separator => true,
                HeadKind::OneToken(token) => token == 0 || self.separators.contains(&token),
                _ => false,
            },
            mean_distance: mean_distance(weights),
            first_token_mass: mass_on(weights, 0),
            separator_mass: self.separators.iter().map(|&j| mass_on(weights, j)).sum(),
        }
    }
}

/// The token that holds most of the rows that see it and another, where that is enough to name the
/// head.
fn one_token(weights: ArrayView2<'_, f32>, mask: Mask) -> Option<HeadLabel> {
    let keys = weights.ncols();
    let score = |token: usize| {
        let rows = (0..weights.nrows()).filter(|&row| mask.count(row, keys) > 1 && mask.sees(row, token));
        let (mut sum, mut chance, mut count) = (0.0, 0.0, 0usize);
        for row in rows {
            sum += f64::from(weights[[row, token]]);
            chance += 1.0 / mask.count(row, keys) as f64;
            count += 1;
        }
        let applies = count as f64 >= LABEL_APPLIES_TO * weights.nrows() as f64;
        let score = sum / count.max(1) as f64;
        let fits = score >= ONE_TOKEN_FROM && sum >= LABEL_ABOVE_CHANCE * chance && applies;
        fits.then_some(HeadLabel { kind: HeadKind::OneToken(token), score })
    };
    (0..keys).filter_map(score).max_by(|one, other| one.score.total_cmp(&other.score))
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
        let kind = |column: &dyn Fn(usize) -> Option<usize>| {
            label(map(10, false, column).view(), Mask::default(), &text).kind
        };
        assert_eq!(kind(&|i| i.checked_sub(1)), HeadKind::PreviousToken);
        assert_eq!(kind(&|i| (i < 9).then_some(i + 1)), HeadKind::NextToken);
        assert_eq!(kind(&|_| Some(0)), HeadKind::FirstToken);
        assert_eq!(kind(&Some), HeadKind::SameToken);
        assert_eq!(kind(&|_| Some(9)), HeadKind::Separator);
        assert_eq!(kind(&|i| (5..9).contains(&i).then(|| i - 3)), HeadKind::Induction);
        assert_eq!(kind(&|_| Some(3)), HeadKind::OneToken(3));
        assert_eq!(kind(&|i| Some(i * 3 % 10)), HeadKind::Mixed);
        assert_eq!(kind(&|_| None), HeadKind::Broad);
        let induction = map(10, true, |i| (5..9).contains(&i).then(|| i - 3));
        assert_eq!(label(induction.view(), Mask::CAUSAL, &text).kind, HeadKind::Induction);
    }

    #[test]
    fn short_and_broken_maps_are_broad() {
        let text = tokens(&["a"]);
        for map in [Array2::zeros((0, 0)), Array2::ones((1, 1)), Array2::from_elem((3, 3), f32::NAN)] {
            assert_eq!(label(map.view(), Mask::default(), &text).kind, HeadKind::Broad);
            assert_eq!(label(map.view(), Mask::default(), &Tokens::default()).kind, HeadKind::Broad);
        }
    }

    #[test]
    fn what_a_window_hides_is_no_choice() {
        let text = tokens(&["a", "b", "c", "d", "e", "f", "g", "h"]);
        // Even over itself and the one before: half of the mass is no more than chance there, and the
        // spread is as wide as the mask allows.
        let window = Mask::causal(Some(2));
        let even = Array2::from_shape_fn((8, 8), |(i, j)| match (i, window.sees(i, j)) {
            (_, false) => 0.0,
            (0, true) => 1.0,
            (_, true) => 0.5f32,
        });
        let found = label(even.view(), window, &text);
        assert_eq!(found.kind, HeadKind::Broad);
        assert!((found.score - 1.0).abs() < 1e-6, "{}", found.score);
        assert_eq!(label(even.view(), Mask::CAUSAL, &text).kind, HeadKind::PreviousToken);
    }

    #[test]
    fn a_sharp_map_of_an_encoder_is_not_taken_for_a_causal_one() {
        let text = tokens(&["a", "b", "c", "d"]);
        let on_first = Array2::from_shape_fn((4, 4), |(_, j)| f32::from(u8::from(j == 0)));
        let score = |mask| {
            let patterns = Patterns::new(&text, &text, (4, 4));
            let same = patterns.scores(on_first.view(), mask);
            same.iter().find(|one| one.kind == HeadKind::SameToken).and_then(|one| one.score)
        };
        assert_eq!((score(Mask::default()), score(Mask::CAUSAL)), (Some(0.25), Some(0.0)));
    }

    #[test]
    fn punctuation_and_special_tokens_separate() {
        let text = tokens(&["[CLS]", "a", ",", ".", "\n", " ", "[SEP]"]);
        let found: Vec<usize> = (0..7).filter(|&j| is_separator(&text, j)).collect();
        assert_eq!(found, [2, 3, 4, 6]);
    }
}
