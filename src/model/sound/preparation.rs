//! From samples to what a network hears, as transformers' feature extractors do it.

use std::path::Path;

use ndarray::{Array2, Axis};

use super::mel::{Scale, bands, hann, power_spectra, strengths};
use crate::model::config::Config;
use crate::model::error::{ModelError, Result};
use crate::model::fronts::{Front, Hears};
use crate::model::preprocessor;

/// How samples become what a network hears.
#[derive(Debug, Clone, PartialEq)]
pub struct Preparation {
    rate: u32,
    steps: Steps,
}

#[derive(Debug, Clone, PartialEq)]
enum Steps {
    /// The samples themselves, brought to mean 0 and variance 1 where that is asked for
    /// (`Wav2Vec2FeatureExtractor`).
    Samples { normalises: bool },
    /// Logarithms of bands (`WhisperFeatureExtractor`).
    Bands { count: usize, length: usize, hop: usize, seconds: usize },
    /// Logarithms of bands (`ASTFeatureExtractor`), less `mean`, over 2 `deviation`.
    Spectrogram { count: usize, steps: usize, normalise: Option<[f64; 2]> },
}

/// What of a sound's settings changes nothing here: names, how several sounds are filled up to one length, and
/// what follows from other settings.
const UNREAD: [&str; 9] = [
    "feature_extractor_type",
    "processor_class",
    "return_attention_mask",
    "padding_side",
    "padding_value",
    "mel_filters",
    "n_samples",
    "nb_max_frames",
    "feature_size",
];

impl Preparation {
    /// What the folder says for this front; `None` for one that does not hear.
    ///
    /// # Errors
    /// A file that is malformed, or asks for what is not supported.
    pub fn of(folder: Option<&Path>, front: &Front) -> Result<Option<Self>> {
        let Some(hears) = front.hears() else { return Ok(None) };
        let (path, text) = preprocessor::read(folder)?;
        let settings = Config::parse(&path, &text)?;
        let size = |key: &str, default: usize| -> Result<usize> {
            Ok(settings.optional_size(&[key])?.unwrap_or(default))
        };
        let number =
            |key: &str, default: f64| -> Result<f64> { Ok(settings.number(&[key])?.unwrap_or(default)) };
        let rate = size("sampling_rate", 16000)? as u32;
        let steps = match (hears, front) {
            (Hears::Bands, Front::Sound(front)) => {
                if number("dither", 0.0)? != 0.0 {
                    return Err(settings.unsupported("\"dither\", which adds noise"));
                }
                Steps::Bands {
                    count: size("feature_size", front.channels)?,
                    length: size("n_fft", 400)?,
                    hop: size("hop_length", 160)?,
                    seconds: size("chunk_length", 30)?,
                }
            }
            (Hears::Spectrogram, Front::Spectrogram(front)) => {
                let numbers = [number("mean", -4.2677393)?, settings.positive(&["std"], 4.5689974)?];
                Steps::Spectrogram {
                    count: size("num_mel_bins", front.size[0])?,
                    steps: size("max_length", front.size[1])?,
                    normalise: settings.flag("do_normalize", true)?.then_some(numbers),
                }
            }
            _ => Steps::Samples { normalises: settings.flag("do_normalize", true)? },
        };
        UNREAD.iter().for_each(|key| _ = settings.states(key));
        if let Some(key) = settings.unread().first() {
            return Err(settings.unsupported(format!("the setting \"{key}\"")));
        }
        let preparation = Self { rate, steps };
        match preparation.numbers() {
            Some(..=MOST_NUMBERS) => Ok(Some(preparation)),
            _ => Err(ModelError::Malformed {
                path,
                what: "the sizes".into(),
                expected: format!("at most {MOST_NUMBERS} numbers on the way"),
                found: format!("{:?}", preparation.steps),
            }),
        }
    }

    /// How many numbers its largest table has; `None` where they cannot be counted. That of samples is as
    /// large as the sound.
    fn numbers(&self) -> Option<usize> {
        match self.steps {
            Steps::Samples { .. } => Some(0),
            Steps::Bands { count, length, hop, seconds } => {
                let pieces = seconds.checked_mul(self.rate as usize)? / hop;
                length.checked_mul(count.max(pieces))
            }
            Steps::Spectrogram { count, steps, .. } => count.checked_mul(steps.max(TRANSFORMED)),
        }
    }

    /// Samples a second.
    pub fn rate(&self) -> u32 {
        self.rate
    }

    /// What a network hears of `samples`, `[channels, steps]`.
    ///
    /// # Errors
    /// [`ModelError::Request`] for a sound that is too short or too long.
    pub fn features(&self, samples: &[f32]) -> Result<Array2<f32>> {
        match self.steps {
            Steps::Samples { normalises } => Ok(own_samples(samples, normalises)),
            Steps::Bands { count, length, hop, seconds } => {
                let room = seconds * self.rate as usize;
                self.check(samples, 1, room)?;
                Ok(log_bands(samples, room, [count, length, hop], f64::from(self.rate)))
            }
            Steps::Spectrogram { count, steps, normalise } => {
                self.check(samples, PIECE, PIECE + HOP * steps - 1)?;
                Ok(spectrogram(samples, [count, steps], normalise, f64::from(self.rate)))
            }
        }
    }

