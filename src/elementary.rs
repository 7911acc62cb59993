//! Exponentials, error functions, hyperbolic tangents and sums over slices, many numbers at a time.
//!
//! Each function is a straight line of arithmetic without branches, so that the compiler turns
//! loops over it into vector instructions; `vectorised` picks the instruction set at run time.
//! Sums run in a fixed number of lanes, so every machine and every number of threads gets the same
//! bits. The polynomials are minimax fits (`tests/fixtures/elementary/fit.py`), and their
//! errors are measured in this file's tests.

use std::f32::consts::LOG2_E;

/// Partial sums of [`sum`] and its kin.
const LANES: usize = 8;

/// Computes an expression, compiled with the best vector instructions that this machine has.
///
/// What is called in it must be compiled into it, or it gets the plain instructions: functions and
/// closures of more than a line are `#[inline(always)]`.
macro_rules! vectorised {
    ($work:expr) => {{
        // A closure that could be called twice is called through a function that is not inlined.
        let once = $crate::elementary::Once;
        pulp::Arch::new().dispatch(
            #[inline(always)]
            || {
                let _used = once;
                $work
            },
        )
    }};
}

pub(crate) use vectorised;

/// What a closure can use up once.
pub(crate) struct Once;

/// A 16-bit IEEE float: its exponent and digits lie 13 bits lower than those of an f32, and its exponents
/// begin 112 lower.
#[inline(always)]
pub fn from_half(bits: u16) -> f32 {
    const TWO_TO_112: f32 = f32::from_bits((112 + 127) << 23);
    const INFINITE: u32 = 0x0F80_0000;
    let (sign, rest) = (u32::from(bits & 0x8000) << 16, u32::from(bits & 0x7FFF) << 13);
    let finite = (f32::from_bits(rest) * TWO_TO_112).to_bits();
    let magnitude = if rest >= INFINITE { rest | 0x7F80_0000 } else { finite };
    f32::from_bits(sign | magnitude)
}

/// The sum of `values`, in f64.
pub fn sum(values: &[f32]) -> f64 {
    vectorised!(sum_of(values, |value| value))
}

/// The sum of (value - middle)², in f64.
pub fn sum_of_squares(values: &[f32], middle: f64) -> f64 {
    vectorised!(sum_of(values, |value| (value - middle) * (value - middle)))
}

/// The sum of the products of two slices of the same length, in f64.
#[inline(always)]
pub fn dot(a: &[f32], b: &[f32]) -> f64 {
    sum_of_shifted_products(a, b, 0.0)
}

/// The sum of a (b - middle) of two slices of the same length, in f64.
#[inline(always)]
pub fn sum_of_shifted_products(a: &[f32], b: &[f32], middle: f32) -> f64 {
    let middle = f64::from(middle);
    vectorised!({
        let mut lanes = [0.0f64; LANES];
        let (blocks, others) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
        let rest = blocks.remainder().iter().zip(others.remainder());
        let rest: f64 = rest.map(|(&a, &b)| f64::from(a) * (f64::from(b) - middle)).sum();
        for (a, b) in blocks.zip(others) {
            for (lane, (&a, &b)) in lanes.iter_mut().zip(a.iter().zip(b)) {
                *lane += f64::from(a) * (f64::from(b) - middle);
            }
        }
        lanes.iter().sum::<f64>() + rest
    })
}

/// What a softmax divides by, and what it subtracts first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SoftmaxSums {
    /// The largest score.
    pub maximum: f32,
    /// The sum of e^(score - maximum).
    pub sum: f64,
}

/// Softmax in place: e^(score - maximum) / sum. Minus infinity becomes exactly 0.
pub fn softmax(scores: &mut [f32]) -> SoftmaxSums {
    vectorised!({
        let maximum = maximum_of(scores);
        scores.iter_mut().for_each(|score| *score = exp(*score - maximum));
        let sum = sum_of(scores, |exponential| exponential);
        let inverse = (1.0 / sum) as f32;
        scores.iter_mut().for_each(|weight| *weight *= inverse);
        SoftmaxSums { maximum, sum }
    })
}

