//! Products of codes of four bits with integers of eight: exact in i32, whatever the machine.

use super::integers::Integers;
use crate::vectors::planes::code_plane::Coding;
use crate::vectors::planes::int4::{Int4, RAISED_BY};

/// A unit vector q as integers p of eight bits with q = p / scale, and how far that is off.
#[derive(Debug, Clone, PartialEq)]
pub struct ByteQuery {
    /// p of the first and of the second half of the components, padded with zeros to a multiple of
    /// [`PADDING`].
    first: Vec<i8>,
    second: Vec<i8>,
    /// Bytes of a row.
    width: usize,
    /// What the raising of the codes adds to a product.
    raised: i32,
    unit: f64,
    error: f64,
}

/// Bytes that the widest instruction reads.
const PADDING: usize = 64;

impl ByteQuery {
    /// The integers for `vector`, whose length is `length`.
    pub fn new(vector: &[f32], length: f64) -> Self {
        let unit = |&value: &f32| f64::from(value) / length;
        let largest = vector.iter().map(unit).fold(0.0, |largest: f64, value| largest.max(value.abs()));
        let scale = 127.0 / largest.max(f64::MIN_POSITIVE);
        let integers: Vec<i8> = vector.iter().map(|value| (unit(value) * scale).round() as i8).collect();
        let off = |(value, &integer): (&f32, &i8)| (unit(value) - f64::from(integer) / scale).powi(2);
        let error = vector.iter().zip(&integers).map(off).sum::<f64>().sqrt();
        let raised = i32::from(RAISED_BY) * integers.iter().map(|&integer| i32::from(integer)).sum::<i32>();
        let width = Int4::width(vector.len());
        let padded = |half: &[i8]| {
            let mut half = half.to_vec();
            half.resize(width.next_multiple_of(PADDING), 0);
            half
        };
        let (first, second) = integers.split_at(width);
        Self { first: padded(first), second: padded(second), width, raised, unit: 1.0 / scale, error }
    }

    /// What one unit of p is worth.
    pub fn unit(&self) -> f64 {
        self.unit
    }

    /// |q - p / scale|.
    pub fn error(&self) -> f64 {
        self.error
    }
}

/// The instruction set that the products run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HalfByteKernel(Integers);

/// Rows whose sums are brought together at once.
const ROWS: usize = 4;

impl HalfByteKernel {
    /// The fastest that this machine runs.
    pub fn detect() -> Self {
        Self(Integers::detect())
    }

    /// Writes the product of each of the first rows of `codes` with `query`, as many as `products` has
    /// places. What follows those rows may be read, and changes nothing.
    ///
    /// # Panics
    /// When `codes` has fewer rows.
    pub fn products(self, codes: &[u8], query: &ByteQuery, products: &mut [i32]) {
        let width = query.width;
        assert!(codes.len() >= products.len() * width, "codes of every row");
        // Rows that can be read in whole vectors without leaving `codes`.
        let padded = query.first.len();
        let inside = match codes.len() {
            length if length >= padded => ((length - padded) / width.max(1) + 1).min(products.len()),
            _ => 0,
        };
        let (whole, rest) = products.split_at_mut(inside / ROWS * ROWS);
        match self.0 {
            Integers::Plain => plain(codes, query, whole),
            // SAFETY: `detect` hands this level out only where AVX2 was detected; every row of `whole`
            // can be read to the padded length.
            #[cfg(target_arch = "x86_64")]
            Integers::Avx2 => unsafe { x86::avx2(codes, query, whole) },
            // SAFETY: as above, for AVX-512 F, BW and VNNI.
            #[cfg(target_arch = "x86_64")]
            Integers::Vnni => unsafe { x86::vnni(codes, query, whole) },
        }
        plain(&codes[whole.len() * width..], query, rest);
    }
}

