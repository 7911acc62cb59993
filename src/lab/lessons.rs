//! What networks learn from, batch by batch.

use std::borrow::Cow;

use ndarray::ArrayView3;

use crate::model::forward::Input;
use crate::model::fronts::Feed;
use crate::random::Random;

/// What networks learn from.
pub trait Lessons: Sync {
    /// What is learned at step `step`, which follows from it and `seed` alone, so that a training that
    /// goes on sees what it would have seen.
    fn batch(&self, seed: u64, step: u64, count: usize) -> Batch<'_>;

    /// What is never learned from, to see what was learned; always the same.
    fn held_out(&self) -> Batch<'_>;
}

/// Lessons that are made up as they are asked for.
pub struct MadeUp<F> {
    /// What all that is random follows from.
    pub seed: u64,
    /// How many are held out.
    pub held_out: usize,
    /// Makes so many texts, and the answer to each where they are questions.
    pub make: F,
}

impl<F: Fn(Random, usize) -> (Vec<Vec<u32>>, Vec<u32>)> MadeUp<F> {
    fn made(&self, random: Random, count: usize) -> Batch<'_> {
        let (texts, answers) = (self.make)(random, count);
        let texts = texts.into_iter().map(Cow::Owned).collect();
        if answers.is_empty() { Batch::Texts(texts) } else { Batch::Questions(texts, answers) }
    }
}

impl<F: Fn(Random, usize) -> (Vec<Vec<u32>>, Vec<u32>) + Sync> Lessons for MadeUp<F> {
    fn batch(&self, seed: u64, step: u64, count: usize) -> Batch<'_> {
        self.made(Random::of_step(seed, step), count)
    }

    fn held_out(&self) -> Batch<'_> {
        self.made(Random::of_step(!self.seed, 0), self.held_out)
    }
}

/// Texts, questions with their answers, or images with the class of each.
#[derive(Debug, Clone)]
pub enum Batch<'a> {
    /// Token ids.
    Texts(Vec<Cow<'a, [u32]>>),
    /// Token ids, and what is to be said after the last token of each; as many.
    Questions(Vec<Cow<'a, [u32]>>, Vec<u32>),
    /// Images `[C, side, side]` and their classes, as many.
    Images(Vec<ArrayView3<'a, f32>>, Vec<u32>),
}

impl Batch<'_> {
    /// How many texts or images.
    pub fn len(&self) -> usize {
        match self {
            Self::Texts(texts) | Self::Questions(texts, _) => texts.len(),
            Self::Images(images, _) => images.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The same in groups of `size` neighbours; the last may be smaller.
    pub fn groups(&self, size: usize) -> Vec<Batch<'_>> {
        match self {
            Self::Texts(texts) => texts.chunks(size).map(|texts| Batch::Texts(borrowed(texts))).collect(),
            Self::Questions(texts, answers) => {
                let groups = texts.chunks(size).zip(answers.chunks(size));
                groups.map(|(texts, answers)| Batch::Questions(borrowed(texts), answers.to_vec())).collect()
            }
            Self::Images(images, classes) => {
                let groups = images.chunks(size).zip(classes.chunks(size));
                groups.map(|(images, classes)| Batch::Images(images.to_vec(), classes.to_vec())).collect()
            }
        }
    }

    /// What goes into a pass.
    pub fn input(&self) -> Input<'_> {
        Input::Each(vec![match self {
            Self::Texts(texts) | Self::Questions(texts, _) => {
                Feed::Texts(texts.iter().map(|ids| &**ids).collect())
            }
            Self::Images(images, _) => Feed::Images(images.clone()),
        }])
    }

    /// The answers to questions, or the classes of images.
    pub fn labels(&self) -> &[u32] {
        match self {
            Self::Texts(_) => &[],
            Self::Questions(_, labels) | Self::Images(_, labels) => labels,
        }
    }
}

fn borrowed<'a>(texts: &'a [Cow<'_, [u32]>]) -> Vec<Cow<'a, [u32]>> {
    texts.iter().map(|ids| Cow::Borrowed(&**ids)).collect()
}
