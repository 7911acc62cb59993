//! Rows of quantised weights times one vector, as they lie in the file: no number of the weights is
//! written to memory as f32.
//!
//! A token that is generated multiplies every weight once, so what is read decides how long it takes:
//! 5 bits a number instead of 32. The codes become f32 in registers and are multiplied as f32, so the
//! result is that of [`dequantise`](super::blocks::dequantise) up to the order of sums. With AVX-512; elsewhere
//! rows are dequantised a few at a time.

use ndarray::{Array2, ArrayView2, Axis};
use rayon::prelude::*;

use super::blocks::BlockType;

/// Numbers that share a sum in a [`Vector`].
const GROUP: usize = 32;

/// Weights that one task of a product reads: some microseconds of work.
const WEIGHTS_OF_A_TASK: usize = 1 << 17;

/// More rows than this are faster multiplied with dequantised weights.
const FEW: usize = 4;

/// Whether [`linear`] has a product of so many rows with such weights on this machine.
pub fn suits(block: BlockType, rows: usize) -> bool {
    use BlockType::{Q4_0, Q4_1, Q4K, Q5_0, Q5_1, Q5K, Q6K, Q8_0};
    let is_known = matches!(block, Q4_0 | Q4_1 | Q5_0 | Q5_1 | Q8_0 | Q4K | Q5K | Q6K);
    #[cfg(target_arch = "x86_64")]
    let available = pulp::x86::V4::try_new().is_some();
    #[cfg(not(target_arch = "x86_64"))]
    let available = false;
    available && is_known && rows <= FEW
}

/// `x weightᵀ + bias` for `x` `[T, in]`, `bytes` that hold the weights `[out, in]` in blocks, and `bias`,
/// of `outputs` numbers or none.
///
/// # Panics
/// Where [`suits`] says no; when `bytes` are not as many as `outputs` rows take.
pub fn linear(
    block: BlockType,
    bytes: &[u8],
    x: ArrayView2<'_, f32>,
    outputs: usize,
    bias: &[f32],
) -> Array2<f32> {
    let row = block.bytes_of(x.ncols());
    assert_eq!(bytes.len(), outputs * row, "bytes of {outputs} rows of blocks");
    let vectors: Vec<Vector> = x.outer_iter().map(|row| Vector::new(row.to_vec())).collect();
    let mut out = Array2::zeros((x.nrows(), outputs));
    let rows_of_a_task = (WEIGHTS_OF_A_TASK / x.ncols().max(1)).max(1);
    let tasks = out.axis_chunks_iter_mut(Axis(1), rows_of_a_task).into_par_iter().enumerate();
    tasks.for_each(|(task, mut out)| {
        let first = task * rows_of_a_task;
        let bytes = &bytes[first * row..][..out.ncols() * row];
        for (vector, mut out) in vectors.iter().zip(out.outer_iter_mut()) {
            let out = out.as_slice_mut().expect("a row of a new array");
            multiply(block, bytes, vector, out);
            out.iter_mut().zip(bias.get(first..).unwrap_or(&[])).for_each(|(out, bias)| *out += bias);
        }
    });
    out
}

/// A vector that many rows are multiplied with, and the sum of each 32 of its numbers: what a block adds to
/// all of its codes is multiplied with the sum.
#[derive(Debug)]
struct Vector {
    numbers: Vec<f32>,
    sums: Vec<f32>,
}

impl Vector {
    /// Whose length is a multiple of the numbers in a block.
    fn new(numbers: Vec<f32>) -> Self {
        let sums = numbers.as_chunks::<GROUP>().0.iter().map(|group| group.iter().sum()).collect();
        Self { numbers, sums }
    }
}

/// Writes the product of every row of blocks in `bytes` with `x` into `out`.
fn multiply(block: BlockType, bytes: &[u8], x: &Vector, out: &mut [f32]) {
    #[cfg(target_arch = "x86_64")]
    wide::multiply(block, bytes, x, out);
    #[cfg(not(target_arch = "x86_64"))]
    unreachable!("no products of {block:?} here: {} bytes, {x:?}, {} rows", bytes.len(), out.len());
}

#[cfg(target_arch = "x86_64")]
mod wide {
    use pulp::x86::V4;
    use pulp::{Simd, cast, f32x16, i32x16};

    use crate::model::gguf::blocks::{BlockType, scale_and_minimum};
    use crate::model::gguf::products::{GROUP, Vector};

    /// The numbers of a group.
    type Group = [f32; GROUP];

