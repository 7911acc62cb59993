//! The block types of GGUF: how many bytes they take and how they become f32.
//!
//! A block holds a fixed count of numbers as small integers with a scale (and, in some, a minimum)
//! of their own. Layouts as in ggml's `ggml-common.h` and `ggml-quants.c` (`dequantize_row_*`).

use crate::elementary::{from_half, vectorised};

/// A block type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockType {
    /// 32 numbers: scale, 4-bit codes around 8.
    Q4_0,
    /// 32 numbers: scale, minimum, 4-bit codes.
    Q4_1,
    /// 32 numbers: scale, 5-bit codes around 16.
    Q5_0,
    /// 32 numbers: scale, minimum, 5-bit codes.
    Q5_1,
    /// 32 numbers: scale, 8-bit codes.
    Q8_0,
    /// 32 numbers: scale, 4-bit places in a table.
    Iq4Nl,
    /// 32 numbers: a power of two, 4-bit floats (MXFP4 of the Open Compute Project).
    Mxfp4,
    /// 256 numbers: 16 groups with 4-bit scales and minima, 2-bit codes.
    Q2K,
    /// 256 numbers: 16 groups with 6-bit scales, 3-bit codes.
    Q3K,
    /// 256 numbers: 8 groups with 6-bit scales, 4-bit places in a table.
    Iq4Xs,
    /// 256 numbers: 8 groups with 6-bit scales and minima, 4-bit codes.
    Q4K,
    /// 256 numbers: 8 groups with 6-bit scales and minima, 5-bit codes.
    Q5K,
    /// 256 numbers: 16 groups with 8-bit scales, 6-bit codes.
    Q6K,
}

impl BlockType {
    /// Numbers in a block.
    pub fn numbers(self) -> usize {
        match self {
            Self::Q2K | Self::Q3K | Self::Iq4Xs | Self::Q4K | Self::Q5K | Self::Q6K => 256,
            _ => 32,
        }
    }

    /// Bytes of a block.
    pub fn bytes(self) -> usize {
        match self {
            Self::Q4_0 => 2 + 16,
            Self::Q4_1 => 4 + 16,
            Self::Q5_0 => 2 + 4 + 16,
            Self::Q5_1 => 4 + 4 + 16,
            Self::Q8_0 => 2 + 32,
            Self::Iq4Nl => 2 + 16,
            Self::Mxfp4 => 1 + 16,
            Self::Q2K => 16 + 64 + 4,
            Self::Q3K => 32 + 64 + 12 + 2,
            Self::Iq4Xs => 4 + 4 + 128,
            Self::Q4K => 4 + 12 + 128,
            Self::Q5K => 4 + 12 + 32 + 128,
            Self::Q6K => 128 + 64 + 16 + 2,
        }
    }

    /// Bytes of `numbers` numbers, a multiple of [`BlockType::numbers`].
    pub fn bytes_of(self, numbers: usize) -> usize {
        numbers / self.numbers() * self.bytes()
    }
}

/// Calls a function with every block and the place of its numbers. A macro, so that the function is
/// compiled into the loop: through a parameter it would be called, with the plain instructions.
macro_rules! each {
    ($one:ident, $bytes:expr, $out:expr) => {{
        let (blocks, numbers) = ($bytes.as_chunks().0, $out.as_chunks_mut().0);
        vectorised!(for (block, numbers) in blocks.iter().zip(numbers) {
            // Vectors lie along a block. Across blocks, which the compiler would choose, every byte is
            // fetched alone, and that takes four times as long.
            $one(std::hint::black_box(block), numbers);
        });
    }};
}

