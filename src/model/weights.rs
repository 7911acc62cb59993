//! The named tensors of a checkpoint, from safetensors files or a GGUF header.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use safetensors::{Dtype, SafeTensors};

use super::error::{ModelError, Result};
pub use super::tensor::{NumberType, Tensor};
use super::torch_file;
use crate::mmap::Bytes;

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
        let tensors: Vec<Tensor> = tensors.into_iter().collect();
        let total: usize = tensors.iter().map(Tensor::len).sum();
        let small = total < Self::KEEP_CONVERTED_BELOW;
        let kept = |tensor: Tensor| if small { tensor.keeping_converted() } else { tensor };
        let named = |tensor: Tensor| (tensor.name().to_owned(), Arc::new(kept(tensor)));
        let tensors = tensors.into_iter().map(named).collect();
        Self { path, tensors }
    }

    /// Reads one safetensors file or one that PyTorch wrote (`.bin`), or several shards of one checkpoint.
    ///
    /// Integer tensors other than int8 with scales (position ids and the like) are left out.
    ///
    /// # Errors
    /// [`ModelError::Malformed`] when a header does not describe the file; those of [`torch_file::read`].
    pub fn from_files(files: &[(PathBuf, Bytes)]) -> Result<Self> {
        let mut tensors = Vec::new();
        for (path, bytes) in files {
            match path.extension().is_some_and(|extension| extension == "bin") {
                true => torch_file::read(path, bytes, &mut tensors)?,
                false => read_shard(path, bytes, &mut tensors)?,
            }
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
    let mut scales: HashMap<String, Tensor> = HashMap::new();
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
            Some(of) if numbers != NumberType::Int8Rows => {
                scales.insert(of.to_owned(), tensor);
            }
            _ => tensors.push(tensor),
        }
    }
    let of_this_file = tensors.split_off(first);
    for tensor in of_this_file {
        if tensor.number_type() != NumberType::Int8Rows {
            tensors.push(tensor);
            continue;
        }
        let rows = tensor.shape().first().copied().unwrap_or(0);
        let found = scales.remove(tensor.name());
        let found = found.map(|scales| scales.to_f32().into_owned()).unwrap_or_default();
        if found.len() != rows || tensor.shape().len() != 2 {
            return Err(ModelError::Malformed {
                path: path.to_owned(),
                what: format!("int8 tensor {}", tensor.name()),
                expected: format!("{rows} scales in {}{}", tensor.name(), Weights::SCALES_SUFFIX),
                found: format!("{} scales", found.len()),
            });
        }
        tensors.push(tensor.with_scales(found));
    }
    // Whatever is called so beside a tensor that is not int8 is a tensor like any other.
    tensors.extend(scales.into_values());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A safetensors file of these tensors: name, type, shape, bytes.
    fn file(tensors: &[(&str, &str, &[usize], Vec<u8>)]) -> Bytes {
        let mut header = serde_json::Map::new();
        let mut data = Vec::new();
        for (name, dtype, shape, bytes) in tensors {
            let offsets = [data.len(), data.len() + bytes.len()];
            let info = serde_json::json!({"dtype": dtype, "shape": shape, "data_offsets": offsets});
            header.insert((*name).to_owned(), info);
            data.extend(bytes);
        }
        let header = serde_json::Value::Object(header).to_string();
        let length = (header.len() as u64).to_le_bytes();
        Bytes::from_vec([&length[..], header.as_bytes(), &data].concat())
    }

    fn read(tensors: &[(&str, &str, &[usize], Vec<u8>)]) -> Result<Weights> {
        Weights::from_files(&[(PathBuf::from("a.safetensors"), file(tensors))])
    }

    fn halves(numbers: &[f32]) -> Vec<u8> {
        numbers.iter().flat_map(|&number| half::f16::from_f32(number).to_le_bytes()).collect()
    }

    #[test]
    fn rows_of_bytes_may_use_every_code_and_have_scales_of_any_kind() {
        let codes = [-128i8, 127, 0, 1, -1, 64].map(|code| code as u8).to_vec();
        let scales = halves(&[0.5, -2.0]);
        let weights =
            read(&[("w", "I8", &[2, 3], codes), ("w.row_scales", "F16", &[2, 1], scales)]).expect("reads");
        assert_eq!(*weights.get("w").expect("there").to_f32(), [-64.0, 63.5, 0.0, -2.0, 2.0, -128.0]);
        assert!(weights.get("w.row_scales").is_none());
    }

    #[test]
    fn bytes_without_fitting_scales_are_refused() {
        let codes = || vec![1; 6];
        for scales in [
            None,
            Some(("w.row_scales", "F16", &[3][..], halves(&[1.0; 3]))),
            Some(("w.row_scales", "I8", &[2][..], vec![1; 2])),
        ] {
            let mut tensors: Vec<(&str, &str, &[usize], Vec<u8>)> = vec![("w", "I8", &[2, 3], codes())];
            tensors.extend(scales);
            let error = read(&tensors).expect_err("refused").to_string();
            assert!(error.contains("int8 tensor w"), "{error}");
        }
    }

    #[test]
    fn a_tensor_that_is_only_called_like_scales_is_a_tensor() {
        let weights = read(&[("x.row_scales", "F16", &[2], halves(&[1.0, 2.0]))]).expect("reads");
        assert_eq!(*weights.get("x.row_scales").expect("there").to_f32(), [1.0, 2.0]);
    }
}