    /// As [`super::multiply`].
    pub(super) fn multiply(block: BlockType, bytes: &[u8], x: &Vector, out: &mut [f32]) {
        let simd = V4::try_new().expect("who multiplies asked before");
        /// Calls a method with every block of every row. A macro, for the reason that `dequantise` has.
        macro_rules! each {
            ($one:ident) => {{
                let groups = x.numbers.as_chunks::<GROUP>().0;
                let row = block.bytes_of(x.numbers.len());
                simd.vectorize(
                    #[inline(always)]
                    || {
                        for (bytes, out) in bytes.chunks_exact(row).zip(out) {
                            let mut sum = Sum { simd, products: simd.splat_f32x16(0.0), constants: 0.0 };
                            let others = groups.as_chunks().0.iter().zip(x.sums.as_chunks().0);
                            for (block, (x, sums)) in bytes.as_chunks().0.iter().zip(others) {
                                sum.$one(block, x, sums);
                            }
                            *out = simd.reduce_sum_f32s(sum.products) + sum.constants;
                        }
                    },
                )
            }};
        }
        match block {
            BlockType::Q4_0 => each!(q4_0),
            BlockType::Q4_1 => each!(q4_1),
            BlockType::Q5_0 => each!(q5_0),
            BlockType::Q5_1 => each!(q5_1),
            BlockType::Q8_0 => each!(q8_0),
            BlockType::Q4K => each!(q4_k),
            BlockType::Q5K => each!(q5_k),
            BlockType::Q6K => each!(q6_k),
            _ => unreachable!("who multiplies asked before"),
        }
    }

    /// What a row comes to so far. The layouts are those of [`blocks`](crate::model::gguf::blocks).
    struct Sum {
        simd: V4,
        /// Of codes and numbers, in 16 lanes.
        products: f32x16,
        /// Of what blocks add to all of their codes.
        constants: f32,
    }

    impl Sum {
        #[inline(always)]
        fn q4_0(&mut self, block: &[u8; 18], x: &[Group; 1], _: &[f32; 1]) {
            let [scale] = self.halves(block);
            let codes = self.bytes(&block[2..]);
            self.add([self.less(self.low(codes), 8), self.less(self.high(codes), 8)], scale, &x[0]);
        }

        #[inline(always)]
        fn q4_1(&mut self, block: &[u8; 20], x: &[Group; 1], sums: &[f32; 1]) {
            let [scale, minimum] = self.halves(block);
            let codes = self.bytes(&block[4..]);
            self.add([self.low(codes), self.high(codes)], scale, &x[0]);
            self.constants += minimum * sums[0];
        }

        #[inline(always)]
        fn q5_0(&mut self, block: &[u8; 22], x: &[Group; 1], _: &[f32; 1]) {
            let [scale] = self.halves(block);
            let codes = self.with_fifth_bits(self.bytes(&block[6..]), &block[2..6]);
            self.add(codes.map(|codes| self.less(codes, 16)), scale, &x[0]);
        }

        #[inline(always)]
        fn q5_1(&mut self, block: &[u8; 24], x: &[Group; 1], sums: &[f32; 1]) {
            let [scale, minimum] = self.halves(block);
            let codes = self.with_fifth_bits(self.bytes(&block[8..]), &block[4..8]);
            self.add(codes, scale, &x[0]);
            self.constants += minimum * sums[0];
        }

        #[inline(always)]
        fn q8_0(&mut self, block: &[u8; 34], x: &[Group; 1], _: &[f32; 1]) {
            let [scale] = self.halves(block);
            self.add([self.signed_bytes(&block[2..]), self.signed_bytes(&block[18..])], scale, &x[0]);
        }

        #[inline(always)]
        fn q4_k(&mut self, block: &[u8; 144], x: &[Group; 8], sums: &[f32; 8]) {
            self.k_groups(block, &block[16..], x, sums, |_, _, codes| codes);
        }

        #[inline(always)]
        fn q5_k(&mut self, block: &[u8; 176], x: &[Group; 8], sums: &[f32; 8]) {
            let fifth = [self.bytes(&block[16..]), self.bytes(&block[32..])];
            self.k_groups(block, &block[48..], x, sums, |sum, group, codes| {
                let marked = sum.simd.splat_i32x16(1 << group);
                let with = |codes, fifth| {
                    sum.with_sixteen(
                        codes,
                        sum.simd.avx512f._mm512_test_epi32_mask(cast(fifth), cast(marked)),
                    )
                };
                [with(codes[0], fifth[0]), with(codes[1], fifth[1])]
            });
        }

