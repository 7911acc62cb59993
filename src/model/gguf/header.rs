//! The header of a GGUF file: key-value pairs and the list of tensors.
//!
//! Layout (ggml's `docs/gguf.md`, versions 2 and 3, little-endian): "GGUF", u32 version, u64 tensor
//! count, u64 pair count, the pairs, the tensor infos, then, at the next multiple of
//! `general.alignment` (32 unless given), the data that tensor offsets count from.

use std::collections::HashMap;
use std::path::Path;

use super::blocks::BlockType;
use super::list::{self, List};
use crate::mmap::Bytes;
use crate::model::error::{ModelError, Result};
use crate::model::weights::{NumberType, Tensor};

/// A value of the header.
#[derive(Debug, Clone)]
pub enum Value {
    /// Any integer.
    Integer(i64),
    /// Any floating-point number.
    Float(f64),
    /// True or false.
    Flag(bool),
    /// A text.
    Text(String),
    /// A list; GGUF lists hold one type each.
    List(List),
}

/// A header, read.
#[derive(Debug)]
pub struct Header {
    /// The key-value pairs.
    pub pairs: HashMap<String, Value>,
    /// The tensors, over the mapped bytes.
    pub tensors: Vec<Tensor>,
}

/// Lists inside lists deeper than this are refused.
const DEEPEST_LIST: usize = 4;

/// Reads the header of `bytes`.
///
/// # Errors
/// [`ModelError::Malformed`] with the byte where the file stops making sense,
/// [`ModelError::Unsupported`] for other versions and number types.
pub fn read(path: &Path, bytes: &Bytes) -> Result<Header> {
    let mut reader = Reader { path, bytes, at: 0 };
    let magic: [u8; 4] = reader.array("the magic number GGUF")?;
    if &magic != b"GGUF" {
        return Err(reader.wrong_at(0, "the magic number GGUF", format!("{magic:02x?}")));
    }
    let version = reader.u32("the version")?;
    if (2..=3).contains(&version.swap_bytes()) {
        return Err(ModelError::Unsupported {
            path: path.to_owned(),
            what: "the file is big-endian".into(),
            advice: "make it little-endian: gguf_convert_endian.py FILE little (of llama.cpp)".into(),
        });
    }
    if !(2..=3).contains(&version) {
        return Err(ModelError::Unsupported {
            path: path.to_owned(),
            what: format!("GGUF version {version}"),
            advice: "versions 2 and 3 are read; convert the file again with a current tool".into(),
        });
    }
    // The smallest tensor info takes 24 bytes, the smallest pair 13.
    let tensor_count = reader.count("the number of tensors", 24)?;
    let pair_count = reader.count("the number of key-value pairs", 13)?;
    // Not with room for so many at once: nobody knows yet whether they are there.
    let mut pairs = HashMap::new();
    for _ in 0..pair_count {
        let key = reader.text("a key")?;
        let kind = reader.u32("the type of a value")?;
        let value = reader.value(kind, 0)?;
        pairs.insert(key, value);
    }
    let infos = (0..tensor_count).map(|_| reader.info()).collect::<Result<Vec<Info>>>()?;
    let alignment = match pairs.get("general.alignment") {
        Some(Value::Integer(alignment)) if *alignment > 0 && *alignment <= 1 << 20 => *alignment as usize,
        _ => 32,
    };
    let start = reader.at.next_multiple_of(alignment);
    let tensors =
        infos.into_iter().map(|info| reader.tensor(start, info)).collect::<Result<Vec<Tensor>>>()?;
    Ok(Header { pairs, tensors })
}

struct Info {
    name: String,
    shape: Vec<usize>,
    kind: u32,
    offset: u64,
}

struct Reader<'a> {
    path: &'a Path,
    bytes: &'a Bytes,
    at: usize,
}

