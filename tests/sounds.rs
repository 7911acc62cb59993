//! From a WAV file to what a model hears, beside transformers' feature extractors
//! (`tests/fixtures/sounds/record.py`).

use std::fs;
use std::path::{Path, PathBuf};

use lexiscope::model::{Model, ModelError, open, sound};
use ndarray::{ArrayD, ArrayViewD, IxDyn};
use safetensors::SafeTensors;
use tempfile::TempDir;

/// The issue's: the features of two programs that transform in f32 and in f64.
const TOLERANCE: f32 = 1e-4;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// A golden model, with such a `preprocessor_config.json` beside it.
fn model(family: &str, settings: &str) -> (TempDir, Model) {
    let folder = tempfile::tempdir().unwrap();
    for name in ["config.json", "model.safetensors", "tokenizer.json"] {
        let from = fixture("golden/transformers").join(family).join(name);
        if from.is_file() {
            fs::copy(from, folder.path().join(name)).unwrap();
        }
    }
    fs::write(folder.path().join("preprocessor_config.json"), settings).unwrap();
    let model = open::open(&folder.path().to_string_lossy()).unwrap();
    (folder, model)
}

fn expected(name: &str) -> ArrayD<f32> {
    let bytes = fs::read(fixture("sounds/expected.safetensors")).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let tensor = tensors.tensor(name).unwrap();
    let numbers =
        tensor.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
    ArrayD::from_shape_vec(IxDyn(tensor.shape()), numbers).unwrap()
}

fn assert_close(found: ArrayViewD<'_, f32>, expected: &ArrayD<f32>) {
    assert_eq!(found.shape(), expected.shape());
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!((found - expected).abs() <= TOLERANCE, "number {index}: {found} is not {expected}");
    }
}

#[test]
fn features_equal_transformers() {
    let path = fixture("sounds/voice.wav");
    let (_folder, wav2vec2) = model("wav2vec2", r#"{"do_normalize": true}"#);
    let heard = sound::prepare(&wav2vec2, &path).unwrap();
    assert_close(heard.row(0).into_dyn(), &expected("input_values"));

    let (_folder, whisper) = model("whisper", r#"{"feature_size": 80, "chunk_length": 1}"#);
    let heard = sound::prepare(&whisper, &path).unwrap();
    assert_close(heard.view().into_dyn(), &expected("input_features"));

    let settings = r#"{"num_mel_bins": 128, "max_length": 90}"#;
    let (_folder, spectrogram) = model("audio-spectrogram-transformer", settings);
    let heard = sound::prepare(&spectrogram, &path).unwrap();
    assert_close(heard.t().into_dyn(), &expected("spectrogram"));
}

fn write(path: &Path, format: hound::WavSpec, samples: &[f32]) {
    let mut writer = hound::WavWriter::create(path, format).unwrap();
    let largest = f64::from(format.bits_per_sample - 1).exp2();
    for &sample in samples {
        match format.sample_format {
            hound::SampleFormat::Float => writer.write_sample(sample).unwrap(),
            hound::SampleFormat::Int => writer.write_sample((f64::from(sample) * largest) as i32).unwrap(),
        }
    }
    writer.finalize().unwrap();
}

#[test]
fn any_width_and_any_channels_are_read_and_what_is_no_sound_is_refused() {
    let (folder, model) = model("wav2vec2", r#"{"do_normalize": false}"#);
    let path = folder.path().join("sound.wav");
    let samples: Vec<f32> = (0..400).map(|step| (step % 16) as f32 / 32.0 - 0.25).collect();
    let mono = hound::WavSpec {
        channels: 1,
        sample_rate: 16000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let float = hound::WavSpec { bits_per_sample: 32, sample_format: hound::SampleFormat::Float, ..mono };
    for format in [8, 16, 24, 32]
        .map(|bits| hound::WavSpec { bits_per_sample: bits, ..mono })
        .into_iter()
        .chain([float])
    {
        write(&path, format, &samples);
        let heard = sound::prepare(&model, &path).unwrap();
        assert_eq!(heard.row(0).to_vec(), samples, "{format:?}");
    }
    // Two channels are mixed to their mean.
    write(&path, hound::WavSpec { channels: 2, ..mono }, &samples);
    let heard = sound::prepare(&model, &path).unwrap();
    let mean: Vec<f32> = samples.chunks(2).map(|both| (both[0] + both[1]) / 2.0).collect();
    assert_eq!(heard.row(0).to_vec(), mean);

    let refused = |path: &Path| -> String {
        let error: ModelError = sound::prepare(&model, path).unwrap_err();
        error.to_string()
    };
    write(&path, hound::WavSpec { sample_rate: 44100, ..mono }, &samples);
    assert!(refused(&path).contains("44100 samples a second"), "{}", refused(&path));
    write(&path, mono, &[]);
    assert!(refused(&path).contains("samples that are numbers"), "{}", refused(&path));
    write(&path, float, &[0.5, f32::NAN]);
    assert!(refused(&path).contains("not finite"), "{}", refused(&path));
    write(&path, mono, &samples);
    let whole = fs::read(&path).unwrap();
    for length in [0, 3, 20, 44, whole.len() - 1] {
        fs::write(&path, &whole[..length]).unwrap();
        assert!(refused(&path).contains("sound.wav"), "{length}: {}", refused(&path));
    }
    assert!(refused(&folder.path().join("none.wav")).contains("none.wav"));
}

#[test]
fn lengths_and_settings_that_do_not_fit_are_refused() {
    let path = fixture("sounds/voice.wav");
    let too_long = [("audio-spectrogram-transformer", r#"{"max_length": 20}"#)];
    for (family, settings) in too_long {
        let (_folder, model) = model(family, settings);
        let error = sound::prepare(&model, &path).unwrap_err().to_string();
        assert!(error.contains("the sound lasts 0.80 s"), "{error}");
    }
    for settings in [
        r#"{"dither": 0.1}"#,
        r#"{"n_fft": 0}"#,
        r#"{"sampling_rate": "high"}"#,
        r#"{"chunk_length": 16777216}"#,
        r#"{"feature_size": 16777216}"#,
        r#"{"pitch_shift": 2}"#,
        "nonsense",
    ] {
        let (_folder, model) = model("whisper", settings);
        let error = sound::prepare(&model, &path).unwrap_err().to_string();
        assert!(error.contains("preprocessor_config.json"), "{settings}: {error}");
    }
    let (_folder, bert) = model("bert", "{}");
    let error = sound::prepare(&bert, &path).unwrap_err().to_string();
    assert!(error.contains("does not hear"), "{error}");
}