/// Writes the numbers of whole blocks into `out`, whose length is a multiple of the block's numbers.
pub fn dequantise(block: BlockType, bytes: &[u8], out: &mut [f32]) {
    match block {
        BlockType::Q4_0 => each!(q4_0, bytes, out),
        BlockType::Q4_1 => each!(q4_1, bytes, out),
        BlockType::Q5_0 => each!(q5_0, bytes, out),
        BlockType::Q5_1 => each!(q5_1, bytes, out),
        BlockType::Q8_0 => each!(q8_0, bytes, out),
        BlockType::Iq4Nl => each!(iq4_nl, bytes, out),
        BlockType::Mxfp4 => each!(mxfp4, bytes, out),
        BlockType::Q2K => each!(q2_k, bytes, out),
        BlockType::Q3K => each!(q3_k, bytes, out),
        BlockType::Iq4Xs => each!(iq4_xs, bytes, out),
        BlockType::Q4K => each!(q4_k, bytes, out),
        BlockType::Q5K => each!(q5_k, bytes, out),
        BlockType::Q6K => each!(q6_k, bytes, out),
    }
}

#[inline(always)]
fn half(bytes: &[u8], at: usize) -> f32 {
    from_half(u16::from_le_bytes([bytes[at], bytes[at + 1]]))
}

#[inline(always)]
fn low(byte: u8) -> i32 {
    i32::from(byte & 0xF)
}

#[inline(always)]
fn high(byte: u8) -> i32 {
    i32::from(byte >> 4)
}

/// N bytes from `at` on. They are copied, so that the compiler knows that no number that is written changes
/// them: else it would write the numbers one by one.
#[inline(always)]
fn copied<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut copy = [0; N];
    copy.copy_from_slice(&bytes[at..at + N]);
    copy
}

/// N numbers by their index, made apart from where they go, for the same reason as in [`copied`].
#[inline(always)]
fn made<const N: usize>(number: impl Fn(usize) -> f32) -> [f32; N] {
    let mut numbers = [0.0; N];
    for (i, place) in numbers.iter_mut().enumerate() {
        *place = number(i);
    }
    numbers
}

/// The first 16 of `out` from the low halves of 16 bytes, the others from the high ones; `number` gets a code
/// and its index.
#[inline(always)]
fn both_halves(codes: [u8; 16], out: &mut [f32; 32], number: impl Fn(i32, usize) -> f32) {
    let (mut first, mut second) = ([0.0; 16], [0.0; 16]);
    for (i, (place, &byte)) in first.iter_mut().zip(&codes).enumerate() {
        *place = number(low(byte), i);
    }
    for (i, (place, &byte)) in second.iter_mut().zip(&codes).enumerate() {
        *place = number(high(byte), i + 16);
    }
    out[..16].copy_from_slice(&first);
    out[16..].copy_from_slice(&second);
}

#[inline(always)]
fn q4_0(bytes: &[u8; 18], out: &mut [f32; 32]) {
    let scale = half(bytes, 0);
    both_halves(copied(bytes, 2), out, |code, _| (code - 8) as f32 * scale);
}

#[inline(always)]
fn q4_1(bytes: &[u8; 20], out: &mut [f32; 32]) {
    let (scale, minimum) = (half(bytes, 0), half(bytes, 2));
    both_halves(copied(bytes, 4), out, |code, _| code as f32 * scale + minimum);
}

/// The fifth bits of 32 codes, from a little-endian u32.
#[inline(always)]
fn fifth_bits(bytes: &[u8], at: usize) -> impl Fn(usize) -> i32 {
    let bits = u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    #[inline(always)]
    move |i| ((bits >> i & 1) << 4) as i32
}

#[inline(always)]
fn q5_0(bytes: &[u8; 22], out: &mut [f32; 32]) {
    let (scale, fifth) = (half(bytes, 0), fifth_bits(bytes, 2));
    both_halves(copied(bytes, 6), out, |code, i| ((code | fifth(i)) - 16) as f32 * scale);
}

#[inline(always)]
fn q5_1(bytes: &[u8; 24], out: &mut [f32; 32]) {
    let (scale, minimum, fifth) = (half(bytes, 0), half(bytes, 2), fifth_bits(bytes, 4));
    both_halves(copied(bytes, 8), out, |code, i| (code | fifth(i)) as f32 * scale + minimum);
}