        /// What Q4_K and Q5_K share; `whole` completes the lower four bits of the codes of a group.
        #[inline(always)]
        fn k_groups(
            &mut self,
            block: &[u8],
            codes: &[u8],
            x: &[Group; 8],
            sums: &[f32; 8],
            whole: impl Fn(&Self, usize, [i32x16; 2]) -> [i32x16; 2],
        ) {
            let [scale, minimum] = self.halves(block);
            let packed = &block[4..16];
            for pair in 0..4 {
                let codes = &codes[GROUP * pair..];
                let codes = [self.bytes(codes), self.bytes(&codes[16..])];
                let halves = [codes.map(|codes| self.low(codes)), codes.map(|codes| self.high(codes))];
                for (side, codes) in halves.into_iter().enumerate() {
                    let group = 2 * pair + side;
                    let (group_scale, group_minimum) = scale_and_minimum(packed, group);
                    self.add(whole(self, group, codes), scale * group_scale, &x[group]);
                    self.constants -= minimum * group_minimum * sums[group];
                }
            }
        }

        #[inline(always)]
        fn q6_k(&mut self, block: &[u8; 210], x: &[Group; 8], _: &[f32; 8]) {
            let [scale] = self.halves(&block[208..]);
            for half in 0..2 {
                let (low, high) = (&block[64 * half..], &block[128 + 32 * half..]);
                for side in 0..2 {
                    let (first, last) = (self.bytes(&low[16 * side..]), self.bytes(&low[32 + 16 * side..]));
                    let low = [self.low(first), self.low(last), self.high(first), self.high(last)];
                    let top = self.top_bits(self.bytes(&high[16 * side..]));
                    for (part, (low, top)) in low.into_iter().zip(top).enumerate() {
                        let codes = self.less(self.either(low, top), 32);
                        let step = f32::from(block[192 + 8 * half + side + 2 * part] as i8);
                        let numbers: [f32x16; 2] = cast(x[4 * half + part]);
                        let products = self.simd.mul_f32x16(self.floats(codes), numbers[side]);
                        self.add_times(products, scale * step);
                    }
                }
            }
        }

        /// Adds `step` times the products of 32 codes and numbers.
        #[inline(always)]
        fn add(&mut self, codes: [i32x16; 2], step: f32, x: &Group) {
            let [first, last]: [f32x16; 2] = cast(*x);
            let products = self.simd.mul_f32x16(self.floats(codes[0]), first);
            let products = self.simd.mul_add_f32x16(self.floats(codes[1]), last, products);
            self.add_times(products, step);
        }

        #[inline(always)]
        fn add_times(&mut self, products: f32x16, step: f32) {
            let step = self.simd.splat_f32x16(step);
            self.products = self.simd.mul_add_f32x16(products, step, self.products);
        }

        /// The 16-bit floats that `bytes` begin with.
        #[inline(always)]
        fn halves<const N: usize>(&self, bytes: &[u8]) -> [f32; N] {
            let mut halves = [0u16; 16];
            for (half, bytes) in halves[..N].iter_mut().zip(bytes.as_chunks().0) {
                *half = u16::from_le_bytes(*bytes);
            }
            let floats: [f32; 16] = cast(self.simd.avx512f._mm512_maskz_cvtph_ps((1 << N) - 1, cast(halves)));
            *floats.first_chunk().expect("at most 16")
        }

        /// The first 16 of `bytes`.
        #[inline(always)]
        fn bytes(&self, bytes: &[u8]) -> i32x16 {
            cast(self.simd.avx512f._mm512_cvtepu8_epi32(cast(sixteen(bytes))))
        }

        #[inline(always)]
        fn signed_bytes(&self, bytes: &[u8]) -> i32x16 {
            cast(self.simd.avx512f._mm512_cvtepi8_epi32(cast(sixteen(bytes))))
        }

        #[inline(always)]
        fn low(&self, codes: i32x16) -> i32x16 {
            self.simd.and_i32x16(codes, self.simd.splat_i32x16(0xF))
        }

        #[inline(always)]
        fn high(&self, codes: i32x16) -> i32x16 {
            cast(self.simd.avx512f._mm512_srli_epi32::<4>(cast(codes)))
        }

        #[inline(always)]
        fn less(&self, codes: i32x16, by: i32) -> i32x16 {
            let by = self.simd.splat_i32x16(by);
            cast(self.simd.avx512f._mm512_sub_epi32(cast(codes), cast(by)))
        }

