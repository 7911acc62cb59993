//! The list of the kinds of fronts.

use ndarray::{Array2, ArrayView2, ArrayView3, CowArray, Ix2, s};

use super::patches::PatchEmbedding;
use super::pixels::PixelGrid;
use super::sound::{SoundEmbedding, SoundPositions};
use super::spectrogram::SpectrogramPatches;
use super::tokens::TokenEmbedding;
use super::trace::FrontTrace;
use super::trajectory::TrajectoryEmbedding;
use crate::model::error::{ModelError, Result};
use crate::model::gradients::Gradients;
use crate::model::interventions::Interventions;
use crate::model::keep::Keep;
use crate::model::parameters::{Parameter, Parameters};
use crate::model::sequences::Sequences;
use crate::model::trajectory::{TOKENS_OF_STEP, Trajectory};

/// What one stack is given.
#[derive(Debug, Clone)]
pub enum Feed<'a> {
    /// Token ids.
    Tokens(&'a [u32]),
    /// Token ids, and the type of each token.
    Typed(&'a [u32], &'a [u32]),
    /// A normalised image `[C, side, side]`.
    Image(ArrayView3<'a, f32>),
    /// A sound `[channels, steps]`: samples, or the strengths of bands of pitch.
    Sound(ArrayView2<'a, f32>),
    /// A trajectory.
    Trajectory(&'a Trajectory),
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
            Self::Sound(sound) => Feed::Sound(sound.view()),
            Self::Trajectory(trajectory) => Feed::Trajectory(trajectory),
            Self::Texts(texts) => Feed::Texts(texts.clone()),
            Self::Images(images) => Feed::Images(images.iter().map(|image| image.view()).collect()),
        }
    }

    /// Its texts, where it has such.
    pub fn texts(&self) -> Option<Vec<&[u32]>> {
        match self {
            Self::Tokens(ids) | Self::Typed(ids, _) => Some(vec![ids]),
            Self::Texts(texts) => Some(texts.clone()),
            _ => None,
        }
    }

    fn images(&self) -> Option<Vec<ArrayView3<'_, f32>>> {
        match self {
            Self::Image(image) => Some(vec![image.view()]),
            Self::Images(images) => Some(images.iter().map(|image| image.view()).collect()),
            _ => None,
        }
    }

    fn sound(&self) -> Option<ArrayView2<'_, f32>> {
        match self {
            Self::Sound(sound) => Some(sound.view()),
            _ => None,
        }
    }

    /// The types of its tokens; none where all are 0.
    pub fn types(&self) -> &[u32] {
        match self {
            Self::Typed(_, types) => types,
            _ => &[],
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
    /// A sound, through convolutions.
    Sound(SoundEmbedding),
    /// A spectrogram, cut into patches.
    Spectrogram(SpectrogramPatches),
    /// A trajectory, step by step.
    Trajectory(TrajectoryEmbedding),
}

/// What a front hears, by the name and the layout that transformers gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hears {
    /// `input_values` `[samples]`.
    Samples,
    /// `input_features` `[bands, steps]`.
    Bands,
    /// `input_values` `[steps, bands]`.
    Spectrogram,
}

impl Parameters for Front {
    fn each<'a>(&'a self, see: &mut dyn FnMut(&'a Parameter)) {
        match self {
            Self::Tokens(front) => front.each(see),
            Self::Patches(front) => front.each(see),
            Self::Pixels(_) => {}
            Self::Sound(front) => front.each(see),
            Self::Spectrogram(front) => front.each(see),
            Self::Trajectory(front) => front.each(see),
        }
    }

