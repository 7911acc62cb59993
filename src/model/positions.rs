//! Positional encodings: the tables and rotations of the five methods in use.

use std::borrow::Cow;

use ndarray::{Array1, Array2};

use super::parameters::{Parameter, parameters_in};

/// Rotary position: pairs of components turn by position x frequency.
#[derive(Debug, Clone, PartialEq)]
pub struct Rotary {
    /// One angle a pair and position step; pairs = rotated components / 2.
    pub frequencies: Vec<f32>,
    /// Whether a pair is (2i, 2i+1) rather than (i, i + pairs).
    pub adjacent: bool,
    /// What the turned components are multiplied by (longrope).
    pub magnitude: f32,
    /// What turns longer passes.
    pub long: Option<LongRotary>,
}

/// Other frequencies for passes over more tokens than a network was first trained with (longrope:
/// Ding et al. 2024; `_compute_longrope_parameters` in transformers).
#[derive(Debug, Clone, PartialEq)]
pub struct LongRotary {
    /// As [`Rotary::frequencies`].
    pub frequencies: Vec<f32>,
    /// Passes of at most so many tokens have the usual ones.
    pub beyond: usize,
}

/// T5's learned bias by bucketed distance.
#[derive(Debug, Clone)]
pub struct RelativeBias {
    /// `[buckets, H]`.
    pub table: Parameter,
    /// Distances from here on share the last bucket.
    pub maximum_distance: usize,
    /// Whether the future has buckets of its own (encoders).
    pub bidirectional: bool,
}

parameters_in!(RelativeBias: table);

/// BEiT's learned bias by the way from one patch of an image to another (Bao et al. 2022; Liu et al. 2021,
/// eq. 4), with three more for the class token, which comes first.
#[derive(Debug, Clone)]
pub struct GridBias {
    /// `[(2 h - 1) (2 w - 1) + 3, H]`: the ways row by row, then from the class token, to it, and from it
    /// to itself.
    pub table: Parameter,
    /// h: patches from top to bottom.
    pub height: usize,
    /// w: patches from left to right.
    pub width: usize,
}

parameters_in!(GridBias: table);

impl GridBias {
    /// How many rows the table has.
    pub fn rows(&self) -> usize {
        (2 * self.height - 1) * (2 * self.width - 1) + 3
    }

    /// H.
    pub fn heads(&self) -> usize {
        self.table.shape()[1]
    }

    /// The row for token `query` that looks at token `key`; `None` outside the grid.
    pub fn row(&self, query: usize, key: usize) -> Option<usize> {
        let patch = |token: usize| {
            let patch = token - 1;
            (patch < self.height * self.width).then(|| (patch / self.width, patch % self.width))
        };
        let ways = self.rows() - 3;
        match (query, key) {
            (0, 0) => Some(ways + 2),
            (0, _) => patch(key).map(|_| ways),
            (_, 0) => patch(query).map(|_| ways + 1),
            _ => {
                let ((y, x), (v, u)) = (patch(query)?, patch(key)?);
                let (down, right) = (y + self.height - 1 - v, x + self.width - 1 - u);
                Some(down * (2 * self.width - 1) + right)
            }
        }
    }
}

/// Sinusoidal positions (Vaswani et al. 2017, section 3.5): row p, columns 2i and 2i+1 hold
/// sin and cos of p / 10000^(2i/D). Shape `[count, dimensions]`.
pub fn sinusoidal(count: usize, dimensions: usize) -> Array2<f32> {
    Array2::from_shape_fn((count, dimensions), |(position, column)| wave(position, column, dimensions))
}

/// In which order sines and cosines stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waves {
    /// The sine and the cosine of a frequency side by side, as in [`sinusoidal`].
    InPairs,
    /// All sines, then all cosines (Marian).
    InHalves,
}

/// One row of [`sinusoidal`], or of the same in another order, `[dimensions]`.
pub fn sinusoid(position: usize, dimensions: usize, order: Waves) -> Array1<f32> {
    let sines = dimensions.div_ceil(2);
    Array1::from_shape_fn(dimensions, |column| {
        let column = match order {
            Waves::InPairs => column,
            Waves::InHalves if column < sines => 2 * column,
            Waves::InHalves => 2 * (column - sines) + 1,
        };
        wave(position, column, dimensions)
    })
}

fn wave(position: usize, column: usize, dimensions: usize) -> f32 {
    let exponent = (column / 2 * 2) as f64 / dimensions as f64;
    let angle = position as f64 / 10_000f64.powf(exponent);
    (if column.is_multiple_of(2) { angle.sin() } else { angle.cos() }) as f32
}

impl Rotary {
    /// Frequencies base^(-2i/R) for the first `rotated` components of a head (Su et al. 2021,
    /// eq. 15), with pairs (i, i + R/2) as in Hugging Face checkpoints.
    pub fn new(base: f64, rotated: usize) -> Self {
        let frequencies =
            (0..rotated / 2).map(|i| base.powf(-(2.0 * i as f64) / rotated as f64) as f32).collect();
        Self { frequencies, adjacent: false, magnitude: 1.0, long: None }
    }

