//! Dot products of rows as they lie in a file: little-endian f32 at any alignment.
//!
//! One pass over a row yields its dot product with every query vector and its squared length, so
//! that a cosine costs one reading of the row. Each instruction set sums in a fixed order: the same
//! machine always gives the same bits. No order errs by more than [`relative_error`]. Products of codes
//! with integers, which do not err, are in [`codes`] and [`half_bytes`].

pub mod codes;
pub mod half_bytes;
mod integers;
pub mod query;

/// Numbers for tests that are the same in every run.
#[cfg(test)]
pub(super) mod noise {
    /// 31 bits (Knuth's linear congruential generator).
    pub fn bits(state: &mut u64) -> u64 {
        *state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        *state >> 33
    }

    /// From -1 to 1.
    pub fn signed(state: &mut u64) -> f64 {
        bits(state) as f64 / f64::from(1 << 30) - 1.0
    }
}

/// Query vectors that one pass takes along; more are taken in further passes over the (then
/// cached) row.
const GROUP: usize = 4;

/// The instruction set that the dot products run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kernel(Level);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Plain,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Kernel {
    /// The fastest kernel that this machine runs.
    pub fn detect() -> Self {
        Self::available().pop().unwrap_or(Self(Level::Plain))
    }

    /// All kernels that this machine runs, the fastest last.
    pub fn available() -> Vec<Self> {
        #[allow(unused_mut)]
        let mut levels = vec![Self(Level::Plain)];
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                levels.push(Self(Level::Avx2));
            }
            if is_x86_feature_detected!("avx512f") {
                levels.push(Self(Level::Avx512));
            }
        }
        levels
    }

    /// Writes the dot product of `row` (the bytes of little-endian f32) with each of the
    /// `dots.len()` vectors that stand one after the other in `queries`, and returns the squared
    /// length of the row.
    ///
    /// # Panics
    /// When `queries` does not hold `dots.len()` vectors of the row's length.
    pub fn dots(self, row: &[u8], queries: &[f32], dots: &mut [f32]) -> f32 {
        let dimensions = row.len() / 4;
        assert_eq!(row.len() % 4, 0, "a row of f32 bytes");
        assert_eq!(queries.len(), dimensions * dots.len(), "query vectors of the row's length");
        if dots.is_empty() || dimensions == 0 {
            dots.fill(0.0);
            return self.group::<0>(row, &[], &mut []);
        }
        let mut squared = 0.0;
        for (queries, dots) in queries.chunks(dimensions * GROUP).zip(dots.chunks_mut(GROUP)) {
            squared = match dots.len() {
                1 => self.group::<1>(row, queries, dots),
                2 => self.group::<2>(row, queries, dots),
                3 => self.group::<3>(row, queries, dots),
                _ => self.group::<GROUP>(row, queries, dots),
            };
        }
        squared
    }

    /// The largest `plus[i] - minus[i] + other[i]`, or minus infinity of nothing.
    ///
    /// # Panics
    /// When the lengths differ. Numbers must not be NaN.
    pub fn largest_sum(self, plus: &[f32], minus: &[f32], other: &[f32]) -> f32 {
        assert!(plus.len() == minus.len() && plus.len() == other.len(), "three slices of one length");
        match self.0 {
            // SAFETY: `available` hands this level out only where AVX2 and FMA were detected.
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => unsafe { x86::largest_sum_avx2(plus, minus, other) },
            // SAFETY: as above, for AVX-512F.
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => unsafe { x86::largest_sum_avx512(plus, minus, other) },
            Level::Plain => largest(plus.iter().zip(minus).zip(other).map(|((p, m), o)| (p - m) + o)),
        }
    }

    /// The largest `first[i] * second[i] * third[i]`, or minus infinity of nothing.
    ///
    /// # Panics
    /// When the lengths differ. Products must not be NaN.
    pub fn largest_product(self, first: &[f32], second: &[f32], third: &[f32]) -> f32 {
        assert!(first.len() == second.len() && first.len() == third.len(), "three slices of one length");
        match self.0 {
            // SAFETY: `available` hands this level out only where AVX2 and FMA were detected.
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => unsafe { x86::largest_product_avx2(first, second, third) },
            // SAFETY: as above, for AVX-512F.
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => unsafe { x86::largest_product_avx512(first, second, third) },
            Level::Plain => largest(first.iter().zip(second).zip(third).map(|((f, s), t)| f * s * t)),
        }
    }

    /// [`Kernel::dots`] for exactly `M` query vectors.
    #[inline]
    fn group<const M: usize>(self, row: &[u8], queries: &[f32], dots: &mut [f32]) -> f32 {
        debug_assert_eq!(queries.len(), row.len() / 4 * M);
        let (sums, squared) = match self.0 {
            Level::Plain => plain::<M>(row, queries),
            // SAFETY: `available` hands this level out only where AVX2 and FMA were detected;
            // `dots` has checked that `queries` holds M vectors of the row's length.
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => unsafe { x86::avx2::<M>(row, queries) },
            // SAFETY: as above, for AVX-512F.
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => unsafe { x86::avx512::<M>(row, queries) },
        };
        dots.copy_from_slice(&sums);
        squared
    }
}

