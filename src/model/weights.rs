//! Named tensors of a checkpoint, mapped, and the numbers in them as f32.
//!
//! f32 is used in place. Everything else (f16, bf16, int8 with a scale a row, the block types of
//! GGUF) is converted when it is asked for: once and kept for a small model, a matrix at a time for
//! a large one (see [`Weights::KEEP_CONVERTED_BELOW`]).

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use ndarray::{ArrayView2, CowArray, Ix2};
use safetensors::{Dtype, SafeTensors};

use super::error::{ModelError, Result};
use super::gguf::blocks;
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

/// One named tensor.
#[derive(Debug)]
pub struct Tensor {
    name: String,
    shape: Vec<usize>,
    numbers: NumberType,
    bytes: Bytes,
    scales: Vec<f32>,
    keep_converted: bool,
    converted: OnceLock<Vec<f32>>,
}

impl Tensor {
    /// A tensor over `bytes`, which must be exactly as long as shape and number type call for;
    /// readers check that.
    pub fn new(name: impl Into<String>, shape: Vec<usize>, numbers: NumberType, bytes: Bytes) -> Self {
        Self {
            name: name.into(),
            shape,
            numbers,
            bytes,
            scales: Vec::new(),
            keep_converted: false,
            converted: OnceLock::new(),
        }
    }

    /// The same tensor under another name.
    pub fn renamed(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Its name in the file.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its sizes, the slowest-varying first.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// How its numbers are stored.
    pub fn number_type(&self) -> NumberType {
        self.numbers
    }

    /// How many numbers it has.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All numbers, row-major; borrowed where the file has aligned f32.
    pub fn to_f32(&self) -> Cow<'_, [f32]> {
        if self.numbers == NumberType::F32
            && let Ok(numbers) = bytemuck::try_cast_slice::<u8, f32>(&self.bytes)
        {
            return Cow::Borrowed(numbers);
        }
        if self.keep_converted {
            return Cow::Borrowed(self.converted.get_or_init(|| self.convert()));
        }
        Cow::Owned(self.convert())
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
        let width = out.len();
        let start = row * width;
        match self.numbers {
            NumberType::Int8Rows => {
                let codes: &[i8] = bytemuck::cast_slice(&self.bytes[start..start + width]);
                let scale = self.scales[row];
                out.iter_mut().zip(codes).for_each(|(value, &code)| *value = scale * f32::from(code));
            }
            NumberType::Block(block) => {
                let row_bytes = block.bytes_of(width);
                blocks::dequantise(block, &self.bytes[row * row_bytes..(row + 1) * row_bytes], out);
            }
            NumberType::F32 => {
                bytemuck::cast_slice_mut(out).copy_from_slice(&self.bytes[4 * start..4 * (start + width)]);
            }
            NumberType::F16 | NumberType::Bf16 => {
                convert_halves(self.numbers, &self.bytes[2 * start..2 * (start + width)], out);
            }
        }
    }

    fn convert(&self) -> Vec<f32> {
        let mut out = vec![0.0f32; self.len()];
        match self.numbers {
            NumberType::F32 => bytemuck::cast_slice_mut(&mut out).copy_from_slice(&self.bytes),
            NumberType::F16 | NumberType::Bf16 => convert_halves(self.numbers, &self.bytes, &mut out),
            NumberType::Int8Rows | NumberType::Block(_) => {
                use rayon::prelude::*;
                let width = self.shape.last().copied().unwrap_or(1).max(1);
                out.par_chunks_mut(width).enumerate().for_each(|(row, out)| self.row_to_f32(row, out));
            }
        }
        out
    }
}

fn convert_halves(numbers: NumberType, bytes: &[u8], out: &mut [f32]) {
    let halves = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
    for (value, bits) in out.iter_mut().zip(halves) {
        *value = if numbers == NumberType::F16 {
            half::f16::from_bits(bits).to_f32()
        } else {
            half::bf16::from_bits(bits).to_f32()
        };
    }
}

/// All tensors of a checkpoint.
#[derive(Debug)]
pub struct Weights {
    path: PathBuf,
    tensors: HashMap<String, Arc<Tensor>>,
}