#[inline(always)]
fn q8_0(bytes: &[u8; 34], out: &mut [f32; 32]) {
    let scale = half(bytes, 0);
    let codes: [u8; 32] = copied(bytes, 2);
    *out = made(|i| f32::from(codes[i] as i8) * scale);
}

/// What the codes of IQ4_NL and IQ4_XS stand for (`kvalues_iq4nl`).
const UNEVEN: [i8; 16] = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];

/// Twice what the 4-bit floats of MXFP4 stand for (`kvalues_mxfp4`).
const FLOATS: [i8; 16] = [0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12];

#[inline(always)]
fn iq4_nl(bytes: &[u8; 18], out: &mut [f32; 32]) {
    let scale = half(bytes, 0);
    both_halves(copied(bytes, 2), out, |code, _| f32::from(UNEVEN[code as usize]) * scale);
}

#[inline(always)]
fn mxfp4(bytes: &[u8; 17], out: &mut [f32; 32]) {
    // 2^(e - 128), half of what the exponent says; the two smallest are not normal.
    let exponent = u32::from(bytes[0]);
    let scale = f32::from_bits(if exponent < 2 { 0x0020_0000 << exponent } else { (exponent - 1) << 23 });
    both_halves(copied(bytes, 1), out, |code, _| f32::from(FLOATS[code as usize]) * scale);
}

/// The 16 groups of Q2_K and Q3_K: of each half of the block 32 bytes of codes, two bits at a time. `number`
/// gets the group, its 16 codes and where they begin in the 32 bytes.
#[inline(always)]
fn two_bits(codes: &[u8], out: &mut [f32; 256], number: impl Fn(usize, [u8; 16], usize) -> [f32; 16]) {
    for (group, out) in out.as_chunks_mut::<16>().0.iter_mut().enumerate() {
        let (of_half, side) = (group / 8, 16 * (group % 2));
        let bytes: [u8; 16] = copied(codes, 32 * of_half + side);
        let places = 2 * (group % 8 / 2);
        *out = number(group, bytes.map(|byte| byte >> places & 3), side);
    }
}

#[inline(always)]
fn q2_k(bytes: &[u8; 84], out: &mut [f32; 256]) {
    let (scale, minimum) = (half(bytes, 80), half(bytes, 82));
    two_bits(&bytes[16..80], out, |group, codes, _| {
        let (step, shift) = (scale * low(bytes[group]) as f32, minimum * high(bytes[group]) as f32);
        made(|i| step * f32::from(codes[i]) - shift)
    });
}

#[inline(always)]
fn q3_k(bytes: &[u8; 110], out: &mut [f32; 256]) {
    let (third_bits, packed, scale) = (&bytes[..32], &bytes[96..108], half(bytes, 108));
    two_bits(&bytes[32..96], out, |group, codes, side| {
        // Four bits of a scale lie in the first 8 bytes, two in the last 4.
        let lower = packed[group % 8] >> (4 * (group / 8)) & 0xF;
        let upper = packed[8 + group % 4] >> (2 * (group / 4)) & 3;
        let step = scale * (i32::from(lower | upper << 4) - 32) as f32;
        let third: [u8; 16] = copied(third_bits, side);
        made(|i| step * (i32::from(codes[i] | (third[i] >> (group / 2) & 1) << 2) - 4) as f32)
    });
}

#[inline(always)]
fn iq4_xs(bytes: &[u8; 136], out: &mut [f32; 256]) {
    let (scale, upper) = (half(bytes, 0), u16::from_le_bytes([bytes[2], bytes[3]]));
    for (group, out) in out.as_chunks_mut::<32>().0.iter_mut().enumerate() {
        let lower = i32::from(bytes[4 + group / 2] >> (4 * (group % 2)) & 0xF);
        let step = scale * (lower + (i32::from(upper >> (2 * group) & 3) << 4) - 32) as f32;
        both_halves(copied(bytes, 8 + 16 * group), out, |code, _| step * f32::from(UNEVEN[code as usize]));
    }
}

