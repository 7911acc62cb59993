//! A named tensor, mapped from a file or owned, and the numbers in it as f32.
//!
//! f32 is used in place. Everything else (f16, bf16, int8 with a scale a row, the block types of
//! GGUF) is converted when it is asked for. A linear map asks for a few rows at a time and forgets them
//! ([`Tensor::rows_to_f32`]); who asks for a whole matrix ([`Tensor::to_f32`]) gets one that a small model
//! keeps (see [`Weights::KEEP_CONVERTED_BELOW`](super::weights::Weights::KEEP_CONVERTED_BELOW)).

use std::borrow::Cow;
use std::ops::Range;
use std::sync::OnceLock;

use ndarray::{ArrayView2, CowArray, Ix2};

use super::gguf::blocks;
use crate::elementary::{from_half, vectorised};
use crate::mmap::Bytes;

/// How a tensor's numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum NumberType {
    /// 32-bit float.
    F32,
    /// 16-bit IEEE float.
    F16,
    /// The upper half of a 32-bit float.
    Bf16,
    /// One i8 code a number and one f32 scale a row.
    Int8Rows,
    /// A GGUF block type.
    Block(blocks::BlockType),
}

/// Tensors of at most this many numbers keep their f32 form whatever the size of the model: norms
/// and biases, which every pass reads.
const ALWAYS_KEPT: usize = 1 << 16;

/// One named tensor.
#[derive(Debug, Clone)]
pub struct Tensor {
    name: String,
    shape: Vec<usize>,
    storage: Storage,
}

#[derive(Debug, Clone)]
enum Storage {
    File(Stored),
    Owned(Vec<f32>),
}

/// Numbers as they lie in a file.
#[derive(Debug, Clone)]
struct Stored {
    numbers: NumberType,
    bytes: Bytes,
    /// Of [`NumberType::Int8Rows`].
    scales: Vec<f32>,
    keep_converted: bool,
    converted: OnceLock<Vec<f32>>,
}

impl Tensor {
    /// A tensor over `bytes`, which must be exactly as long as shape and number type call for;
    /// readers check that.
    pub fn new(name: impl Into<String>, shape: Vec<usize>, numbers: NumberType, bytes: Bytes) -> Self {
        let keep_converted = shape.iter().product::<usize>() <= ALWAYS_KEPT;
        let (scales, converted) = (Vec::new(), OnceLock::new());
        let storage = Storage::File(Stored { numbers, bytes, scales, keep_converted, converted });
        Self { name: name.into(), shape, storage }
    }

    /// A tensor of numbers in memory, such as training makes.
    ///
    /// # Panics
    /// When `numbers` are not as many as `shape` says.
    pub fn owned(name: impl Into<String>, shape: Vec<usize>, numbers: Vec<f32>) -> Self {
        assert_eq!(shape.iter().product::<usize>(), numbers.len(), "numbers of a tensor");
        Self { name: name.into(), shape, storage: Storage::Owned(numbers) }
    }

