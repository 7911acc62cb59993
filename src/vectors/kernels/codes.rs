//! Products of i8 codes with 15-bit integers: exact in i32, whatever the machine.
//!
//! [`CodedQuery`] sees to it that the product of any row fits; sums on the way may wrap.

use super::integers::Integers;
use super::query::CodedQuery;

/// Queries that one pass over a row takes along.
pub(super) const GROUP: usize = 3;

/// The instruction set that the products run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IntegerKernel(Integers);

impl IntegerKernel {
    /// The fastest that this machine runs.
    pub fn detect() -> Self {
        Self(Integers::detect())
    }

    /// Writes the product of every row of `codes` with every query to `products`: those of the first
    /// query one after the other, then those of the second.
    ///
    /// # Panics
    /// When `codes` are no whole rows of the queries' length, or `products` has not a number for each.
    pub fn products(self, codes: &[i8], queries: &[CodedQuery], products: &mut [i32]) {
        let Some(first) = queries.first() else { return };
        let dimensions = first.integers.len();
        let rows = codes.len() / dimensions.max(1);
        assert_eq!(codes.len(), rows * dimensions, "whole rows");
        assert!(queries.iter().all(|query| query.integers.len() == dimensions), "queries of one length");
        assert_eq!(products.len(), rows * queries.len(), "a product for each");
        for (queries, products) in queries.chunks(GROUP).zip(products.chunks_mut((rows * GROUP).max(1))) {
            match queries {
                [one] => self.group([one], codes, products),
                [one, two] => self.group([one, two], codes, products),
                [one, two, three] => self.group([one, two, three], codes, products),
                _ => {}
            }
        }
    }

    fn group<const M: usize>(self, queries: [&CodedQuery; M], codes: &[i8], products: &mut [i32]) {
        match self.0 {
            Integers::Plain => plain(queries, codes, products),
            // SAFETY: `detect` hands this level out only where AVX2 was detected; `products` has
            // checked that rows and queries have one length.
            #[cfg(target_arch = "x86_64")]
            Integers::Avx2 => unsafe { x86::avx2(queries, codes, products) },
            // SAFETY: as above, for AVX-512 F, BW and VNNI.
            #[cfg(target_arch = "x86_64")]
            Integers::Vnni => unsafe { x86::vnni(queries, codes, products) },
        }
    }
}

