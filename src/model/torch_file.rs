//! `pytorch_model.bin`: tensors that `torch.save` wrote since PyTorch 1.6. A zip archive that packs nothing:
//! `data.pkl`, a pickle with the names and shapes, and a file of numbers a storage (torch/serialization.py).
//! Nothing in the pickle is run.

use std::collections::HashMap;
use std::io::{Cursor, Read};
use std::path::Path;

use super::error::{ModelError, Result};
use super::pickle::{self, Item};
use super::tensor::{NumberType, Tensor};
use crate::mmap::Bytes;

/// Pickles larger than this are no lists of tensors.
const LARGEST_PICKLE: u64 = 1 << 28;

/// Adds the tensors of the file `path`, which has `bytes`, to `tensors`. Tensors of integers (position ids and
/// the like) are left out.
///
/// # Errors
/// [`ModelError::Unsupported`] for the format before 1.6, numbers of other kinds and tensors that do not lie
/// row by row; [`ModelError::Malformed`] for what makes no sense.
pub fn read(path: &Path, bytes: &Bytes, tensors: &mut Vec<Tensor>) -> Result<()> {
    let file = TorchFile { path, bytes };
    let places = file.places()?;
    let Item::Dictionary(pairs) = file.pickle()? else {
        return Err(file.malformed("no dictionary of tensors".into()));
    };
    // Checkpoints of a training keep the tensors one level deeper.
    let inner = pairs.iter().find(|(key, _)| matches!(key, Item::Text(key) if &**key == "state_dict"));
    let pairs = match inner {
        Some((_, Item::Dictionary(inner))) => inner,
        _ => &pairs,
    };
    for (key, value) in pairs {
        if let (Item::Text(name), Some(description)) = (key, description(value)) {
            tensors.extend(file.tensor(name, &description, &places)?);
        }
    }
    Ok(())
}

/// A tensor as the pickle describes it.
struct Description<'a> {
    /// "FloatStorage" and the like.
    storage: &'a str,
    /// The name of the file with its numbers.
    file: &'a str,
    /// Its first number there.
    offset: i64,
    shape: Vec<i64>,
    /// Numbers from one to the next, along each axis.
    strides: Vec<i64>,
}

/// `_rebuild_tensor_v2(storage, offset, shape, strides, ...)`, also as a parameter.
fn description(value: &Item) -> Option<Description<'_>> {
    let Item::Called(call) = value else { return None };
    let (Item::Named(_, what), with) = (&call.0, &call.1) else { return None };
    if &**what == "_rebuild_parameter" {
        return description(with.first()?);
    }
    if &**what != "_rebuild_tensor_v2" {
        return None;
    }
    let [Item::Outside(place), Item::Integer(offset), Item::Tuple(shape), Item::Tuple(strides), ..] = &**with
    else {
        return None;
    };
    let [_, Item::Named(_, storage), Item::Text(file), ..] = &**place else { return None };
    let sizes = |items: &[Item]| -> Option<Vec<i64>> {
        let size = |item: &Item| if let Item::Integer(size) = item { Some(*size) } else { None };
        items.iter().map(size).collect()
    };
    Some(Description { storage, file, offset: *offset, shape: sizes(shape)?, strides: sizes(strides)? })
}

struct TorchFile<'a> {
    path: &'a Path,
    bytes: &'a Bytes,
}

