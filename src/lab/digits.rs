//! Handwritten digits, 8 x 8 pixels each, that are compiled into the program (`models/digits`).

use ndarray::{Array4, Axis};
use safetensors::SafeTensors;

use super::lessons::{Batch, Lessons};
use crate::model::error::{ModelError, Result};
use crate::random::Random;

/// How many at the end are held out.
const HELD_OUT: usize = 500;

/// Pixels side by side.
pub const SIDE: usize = 8;

/// How many digits there are.
pub const CLASSES: usize = 10;

/// The darkest shade.
const DARKEST: f32 = 16.0;

static FILE: &[u8] = include_bytes!("../../models/digits/digits.safetensors");

/// Images of digits, from 0 (white) to 1.
#[derive(Debug, Clone)]
pub struct Digits {
    /// `[images, 1, side, side]`.
    images: Array4<f32>,
    labels: Vec<u32>,
    /// How many are learned from.
    learned: usize,
}

impl Digits {
    /// How many can be learned from.
    pub fn most() -> usize {
        1797 - HELD_OUT
    }

    /// The images, of which the first `learned` are learned from.
    ///
    /// # Errors
    /// More images than there are besides those that are held out, or none.
    pub fn new(learned: usize) -> Result<Self> {
        if learned == 0 || learned > Self::most() {
            return Err(ModelError::Request(format!(
                "there are {} digits to learn from, not {learned}",
                Self::most()
            )));
        }
        let broken = |error| ModelError::Request(format!("the digits inside the program: {error}"));
        let file = SafeTensors::deserialize(FILE).map_err(broken)?;
        let numbers =
            |name: &str| -> Result<Vec<u8>> { Ok(file.tensor(name).map_err(broken)?.data().to_vec()) };
        let shades = numbers("images")?.into_iter().map(|shade| f32::from(shade) / DARKEST).collect();
        let labels: Vec<u32> = numbers("labels")?.into_iter().map(u32::from).collect();
        let images = Array4::from_shape_vec((labels.len(), 1, SIDE, SIDE), shades)
            .map_err(|error| ModelError::Request(format!("the digits inside the program: {error}")))?;
        Ok(Self { images, labels, learned })
    }

    /// How many are learned from.
    pub fn learned(&self) -> usize {
        self.learned
    }

    /// How many are held out.
    pub fn held_out_count(&self) -> usize {
        HELD_OUT
    }

    fn batch_of(&self, chosen: impl Iterator<Item = usize>) -> Batch<'_> {
        let (images, labels) =
            chosen.map(|index| (self.images.index_axis(Axis(0), index), self.labels[index])).unzip();
        Batch::Images(images, labels)
    }
}

impl Lessons for Digits {
    fn batch(&self, seed: u64, step: u64, count: usize) -> Batch<'_> {
        let mut random = Random::of_step(seed, step);
        self.batch_of((0..count).map(|_| random.below(self.learned)))
    }

    fn held_out(&self) -> Batch<'_> {
        self.batch_of(self.labels.len() - HELD_OUT..self.labels.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_images_are_those_of_the_collection() {
        let digits = Digits::new(Digits::most()).unwrap();
        assert_eq!(digits.images.dim(), (1797, 1, 8, 8));
        assert_eq!(&digits.labels[..10], &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        // The first row of the first image: 0 0 5 13 9 1 0 0.
        let row: Vec<f32> = digits.images.slice(ndarray::s![0, 0, 0, ..]).iter().map(|x| x * 16.0).collect();
        assert_eq!(row, [0.0, 0.0, 5.0, 13.0, 9.0, 1.0, 0.0, 0.0]);
        assert!(Digits::new(0).is_err() && Digits::new(1298).is_err());
    }

    #[test]
    fn what_is_held_out_is_never_learned() {
        let digits = Digits::new(50).unwrap();
        let Batch::Images(images, labels) = digits.batch(1, 2, 400) else { panic!("images") };
        assert_eq!((images.len(), labels.len()), (400, 400));
        for image in images {
            assert!((0..50).any(|index| digits.images.index_axis(Axis(0), index) == image));
        }
        assert_eq!(digits.held_out().len(), 500);
    }
}
