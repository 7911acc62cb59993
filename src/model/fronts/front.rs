//! The list of the kinds of fronts.

use ndarray::{Array2, ArrayView3, CowArray, Ix2, s};

use super::patches::PatchEmbedding;
use super::tokens::TokenEmbedding;
use super::trace::FrontTrace;
use crate::model::error::{ModelError, Result};
use crate::model::interventions::Interventions;
use crate::model::keep::Keep;
use crate::model::parameters::{Parameter, Parameters};

/// What one stack is given.
#[derive(Debug, Clone)]
pub enum Feed<'a> {
    /// Token ids.
    Tokens(&'a [u32]),
    /// A normalised image `[C, side, side]`.
    Image(ArrayView3<'a, f32>),
}

impl Feed<'_> {
    /// The same, borrowed.
    pub fn view(&self) -> Feed<'_> {
        match self {
            Self::Tokens(ids) => Feed::Tokens(ids),
            Self::Image(image) => Feed::Image(image.view()),
        }
    }
}

/// What a stack reads, and how it becomes a stream.
#[derive(Debug, Clone)]
pub enum Front {
    /// Token ids.
    Tokens(TokenEmbedding),
    /// An image.
    Patches(PatchEmbedding),
}

impl Parameters for Front {
    fn each<'a>(&'a self, see: &mut dyn FnMut(&'a Parameter)) {
        match self {
            Self::Tokens(front) => front.each(see),
            Self::Patches(front) => front.each(see),
        }
    }

    fn each_mut(&mut self, change: &mut dyn FnMut(&mut Parameter)) {
        match self {
            Self::Tokens(front) => front.each_mut(change),
            Self::Patches(front) => front.each_mut(change),
        }
    }
}

impl Front {
    /// The stream `[T, D]` of `feed`; `family` is for messages.
    ///
    /// # Errors
    /// [`ModelError::Request`] when it is of another kind, or does not fit.
    pub fn embed(
        &self,
        feed: &Feed<'_>,
        interventions: &Interventions,
        keep: Keep,
        family: &str,
    ) -> Result<(Array2<f32>, FrontTrace)> {
        match (self, feed) {
            (Self::Tokens(front), Feed::Tokens(ids)) => front.embed(ids, 0, interventions, keep),
            (Self::Patches(front), Feed::Image(image)) => front.embed(image.view(), interventions, keep),
            (Self::Tokens(_), Feed::Image(_)) => {
                Err(ModelError::Request(format!("{family} reads text, not images")))
            }
            (Self::Patches(_), Feed::Tokens(_)) => {
                Err(ModelError::Request(format!("{family} looks at images: give an image file")))
            }
        }
    }

    /// How many tokens the stream of `feed` has.
    pub fn tokens(&self, feed: &Feed<'_>) -> usize {
        match (self, feed) {
            (Self::Patches(front), _) => front.tokens(),
            (Self::Tokens(_), Feed::Tokens(ids)) => ids.len(),
            (Self::Tokens(_), Feed::Image(_)) => 0,
        }
    }

    /// The learned positions, row by position `[positions, D]`, where it adds such.
    pub fn position_table(&self) -> Option<CowArray<'_, f32, Ix2>> {
        match self {
            Self::Patches(front) => Some(front.position_table()),
            Self::Tokens(front) => {
                let learned = front.positions.as_ref()?;
                let rows = learned.table.shape().first().copied().unwrap_or(0);
                let first = learned.first_row.min(rows);
                Some(match learned.table.to_matrix() {
                    table if first == 0 => table,
                    table => table.slice(s![first.., ..]).to_owned().into(),
                })
            }
        }
    }

    /// How many numbers its trace has of `tokens` tokens of `hidden` numbers, at most.
    pub fn numbers_kept(&self, tokens: u64, hidden: u64, keep: Keep) -> u64 {
        match (keep, self) {
            (Keep::Logits, _) => 0,
            (Keep::Tape, Self::Patches(front)) => {
                tokens * (front.channels * front.patch * front.patch) as u64
            }
            (Keep::Tape, Self::Tokens(_)) => 2 * tokens * hidden,
            (Keep::Weights | Keep::Everything, _) => 3 * tokens * hidden,
        }
    }
}