#[inline(always)]
fn maximum_of(values: &[f32]) -> f32 {
    let mut lanes = [f32::NEG_INFINITY; LANES];
    let blocks = values.chunks_exact(LANES);
    let rest = blocks.remainder();
    for block in blocks {
        for (lane, &value) in lanes.iter_mut().zip(block) {
            *lane = if value > *lane { value } else { *lane };
        }
    }
    lanes.iter().chain(rest).copied().fold(f32::NEG_INFINITY, f32::max)
}

#[inline(always)]
fn sum_of(values: &[f32], of: impl Fn(f64) -> f64) -> f64 {
    let mut lanes = [0.0f64; LANES];
    let blocks = values.chunks_exact(LANES);
    let rest = blocks.remainder();
    for block in blocks {
        for (lane, &value) in lanes.iter_mut().zip(block) {
            *lane += of(f64::from(value));
        }
    }
    lanes.iter().sum::<f64>() + rest.iter().map(|&value| of(f64::from(value))).sum::<f64>()
}

/// eˣ, within 1.4 half units in the last place; 0 below -87.3 and infinite above 88, just short of
/// where f32 has no normal numbers left.
///
/// eˣ = 2ⁿ eʳ with n = round(x / ln 2), so that |r| <= ln 2 / 2 and a polynomial gives eʳ
/// (Cody and Waite 1980, chapter 6, where ln 2 is taken away in two parts too).
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    const SMALLEST: f32 = -87.3;
    const LARGEST: f32 = 88.0;
    // Adding 1.5 x 2^23 leaves a whole number in the lowest bits.
    const ROUND: f32 = 12_582_912.0;
    const LN_2_UPPER: f32 = 0.693_359_4;
    const LN_2_LOWER: f32 = -2.121_944_4e-4;
    let whole = x * LOG2_E + ROUND;
    let n = whole - ROUND;
    let r = (x - n * LN_2_UPPER) - n * LN_2_LOWER;
    let tail = polynomial(r, [0.499_999_94, 0.166_665_2, 0.041_668_393, 0.008_368_781, 0.001_381_447]);
    let power = f32::from_bits((whole.to_bits() << 23).wrapping_add(0x3f80_0000));
    let result = (tail * (r * r) + r + 1.0) * power;
    let result = if x < SMALLEST { 0.0 } else { result };
    if x > LARGEST { f32::INFINITY } else { result }
}

/// The error function, within 1.2e-7 (two units in the last place): an odd polynomial up to 1, and 1 - e^(-x²) P(1 / (1 + x))
/// from there (the form of Abramowitz and Stegun 1964, 7.1.26, with one term more).
#[inline(always)]
#[expect(clippy::approx_constant, reason = "the fit's first coefficient is near 2/√π, not it")]
pub fn erf(x: f32) -> f32 {
    let size = x.abs();
    let square = x * x;
    let near = x * polynomial(
        square,
        [1.128_379_1, -0.376_123_25, 0.112_801_81, -0.026_711_337, 0.004_917_576, -0.000_563_151_14],
    );
    let far = 1.0
        - exp(-square)
            * polynomial(
                1.0 / (1.0 + size),
                [7.745_864e-4, 0.556_533_1, 0.576_476_16, 0.412_174_97, -0.973_548_1, 0.439_945_1],
            );
    if size < 1.0 { near } else { far.copysign(x) }
}

/// The hyperbolic tangent, within 1e-7: an odd polynomial up to 0.625, and 1 - 2 / (e^2x + 1) from
/// there.
#[inline(always)]
pub fn tanh(x: f32) -> f32 {
    let size = x.abs();
    let square = x * x;
    let near = x + x
        * square
        * polynomial(square, [-0.333_332_8, 0.133_314_42, -0.053_739_715, 0.020_639_088, -0.005_704_988]);
    let far = 1.0 - 2.0 / (exp(size + size) + 1.0);
    if size < 0.625 { near } else { far.copysign(x) }
}