impl Weights {
    /// Models with fewer numbers than this keep the f32 form of converted tensors (2 GB of f32).
    pub const KEEP_CONVERTED_BELOW: usize = 500_000_000;

    /// The suffix of the tensor that holds the row scales of an int8 tensor.
    pub const SCALES_SUFFIX: &str = ".row_scales";

    /// Weights from named tensors; `path` is only for messages.
    pub fn from_tensors(path: PathBuf, tensors: impl IntoIterator<Item = Tensor>) -> Self {
        let mut tensors: Vec<Tensor> = tensors.into_iter().collect();
        let total: usize = tensors.iter().map(Tensor::len).sum();
        for tensor in &mut tensors {
            tensor.keep_converted = total < Self::KEEP_CONVERTED_BELOW;
        }
        let tensors = tensors.into_iter().map(|tensor| (tensor.name.clone(), Arc::new(tensor))).collect();
        Self { path, tensors }
    }

    /// Reads one safetensors file, or several shards of one checkpoint.
    ///
    /// Integer tensors other than int8 with scales (position ids and the like) are left out.
    ///
    /// # Errors
    /// [`ModelError::Malformed`] when a header does not describe the file.
    pub fn from_safetensors(files: &[(PathBuf, Bytes)]) -> Result<Self> {
        let mut tensors = Vec::new();
        for (path, bytes) in files {
            read_shard(path, bytes, &mut tensors)?;
        }
        let path = files.first().map(|(path, _)| path.clone()).unwrap_or_default();
        Ok(Self::from_tensors(path, tensors))
    }

    /// The file that messages name.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The names of all tensors, in no order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// The tensor of this name.
    pub fn get(&self, name: &str) -> Option<&Arc<Tensor>> {
        self.tensors.get(name)
    }

    /// How many numbers all tensors have together.
    pub fn parameters(&self) -> usize {
        self.tensors.values().map(|tensor| tensor.len()).sum()
    }
}

fn read_shard(path: &Path, bytes: &Bytes, tensors: &mut Vec<Tensor>) -> Result<()> {
    let malformed = |error: &dyn std::fmt::Display| ModelError::Malformed {
        path: path.to_owned(),
        what: "safetensors header".into(),
        expected: "a header that describes the whole file".into(),
        found: error.to_string(),
    };
    let views = SafeTensors::deserialize(bytes).map_err(|error| malformed(&error))?;
    let mut scales: HashMap<String, Vec<f32>> = HashMap::new();
    let first = tensors.len();
    let start_of_file = bytes.as_ptr() as usize;
    for (name, view) in views.tensors() {
        let numbers = match view.dtype() {
            Dtype::F32 => NumberType::F32,
            Dtype::F16 => NumberType::F16,
            Dtype::BF16 => NumberType::Bf16,
            Dtype::I8 => NumberType::Int8Rows,
            _ => continue,
        };
        let start = view.data().as_ptr() as usize - start_of_file;
        let data = bytes
            .slice(start..start + view.data().len())
            .ok_or_else(|| malformed(&"data outside the file"))?;
        let tensor = Tensor::new(name.clone(), view.shape().to_vec(), numbers, data);
        match name.strip_suffix(Weights::SCALES_SUFFIX) {
            Some(of) => {
                scales.insert(of.to_owned(), tensor.to_f32().into_owned());
            }
            None => tensors.push(tensor),
        }
    }
    for tensor in &mut tensors[first..] {
        if tensor.numbers == NumberType::Int8Rows {
            let rows = tensor.shape.first().copied().unwrap_or(0);
            let found = scales.remove(&tensor.name).unwrap_or_default();
            if found.len() != rows || tensor.shape.len() != 2 {
                return Err(ModelError::Malformed {
                    path: path.to_owned(),
                    what: format!("int8 tensor {}", tensor.name),
                    expected: format!("{rows} scales in {}{}", tensor.name, Weights::SCALES_SUFFIX),
                    found: format!("{} scales", found.len()),
                });
            }
            tensor.scales = found;
        }
    }
    Ok(())
}