fn plain<const M: usize>(queries: [&CodedQuery; M], codes: &[i8], products: &mut [i32]) {
    let dimensions = queries[0].integers.len();
    let rows = codes.len() / dimensions;
    for (row, codes) in codes.chunks_exact(dimensions).enumerate() {
        for (query, products) in queries.iter().zip(products.chunks_mut(rows)) {
            let terms = codes.iter().zip(&query.integers);
            let term = |(&code, &integer): (&i8, &i16)| i32::from(code) * i32::from(integer);
            products[row] = terms.map(term).fold(0, i32::wrapping_add);
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use super::CodedQuery;
    use crate::vectors::kernels::query::PADDING;

    /// `vpdpbusd` multiplies unsigned with signed bytes, so codes are raised by 128 and 128 times the
    /// sum of the query is taken off at the end.
    ///
    /// # Safety
    /// The machine has AVX-512 F, BW and VNNI; `codes` are whole rows of the queries' length.
    #[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
    pub(super) unsafe fn vnni<const M: usize>(queries: [&CodedQuery; M], codes: &[i8], products: &mut [i32]) {
        let dimensions = queries[0].integers.len();
        let rows = codes.len() / dimensions;
        let (whole, rest) = (dimensions / PADDING * PADDING, dimensions % PADDING);
        let mask = (1u64 << rest) - 1;
        let raised = _mm512_set1_epi8(i8::MIN);
        for row in 0..rows {
            let codes = codes[row * dimensions..].as_ptr();
            let mut sums = [[_mm512_setzero_si512(); 2]; M];
            let mut add = |at: usize, codes: __m512i| {
                let codes = _mm512_xor_si512(codes, raised);
                for (query, [high, low]) in queries.iter().zip(&mut sums) {
                    // SAFETY: both halves are padded to a multiple of 64, and `at` is below their length.
                    let halves = unsafe {
                        let high = _mm512_loadu_si512(query.high.as_ptr().add(at).cast());
                        (high, _mm512_loadu_si512(query.low.as_ptr().add(at).cast()))
                    };
                    *high = _mm512_dpbusd_epi32(*high, codes, halves.0);
                    *low = _mm512_dpbusd_epi32(*low, codes, halves.1);
                }
            };
            let mut at = 0;
            while at < whole {
                // SAFETY: `at + 64` is at most the row's length.
                add(at, unsafe { _mm512_loadu_si512(codes.add(at).cast()) });
                at += PADDING;
            }
            if rest > 0 {
                // SAFETY: a masked load touches only the `rest` codes that are left.
                add(at, unsafe { _mm512_maskz_loadu_epi8(mask, codes.add(at)) });
            }
            for (index, [high, low]) in sums.into_iter().enumerate() {
                let both = _mm512_add_epi32(_mm512_slli_epi32::<7>(high), low);
                let raised = queries[index].sum.wrapping_mul(128);
                products[index * rows + row] = _mm512_reduce_add_epi32(both).wrapping_sub(raised);
            }
        }
    }

    /// Codes are widened to i16: `vpmaddubsw`, which is faster, would saturate.
    ///
    /// # Safety
    /// The machine has AVX2; `codes` are whole rows of the queries' length.
    #[target_feature(enable = "avx2")]
    pub(super) unsafe fn avx2<const M: usize>(queries: [&CodedQuery; M], codes: &[i8], products: &mut [i32]) {
        const LANES: usize = 16;
        let dimensions = queries[0].integers.len();
        let rows = codes.len() / dimensions;
        let whole = dimensions / LANES * LANES;
        for row in 0..rows {
            let codes = &codes[row * dimensions..(row + 1) * dimensions];
            let mut sums = [_mm256_setzero_si256(); M];
            let mut at = 0;
            while at < whole {
                // SAFETY: `at + 16` is at most the row's length, which is the queries'.
                let wide = unsafe { _mm256_cvtepi8_epi16(_mm_loadu_si128(codes.as_ptr().add(at).cast())) };
                for (query, sum) in queries.iter().zip(&mut sums) {
                    // SAFETY: as above.
                    let integers = unsafe { _mm256_loadu_si256(query.integers.as_ptr().add(at).cast()) };
                    *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(wide, integers));
                }
                at += LANES;
            }
            for (index, sum) in sums.into_iter().enumerate() {
                let mut lanes = [0i32; 8];
                // SAFETY: the array has as many numbers as the vector.
                unsafe { _mm256_storeu_si256(lanes.as_mut_ptr().cast(), sum) };
                let rest = codes[whole..].iter().zip(&queries[index].integers[whole..]);
                let rest = rest.map(|(&code, &integer)| i32::from(code) * i32::from(integer));
                products[index * rows + row] = lanes.into_iter().chain(rest).fold(0, i32::wrapping_add);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vectors::kernels::noise::bits;

    /// Every instruction set gives the plain integers, at lengths around every border, with the largest
    /// codes that there are.
    #[test]
    fn all_kernels_give_the_same_integers() {
        let mut state = 5;
        for dimensions in [1, 2, 15, 16, 17, 63, 64, 65, 100, 127, 128, 300, 1024, 4096] {
            let rows = 5;
            let mut codes: Vec<i8> =
                (0..rows * dimensions).map(|_| (bits(&mut state) % 256) as u8 as i8).collect();
            codes[..dimensions].fill(127);
            let mut vector =
                || -> Vec<f32> { (0..dimensions).map(|_| bits(&mut state) as f32 - 1e9).collect() };
            let mut vectors: Vec<Vec<f32>> = (0..4).map(|_| vector()).collect();
            vectors[0].fill(1.0);
            let coded = |vector: &Vec<f32>| {
                let length = vector.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>().sqrt();
                CodedQuery::new(vector, length)
            };
            let queries: Vec<CodedQuery> = vectors.iter().map(coded).collect();
            let mut expected = Vec::new();
            for query in &queries {
                for codes in codes.chunks_exact(dimensions) {
                    let terms = codes.iter().zip(&query.integers);
                    let sum: i64 = terms.map(|(&c, &p)| i64::from(c) * i64::from(p)).sum();
                    expected.push(i32::try_from(sum).expect("the product fits"));
                }
            }
            for kernel in Integers::detect().and_slower().into_iter().map(IntegerKernel) {
                for count in 1..=queries.len() {
                    let mut products = vec![0; rows * count];
                    kernel.products(&codes, &queries[..count], &mut products);
                    assert_eq!(products, expected[..rows * count], "{kernel:?} {dimensions} {count}");
                }
            }
        }
    }
}
