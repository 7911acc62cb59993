//! Tokens to learn from, and tokens that are held out to see what was learned.

use super::lessons::{Batch, Lessons};
use crate::model::error::{ModelError, Result};
use crate::random::Random;

/// One token in so many, at the end of the text, is held out.
const HELD_OUT: usize = 20;

/// At most so many texts are looked at to see what was learned.
const MOST_HELD_OUT: usize = 64;

/// The tokens of a text.
#[derive(Debug, Clone)]
pub struct Corpus {
    ids: Vec<u32>,
    /// The first token that is held out.
    border: usize,
    length: usize,
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
        Ok(Self { ids, border, length })
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
        let mut random = Random::of_step(seed, step);
        let starts = (self.border - self.length) as u64;
        let piece = |_| {
            let start = (random.bits() % starts) as usize;
            &self.ids[start..start + self.length]
        };
        Batch::Texts((0..count).map(piece).collect())
    }

    /// Pieces, evenly spread.
    fn held_out(&self) -> Batch<'_> {
        let held_out = &self.ids[self.border..];
        let pieces: Vec<&[u32]> = held_out.chunks_exact(self.length).collect();
        let step = pieces.len().div_ceil(MOST_HELD_OUT).max(1);
        Batch::Texts(pieces.into_iter().step_by(step).collect())
    }
}