    fn check(&self, samples: &[f32], fewest: usize, most: usize) -> Result<()> {
        let seconds = |samples: usize| samples as f64 / f64::from(self.rate);
        if (fewest..=most).contains(&samples.len()) {
            return Ok(());
        }
        Err(ModelError::Request(format!(
            "the sound lasts {:.2} s, and the model hears {:.3} to {:.2} s at once; cut it, as with \
             `sox IN.wav OUT.wav trim 0 {:.2}`",
            seconds(samples.len()),
            seconds(fewest),
            seconds(most),
            (100.0 * seconds(most)).floor() / 100.0
        )))
    }
}

/// The most numbers of a table: a gigabyte in f64.
const MOST_NUMBERS: usize = 1 << 27;

/// Keeps a root away from zero.
const EPSILON: f64 = 1e-7;

fn own_samples(samples: &[f32], normalises: bool) -> Array2<f32> {
    let sound = Array2::from_shape_fn((1, samples.len()), |(_, step)| samples[step]);
    if !normalises {
        return sound;
    }
    let count = samples.len().max(1) as f64;
    let mean = samples.iter().map(|&sample| f64::from(sample)).sum::<f64>() / count;
    let squares = samples.iter().map(|&sample| (f64::from(sample) - mean).powi(2)).sum::<f64>() / count;
    let root = (squares + EPSILON).sqrt();
    sound.mapv_into(|sample| ((f64::from(sample) - mean) / root) as f32)
}

/// Whisper's: filled up with silence to `room` samples; pieces are centred, and mirrored at both ends.
fn log_bands(samples: &[f32], room: usize, [count, length, hop]: [usize; 3], rate: f64) -> Array2<f32> {
    let half = length / 2;
    let last = room.saturating_sub(1) as isize;
    let sample = |at: isize| {
        // Mirrored without the end itself.
        let at = if at < 0 {
            -at
        } else if at > last {
            2 * last - at
        } else {
            at
        };
        samples.get(at as usize).copied().map_or(0.0, f64::from)
    };
    let window = hann(length, true);
    let piece = |index: usize| -> Vec<f64> {
        let first = (index * hop) as isize - half as isize;
        window.iter().enumerate().map(|(step, weight)| weight * sample(first + step as isize)).collect()
    };
    // The last piece, which is centred behind the end, is left out.
    let spectra = power_spectra((0..room / hop).map(piece), length);
    let bands = bands(Scale::Slaney, count, length / 2 + 1, rate, [0.0, 8000.0]);
    let mut logarithms = strengths(spectra.view(), bands.view(), 1e-10);
    logarithms.mapv_inplace(f64::log10);
    let most = logarithms.fold(f64::NEG_INFINITY, |most, &number| most.max(number));
    let features = logarithms.mapv(|number| ((number.max(most - 8.0) + 4.0) / 4.0) as f32);
    features.reversed_axes()
}

/// Samples in a piece (25 ms of 16 kHz), from piece to piece, and numbers that are transformed.
const PIECE: usize = 400;
const HOP: usize = 160;
const TRANSFORMED: usize = 512;

/// What a sample takes of the one before it.
const EMPHASIS: f64 = 0.97;

/// Kaldi's and AST's: `[bands, steps]`, filled up with zeros.
fn spectrogram(
    samples: &[f32],
    [count, steps]: [usize; 2],
    normalise: Option<[f64; 2]>,
    rate: f64,
) -> Array2<f32> {
    let window = hann(PIECE, false);
    let pieces = (samples.len() - PIECE) / HOP + 1;
    let piece = |index: usize| -> Vec<f64> {
        let own: Vec<f64> = samples[index * HOP..][..PIECE].iter().map(|&sample| f64::from(sample)).collect();
        let mean = own.iter().sum::<f64>() / PIECE as f64;
        let level = |step: usize| own[step] - mean;
        let sharpened = |step: usize| level(step) - EMPHASIS * level(step.saturating_sub(1));
        window.iter().enumerate().map(|(step, weight)| weight * sharpened(step)).collect()
    };
    let spectra = power_spectra((0..pieces).map(piece), TRANSFORMED);
    let bands = bands(Scale::Kaldi, count, TRANSFORMED / 2 + 1, rate, [20.0, rate / 2.0]);
    let heard = strengths(spectra.view(), bands.view(), f64::from(f32::EPSILON)).mapv_into(f64::ln);
    let mut features = Array2::zeros((count, steps));
    for (mut column, step) in features.axis_iter_mut(Axis(1)).zip(heard.rows()) {
        column.iter_mut().zip(step).for_each(|(number, &strength)| *number = strength);
    }
    features.mapv(|number| match normalise {
        Some([mean, deviation]) => ((number - mean) / (2.0 * deviation)) as f32,
        None => number as f32,
    })
}