fn largest(values: impl Iterator<Item = f32>) -> f32 {
    values.fold(f32::NEG_INFINITY, f32::max)
}

/// A bound on |computed - true| / (|x| |y|) for a dot product of `dimensions` f32, whatever the
/// order of summation: gamma_n = n u / (1 - n u) with u = 2^-24 (Higham, Accuracy and Stability of
/// Numerical Algorithms, 2nd ed., section 3.1). It bounds the relative error of a squared length too.
pub fn relative_error(dimensions: usize) -> f64 {
    let nu = (dimensions + 1) as f64 * f64::from(f32::EPSILON) / 2.0;
    if nu < 0.5 { nu / (1.0 - nu) } else { 1.0 }
}

/// Lanes of the plain kernel; independent sums let the compiler use whatever vectors it knows.
const LANES: usize = 8;

fn plain<const M: usize>(row: &[u8], queries: &[f32]) -> ([f32; M], f32) {
    let dimensions = row.len() / 4;
    let mut sums = [[0.0f32; LANES]; M];
    let mut squares = [0.0f32; LANES];
    for (block, bytes) in row.chunks(4 * LANES).enumerate() {
        let mut values = [0.0f32; LANES];
        for (value, bytes) in values.iter_mut().zip(bytes.chunks_exact(4)) {
            *value = f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        }
        for (square, value) in squares.iter_mut().zip(values) {
            *square += value * value;
        }
        for (query, sums) in sums.iter_mut().enumerate() {
            let start = query * dimensions + block * LANES;
            let factors = &queries[start..start + bytes.len() / 4];
            for ((sum, value), factor) in sums.iter_mut().zip(values).zip(factors) {
                *sum += value * factor;
            }
        }
    }
    (sums.map(|lanes| lanes.iter().sum()), squares.iter().sum())
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    /// # Safety
    /// The machine has AVX-512F; `queries` holds M vectors of `row.len() / 4` numbers.
    #[target_feature(enable = "avx512f")]
    pub(super) unsafe fn avx512<const M: usize>(row: &[u8], queries: &[f32]) -> ([f32; M], f32) {
        const LANES: usize = 16;
        let dimensions = row.len() / 4;
        let row = row.as_ptr().cast::<f32>();
        let queries = queries.as_ptr();
        let mut sums = [[_mm512_setzero_ps(); 2]; M];
        let mut squares = [_mm512_setzero_ps(); 2];
        let mut at = 0;
        while at + 2 * LANES <= dimensions {
            for half in 0..2 {
                let start = at + half * LANES;
                // SAFETY: `start + LANES` is at most `dimensions`, in the row and in each vector.
                let values = unsafe { _mm512_loadu_ps(row.add(start)) };
                squares[half] = _mm512_fmadd_ps(values, values, squares[half]);
                for (query, sums) in sums.iter_mut().enumerate() {
                    // SAFETY: as above, within query vector `query`.
                    let factors = unsafe { _mm512_loadu_ps(queries.add(query * dimensions + start)) };
                    sums[half] = _mm512_fmadd_ps(values, factors, sums[half]);
                }
            }
            at += 2 * LANES;
        }
        if at < dimensions {
            for half in 0..2 {
                let start = at + half * LANES;
                let left = dimensions.saturating_sub(start).min(LANES);
                let mask = ((1u32 << left) - 1) as __mmask16;
                // SAFETY: masked loads touch only the `left` numbers that exist; `start` exceeds
                // the row only with an empty mask, and `wrapping_add` allows that.
                let values = unsafe { _mm512_maskz_loadu_ps(mask, row.wrapping_add(start)) };
                squares[half] = _mm512_fmadd_ps(values, values, squares[half]);
                for (query, sums) in sums.iter_mut().enumerate() {
                    let pointer = queries.wrapping_add(query * dimensions + start);
                    // SAFETY: as above, within query vector `query`.
                    let factors = unsafe { _mm512_maskz_loadu_ps(mask, pointer) };
                    sums[half] = _mm512_fmadd_ps(values, factors, sums[half]);
                }
            }
        }
        let total = |halves: [__m512; 2]| _mm512_reduce_add_ps(_mm512_add_ps(halves[0], halves[1]));
        let mut dots = [0.0; M];
        for (dot, sums) in dots.iter_mut().zip(sums) {
            *dot = total(sums);
        }
        (dots, total(squares))
    }

    /// # Safety
    /// The machine has AVX2 and FMA; `queries` holds M vectors of `row.len() / 4` numbers.
    #[target_feature(enable = "avx2,fma")]
    pub(super) unsafe fn avx2<const M: usize>(row: &[u8], queries: &[f32]) -> ([f32; M], f32) {
        const LANES: usize = 8;
        let dimensions = row.len() / 4;
        let row = row.as_ptr().cast::<f32>();
        let queries = queries.as_ptr();
        let mut sums = [[_mm256_setzero_ps(); 2]; M];
        let mut squares = [_mm256_setzero_ps(); 2];
        let mut at = 0;
        while at + 2 * LANES <= dimensions {
            for half in 0..2 {
                let start = at + half * LANES;
                // SAFETY: `start + LANES` is at most `dimensions`, in the row and in each vector.
                let values = unsafe { _mm256_loadu_ps(row.add(start)) };
                squares[half] = _mm256_fmadd_ps(values, values, squares[half]);
                for (query, sums) in sums.iter_mut().enumerate() {
                    // SAFETY: as above, within query vector `query`.
                    let factors = unsafe { _mm256_loadu_ps(queries.add(query * dimensions + start)) };
                    sums[half] = _mm256_fmadd_ps(values, factors, sums[half]);
                }
            }
            at += 2 * LANES;
        }
        if at < dimensions {
            for half in 0..2 {
                let start = at + half * LANES;
                let left = dimensions.saturating_sub(start).min(LANES) as i32;
                let lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
                let mask = _mm256_cmpgt_epi32(_mm256_set1_epi32(left), lanes);
                // SAFETY: masked loads touch only the `left` numbers that exist; `start` exceeds
                // the row only with an empty mask, and `wrapping_add` allows that.
                let values = unsafe { _mm256_maskload_ps(row.wrapping_add(start), mask) };
                squares[half] = _mm256_fmadd_ps(values, values, squares[half]);
                for (query, sums) in sums.iter_mut().enumerate() {
                    let pointer = queries.wrapping_add(query * dimensions + start);
                    // SAFETY: as above, within query vector `query`.
                    let factors = unsafe { _mm256_maskload_ps(pointer, mask) };
                    sums[half] = _mm256_fmadd_ps(values, factors, sums[half]);
                }
            }
        }
        let mut dots = [0.0; M];
        for (dot, [first, second]) in dots.iter_mut().zip(sums) {
            *dot = horizontal_sum(_mm256_add_ps(first, second));
        }
        (dots, horizontal_sum(_mm256_add_ps(squares[0], squares[1])))
    }

    /// Writes the function that finds the largest of a combination of three slices, full vectors
    /// first; what is left over goes through the same operations one by one.
    macro_rules! largest_of {
        ($name:ident, $features:literal, $lanes:literal, $load:ident, $max:ident, $set:ident, $store:ident,
         $combine:expr, $combine_one:expr) => {
            /// # Safety
            /// The machine has the features named; the three slices have one length.
            #[target_feature(enable = $features)]
            pub(super) unsafe fn $name(x: &[f32], y: &[f32], z: &[f32]) -> f32 {
                let whole = x.len() / $lanes * $lanes;
                let mut most = $set(f32::NEG_INFINITY);
                for at in (0..whole).step_by($lanes) {
                    // SAFETY: `at + lanes` is at most `whole`, within all three slices.
                    let (x, y, z) = unsafe {
                        ($load(x.as_ptr().add(at)), $load(y.as_ptr().add(at)), $load(z.as_ptr().add(at)))
                    };
                    most = $max(most, $combine(x, y, z));
                }
                let mut lanes = [0.0f32; $lanes];
                // SAFETY: the array has as many numbers as the vector.
                unsafe { $store(lanes.as_mut_ptr(), most) };
                let rest = (whole..x.len()).map(|at| $combine_one(x[at], y[at], z[at]));
                crate::vectors::kernels::largest(lanes.into_iter().chain(rest))
            }
        };
    }

    largest_of!(
        largest_sum_avx512,
        "avx512f",
        16,
        _mm512_loadu_ps,
        _mm512_max_ps,
        _mm512_set1_ps,
        _mm512_storeu_ps,
        |x, y, z| _mm512_add_ps(_mm512_sub_ps(x, y), z),
        |x: f32, y: f32, z: f32| (x - y) + z
    );
    largest_of!(
        largest_product_avx512,
        "avx512f",
        16,
        _mm512_loadu_ps,
        _mm512_max_ps,
        _mm512_set1_ps,
        _mm512_storeu_ps,
        |x, y, z| _mm512_mul_ps(_mm512_mul_ps(x, y), z),
        |x: f32, y: f32, z: f32| x * y * z
    );
    largest_of!(
        largest_sum_avx2,
        "avx2",
        8,
        _mm256_loadu_ps,
        _mm256_max_ps,
        _mm256_set1_ps,
        _mm256_storeu_ps,
        |x, y, z| _mm256_add_ps(_mm256_sub_ps(x, y), z),
        |x: f32, y: f32, z: f32| (x - y) + z
    );
    largest_of!(
        largest_product_avx2,
        "avx2",
        8,
        _mm256_loadu_ps,
        _mm256_max_ps,
        _mm256_set1_ps,
        _mm256_storeu_ps,
        |x, y, z| _mm256_mul_ps(_mm256_mul_ps(x, y), z),
        |x: f32, y: f32, z: f32| x * y * z
    );

    #[target_feature(enable = "avx2")]
    fn horizontal_sum(lanes: __m256) -> f32 {
        let four = _mm_add_ps(_mm256_castps256_ps128(lanes), _mm256_extractf128_ps::<1>(lanes));
        let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
        _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps::<1>(two, two)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(count: usize, seed: u32) -> Vec<f32> {
        let mut state = seed;
        (0..count)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 8) as f32 / (1 << 23) as f32 - 1.0
            })
            .collect()
    }

    #[test]
    fn every_kernel_stays_within_the_bound_at_every_length_and_alignment() {
        for dimensions in (0..70).chain([300, 1023]) {
            let values = numbers(dimensions, 7);
            for queries in 0..=5 {
                let vectors = numbers(dimensions * queries, 11);
                for shift in 0..4 {
                    let mut bytes = vec![0xFF; shift];
                    bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
                    for kernel in Kernel::available() {
                        let mut dots = vec![f32::NAN; queries];
                        let squared = kernel.dots(&bytes[shift..], &vectors, &mut dots);
                        check(&values, &values, squared);
                        for (query, &dot) in dots.iter().enumerate() {
                            check(&values, &vectors[query * dimensions..][..dimensions], dot);
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn the_largest_is_the_same_on_every_kernel() {
        for length in [0, 1, 7, 8, 15, 16, 17, 40, 256] {
            let (x, y, z) = (numbers(length, 1), numbers(length, 2), numbers(length, 3));
            let sums = (0..length).map(|i| (x[i] - y[i]) + z[i]).fold(f32::NEG_INFINITY, f32::max);
            let products = (0..length).map(|i| x[i] * y[i] * z[i]).fold(f32::NEG_INFINITY, f32::max);
            for kernel in Kernel::available() {
                assert_eq!(kernel.largest_sum(&x, &y, &z), sums);
                assert_eq!(kernel.largest_product(&x, &y, &z), products);
            }
        }
    }

    fn check(left: &[f32], right: &[f32], computed: f32) {
        let dot = |x: &[f32], y: &[f32]| -> f64 {
            x.iter().zip(y).map(|(&x, &y)| f64::from(x) * f64::from(y)).sum()
        };
        let scale = (dot(left, left) * dot(right, right)).sqrt();
        let error = (f64::from(computed) - dot(left, right)).abs();
        assert!(error <= relative_error(left.len()) * scale, "off by {error} of {scale}");
    }
}