    /// The one for a pass that is `tokens` long, with what was read before it.
    pub fn of_pass(&self, tokens: usize) -> Cow<'_, Self> {
        match &self.long {
            Some(long) if tokens > long.beyond => {
                Cow::Owned(Self { frequencies: long.frequencies.clone(), ..self.clone() })
            }
            _ => Cow::Borrowed(self),
        }
    }

    /// Llama 3.1's scaling for longer texts: wavelengths above `context / low` are divided by
    /// `factor`, those below `context / high` are kept, those between are blended
    /// (`_compute_llama3_parameters` in transformers).
    pub fn scale_low_frequencies(&mut self, factor: f32, low: f32, high: f32, context: f32) {
        for frequency in &mut self.frequencies {
            let wavelength = std::f32::consts::TAU / *frequency;
            if wavelength > context / low {
                *frequency /= factor;
            } else if wavelength >= context / high {
                let blend = (context / wavelength - low) / (high - low);
                *frequency = (1.0 - blend) * *frequency / factor + blend * *frequency;
            }
        }
    }

    /// Sine and cosine of the angle of every pair at `position`, times the magnitude.
    pub fn turn(&self, position: usize) -> Vec<(f32, f32)> {
        let turn = |&frequency: &f32| {
            let (sine, cosine) = (position as f32 * frequency).sin_cos();
            (sine * self.magnitude, cosine * self.magnitude)
        };
        self.frequencies.iter().map(turn).collect()
    }

    /// Turns one head's vector by `turn`, in place; components without a pair stay.
    pub fn rotate(&self, turn: &[(f32, f32)], head: &mut [f32]) {
        let turned =
            |x: f32, y: f32, (sine, cosine): (f32, f32)| (x * cosine - y * sine, y * cosine + x * sine);
        if self.adjacent {
            for (pair, &turn) in head.as_chunks_mut().0.iter_mut().zip(turn) {
                let [x, y] = pair;
                (*x, *y) = turned(*x, *y, turn);
            }
        } else {
            let (first, second) = head.split_at_mut(turn.len());
            for ((x, y), &turn) in first.iter_mut().zip(second).zip(turn) {
                (*x, *y) = turned(*x, *y, turn);
            }
        }
    }
}

/// ALiBi slopes (Press et al. 2022, section 3): 2^(-8i/n) for a power of two n; for other counts
/// the odd steps of the next power of two follow, as in the authors' code and BLOOM.
pub fn alibi_slopes(heads: usize) -> Vec<f32> {
    let power = if heads.is_power_of_two() { heads } else { heads.next_power_of_two() / 2 };
    let slope = |step: f64, count: usize| 2f64.powf(-8.0 * step / count as f64) as f32;
    let first = (1..=power).map(|i| slope(i as f64, power));
    let rest = (0..heads - power).map(|i| slope((2 * i + 1) as f64, 2 * power));
    first.chain(rest).collect()
}

impl RelativeBias {
    /// How many buckets.
    pub fn buckets(&self) -> usize {
        self.table.shape()[0]
    }

    /// H.
    pub fn heads(&self) -> usize {
        self.table.shape()[1]
    }

    /// What is added to the score of `head` for key position minus query position `offset`.
    pub fn value(&self, head: usize, offset: isize) -> f32 {
        self.table.to_f32()[self.bucket(offset) * self.heads() + head]
    }

    /// The bucket of key position minus query position `offset` (Raffel et al. 2020, section 2.1;
    /// `_relative_position_bucket` of the T5 code): half the buckets count single steps, the other
    /// half grow logarithmically up to the maximum distance.
    pub fn bucket(&self, offset: isize) -> usize {
        let mut buckets = self.buckets();
        let mut bucket = 0;
        let distance = if self.bidirectional {
            buckets /= 2;
            if offset > 0 {
                bucket = buckets;
            }
            offset.unsigned_abs()
        } else {
            (-offset).max(0) as usize
        };
        let exact = buckets / 2;
        if distance < exact {
            return bucket + distance;
        }
        let growth =
            (distance as f32 / exact as f32).ln() / (self.maximum_distance as f32 / exact as f32).ln();
        let step = (growth * (buckets - exact) as f32) as usize;
        bucket + (exact + step).min(buckets - 1)
    }

    /// The bias of one head for every offset from `-(queries - 1)` to `keys - 1`.
    pub fn by_offset(&self, head: usize, queries: usize, keys: usize) -> Array1<f32> {
        let (first, table) = (-(queries as isize - 1), self.table.to_matrix());
        Array1::from_shape_fn(queries + keys - 1, |i| table[[self.bucket(first + i as isize), head]])
    }
}
