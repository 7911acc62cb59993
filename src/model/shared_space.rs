//! Where texts and images meet: two networks, each of which makes one vector of what it reads, so that a
//! text and an image that belong together lie close (CLIP: Radford et al. 2021, section 2.3).

use ndarray::{Array1, Array2, ArrayView1, Axis};

use super::linear::Linear;
use super::parameters::{Parameter, parameters_in};
use super::sequences::Sequences;

/// From the stream of one network, after its last norm, to the space that it shares with another.
#[derive(Debug, Clone)]
pub struct SharedSpace {
    /// The token that stands for all of a text or an image.
    pub spoken_by: SpokenBy,
    /// `[P, D]`.
    pub projection: Linear,
    /// ln of what cosines are multiplied by, one number; a network saved by itself has none.
    pub scale: Option<Parameter>,
}

parameters_in!(SharedSpace: projection, scale);

/// The token that stands for a whole text or image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpokenBy {
    /// The first (an image's class token).
    First,
    /// The first with the largest id: in CLIP's vocabulary that of the end, whatever its configuration
    /// says (transformers reads its old configurations so).
    LargestId,
    /// The first with this id; the first of all, where there is none.
    Id(u32),
}

impl SpokenBy {
    /// Its place in a text of these ids, or of an image without ids.
    pub fn place(self, ids: &[u32]) -> usize {
        let wanted = match self {
            Self::First => return 0,
            Self::LargestId => ids.iter().max().copied(),
            Self::Id(id) => Some(id),
        };
        ids.iter().position(|&id| Some(id) == wanted).unwrap_or(0)
    }
}

impl SharedSpace {
    /// The vector of each text (or image) of the stream `x` `[T, D]`, of length 1, `[texts, P]`; `ids` are
    /// those of all texts, one after the other, none of images.
    pub fn run(&self, x: &Array2<f32>, sequences: &Sequences, ids: &[u32]) -> Array2<f32> {
        let texts = sequences.ranges().filter(|range| !range.is_empty());
        let rows: Vec<usize> = texts
            .map(|range| range.start + self.spoken_by.place(ids.get(range.clone()).unwrap_or_default()))
            .collect();
        let mut vectors = self.projection.apply(x.select(Axis(0), &rows).view());
        for mut vector in vectors.rows_mut() {
            let length = vector.dot(&vector).sqrt();
            vector /= length;
        }
        vectors
    }

    /// How well a text and an image fit, by their vectors: their cosine, scaled as both learned it.
    pub fn fit(&self, text: ArrayView1<'_, f32>, image: ArrayView1<'_, f32>) -> f32 {
        let scale = self.scale.as_ref().map_or(Array1::zeros(1), |scale| scale.to_f32().to_vec().into());
        scale[0].exp() * text.dot(&image)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_spoken_by_its_end_wherever_that_is() {
        assert_eq!(SpokenBy::First.place(&[5, 9, 9]), 0);
        assert_eq!(SpokenBy::LargestId.place(&[5, 9, 9, 2]), 1);
        assert_eq!(SpokenBy::Id(9).place(&[5, 3, 9, 9]), 2);
        assert_eq!(SpokenBy::Id(7).place(&[5, 3, 9, 9]), 0);
        assert_eq!(SpokenBy::LargestId.place(&[]), 0);
    }
}