fn plain(codes: &[u8], query: &ByteQuery, products: &mut [i32]) {
    if query.width == 0 {
        return products.fill(0);
    }
    for (product, codes) in products.iter_mut().zip(codes.chunks_exact(query.width)) {
        let halves = codes.iter().zip(&query.first).zip(&query.second);
        let term = |((&byte, &first), &second): ((&u8, &i8), &i8)| {
            i32::from(byte & 15) * i32::from(first) + i32::from(byte >> 4) * i32::from(second)
        };
        *product = halves.map(term).sum::<i32>() - query.raised;
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use super::{ByteQuery, ROWS};

    /// A product of an unsigned number of four bits with a signed one of eight is at most 15 * 127, so
    /// eight of them fit into i16 and `vpmaddubsw` never saturates: sums are widened every fourth step.
    ///
    /// # Safety
    /// The machine has AVX2. `products` has a multiple of 4 places; `codes` has the padded length of the
    /// query after the start of each of their rows.
    #[target_feature(enable = "avx2")]
    pub(super) unsafe fn avx2(codes: &[u8], query: &ByteQuery, products: &mut [i32]) {
        const LANES: usize = 32;
        const STEPS: usize = 4;
        let four_bits = _mm256_set1_epi8(15);
        let ones = _mm256_set1_epi16(1);
        for (group, products) in products.chunks_exact_mut(ROWS).enumerate() {
            let mut sums = [_mm256_setzero_si256(); ROWS];
            for from in (0..query.width).step_by(STEPS * LANES) {
                let mut short = [_mm256_setzero_si256(); ROWS];
                let end = query.width.min(from + STEPS * LANES);
                for at in (from..end).step_by(LANES) {
                    // SAFETY: both halves are padded to a multiple of 64, and `at` is below their length.
                    let (first, second) = unsafe {
                        let first = _mm256_loadu_si256(query.first.as_ptr().add(at).cast());
                        (first, _mm256_loadu_si256(query.second.as_ptr().add(at).cast()))
                    };
                    for (row, short) in short.iter_mut().enumerate() {
                        let start = (group * ROWS + row) * query.width + at;
                        // SAFETY: the caller sees to it that a row can be read to the padded length.
                        let both = unsafe { _mm256_loadu_si256(codes.as_ptr().add(start).cast()) };
                        let low = _mm256_and_si256(both, four_bits);
                        let high = _mm256_and_si256(_mm256_srli_epi16::<4>(both), four_bits);
                        let low = _mm256_maddubs_epi16(low, first);
                        let high = _mm256_maddubs_epi16(high, second);
                        *short = _mm256_add_epi16(*short, _mm256_add_epi16(low, high));
                    }
                }
                for (sum, short) in sums.iter_mut().zip(short) {
                    *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(short, ones));
                }
            }
            store(sums, query.raised, products);
        }
    }

    /// # Safety
    /// As [`avx2`], and the machine has AVX-512 F, BW and VNNI.
    #[target_feature(enable = "avx2,avx512f,avx512bw,avx512vnni")]
    pub(super) unsafe fn vnni(codes: &[u8], query: &ByteQuery, products: &mut [i32]) {
        const LANES: usize = 64;
        let four_bits = _mm512_set1_epi8(15);
        for (group, products) in products.chunks_exact_mut(ROWS).enumerate() {
            let mut sums = [_mm512_setzero_si512(); ROWS];
            for at in (0..query.width).step_by(LANES) {
                // SAFETY: both halves are padded to a multiple of 64, and `at` is below their length.
                let (first, second) = unsafe {
                    let first = _mm512_loadu_si512(query.first.as_ptr().add(at).cast());
                    (first, _mm512_loadu_si512(query.second.as_ptr().add(at).cast()))
                };
                for (row, sum) in sums.iter_mut().enumerate() {
                    let start = (group * ROWS + row) * query.width + at;
                    // SAFETY: the caller sees to it that a row can be read to the padded length.
                    let both = unsafe { _mm512_loadu_si512(codes.as_ptr().add(start).cast()) };
                    let high = _mm512_and_si512(_mm512_srli_epi16::<4>(both), four_bits);
                    *sum = _mm512_dpbusd_epi32(*sum, _mm512_and_si512(both, four_bits), first);
                    *sum = _mm512_dpbusd_epi32(*sum, high, second);
                }
            }
            let halved = sums.map(|sum| {
                _mm256_add_epi32(_mm512_castsi512_si256(sum), _mm512_extracti64x4_epi64::<1>(sum))
            });
            store(halved, query.raised, products);
        }
    }

    /// Writes the sum of each of four vectors, less `raised`.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn store(sums: [__m256i; ROWS], raised: i32, products: &mut [i32]) {
        let pairs =
            _mm256_hadd_epi32(_mm256_hadd_epi32(sums[0], sums[1]), _mm256_hadd_epi32(sums[2], sums[3]));
        let four = _mm_add_epi32(_mm256_castsi256_si128(pairs), _mm256_extracti128_si256::<1>(pairs));
        let four = _mm_sub_epi32(four, _mm_set1_epi32(raised));
        let mut found = [0i32; ROWS];
        // SAFETY: the array has as many numbers as the vector.
        unsafe { _mm_storeu_si128(found.as_mut_ptr().cast(), four) };
        products.copy_from_slice(&found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vectors::kernels::noise::{bits, signed};
    use crate::vectors::norms::dot;

    /// Every instruction set gives the plain integers, at lengths around every border, with the largest
    /// codes and the largest numbers that there are.
    #[test]
    fn all_kernels_give_the_same_integers() {
        let mut state = 5;
        for dimensions in [1, 2, 15, 63, 64, 65, 100, 127, 128, 129, 255, 256, 257, 300, 1024, 4096] {
            for rows in [1, 2, 5, 13] {
                let width = Int4::width(dimensions);
                let mut codes: Vec<u8> = (0..rows * width).map(|_| (bits(&mut state) % 256) as u8).collect();
                codes[..width].fill(255);
                let even = vec![1.0; dimensions];
                let any: Vec<f32> = (0..dimensions).map(|_| signed(&mut state) as f32).collect();
                for vector in [even, any] {
                    let query = ByteQuery::new(&vector, dot(&vector, &vector).sqrt());
                    let mut expected = vec![0; rows];
                    plain(&codes, &query, &mut expected);
                    for kernel in Integers::detect().and_slower().into_iter().map(HalfByteKernel) {
                        let mut products = vec![7; rows];
                        kernel.products(&codes, &query, &mut products);
                        assert_eq!(products, expected, "{kernel:?} {dimensions} {rows}");
                        // Some of the rows, with others behind them.
                        kernel.products(&codes, &query, &mut products[..rows / 2]);
                        assert_eq!(products, expected, "{kernel:?} {dimensions} {rows}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_product_is_that_of_the_codes_and_the_integers() {
        // Codes 7, -7, 0 in bytes of 15 | 8 << 4 and 1 | 8 << 4.
        let query = ByteQuery::new(&[1.0, -1.0, 0.5], 1.5);
        let mut product = [0];
        HalfByteKernel::detect().products(&[15 | 8 << 4, 1 | 8 << 4], &query, &mut product);
        assert_eq!(product, [7 * 127 + 7 * 127]);
        assert!((query.unit() - 1.0 / 1.5 / 127.0).abs() < 1e-12 && query.error() < 0.003);
    }
}
