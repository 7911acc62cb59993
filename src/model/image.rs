//! Image files as a vision transformer looks at them.
//!
//! ```text
//! PNG, JPEG -> Picture (8-bit RGB) -> resized, cropped -> Picture -> numbers [C, side, side]
//!    decode                  preparation, resample                 preparation
//! ```
//!
//! Every step gives the numbers that Pillow and Hugging Face's ViTImageProcessor give (the one that
//! works on Pillow images). The one exception is the decoding of a JPEG, which its standard leaves
//! free by a few levels of 255.

mod decode;
mod preparation;
mod resample;

use std::path::Path;

use ndarray::{Array3, ArrayView3};

pub use decode::{LONGEST_SIDE, MOST_PIXELS, decode, read};
pub use preparation::{Preparation, Size};
pub use resample::{Filter, resize};

use super::error::{ModelError, Result};
use super::network::{Front, Network, PatchEmbedding};
use super::open::Model;
use super::tokenizer::Tokens;

/// An image of 8-bit red, green and blue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Pixels from left to right.
    pub width: usize,
    /// Pixels from top to bottom.
    pub height: usize,
    /// Row by row from the top, three bytes a pixel.
    pub bytes: Vec<u8>,
}

impl Picture {
    /// A black picture.
    pub fn black(width: usize, height: usize) -> Self {
        Self { width, height, bytes: vec![0; width * height * 3] }
    }

    /// Red, green and blue of a pixel; `None` outside.
    pub fn pixel(&self, x: usize, y: usize) -> Option<[u8; 3]> {
        let start = (y * self.width + x) * 3;
        let inside = x < self.width && y < self.height;
        self.bytes.get(start..start + 3).filter(|_| inside).map(|rgb| [rgb[0], rgb[1], rgb[2]])
    }
}

/// An image, made ready for a model.
#[derive(Debug, Clone, PartialEq)]
pub struct Prepared {
    /// The part that the model sees, at the size that it sees it, before the normalisation.
    pub picture: Picture,
    /// What goes into the model, `[C, side, side]`.
    pub pixels: Array3<f32>,
    /// How many patches lie side by side.
    pub across: usize,
    /// How many tokens come before the patches.
    pub before_patches: usize,
}

/// Reads the image file `path` and makes it ready for `model`, as the model's
/// `preprocessor_config.json` says.
///
/// # Errors
/// A file that is no PNG or JPEG, or is damaged or too large; a `preprocessor_config.json` that is
/// malformed, asks for what is not supported, or makes another size than the model looks at; a
/// model that reads text.
pub fn prepare(model: &Model, path: &Path) -> Result<Prepared> {
    let towers = [&model.network].into_iter().chain(&model.other_tower);
    let embedding = towers.filter_map(patches).next().ok_or_else(|| {
        let why = match model.network.front() {
            Front::Pixels(_) => "takes normalised pixels (--pixels FILE.safetensors)",
            Front::Patches(_) | Front::Tokens(_) => "reads text",
            Front::Sound(_) | Front::Spectrogram(_) => "hears sounds",
            Front::Trajectory(_) => "reads trajectories",
        };
        ModelError::Request(format!("{} {why}, so it cannot look at {}", model.name, path.display()))
    })?;
    if embedding.channels != 3 {
        return Err(ModelError::Request(format!(
            "{} looks at images of {} channels, and an image file gives 3; \
             give normalised pixels instead (--pixels FILE.safetensors)",
            model.name, embedding.channels
        )));
    }
    let mut preparation = Preparation::of(model.path.as_deref(), embedding.image)?;
    if embedding.stretch.is_some() {
        preparation = preparation.for_sides_of_multiples(embedding.patch);
    }
    let picture = preparation.fit(&read(path)?)?;
    let pixels = preparation.numbers(&picture);
    let (_, across) = embedding.grid(&pixels.view());
    Ok(Prepared { picture, pixels, across, before_patches: embedding.before_patches() })
}

/// The patches of a vision transformer (or the pixels of a convolutional network) as tokens: the class
/// token and what else comes before the patches, then `ROW,COLUMN` from the top left, both counted from
/// 0, for an image of the size of `pixels`, or without it of the size that the network learned from. None
/// for a network that reads text.
pub fn patch_tokens(network: &Network, pixels: Option<ArrayView3<'_, f32>>) -> Tokens {
    let (before, (down, across)) = match network.front() {
        Front::Patches(embedding) => {
            let grid =
                pixels.map_or((embedding.across(), embedding.across()), |image| embedding.grid(&image));
            (names_before(embedding), grid)
        }
        Front::Pixels(grid) => (Vec::new(), (grid.image, grid.image)),
        _ => return Tokens::default(),
    };
    let places = (0..down * across).map(|patch| format!("{},{}", patch / across, patch % across));
    let names: Vec<String> = before.into_iter().chain(places).collect();
    Tokens::unmarked((0..names.len() as u32).collect(), names)
}

fn names_before(embedding: &PatchEmbedding) -> Vec<String> {
    let leading = ["class", "distillation"].into_iter().take(embedding.leading.len()).map(str::to_owned);
    let registers = embedding.before_patches() - embedding.leading.len();
    leading.chain((0..registers).map(|register| format!("register {register}"))).collect()
}

fn patches(network: &Network) -> Option<&PatchEmbedding> {
    match network.front() {
        Front::Patches(embedding) => Some(embedding),
        _ => None,
    }
}
