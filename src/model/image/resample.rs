//! Resizing as Pillow does it, to the last bit.
//!
//! Source: `ImagingResample` in Pillow's src/libImaging/Resample.c. Each new pixel is a weighted
//! mean of the old ones under a filter, which is widened by the reduction (that is the
//! antialiasing). The weights are fixed-point numbers, and the rows are resized and rounded to 8
//! bits before the columns are. (Pillow 13 does the columns first where that is less work, which
//! moves some bytes by 1; all versions before it do the rows first.)

use super::Picture;

/// Bits behind the point of a weight: 32, less 8 for the pixel and 2 for sums beyond 0..=255.
const FRACTION_BITS: u32 = 32 - 8 - 2;

/// How old pixels are weighted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filter {
    /// A triangle; Pillow's number 2.
    Bilinear,
    /// Keys' cubic with a = -0.5; Pillow's number 3.
    Bicubic,
}

impl Filter {
    /// How far from its middle the filter reaches, in pixels.
    fn reach(self) -> f64 {
        match self {
            Self::Bilinear => 1.0,
            Self::Bicubic => 2.0,
        }
    }

    /// The weight at `distance` pixels from the middle.
    fn weight(self, distance: f64) -> f64 {
        const A: f64 = -0.5;
        let x = distance.abs();
        match self {
            Self::Bilinear if x < 1.0 => 1.0 - x,
            Self::Bicubic if x < 1.0 => ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0,
            Self::Bicubic if x < 2.0 => (((x - 5.0) * x + 8.0) * x - 4.0) * A,
            _ => 0.0,
        }
    }
}

/// What one new pixel is made of: the old ones from `first` on, and their weights.
struct Kernel {
    first: usize,
    weights: Vec<i32>,
}

/// `picture` at another size. A side of 0 gives a picture without pixels.
pub fn resize(picture: &Picture, width: usize, height: usize, filter: Filter) -> Picture {
    if picture.bytes.is_empty() {
        return Picture::black(width, height);
    }
    resize_columns(&resize_rows(picture, width, filter), height, filter)
}

/// Every row made `width` pixels long.
fn resize_rows(picture: &Picture, width: usize, filter: Filter) -> Picture {
    if width == picture.width {
        return picture.clone();
    }
    let kernels = kernels(picture.width, width, filter);
    let mut bytes = Vec::with_capacity(width * picture.height * 3);
    for row in picture.bytes.chunks_exact(picture.width * 3) {
        for kernel in &kernels {
            let old = row[kernel.first * 3..].chunks_exact(3);
            let mut sums = [1i32 << (FRACTION_BITS - 1); 3];
            for (pixel, weight) in old.zip(&kernel.weights) {
                for (sum, &channel) in sums.iter_mut().zip(pixel) {
                    *sum += i32::from(channel) * weight;
                }
            }
            bytes.extend(sums.map(rounded));
        }
    }
    Picture { width, height: picture.height, bytes }
}

/// Every column made `height` pixels long.
fn resize_columns(picture: &Picture, height: usize, filter: Filter) -> Picture {
    if height == picture.height {
        return picture.clone();
    }
    let length = picture.width * 3;
    let mut bytes = Vec::with_capacity(length * height);
    let mut sums = vec![0i32; length];
    for kernel in kernels(picture.height, height, filter) {
        sums.fill(1 << (FRACTION_BITS - 1));
        let old = picture.bytes[kernel.first * length..].chunks_exact(length.max(1));
        for (row, weight) in old.zip(&kernel.weights) {
            for (sum, &channel) in sums.iter_mut().zip(row) {
                *sum += i32::from(channel) * weight;
            }
        }
        bytes.extend(sums.iter().copied().map(rounded));
    }
    Picture { width: picture.width, height, bytes }
}

/// A fixed-point sum as a byte.
fn rounded(sum: i32) -> u8 {
    (sum >> FRACTION_BITS).clamp(0, 255) as u8
}

/// The kernels of `new` pixels made of `old` ones (Pillow's `precompute_coeffs` and
/// `normalize_coeffs_8bpc`).
fn kernels(old: usize, new: usize, filter: Filter) -> Vec<Kernel> {
    let scale = old as f64 / new as f64;
    let widening = scale.max(1.0);
    let reach = filter.reach() * widening;
    let kernel = |index: usize| {
        let middle = (index as f64 + 0.5) * scale;
        // A conversion from f64 cuts towards 0 and stops at 0, as Pillow does by hand.
        let first = (middle - reach + 0.5) as usize;
        let end = ((middle + reach + 0.5) as usize).min(old);
        let narrowing = 1.0 / widening;
        let weights: Vec<f64> =
            (first..end).map(|place| filter.weight((place as f64 - middle + 0.5) * narrowing)).collect();
        let sum: f64 = weights.iter().sum();
        let sum = if sum == 0.0 { 1.0 } else { sum };
        Kernel { first, weights: weights.iter().map(|weight| fixed_point(weight / sum)).collect() }
    };
    (0..new).map(kernel).collect()
}

fn fixed_point(weight: f64) -> i32 {
    let scaled = weight * f64::from(1u32 << FRACTION_BITS);
    (if weight < 0.0 { scaled - 0.5 } else { scaled + 0.5 }) as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weights_of_every_kernel_sum_to_one() {
        for filter in [Filter::Bilinear, Filter::Bicubic] {
            for (old, new) in [(1, 1), (1, 9), (9, 1), (61, 32), (32, 61), (5000, 3)] {
                for kernel in kernels(old, new, filter) {
                    let sum: i64 = kernel.weights.iter().map(|&weight| i64::from(weight)).sum();
                    let one = 1i64 << FRACTION_BITS;
                    assert!((sum - one).abs() <= kernel.weights.len() as i64, "{old} to {new}: {sum}");
                    assert!(kernel.first + kernel.weights.len() <= old);
                }
            }
        }
    }

    #[test]
    fn a_plain_picture_stays_plain() {
        let plain = Picture { width: 7, height: 5, bytes: vec![201; 7 * 5 * 3] };
        for (width, height) in [(1, 1), (3, 11), (20, 2), (7, 5)] {
            let resized = resize(&plain, width, height, Filter::Bicubic);
            assert_eq!(resized.bytes.len(), width * height * 3);
            assert!(resized.bytes.iter().all(|&byte| byte == 201));
        }
    }
}