impl Reader<'_> {
    fn wrong_at(&self, at: usize, expected: &str, found: String) -> ModelError {
        ModelError::Malformed {
            path: self.path.to_owned(),
            what: format!("byte {at}"),
            expected: expected.to_owned(),
            found,
        }
    }

    fn take(&mut self, count: usize, what: &str) -> Result<&[u8]> {
        let end = self.at.checked_add(count).filter(|&end| end <= self.bytes.len());
        let Some(end) = end else {
            return Err(self.wrong_at(
                self.at,
                what,
                format!("the end of the file at byte {}", self.bytes.len()),
            ));
        };
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self, what: &str) -> Result<[u8; N]> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N, what)?);
        Ok(array)
    }

    fn u32(&mut self, what: &str) -> Result<u32> {
        self.array(what).map(u32::from_le_bytes)
    }

    fn u64(&mut self, what: &str) -> Result<u64> {
        self.array(what).map(u64::from_le_bytes)
    }

    /// A count of things that take at least `smallest` bytes each, so that it cannot exceed the file.
    fn count(&mut self, what: &str, smallest: usize) -> Result<usize> {
        let at = self.at;
        let count = self.u64(what)?;
        let most = (self.bytes.len() - self.at) / smallest;
        if count > most as u64 {
            return Err(self.wrong_at(
                at,
                &format!("{what}, at most {most} in this file"),
                count.to_string(),
            ));
        }
        Ok(count as usize)
    }

    fn text(&mut self, what: &str) -> Result<String> {
        let length = self.count(what, 1)?;
        Ok(String::from_utf8_lossy(self.take(length, what)?).into_owned())
    }

    fn value(&mut self, kind: u32, depth: usize) -> Result<Value> {
        let what = "a value";
        Ok(match kind {
            0..=5 | 10 | 11 => {
                let bytes = self.take(list::size_of(kind).unwrap_or(1), what)?;
                Value::Integer(list::integer(kind, bytes).unwrap_or_default())
            }
            6 => Value::Float(f64::from(f32::from_le_bytes(self.array(what)?))),
            7 => Value::Flag(self.array::<1>(what)?[0] != 0),
            8 => Value::Text(self.text("a text")?),
            9 => Value::List(self.list(depth)?),
            12 => Value::Float(f64::from_le_bytes(self.array(what)?)),
            other => return Err(self.wrong_at(self.at - 4, "a value type from 0 to 12", other.to_string())),
        })
    }

    /// A list, left where it lies.
    fn list(&mut self, depth: usize) -> Result<List> {
        if depth >= DEEPEST_LIST {
            return Err(self.wrong_at(self.at, "lists no deeper than 4", "a deeper one".into()));
        }
        let kind = self.u32("the type of a list")?;
        match kind {
            8 => {
                // The smallest text is its length.
                let count = self.count("the length of a list", 8)?;
                let mut spans = Vec::with_capacity(count);
                for _ in 0..count {
                    let length = self.count("a text", 1)?;
                    spans.push((self.at, length));
                    self.take(length, "a text")?;
                }
                Ok(List::texts(self.bytes.clone(), spans))
            }
            9 => {
                let count = self.count("the length of a list", 12)?;
                for _ in 0..count {
                    self.list(depth + 1)?;
                }
                Ok(List::lists(count))
            }
            _ => {
                let Some(size) = list::size_of(kind) else {
                    return Err(self.wrong_at(self.at - 4, "a value type from 0 to 12", kind.to_string()));
                };
                let count = self.count("the length of a list", size)?;
                let start = self.at;
                self.take(count * size, "a list")?;
                Ok(List::fixed(kind, self.bytes.slice(start..self.at).unwrap_or(Bytes::from_static(&[]))))
            }
        }
    }

    fn info(&mut self) -> Result<Info> {
        let name = self.text("the name of a tensor")?;
        let dimensions = self.u32("the number of dimensions")?;
        if dimensions > 4 {
            return Err(self.wrong_at(self.at - 4, "at most 4 dimensions", dimensions.to_string()));
        }
        let mut shape = Vec::new();
        for _ in 0..dimensions {
            let at = self.at;
            let size = self.u64("the size of a dimension")?;
            let size = usize::try_from(size).ok().filter(|&size| size <= 1 << 40);
            shape.push(size.ok_or_else(|| self.wrong_at(at, "a sensible size", "a huge one".into()))?);
        }
        // GGUF lists the fastest-varying size first.
        shape.reverse();
        Ok(Info {
            name,
            shape,
            kind: self.u32("the type of a tensor")?,
            offset: self.u64("the offset of a tensor")?,
        })
    }

    fn tensor(&self, start: usize, info: Info) -> Result<Tensor> {
        let numbers = number_type(info.kind).ok_or_else(|| ModelError::Unsupported {
            path: self.path.to_owned(),
            what: format!("tensor {} has ggml type {}", info.name, info.kind),
            advice:
                "F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q2_K to Q6_K, IQ4_NL, IQ4_XS and MXFP4 are \
                     read"
                    .into(),
        })?;
        let count = info.shape.iter().try_fold(1usize, |count, &size| count.checked_mul(size));
        let width = info.shape.last().copied().unwrap_or(1);
        let bytes = count.and_then(|count| match numbers {
            NumberType::F32 => count.checked_mul(4),
            NumberType::F16 | NumberType::Bf16 => count.checked_mul(2),
            NumberType::Block(block) if width.is_multiple_of(block.numbers()) => Some(block.bytes_of(count)),
            _ => None,
        });
        let range = bytes.and_then(|bytes| {
            let first = start.checked_add(usize::try_from(info.offset).ok()?)?;
            self.bytes.slice(first..first.checked_add(bytes)?)
        });
        let Some(data) = range else {
            return Err(ModelError::Malformed {
                path: self.path.to_owned(),
                what: format!(
                    "tensor {} of shape {:?} at byte {} + {}",
                    info.name, info.shape, start, info.offset
                ),
                expected: "data within the file, in whole blocks".into(),
                found: format!("a file of {} bytes; it may be cut short", self.bytes.len()),
            });
        };
        Ok(Tensor::new(info.name, info.shape, numbers, data))
    }
}

fn number_type(kind: u32) -> Option<NumberType> {
    Some(match kind {
        0 => NumberType::F32,
        1 => NumberType::F16,
        2 => NumberType::Block(BlockType::Q4_0),
        3 => NumberType::Block(BlockType::Q4_1),
        6 => NumberType::Block(BlockType::Q5_0),
        7 => NumberType::Block(BlockType::Q5_1),
        8 => NumberType::Block(BlockType::Q8_0),
        10 => NumberType::Block(BlockType::Q2K),
        11 => NumberType::Block(BlockType::Q3K),
        12 => NumberType::Block(BlockType::Q4K),
        13 => NumberType::Block(BlockType::Q5K),
        14 => NumberType::Block(BlockType::Q6K),
        20 => NumberType::Block(BlockType::Iq4Nl),
        23 => NumberType::Block(BlockType::Iq4Xs),
        30 => NumberType::Bf16,
        39 => NumberType::Block(BlockType::Mxfp4),
        _ => return None,
    })
}
