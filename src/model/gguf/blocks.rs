//! The block types of GGUF: how many bytes they take and how they become f32.
//!
//! A block holds a fixed count of numbers as small integers with a scale (and, in some, a minimum)
//! of their own. Layouts as in ggml's `ggml-common.h` and `ggml-quants.c` (`dequantize_row_*`).

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
            Self::Q4K | Self::Q5K | Self::Q6K => 256,
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

/// Writes the numbers of whole blocks into `out`, whose length is a multiple of the block's numbers.
pub fn dequantise(block: BlockType, bytes: &[u8], out: &mut [f32]) {
    let one = match block {
        BlockType::Q4_0 => q4_0,
        BlockType::Q4_1 => q4_1,
        BlockType::Q5_0 => q5_0,
        BlockType::Q5_1 => q5_1,
        BlockType::Q8_0 => q8_0,
        BlockType::Q4K => q4_k,
        BlockType::Q5K => q5_k,
        BlockType::Q6K => q6_k,
    };
    for (bytes, out) in bytes.chunks_exact(block.bytes()).zip(out.chunks_exact_mut(block.numbers())) {
        one(bytes, out);
    }
}

fn half(bytes: &[u8], at: usize) -> f32 {
    half::f16::from_le_bytes([bytes[at], bytes[at + 1]]).to_f32()
}

fn low(byte: u8) -> i32 {
    i32::from(byte & 0xF)
}

fn high(byte: u8) -> i32 {
    i32::from(byte >> 4)
}

fn q4_0(bytes: &[u8], out: &mut [f32]) {
    let scale = half(bytes, 0);
    for (i, &byte) in bytes[2..].iter().enumerate() {
        out[i] = (low(byte) - 8) as f32 * scale;
        out[i + 16] = (high(byte) - 8) as f32 * scale;
    }
}

fn q4_1(bytes: &[u8], out: &mut [f32]) {
    let (scale, minimum) = (half(bytes, 0), half(bytes, 2));
    for (i, &byte) in bytes[4..].iter().enumerate() {
        out[i] = low(byte) as f32 * scale + minimum;
        out[i + 16] = high(byte) as f32 * scale + minimum;
    }
}

/// The fifth bits of 32 codes, from a little-endian u32.
fn fifth_bits(bytes: &[u8], at: usize) -> impl Fn(usize) -> i32 {
    let bits = u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    move |i| ((bits >> i & 1) << 4) as i32
}

fn q5_0(bytes: &[u8], out: &mut [f32]) {
    let (scale, fifth) = (half(bytes, 0), fifth_bits(bytes, 2));
    for (i, &byte) in bytes[6..].iter().enumerate() {
        out[i] = ((low(byte) | fifth(i)) - 16) as f32 * scale;
        out[i + 16] = ((high(byte) | fifth(i + 16)) - 16) as f32 * scale;
    }
}

fn q5_1(bytes: &[u8], out: &mut [f32]) {
    let (scale, minimum, fifth) = (half(bytes, 0), half(bytes, 2), fifth_bits(bytes, 4));
    for (i, &byte) in bytes[8..].iter().enumerate() {
        out[i] = (low(byte) | fifth(i)) as f32 * scale + minimum;
        out[i + 16] = (high(byte) | fifth(i + 16)) as f32 * scale + minimum;
    }
}

fn q8_0(bytes: &[u8], out: &mut [f32]) {
    let scale = half(bytes, 0);
    for (value, &byte) in out.iter_mut().zip(&bytes[2..]) {
        *value = f32::from(byte as i8) * scale;
    }
}

/// The 6-bit scale and minimum of group `group` of 8, packed into 12 bytes (`get_scale_min_k4`).
fn scale_and_minimum(packed: &[u8], group: usize) -> (f32, f32) {
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

fn q4_k(bytes: &[u8], out: &mut [f32]) {
    k_groups(bytes, &bytes[16..144], None, out);
}

fn q5_k(bytes: &[u8], out: &mut [f32]) {
    k_groups(bytes, &bytes[48..176], Some(&bytes[16..48]), out);
}

/// The common layout of Q4_K and Q5_K: pairs of groups share 32 bytes of codes, the first in the
/// low halves, the second in the high ones; group g's fifth bits are bit g of `fifth`.
fn k_groups(bytes: &[u8], codes: &[u8], fifth: Option<&[u8]>, out: &mut [f32]) {
    let (scale, minimum) = (half(bytes, 0), half(bytes, 2));
    let packed = &bytes[4..16];
    for (group, out) in out.chunks_exact_mut(32).enumerate() {
        let (group_scale, group_minimum) = scale_and_minimum(packed, group);
        let (step, shift) = (scale * group_scale, minimum * group_minimum);
        let codes = &codes[group / 2 * 32..];
        for (i, value) in out.iter_mut().enumerate() {
            let code = if group % 2 == 0 { low(codes[i]) } else { high(codes[i]) };
            let fifth = fifth.map_or(0, |fifth| i32::from(fifth[i] >> group & 1) << 4);
            *value = step * (code + fifth) as f32 - shift;
        }
    }
}

fn q6_k(bytes: &[u8], out: &mut [f32]) {
    let (low_bits, rest) = bytes.split_at(128);
    let (high_bits, rest) = rest.split_at(64);
    let (scales, scale) = (&rest[..16], half(rest, 16));
    for (half_block, out) in out.chunks_exact_mut(128).enumerate() {
        let low_bits = &low_bits[half_block * 64..];
        let high_bits = &high_bits[half_block * 32..];
        let scales = &scales[half_block * 8..];
        for i in 0..32 {
            let top = |shift: u8| i32::from(high_bits[i] >> shift & 3) << 4;
            let codes = [
                low(low_bits[i]) | top(0),
                low(low_bits[i + 32]) | top(2),
                high(low_bits[i]) | top(4),
                high(low_bits[i + 32]) | top(6),
            ];
            for (part, code) in codes.into_iter().enumerate() {
                let group_scale = f32::from(scales[i / 16 + 2 * part] as i8);
                out[i + 32 * part] = scale * group_scale * (code - 32) as f32;
            }
        }
    }
}
