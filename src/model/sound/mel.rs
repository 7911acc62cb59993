//! Spectra of short pieces of a sound, in bands that are as wide as ears tell apart.

use ndarray::{Array2, ArrayView2};
use rustfft::{FftPlanner, num_complex::Complex};

/// The power spectra `[pieces, length / 2 + 1]` of pieces of a sound, each filled up with zeros to `length`.
pub fn power_spectra<'a>(pieces: impl ExactSizeIterator<Item = Vec<f64>> + 'a, length: usize) -> Array2<f64> {
    let transform = FftPlanner::new().plan_fft_forward(length);
    let bins = length / 2 + 1;
    let mut spectra = Array2::zeros((pieces.len(), bins));
    let mut buffer = vec![Complex::default(); length];
    for (piece, mut spectrum) in pieces.zip(spectra.rows_mut()) {
        buffer.fill(Complex::default());
        buffer.iter_mut().zip(piece).for_each(|(number, sample)| number.re = sample);
        transform.process(&mut buffer);
        spectrum.iter_mut().zip(&buffer).for_each(|(power, number)| *power = number.norm_sqr());
    }
    spectra
}

/// A window of raised cosine; `is_periodic` leaves its last zero to the next.
pub fn hann(length: usize, is_periodic: bool) -> Vec<f64> {
    let period = if is_periodic { length } else { length.saturating_sub(1) }.max(1) as f64;
    let cosine = |index: usize| (2.0 * std::f64::consts::PI * index as f64 / period).cos();
    (0..length).map(|index| 0.5 - 0.5 * cosine(index)).collect()
}

/// How pitch is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Slaney's Auditory Toolbox: linear to 1000 Hz, then logarithmic; bands have the same area.
    Slaney,
    /// Kaldi's: 1127 ln(1 + f / 700); triangles are straight on that scale, and of one height.
    Kaldi,
}

impl Scale {
    fn of_hertz(self, hertz: f64) -> f64 {
        match self {
            Self::Slaney if hertz >= 1000.0 => 15.0 + (hertz / 1000.0).ln() * 27.0 / 6.4f64.ln(),
            Self::Slaney => 3.0 * hertz / 200.0,
            Self::Kaldi => 1127.0 * (1.0 + hertz / 700.0).ln(),
        }
    }

    fn hertz(self, pitch: f64) -> f64 {
        match self {
            Self::Slaney if pitch >= 15.0 => 1000.0 * (6.4f64.ln() / 27.0 * (pitch - 15.0)).exp(),
            Self::Slaney => 200.0 * pitch / 3.0,
            Self::Kaldi => 700.0 * ((pitch / 1127.0).exp() - 1.0),
        }
    }
}

/// Triangles over `bins` frequencies from 0 to half of `rate`, one a band from `lowest` Hz to `highest`:
/// `[bands, bins]` (transformers' `mel_filter_bank`).
pub fn bands(scale: Scale, count: usize, bins: usize, rate: f64, [lowest, highest]: [f64; 2]) -> Array2<f64> {
    let (first, last) = (scale.of_hertz(lowest), scale.of_hertz(highest));
    let step = (last - first) / (count + 1) as f64;
    let pitch = |corner: usize| first + step * corner as f64;
    // Where triangles are straight.
    let place = |corner: usize| match scale {
        Scale::Slaney => scale.hertz(pitch(corner)),
        Scale::Kaldi => pitch(corner),
    };
    let width = rate / (2 * bins.saturating_sub(1)).max(1) as f64;
    let bin = |bin: usize| match scale {
        Scale::Slaney => width * bin as f64,
        Scale::Kaldi => scale.of_hertz(width * bin as f64),
    };
    Array2::from_shape_fn((count, bins), |(band, index)| {
        let [low, middle, high] = [place(band), place(band + 1), place(band + 2)];
        let (up, down) = ((bin(index) - low) / (middle - low), (high - bin(index)) / (high - middle));
        let area = if scale == Scale::Slaney { 2.0 / (high - low) } else { 1.0 };
        up.min(down).max(0.0) * area
    })
}

/// The strengths `[pieces, bands]` of spectra, none below `floor`.
pub fn strengths(spectra: ArrayView2<'_, f64>, bands: ArrayView2<'_, f64>, floor: f64) -> Array2<f64> {
    spectra.dot(&bands.t()).mapv_into(|strength| strength.max(floor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wave_stands_in_the_bin_of_its_frequency() {
        let wave = |step: usize| (2.0 * std::f64::consts::PI * 5.0 * step as f64 / 40.0).cos();
        let piece: Vec<f64> = (0..40).map(wave).collect();
        let spectra = power_spectra(vec![piece].into_iter(), 40);
        for (bin, power) in spectra.row(0).iter().enumerate() {
            let expected = if bin == 5 { 400.0 } else { 0.0 };
            assert!((power - expected).abs() < 1e-9, "{bin}: {power}");
        }
    }

    #[test]
    fn scales_go_there_and_back() {
        for scale in [Scale::Slaney, Scale::Kaldi] {
            for hertz in [0.0, 20.0, 999.0, 1000.0, 7999.0] {
                assert!((scale.hertz(scale.of_hertz(hertz)) - hertz).abs() < 1e-9);
            }
        }
    }
}