    fn each_mut(&mut self, change: &mut dyn FnMut(&mut Parameter)) {
        match self {
            Self::Tokens(front) => front.each_mut(change),
            Self::Patches(front) => front.each_mut(change),
            Self::Pixels(_) => {}
            Self::Sound(front) => front.each_mut(change),
            Self::Spectrogram(front) => front.each_mut(change),
            Self::Trajectory(front) => front.each_mut(change),
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
        let no_text = || ModelError::Request(format!("{family} reads text, nothing else"));
        let no_sound =
            || ModelError::Request(format!("{family} hears sounds: give --inputs FILE.safetensors"));
        match self {
            Self::Tokens(front) => {
                let texts = feed.texts().ok_or_else(no_text)?;
                front.embed(&texts, feed.types(), 0, interventions, keep)
            }
            Self::Patches(front) => front.embed(&feed.images().ok_or_else(no_image)?, interventions, keep),
            Self::Pixels(front) => front.embed(&feed.images().ok_or_else(no_image)?, keep),
            Self::Sound(front) => front.embed(feed.sound().ok_or_else(no_sound)?, interventions, keep),
            Self::Spectrogram(front) => front.embed(feed.sound().ok_or_else(no_sound)?, interventions, keep),
            Self::Trajectory(front) => match feed {
                Feed::Trajectory(trajectory) => front.embed(trajectory, interventions, keep),
                _ => Err(ModelError::Request(format!(
                    "{family} reads trajectories: give --inputs FILE.safetensors"
                ))),
            },
        }
    }

    /// Adds the gradients of its parameters, given that of the stream of `feed` `[T, D]`, for a pass
    /// in which nothing was changed. Returns that of what every token has of its own, where it has
    /// such.
    ///
    /// # Panics
    /// When `trace` is not on a tape of `feed`; where it [has no gradients](Front::has_gradients), which
    /// [`backward`](crate::model::backward::backward) refuses.
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
                front.backward(&images, trace, stream, gradients);
                None
            }
            Self::Pixels(_) => Some(stream),
            Self::Sound(_) | Self::Spectrogram(_) | Self::Trajectory(_) => {
                unreachable!("backward refuses what has no gradients")
            }
        }
    }

    /// Whether gradients are carried through it.
    pub fn has_gradients(&self) -> bool {
        matches!(self, Self::Tokens(_) | Self::Patches(_) | Self::Pixels(_))
    }

    /// Whether a stream can be too long for it: its tables of positions have a last row.
    pub fn has_last_position(&self) -> bool {
        match self {
            Self::Tokens(front) => front.positions.is_some() || front.waves.is_some(),
            _ => true,
        }
    }

    /// What it hears, where it hears.
    pub fn hears(&self) -> Option<Hears> {
        match self {
            Self::Sound(front) if front.channels == 1 => Some(Hears::Samples),
            Self::Sound(_) => Some(Hears::Bands),
            Self::Spectrogram(_) => Some(Hears::Spectrogram),
            Self::Tokens(_) | Self::Patches(_) | Self::Pixels(_) | Self::Trajectory(_) => None,
        }
    }

    /// Where the texts (or images) of `feed` lie in its stream.
    pub fn sequences(&self, feed: &Feed<'_>) -> Sequences {
        let of_image = |image: &ArrayView3<'_, f32>| match self {
            Self::Patches(front) => front.tokens_of(image),
            Self::Pixels(front) => front.tokens(),
            _ => 0,
        };
        let of_sound = |sound: &ArrayView2<'_, f32>| match self {
            Self::Sound(front) => front.tokens_of(sound.ncols()),
            Self::Spectrogram(front) => front.tokens(),
            _ => 0,
        };
        match feed {
            Feed::Tokens(ids) | Feed::Typed(ids, _) => Sequences::one(ids.len()),
            Feed::Texts(texts) => Sequences::of(texts.iter().map(|ids| ids.len())),
            Feed::Image(image) => Sequences::one(of_image(image)),
            Feed::Sound(sound) => Sequences::one(of_sound(sound)),
            Feed::Trajectory(trajectory) => Sequences::one(TOKENS_OF_STEP * trajectory.steps()),
            Feed::Images(images) => Sequences::of(images.iter().map(of_image)),
        }
    }

    /// The learned positions, row by position `[positions, D]`, where it adds such.
    pub fn position_table(&self) -> Option<CowArray<'_, f32, Ix2>> {
        match self {
            Self::Pixels(_) => None,
            Self::Trajectory(front) => Some(front.timesteps.to_matrix()),
            Self::Patches(front) => front.position_table(),
            Self::Sound(front) => match &front.positions {
                SoundPositions::Learned(table) => Some(table.to_matrix()),
                SoundPositions::OfNeighbours(_) => None,
            },
            Self::Spectrogram(front) => Some(front.position_table()),
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
                let normed = if front.norm.is_some() { hidden } else { 0 };
                tokens * ((front.channels * front.patch * front.patch) as u64 + normed)
            }
            (Keep::Tape, Self::Tokens(_)) => 2 * tokens * hidden,
            (Keep::Tape, _) => 0,
            (Keep::Weights | Keep::Everything, _) => 3 * tokens * hidden,
        }
    }
}