    /// The same tensor under another name.
    pub fn renamed(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Some rows (of the first size) as a tensor of their own, which shares the bytes of the file.
    ///
    /// # Panics
    /// When it has no such rows.
    #[must_use]
    pub fn rows(&self, rows: Range<usize>) -> Self {
        let count = self.shape[0];
        assert!(rows.start <= rows.end && rows.end <= count, "rows {rows:?} of {count}");
        let name = format!("{}[{}..{}]", self.name, rows.start, rows.end);
        let shape = [&[rows.len()], &self.shape[1..]].concat();
        let part = |length: usize| length / count.max(1) * rows.start..length / count.max(1) * rows.end;
        let storage = match &self.storage {
            Storage::Owned(numbers) => Storage::Owned(numbers[part(numbers.len())].to_vec()),
            Storage::File(stored) => Storage::File(Stored {
                numbers: stored.numbers,
                bytes: stored.bytes.slice(part(stored.bytes.len())).expect("rows lie within the tensor"),
                scales: stored.scales.get(rows.clone()).unwrap_or(&[]).to_vec(),
                keep_converted: stored.keep_converted,
                converted: OnceLock::new(),
            }),
        };
        Self { name, shape, storage }
    }

    /// The same tensor with one scale a row, for [`NumberType::Int8Rows`].
    pub(super) fn with_scales(mut self, rows: Vec<f32>) -> Self {
        if let Storage::File(stored) = &mut self.storage {
            stored.scales = rows;
        }
        self
    }

    /// The same tensor, whose f32 form is kept once it was asked for.
    pub(super) fn keeping_converted(mut self) -> Self {
        if let Storage::File(stored) = &mut self.storage {
            stored.keep_converted = true;
        }
        self
    }

    /// Its name in the file.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name in the file of the tensor that it is, or has rows of.
    pub fn stored_name(&self) -> &str {
        self.name.split('[').next().unwrap_or(&self.name)
    }

    /// Its sizes, the slowest-varying first.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// How its numbers are stored.
    pub fn number_type(&self) -> NumberType {
        match &self.storage {
            Storage::File(stored) => stored.numbers,
            Storage::Owned(_) => NumberType::F32,
        }
    }

    /// How many numbers it has.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All numbers, row-major; borrowed where they are aligned f32.
    pub fn to_f32(&self) -> Cow<'_, [f32]> {
        let stored = match &self.storage {
            Storage::Owned(numbers) => return Cow::Borrowed(numbers),
            Storage::File(stored) => stored,
        };
        if let Some(numbers) = stored.floats() {
            return Cow::Borrowed(numbers);
        }
        if stored.keep_converted {
            return Cow::Borrowed(stored.converted.get_or_init(|| stored.convert(&self.shape)));
        }
        Cow::Owned(stored.convert(&self.shape))
    }

    /// All numbers, to be changed: from now on they lie in memory as f32.
    pub fn numbers_mut(&mut self) -> &mut [f32] {
        if let Storage::File(_) = &self.storage {
            self.storage = Storage::Owned(self.to_f32().into_owned());
        }
        match &mut self.storage {
            Storage::Owned(numbers) => numbers,
            Storage::File(_) => unreachable!("the line above took it into memory"),
        }
    }

    /// A tensor of two sizes as a matrix `[rows, columns]`; sizes after the first are flattened.
    pub fn to_matrix(&self) -> CowArray<'_, f32, Ix2> {
        let rows = self.shape.first().copied().unwrap_or(1);
        let columns = self.len().checked_div(rows).unwrap_or(0);
        match self.to_f32() {
            Cow::Borrowed(numbers) => ArrayView2::from_shape((rows, columns), numbers)
                .expect("a tensor has as many numbers as its shape says")
                .into(),
            Cow::Owned(numbers) => ndarray::Array2::from_shape_vec((rows, columns), numbers)
                .expect("a tensor has as many numbers as its shape says")
                .into(),
        }
    }

    /// Writes one row (of the first size) as f32 into `out`, without converting the rest.
    pub fn row_to_f32(&self, row: usize, out: &mut [f32]) {
        self.rows_to_f32(row..row + 1, out);
    }

    /// As [`Tensor::row_to_f32`], some rows one after the other.
    pub fn rows_to_f32(&self, rows: Range<usize>, out: &mut [f32]) {
        let width = out.len() / rows.len().max(1);
        match &self.storage {
            Storage::File(stored) => stored.rows_to_f32(rows, width, out),
            Storage::Owned(numbers) => out.copy_from_slice(&numbers[rows.start * width..rows.end * width]),
        }
    }

    /// The bytes of a tensor that is stored in blocks.
    pub fn blocks(&self) -> Option<(blocks::BlockType, &[u8])> {
        match &self.storage {
            Storage::File(Stored { numbers: NumberType::Block(block), bytes, .. }) => Some((*block, bytes)),
            _ => None,
        }
    }

    /// Whether its numbers are f32 that are used in place. What was converted before plays no role: what a
    /// network computes does not depend on what was asked of it.
    pub fn is_f32(&self) -> bool {
        match &self.storage {
            Storage::Owned(_) => true,
            Storage::File(stored) => stored.floats().is_some(),
        }
    }
}

impl Stored {
    /// The numbers, where they are f32 that can be used in place.
    fn floats(&self) -> Option<&[f32]> {
        let is_float = self.numbers == NumberType::F32;
        bytemuck::try_cast_slice(&self.bytes).ok().filter(|_| is_float)
    }

