//! WAV files.

use std::path::Path;

use hound::{SampleFormat, WavReader};

use crate::model::error::{ModelError, Result};

/// A sound of one channel.
#[derive(Debug, Clone, PartialEq)]
pub struct Sound {
    /// From -1 to 1.
    pub samples: Vec<f32>,
    /// Samples a second.
    pub rate: u32,
}

/// Reads the WAV file `path`: integers of 8 to 32 bits or floats; channels are mixed to their mean.
///
/// # Errors
/// No such file; a file that is no WAV, is damaged, or has no sample.
pub fn read(path: &Path) -> Result<Sound> {
    let malformed = |error: hound::Error| match error {
        hound::Error::IoError(error) => ModelError::io("read", path)(error),
        other => ModelError::Malformed {
            path: path.to_owned(),
            what: "the sound".into(),
            expected: "a WAV file of integers of 8 to 32 bits, or of floats".into(),
            found: other.to_string(),
        },
    };
    let mut reader = WavReader::open(path).map_err(malformed)?;
    let format = reader.spec();
    let samples: Vec<f32> = match format.sample_format {
        SampleFormat::Float => reader.samples::<f32>().collect::<hound::Result<_>>().map_err(malformed)?,
        SampleFormat::Int => {
            let largest = f64::from(format.bits_per_sample.clamp(1, 32) - 1).exp2();
            let sample = |sample: hound::Result<i32>| Ok((f64::from(sample?) / largest) as f32);
            reader.samples::<i32>().map(sample).collect::<hound::Result<_>>().map_err(malformed)?
        }
    };
    let channels = usize::from(format.channels.max(1));
    let mixed: Vec<f32> =
        samples.chunks_exact(channels).map(|step| step.iter().sum::<f32>() / channels as f32).collect();
    if mixed.is_empty() || mixed.iter().any(|sample| !sample.is_finite()) {
        return Err(ModelError::Malformed {
            path: path.to_owned(),
            what: "the sound".into(),
            expected: "samples that are numbers".into(),
            found: if mixed.is_empty() { "none".into() } else { "one that is not finite".into() },
        });
    }
    Ok(Sound { samples: mixed, rate: format.sample_rate })
}