/// The 6-bit scale and minimum of group `group` of 8, packed into 12 bytes (`get_scale_min_k4`).
#[inline(always)]
pub(super) fn scale_and_minimum(packed: &[u8], group: usize) -> (f32, f32) {
    let (scale, minimum) = if group < 4 {
        (packed[group] & 63, packed[group + 4] & 63)
    } else {
        (
            packed[group + 4] & 0xF | packed[group - 4] >> 6 << 4,
            packed[group + 4] >> 4 | packed[group] >> 6 << 4,
        )
    };
    (f32::from(scale), f32::from(minimum))
}

#[inline(always)]
fn q4_k(bytes: &[u8; 144], out: &mut [f32; 256]) {
    k_groups(bytes, &bytes[16..144], None, out);
}

#[inline(always)]
fn q5_k(bytes: &[u8; 176], out: &mut [f32; 256]) {
    k_groups(bytes, &bytes[48..176], Some(&bytes[16..48]), out);
}

/// The common layout of Q4_K and Q5_K: pairs of groups share 32 bytes of codes, the first in the
/// low halves, the second in the high ones; group g's fifth bits are bit g of `fifth`.
#[inline(always)]
fn k_groups(bytes: &[u8], codes: &[u8], fifth: Option<&[u8]>, out: &mut [f32; 256]) {
    let (scale, minimum) = (half(bytes, 0), half(bytes, 2));
    let packed = &bytes[4..16];
    for (group, out) in out.as_chunks_mut::<32>().0.iter_mut().enumerate() {
        let (group_scale, group_minimum) = scale_and_minimum(packed, group);
        let (step, shift) = (scale * group_scale, minimum * group_minimum);
        let codes: [u8; 32] = copied(codes, group / 2 * 32);
        let places = 4 * (group % 2);
        let code = |i: usize| i32::from(codes[i] >> places & 0xF);
        *out = match fifth {
            None => made(|i| step * code(i) as f32 - shift),
            Some(fifth) => {
                let fifth: [u8; 32] = copied(fifth, 0);
                let fifth = |i: usize| i32::from(fifth[i] >> group & 1) << 4;
                made(|i| step * (code(i) + fifth(i)) as f32 - shift)
            }
        };
    }
}

#[inline(always)]
fn q6_k(bytes: &[u8; 210], out: &mut [f32; 256]) {
    let (low_bits, rest) = bytes.split_at(128);
    let (high_bits, rest) = rest.split_at(64);
    let (scales, scale) = (&rest[..16], half(rest, 16));
    for (half_block, out) in out.as_chunks_mut::<128>().0.iter_mut().enumerate() {
        let low_bits = &low_bits[half_block * 64..][..64];
        let high_bits = &high_bits[half_block * 32..][..32];
        let scales = &scales[half_block * 8..];
        for (part, out) in out.as_chunks_mut::<32>().0.iter_mut().enumerate() {
            // Parts 0 and 1 are the low halves of the first and the last 32 bytes, 2 and 3 the high ones.
            let low_bits = &low_bits[part % 2 * 32..][..32];
            let (places, top_places) = (part / 2 * 4, 2 * part);
            for (side, out) in out.as_chunks_mut::<16>().0.iter_mut().enumerate() {
                let step = scale * f32::from(scales[side + 2 * part] as i8);
                let (low, high): ([u8; 16], [u8; 16]) =
                    (copied(low_bits, 16 * side), copied(high_bits, 16 * side));
                let code =
                    |i: usize| i32::from(low[i] >> places & 0xF) | i32::from(high[i] >> top_places & 3) << 4;
                *out = made(|i| step * (code(i) - 32) as f32);
            }
        }
    }
}
