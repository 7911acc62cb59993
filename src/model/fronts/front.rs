//! The list of the kinds of fronts.

use ndarray::{Array2, ArrayView3, CowArray, Ix2, s};

use super::patches::PatchEmbedding;
use super::pixels::PixelGrid;
use super::tokens::TokenEmbedding;
use super::trace::FrontTrace;
use crate::model::error::{ModelError, Result};
use crate::model::gradients::Gradients;
use crate::model::interventions::Interventions;
use crate::model::keep::Keep;
use crate::model::parameters::{Parameter, Parameters};
use crate::model::sequences::Sequences;

/// What one stack is given.
#[derive(Debug, Clone)]
pub enum Feed<'a> {
    /// Token ids.
    Tokens(&'a [u32]),
    /// Token ids, and the type of each token.
    Typed(&'a [u32], &'a [u32]),
    /// A normalised image `[C, side, side]`.
    Image(ArrayView3<'a, f32>),
    /// Several texts.
    Texts(Vec<&'a [u32]>),
    /// Several images.
    Images(Vec<ArrayView3<'a, f32>>),
}

impl Feed<'_> {
    /// The same, borrowed.
    pub fn view(&self) -> Feed<'_> {
        match self {
            Self::Tokens(ids) => Feed::Tokens(ids),
            Self::Typed(ids, types) => Feed::Typed(ids, types),
            Self::Image(image) => Feed::Image(image.view()),
            Self::Texts(texts) => Feed::Texts(texts.clone()),
            Self::Images(images) => Feed::Images(images.iter().map(|image| image.view()).collect()),
        }
    }

    /// Its texts, where it has such.
    pub fn texts(&self) -> Option<Vec<&[u32]>> {
        match self {
            Self::Tokens(ids) | Self::Typed(ids, _) => Some(vec![ids]),
            Self::Texts(texts) => Some(texts.clone()),
            Self::Image(_) | Self::Images(_) => None,
        }
    }

    fn images(&self) -> Option<Vec<ArrayView3<'_, f32>>> {
        match self {
            Self::Image(image) => Some(vec![image.view()]),
            Self::Images(images) => Some(images.iter().map(|image| image.view()).collect()),
            Self::Tokens(_) | Self::Typed(..) | Self::Texts(_) => None,
        }
    }

    /// The types of its tokens; none where all are 0.
    pub fn types(&self) -> &[u32] {
        match self {
            Self::Typed(_, types) => types,
            Self::Tokens(_) | Self::Texts(_) | Self::Image(_) | Self::Images(_) => &[],
        }
    }
}

/// What a stack reads, and how it becomes a stream.
#[derive(Debug, Clone)]
pub enum Front {
    /// Token ids.
    Tokens(TokenEmbedding),
    /// An image, cut into patches.
    Patches(PatchEmbedding),
    /// An image, pixel by pixel.
    Pixels(PixelGrid),
}

impl Parameters for Front {
    fn each<'a>(&'a self, see: &mut dyn FnMut(&'a Parameter)) {
        match self {
            Self::Tokens(front) => front.each(see),
            Self::Patches(front) => front.each(see),
            Self::Pixels(_) => {}
        }
    }

    fn each_mut(&mut self, change: &mut dyn FnMut(&mut Parameter)) {
        match self {
            Self::Tokens(front) => front.each_mut(change),
            Self::Patches(front) => front.each_mut(change),
            Self::Pixels(_) => {}
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
        let no_image = || ModelError::Request(format!("{family} looks at images: give an image file"));
        let no_text = || ModelError::Request(format!("{family} reads text, not images"));
        match self {
            Self::Tokens(front) => {
                let texts = feed.texts().ok_or_else(no_text)?;
                front.embed(&texts, feed.types(), 0, interventions, keep)
            }
            Self::Patches(front) => front.embed(&feed.images().ok_or_else(no_image)?, interventions, keep),
            Self::Pixels(front) => front.embed(&feed.images().ok_or_else(no_image)?, keep),
        }
    }

    /// Adds the gradients of its parameters, given that of the stream of `feed` `[T, D]`, for a pass
    /// in which nothing was changed. Returns that of what every token has of its own, where it has
    /// such.
    ///
    /// # Panics
    /// When `trace` is not on a tape of `feed`.
    pub fn backward(
        &self,
        feed: &Feed<'_>,
        trace: &FrontTrace,
        stream: Array2<f32>,
        gradients: &mut Gradients,
    ) -> Option<Array2<f32>> {
        match self {
            Self::Tokens(front) => {
                let texts = feed.texts().expect("a pass over texts");
                Some(front.backward(&texts, feed.types(), trace, stream, gradients))
            }
            Self::Patches(front) => {
                let images = feed.images().expect("a pass over images");
                front.backward(&images, trace, stream.view(), gradients);
                None
            }
            Self::Pixels(_) => Some(stream),
        }
    }

    /// Where the texts (or images) of `feed` lie in its stream.
    pub fn sequences(&self, feed: &Feed<'_>) -> Sequences {
        let of_image = |image: &ArrayView3<'_, f32>| match self {
            Self::Tokens(_) => 0,
            Self::Patches(front) => front.tokens_of(image),
            Self::Pixels(front) => front.tokens(),
        };
        match feed {
            Feed::Tokens(ids) | Feed::Typed(ids, _) => Sequences::one(ids.len()),
            Feed::Texts(texts) => Sequences::of(texts.iter().map(|ids| ids.len())),
            Feed::Image(image) => Sequences::one(of_image(image)),
            Feed::Images(images) => Sequences::of(images.iter().map(of_image)),
        }
    }

    /// The learned positions, row by position `[positions, D]`, where it adds such.
    pub fn position_table(&self) -> Option<CowArray<'_, f32, Ix2>> {
        match self {
            Self::Pixels(_) => None,
            Self::Patches(front) => front.position_table(),
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
            (Keep::Tape, Self::Pixels(_)) => 0,
            (Keep::Tape, Self::Tokens(_)) => 2 * tokens * hidden,
            (Keep::Weights | Keep::Everything, _) => 3 * tokens * hidden,
        }
    }
}
