//! Sounds: from a file to what a network hears, and its tokens.

mod mel;
mod preparation;
mod wave_file;

use std::path::Path;

use ndarray::Array2;

use self::preparation::Preparation;
use super::error::{ModelError, Result};
use super::fronts::Front;
use super::network::Network;
use super::open::Model;
use super::tokenizer::Tokens;

/// Reads the WAV file `path` and makes it ready for `model`, as its `preprocessor_config.json` says:
/// `[channels, steps]`. Channels are mixed to their mean.
///
/// # Errors
/// A file that is no WAV, or is damaged; another sampling rate than the model hears; a sound too short or too
/// long; a `preprocessor_config.json` that is malformed or asks for what is not supported; a model that does
/// not hear.
pub fn prepare(model: &Model, path: &Path) -> Result<Array2<f32>> {
    let Some(preparation) = Preparation::of(model.path.as_deref(), model.network.front())? else {
        let message = format!("{} does not hear, so {} says nothing to it", model.name, path.display());
        return Err(ModelError::Request(message));
    };
    let sound = wave_file::read(path)?;
    let wanted = preparation.rate();
    if sound.rate != wanted {
        return Err(ModelError::Request(format!(
            "{} has {} samples a second, and {} hears {wanted}; change it first, as with \
             `sox IN.wav -r {wanted} OUT.wav`",
            path.display(),
            sound.rate,
            model.name
        )));
    }
    preparation.features(&sound.samples)
}

/// The tokens of a sound of `steps`: numbers from the first; of a spectrogram what comes before its patches,
/// then `BAND,STEP` from the lowest and earliest patch, both counted from 0. None for a network that does not
/// hear.
pub fn frame_tokens(network: &Network, steps: usize) -> Tokens {
    let names: Vec<String> = match network.front() {
        Front::Sound(front) => (0..front.tokens_of(steps)).map(|frame| frame.to_string()).collect(),
        Front::Spectrogram(front) => {
            let [high, long] = front.grid();
            let leading = ["class", "distillation"].into_iter().take(front.leading.len()).map(str::to_owned);
            let patches = (0..high * long).map(|patch| format!("{},{}", patch / long, patch % long));
            leading.chain(patches).collect()
        }
        _ => return Tokens::default(),
    };
    Tokens::unmarked((0..names.len() as u32).collect(), names)
}