/// The polynomial with these coefficients, the constant one first (Horner's scheme).
#[inline(always)]
fn polynomial<const N: usize>(x: f32, coefficients: [f32; N]) -> f32 {
    coefficients.iter().rev().fold(0.0, |sum, &coefficient| sum * x + coefficient)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(from: f32, to: f32) -> impl Iterator<Item = f32> {
        (0..=200_000).map(move |i| from + (to - from) * (i as f32 / 200_000.0))
    }

    fn largest(errors: impl Iterator<Item = f64>) -> f64 {
        errors.fold(0.0, f64::max)
    }

    #[test]
    fn halves_are_those_of_the_half_crate() {
        for bits in 0..=u16::MAX {
            let (found, expected) = (from_half(bits), half::f16::from_bits(bits).to_f32());
            let same = found.to_bits() == expected.to_bits() || found.is_nan() && expected.is_nan();
            assert!(same, "{bits:04x}: {found} {expected}");
        }
    }

    #[test]
    fn exponentials_err_by_little_more_than_half_a_unit() {
        let relative = |x: f32| (f64::from(exp(x)) / f64::from(x).exp() - 1.0).abs();
        let error = largest(grid(-87.2, 87.9).chain(grid(-0.4, 0.4)).map(relative));
        assert!(error < 1.4 * f64::from(f32::EPSILON) / 2.0, "{error}");
        assert_eq!((exp(f32::NEG_INFINITY), exp(-200.0), exp(0.0)), (0.0, 0.0, 1.0));
        assert_eq!((exp(f32::INFINITY), exp(1000.0)), (f32::INFINITY, f32::INFINITY));
        assert!(exp(f32::NAN).is_nan());
    }

    #[test]
    fn error_functions_err_by_less_than_a_unit_of_one() {
        let values = || grid(-6.0, 6.0).chain(grid(-0.01, 0.01));
        let error = largest(values().map(|x| (f64::from(erf(x)) - libm::erf(f64::from(x))).abs()));
        assert!(error < 1.2e-7, "{error}");
        let error = largest(values().map(|x| (f64::from(tanh(x)) - f64::from(x).tanh()).abs()));
        assert!(error < 1e-7, "{error}");
        for function in [erf, tanh] {
            assert_eq!((function(f32::INFINITY), function(-100.0), function(0.0)), (1.0, -1.0, 0.0));
            assert!(function(f32::NAN).is_nan());
        }
    }

    #[test]
    fn vector_instructions_give_the_bits_of_plain_ones() {
        let numbers: Vec<f32> = grid(-9.0, 9.0).step_by(777).collect();
        let mut found = numbers.clone();
        vectorised!(found.iter_mut().for_each(|value| *value = exp(erf(tanh(*value)))));
        for (found, &number) in found.iter().zip(&numbers) {
            assert_eq!(found.to_bits(), std::hint::black_box(exp(erf(tanh(number)))).to_bits());
        }
    }

    #[test]
    fn sums_equal_the_plain_ones_at_every_length() {
        let numbers: Vec<f32> = grid(-3.0, 5.0).step_by(1111).collect();
        for length in 0..40 {
            let numbers = &numbers[..length];
            let plain: f64 = numbers.iter().map(|&number| f64::from(number)).sum();
            let squares: f64 = numbers.iter().map(|&number| (f64::from(number) - 0.5).powi(2)).sum();
            assert!((sum(numbers) - plain).abs() < 1e-12);
            assert!((dot(numbers, numbers) - sum_of_squares(numbers, 0.0)).abs() < 1e-12);
            let shifted = sum_of_shifted_products(numbers, numbers, 0.5) + 0.5 * plain;
            assert!((shifted - dot(numbers, numbers)).abs() < 1e-12);
            assert!((sum_of_squares(numbers, 0.5) - squares).abs() < 1e-12);
        }
    }

    #[test]
    fn softmax_equals_the_plain_one() {
        for length in [1, 7, 8, 31] {
            let mut scores: Vec<f32> = (0..length).map(|i| ((i * 37) % 11) as f32 - 5.0).collect();
            scores[length / 2] = if length > 1 { f32::NEG_INFINITY } else { 2.0 };
            let exponentials: Vec<f64> = scores.iter().map(|&score| f64::from(score).exp()).collect();
            let total: f64 = exponentials.iter().sum();
            let largest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let sums = softmax(&mut scores);
            assert_eq!(sums.maximum, largest);
            assert!((sums.sum * f64::from(largest).exp() / total - 1.0).abs() < 1e-6);
            for (weight, exponential) in scores.iter().zip(exponentials) {
                assert!((f64::from(*weight) - exponential / total).abs() < 1e-7);
            }
        }
    }
}