    fn rows_to_f32(&self, rows: Range<usize>, width: usize, out: &mut [f32]) {
        let numbers = rows.start * width..rows.end * width;
        match self.numbers {
            NumberType::Int8Rows => {
                let codes: &[i8] = bytemuck::cast_slice(&self.bytes[numbers]);
                let each = out.chunks_exact_mut(width).zip(codes.chunks_exact(width));
                for ((out, codes), &scale) in each.zip(&self.scales[rows]) {
                    scaled(codes, scale, out);
                }
            }
            NumberType::Block(block) => {
                let bytes = rows.start * block.bytes_of(width)..rows.end * block.bytes_of(width);
                blocks::dequantise(block, &self.bytes[bytes], out);
            }
            NumberType::F32 => {
                bytemuck::cast_slice_mut(out)
                    .copy_from_slice(&self.bytes[4 * numbers.start..4 * numbers.end]);
            }
            NumberType::F16 | NumberType::Bf16 => {
                convert_halves(self.numbers, &self.bytes[2 * numbers.start..2 * numbers.end], out);
            }
        }
    }

    fn convert(&self, shape: &[usize]) -> Vec<f32> {
        let mut out = vec![0.0f32; shape.iter().product()];
        match self.numbers {
            NumberType::F32 => bytemuck::cast_slice_mut(&mut out).copy_from_slice(&self.bytes),
            NumberType::F16 | NumberType::Bf16 => convert_halves(self.numbers, &self.bytes, &mut out),
            NumberType::Int8Rows | NumberType::Block(_) => {
                use rayon::prelude::*;
                let width = shape.last().copied().unwrap_or(1).max(1);
                let rows = out.par_chunks_mut(width).enumerate();
                rows.for_each(|(row, out)| self.rows_to_f32(row..row + 1, width, out));
            }
        }
        out
    }
}

/// scale * code, for every code.
fn scaled(codes: &[i8], scale: f32, out: &mut [f32]) {
    vectorised!(out.iter_mut().zip(codes).for_each(|(value, &code)| *value = scale * f32::from(code)));
}

fn convert_halves(numbers: NumberType, bytes: &[u8], out: &mut [f32]) {
    let (halves, _) = bytes.as_chunks::<2>();
    if numbers == NumberType::F16 {
        vectorised!(out.iter_mut().zip(halves).for_each(|(value, &half)| {
            *value = from_half(u16::from_le_bytes(half));
        }));
        return;
    }
    // The upper half of an f32, as `half` has it but for the quiet bit of what is not a number.
    vectorised!(out.iter_mut().zip(halves).for_each(|(value, &half)| {
        *value = f32::from_bits(u32::from(u16::from_le_bytes(half)) << 16);
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_a_tensor_that_shares_the_file() {
        let bytes = Bytes::from_vec((0..6u8).flat_map(|x| f32::from(x).to_le_bytes()).collect());
        let tensor = Tensor::new("a", vec![3, 2], NumberType::F32, bytes);
        let rows = tensor.rows(1..3);
        assert_eq!(
            (rows.name(), rows.shape(), &*rows.to_f32()),
            ("a[1..3]", &[2, 2][..], &[2.0, 3.0, 4.0, 5.0][..])
        );
        let codes = Tensor::new("b", vec![2, 2], NumberType::Int8Rows, Bytes::from_static(&[1, 2, 3, 4]));
        assert_eq!(&*codes.with_scales(vec![0.5, 2.0]).rows(1..2).to_f32(), &[6.0, 8.0]);
        let owned = Tensor::owned("c", vec![2], vec![7.0, 8.0]).rows(1..2);
        assert_eq!(&*owned.to_f32(), &[8.0]);
    }

    #[test]
    fn a_tensor_that_is_changed_is_taken_into_memory() {
        let bytes = [1.0f32, 2.0, -3.0, 0.5].iter().flat_map(|x| half::f16::from_f32(*x).to_le_bytes());
        let bytes = Bytes::from_vec(bytes.collect());
        let mut tensor = Tensor::new("a", vec![2, 2], NumberType::F16, bytes);
        let before = tensor.clone();
        tensor.numbers_mut()[3] += 1.0;
        assert_eq!(&*tensor.to_f32(), &[1.0, 2.0, -3.0, 1.5]);
        assert_eq!(&*before.to_f32(), &[1.0, 2.0, -3.0, 0.5], "a copy keeps its numbers");
        let mut row = [0.0; 2];
        tensor.row_to_f32(1, &mut row);
        assert_eq!((row, tensor.number_type()), ([-3.0, 1.5], NumberType::F32));
    }
}
