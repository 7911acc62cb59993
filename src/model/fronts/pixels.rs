//! From an image to a stream with a token a pixel, for convolutions.

use ndarray::{Array2, ArrayView3, Axis};

use super::patches::check_size;
use super::trace::FrontTrace;
use crate::model::error::Result;
use crate::model::keep::Keep;

/// A token a pixel, row by row; its numbers are the channels.
#[derive(Debug, Clone)]
pub struct PixelGrid {
    /// Side of the image in pixels.
    pub image: usize,
    /// Colour channels.
    pub channels: usize,
}

impl PixelGrid {
    /// How many tokens an image has.
    pub fn tokens(&self) -> usize {
        self.image * self.image
    }

    /// The stream `[pixels, C]` of every normalised image `[C, side, side]`, one after the other.
    ///
    /// # Errors
    /// [`ModelError::Request`](crate::model::ModelError::Request) for an image of another size.
    pub fn embed(&self, images: &[ArrayView3<'_, f32>], keep: Keep) -> Result<(Array2<f32>, FrontTrace)> {
        images.iter().try_for_each(|image| check_size(image, self.channels, self.image))?;
        let mut stream = Array2::zeros((images.len() * self.tokens(), self.channels));
        let mut rows = stream.axis_iter_mut(Axis(0));
        for image in images {
            for ((y, x), mut row) in ndarray::indices((self.image, self.image)).into_iter().zip(&mut rows) {
                row.iter_mut().enumerate().for_each(|(channel, number)| *number = image[[channel, y, x]]);
            }
        }
        let looked_at = matches!(keep, Keep::Weights | Keep::Everything);
        let tokens = looked_at.then(|| stream.clone());
        Ok((stream, FrontTrace { tokens, ..FrontTrace::default() }))
    }
}
