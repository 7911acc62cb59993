//! Tokens to learn from, and tokens that are held out to see what was learned.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use super::lessons::{Batch, Lessons};
use crate::model::error::{ModelError, Result};
use crate::random::Random;

/// One token in so many, at the end of the text, is held out.
const HELD_OUT: usize = 20;

/// At most so many texts are looked at to see what was learned.
const MOST_HELD_OUT: usize = 64;

/// Tokens of what is said again and again in a piece that repeats itself. What comes next after a few
/// tokens is easier to find than after many.
const REPEATED: RangeInclusive<usize> = 4..=32;

/// How many pieces say a few tokens of the text again and again: there, what follows is found by looking
/// back, sooner than in a text.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Repeats {
    /// The share of such pieces in the first step.
    pub share: f64,
    /// The share falls evenly until this step, to a tenth, and stays there: what has been learned is kept.
    pub until: u64,
}

impl Repeats {
    fn at(self, step: u64) -> f64 {
        const LEAST: f64 = 0.1;
        let left = self.until.saturating_sub(step) as f64 / self.until.max(1) as f64;
        self.share * (LEAST + (1.0 - LEAST) * left)
    }
}

/// The tokens of a text.
#[derive(Debug, Clone)]
pub struct Corpus {
    ids: Vec<u32>,
    /// The first token that is held out.
    border: usize,
    length: usize,
    repeats: Repeats,
}

impl Corpus {
    /// Of a text's tokens, learned from in pieces of `length`.
    ///
    /// # Errors
    /// Too few tokens, with the number that is needed.
    pub fn new(ids: Vec<u32>, length: usize) -> Result<Self> {
        let needed = HELD_OUT * (length + 1);
        if length < 2 || ids.len() < needed {
            return Err(ModelError::Request(format!(
                "the text has {} tokens; pieces of {length} tokens need {needed}: give more text or shorter pieces",
                ids.len()
            )));
        }
        let border = ids.len() - ids.len() / HELD_OUT;
        Ok(Self { ids, border, length, repeats: Repeats::default() })
    }

    /// The same, with pieces that repeat themselves.
    pub fn repeating(self, repeats: Repeats) -> Self {
        Self { repeats, ..self }
    }

    /// So many neighbouring tokens that are learned from.
    fn stretch(&self, random: &mut Random, count: usize) -> &[u32] {
        let start = random.below(self.border - count);
        &self.ids[start..start + count]
    }

    fn piece(&self, random: &mut Random, repeats: f64) -> Cow<'_, [u32]> {
        if random.fraction() >= repeats {
            return self.stretch(random, self.length).into();
        }
        let count = REPEATED.start() + random.below(REPEATED.count());
        let said = self.stretch(random, count.min(self.length));
        said.iter().copied().cycle().take(self.length).collect::<Vec<_>>().into()
    }

    /// How many tokens are learned from.
    pub fn learned(&self) -> usize {
        self.border
    }

    /// Tokens of a piece.
    pub fn length(&self) -> usize {
        self.length
    }

    /// How many tokens are held out.
    pub fn held_out_count(&self) -> usize {
        self.ids.len() - self.border
    }
}

impl Lessons for Corpus {
    fn batch(&self, seed: u64, step: u64, count: usize) -> Batch<'_> {
        let (mut random, repeats) = (Random::of_step(seed, step), self.repeats.at(step));
        Batch::Texts((0..count).map(|_| self.piece(&mut random, repeats)).collect())
    }

    /// Pieces, evenly spread.
    fn held_out(&self) -> Batch<'_> {
        let held_out = &self.ids[self.border..];
        let pieces: Vec<&[u32]> = held_out.chunks_exact(self.length).collect();
        let step = pieces.len().div_ceil(MOST_HELD_OUT).max(1);
        Batch::Texts(pieces.into_iter().step_by(step).map(Cow::Borrowed).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_that_repeat_themselves_become_fewer() {
        let length = 80;
        let corpus = Corpus::new((0..4000).collect(), length).unwrap();
        let corpus = corpus.repeating(Repeats { share: 1.0, until: 100 });
        let period = |ids: &[u32]| (1..length).find(|&period| ids[period..] == ids[..length - period]);
        let repeating = |step: u64| {
            let Batch::Texts(pieces) = corpus.batch(1, step, 200) else { panic!("texts") };
            assert!(pieces.iter().all(|ids| ids.len() == length));
            assert!(pieces.iter().flat_map(|ids| ids.iter()).all(|&id| (id as usize) < corpus.learned()));
            let periods: Vec<usize> = pieces.iter().filter_map(|ids| period(ids)).collect();
            assert!(periods.iter().all(|period| REPEATED.contains(period)), "{periods:?}");
            periods.len()
        };
        assert_eq!(repeating(0), 200);
        assert!((80..140).contains(&repeating(50)));
        assert!((8..36).contains(&repeating(100)) && (8..36).contains(&repeating(1000)));
        let never = Corpus::new((0..4000).collect(), length).unwrap();
        let Batch::Texts(pieces) = never.batch(1, 0, 200) else { panic!("texts") };
        assert!(pieces.iter().all(|ids| period(ids).is_none()));
    }

    #[test]
    fn pieces_shorter_than_what_is_repeated_are_whole() {
        let corpus = Corpus::new((0..400).collect(), 6).unwrap();
        let corpus = corpus.repeating(Repeats { share: 1.0, until: u64::MAX });
        let Batch::Texts(pieces) = corpus.batch(1, 0, 50) else { panic!("texts") };
        assert!(pieces.iter().all(|ids| ids.len() == 6));
    }
}
