//! Writing a safetensors file of what was computed or learned.

use std::borrow::Cow;
use std::path::Path;

use ndarray::{Array, ArrayView, Dimension};
use serde_json::{Map, Value as Json, json};

use crate::files::{AtomicFile, WriteError};

/// Named tensors, to be written.
#[derive(Default)]
pub struct TensorFile<'a> {
    tensors: Vec<Tensor<'a>>,
}

struct Tensor<'a> {
    name: String,
    number_type: &'static str,
    shape: Vec<usize>,
    bytes: Cow<'a, [u8]>,
}

impl<'a> TensorFile<'a> {
    /// Token ids, as I64.
    pub fn ids(&mut self, name: &str, ids: &[u32]) {
        let bytes = ids.iter().flat_map(|&id| i64::from(id).to_le_bytes()).collect();
        self.tensors.push(Tensor { name: name.into(), number_type: "I64", shape: vec![ids.len()], bytes });
    }

    /// Numbers, as F32.
    pub fn numbers<D: Dimension>(&mut self, name: impl Into<String>, numbers: ArrayView<'a, f32, D>) {
        let bytes = match numbers.to_slice() {
            Some(slice) => Cow::Borrowed(bytemuck::cast_slice(slice)),
            None => Cow::Owned(numbers.iter().flat_map(|number| number.to_le_bytes()).collect()),
        };
        self.push(name.into(), numbers.shape(), bytes);
    }

    /// Numbers that nobody else holds.
    pub fn owned<D: Dimension>(&mut self, name: impl Into<String>, numbers: Array<f32, D>) {
        let bytes = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        self.push(name.into(), numbers.shape(), bytes);
    }

    /// Numbers row-major, of any shape.
    pub fn slice(&mut self, name: impl Into<String>, shape: &[usize], numbers: &'a [f32]) {
        self.push(name.into(), shape, Cow::Borrowed(bytemuck::cast_slice(numbers)));
    }

    /// Numbers, where there are such.
    pub fn optional<D: Dimension>(&mut self, name: impl Into<String>, numbers: Option<&'a Array<f32, D>>) {
        if let Some(numbers) = numbers {
            self.numbers(name, numbers.view());
        }
    }

    fn push(&mut self, name: String, shape: &[usize], bytes: Cow<'a, [u8]>) {
        self.tensors.push(Tensor { name, number_type: "F32", shape: shape.to_vec(), bytes });
    }

    /// How many tensors.
    pub fn count(&self) -> usize {
        self.tensors.len()
    }

    /// Writes the file and returns its size: the length of the header as u64, the header as JSON with
    /// `about` as its `__metadata__`, then the data, in the order of the header (the safetensors
    /// format).
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn write(&self, about: &Json, path: &Path) -> Result<u64, WriteError> {
        let mut header = Map::new();
        header.insert("__metadata__".into(), about.clone());
        let mut offset = 0;
        for Tensor { name, number_type, shape, bytes } in &self.tensors {
            let end = offset + bytes.len();
            header.insert(
                name.clone(),
                json!({"dtype": number_type, "shape": shape, "data_offsets": [offset, end]}),
            );
            offset = end;
        }
        let mut header = Json::Object(header).to_string().into_bytes();
        header.resize(header.len().next_multiple_of(8), b' ');
        let mut file = AtomicFile::create(path, None)?;
        file.write(&(header.len() as u64).to_le_bytes())?;
        file.write(&header)?;
        for tensor in &self.tensors {
            file.write(&tensor.bytes)?;
        }
        file.commit()
    }
}