impl TorchFile<'_> {
    fn malformed(&self, found: String) -> ModelError {
        ModelError::Malformed {
            path: self.path.to_owned(),
            what: "the file".into(),
            expected: "tensors as torch.save writes them".into(),
            found,
        }
    }

    fn unsupported(&self, what: String) -> ModelError {
        ModelError::Unsupported {
            path: self.path.to_owned(),
            what,
            advice: "save the model with safe_serialization=True".into(),
        }
    }

    fn archive(&self) -> Result<zip::ZipArchive<Cursor<&[u8]>>> {
        if !self.bytes.starts_with(b"PK") {
            return Err(self.unsupported("a file that is no zip archive: of a PyTorch before 1.6".into()));
        }
        zip::ZipArchive::new(Cursor::new(&self.bytes[..])).map_err(|error| self.malformed(error.to_string()))
    }

    /// The bytes of every file of numbers, by its name behind `data/`.
    fn places(&self) -> Result<HashMap<String, Bytes>> {
        let mut archive = self.archive()?;
        let mut places = HashMap::new();
        for index in 0..archive.len() {
            let file = archive.by_index(index).map_err(|error| self.malformed(error.to_string()))?;
            let name = file.name().map_err(|error| self.malformed(error.to_string()))?.into_owned();
            let Some((_, name)) = name.split_once("/data/") else { continue };
            let range = file.data_start().zip(Some(file.size())).and_then(|(start, size)| {
                let start = usize::try_from(start).ok()?;
                Some(start..start.checked_add(usize::try_from(size).ok()?)?)
            });
            let stored = file.compression() == zip::CompressionMethod::Stored;
            let bytes = range.filter(|_| stored).and_then(|range| self.bytes.slice(range));
            let bytes = bytes.ok_or_else(|| self.malformed(format!("data/{name} is packed or cut short")))?;
            places.insert(name.to_owned(), bytes);
        }
        Ok(places)
    }

    fn pickle(&self) -> Result<Item> {
        let mut archive = self.archive()?;
        let mut found = Vec::new();
        for index in 0..archive.len() {
            let file = archive.by_index(index).map_err(|error| self.malformed(error.to_string()))?;
            let name = file.name().map_err(|error| self.malformed(error.to_string()))?.into_owned();
            if !name.ends_with("/data.pkl") {
                continue;
            }
            file.take(LARGEST_PICKLE).read_to_end(&mut found).map_err(ModelError::io("read", self.path))?;
            return pickle::read(&found)
                .map_err(|(at, what)| self.malformed(format!("data.pkl, byte {at}: {what}")));
        }
        Err(self.malformed("no data.pkl in it".into()))
    }

    fn tensor(
        &self,
        name: &str,
        description: &Description<'_>,
        places: &HashMap<String, Bytes>,
    ) -> Result<Option<Tensor>> {
        let (numbers, size) = match description.storage {
            "FloatStorage" => (NumberType::F32, 4),
            "HalfStorage" => (NumberType::F16, 2),
            "BFloat16Storage" => (NumberType::Bf16, 2),
            "LongStorage" | "IntStorage" | "ShortStorage" | "CharStorage" | "ByteStorage" | "BoolStorage" => {
                return Ok(None);
            }
            other => return Err(self.unsupported(format!("tensor {name} has numbers of a {other}"))),
        };
        let sizes = description.shape.iter().map(|&size| usize::try_from(size).ok());
        let shape: Option<Vec<usize>> = sizes.collect();
        let count = shape
            .as_ref()
            .and_then(|shape| shape.iter().try_fold(1usize, |count, &size| count.checked_mul(size)));
        let range = || {
            let start = usize::try_from(description.offset).ok()?.checked_mul(size)?;
            Some(start..start.checked_add(count?.checked_mul(size)?)?)
        };
        let (Some(shape), Some(range)) = (shape, range()) else {
            return Err(self.malformed(format!("tensor {name} of shape {:?}", description.shape)));
        };
        if !lies_row_by_row(&shape, &description.strides) {
            return Err(self.unsupported(format!("tensor {name} does not lie row by row")));
        }
        let data = places.get(description.file).and_then(|bytes| bytes.slice(range));
        let data = data
            .ok_or_else(|| self.malformed(format!("tensor {name} lies outside data/{}", description.file)))?;
        Ok(Some(Tensor::new(name.to_owned(), shape, numbers, data)))
    }
}

/// Whether the last axis is the one along which neighbours lie, and so on up; axes of one number may say
/// anything.
fn lies_row_by_row(shape: &[usize], strides: &[i64]) -> bool {
    let mut expected = 1;
    shape.len() == strides.len()
        && shape.iter().zip(strides).rev().all(|(&size, &stride)| {
            let fits = size == 1 || usize::try_from(stride) == Ok(expected);
            expected *= size.max(1);
            fits
        })
}