        /// Low and high halves of 16 bytes, each with its fifth bit from four bytes.
        #[inline(always)]
        fn with_fifth_bits(&self, codes: i32x16, bits: &[u8]) -> [i32x16; 2] {
            let bits = |at: usize| u16::from_le_bytes([bits[at], bits[at + 1]]);
            [self.with_sixteen(self.low(codes), bits(0)), self.with_sixteen(self.high(codes), bits(2))]
        }

        /// Sets the fifth bit of the marked codes.
        #[inline(always)]
        fn with_sixteen(&self, codes: i32x16, marked: u16) -> i32x16 {
            let sixteen = self.simd.splat_i32x16(16);
            cast(self.simd.avx512f._mm512_mask_or_epi32(cast(codes), marked, cast(codes), cast(sixteen)))
        }

        /// Bits 0 and 1, 2 and 3, 4 and 5, 6 and 7 of 16 bytes, as bits 4 and 5.
        #[inline(always)]
        fn top_bits(&self, bytes: i32x16) -> [i32x16; 4] {
            let (bytes, avx512f) = (cast(bytes), self.simd.avx512f);
            let shifted = [
                avx512f._mm512_slli_epi32::<4>(bytes),
                avx512f._mm512_slli_epi32::<2>(bytes),
                bytes,
                avx512f._mm512_srli_epi32::<2>(bytes),
            ];
            shifted.map(|bits| self.simd.and_i32x16(cast(bits), self.simd.splat_i32x16(0x30)))
        }

        #[inline(always)]
        fn either(&self, codes: i32x16, others: i32x16) -> i32x16 {
            cast(self.simd.avx512f._mm512_or_si512(cast(codes), cast(others)))
        }

        #[inline(always)]
        fn floats(&self, codes: i32x16) -> f32x16 {
            cast(self.simd.avx512f._mm512_cvtepi32_ps(cast(codes)))
        }
    }

    #[inline(always)]
    fn sixteen(bytes: &[u8]) -> [u8; 16] {
        *bytes.first_chunk().expect("16 codes")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::gguf::blocks::dequantise;
    use crate::random::Random;

    /// Every block type, and where its 16-bit scales are.
    const BLOCKS: [(BlockType, &[usize]); 8] = [
        (BlockType::Q4_0, &[0]),
        (BlockType::Q4_1, &[0, 2]),
        (BlockType::Q5_0, &[0]),
        (BlockType::Q5_1, &[0, 2]),
        (BlockType::Q8_0, &[0]),
        (BlockType::Q4K, &[0, 2]),
        (BlockType::Q5K, &[0, 2]),
        (BlockType::Q6K, &[208]),
    ];

    #[test]
    fn a_product_is_that_of_the_dequantised_rows() {
        if !suits(BlockType::Q4_0, FEW) {
            return;
        }
        let mut random = Random::new(7);
        let (texts, rows, width) = (3, 150, 768);
        let x = Array2::from_shape_simple_fn((texts, width), || random.normal() as f32);
        let bias: Vec<f32> = (0..rows).map(|_| random.normal() as f32).collect();
        for (block, scales) in BLOCKS {
            let bytes = (0..block.bytes_of(rows * width)).map(|_| random.below(256) as u8);
            let mut bytes: Vec<u8> = bytes.collect();
            for bytes in bytes.chunks_exact_mut(block.bytes()) {
                // Finite and near one another.
                scales.iter().for_each(|&at| bytes[at + 1] = 0x24 | bytes[at + 1] & 0x83);
            }
            let found = linear(block, &bytes, x.view(), rows, &bias);
            let mut weights = Array2::zeros((rows, width));
            dequantise(block, &bytes, weights.as_slice_mut().expect("a new array"));
            for ((text, row), &found) in found.indexed_iter() {
                let products = weights.row(row).into_iter().zip(x.row(text));
                let products = products.map(|(&w, &x)| f64::from(w) * f64::from(x));
                let (sum, size) = products.fold((0.0, 0.0), |(sum, size), one| (sum + one, size + one.abs()));
                let expected = sum + f64::from(bias[row]);
                assert!((f64::from(found) - expected).abs() <= 1e-6 * size, "{block:?}: {found}, {expected}");
            }
            let plain = linear(block, &bytes, x.view(), rows, &[]);
            assert_eq!(plain[[1, 149]] + bias[149], found[[1, 149]], "{block:?} without a bias");
        }
    }
}
