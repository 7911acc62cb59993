//! Our own container: safetensors (<https://github.com/huggingface/safetensors>, format.md) with
//!
//! ```text
//! vectors    F32 [n, d]     or   codes I8 [n, d] and scales F32 [n]: component = scale * code
//! words      U8 [bytes]     all words, one after the other
//! word_ends  U64 [n]        where each of them ends in `words`
//! ```
//!
//! The metadata key `name` says what to call the vectors. The writers stream: rows go to the file
//! as they come, the words wait in memory, and the header, whose room is reserved, is written last.
//! Its size makes the rows of a mapped file begin at a multiple of [`HEADER_UNIT`] bytes.

use std::path::{Path, PathBuf};

use safetensors::tensor::{Dtype, Metadata, SafeTensors, TensorInfo};
use serde_json::{Map, Value, json};

use super::format::{Format, Head, Writer as FormatWriter};
use super::int8;
use super::parts::{Flaws, Parts};
use super::selection::{Row, Selection};
use super::sink::Sink;
use crate::files::AtomicFile;
use crate::mmap::Bytes;
use crate::vectors::error::{Result, VectorsError};
use crate::vectors::rows::Rows;
use crate::vectors::vocabulary::{Span, Vocabulary};

/// Key and value pairs for the container's metadata.
pub type Pairs = Vec<(String, String)>;

const NAME: &str = "safetensors";

/// The format, for the list of formats.
pub const FORMAT: Format = Format {
    name: NAME,
    id: "safetensors",
    about: "container that opens at once and keeps everything",
    endings: &["safetensors"],
    detect,
    reads_packed: false,
    read: |source, _| read(source.bytes, source.path),
    write: Some(FormatWriter {
        objection: |_| None,
        write: write_floats,
        remark: None,
        int8: Some(&FormatWriter {
            objection: not_finite,
            write: write_codes,
            remark: Some("numbers are rounded to int8 with one scale a row"),
            int8: None,
        }),
    }),
};

/// A safetensors header is JSON behind its length.
fn detect(head: &Head) -> bool {
    let length = head.bytes.first_chunk::<8>().map(|length| u64::from_le_bytes(*length));
    length.is_some_and(|length| length < 1 << 40) && head.bytes.get(8) == Some(&b'{')
}

fn not_finite(row: &Row) -> Option<&'static str> {
    let finite = row.vectors.rows().to_vec(row.index).iter().all(|number| number.is_finite());
    (!finite).then_some("int8 cannot hold numbers that are not finite")
}

fn write_floats(selection: &Selection) -> Result<u64> {
    let vectors = selection.vectors;
    let name = vec![("name".into(), vectors.name().to_owned())];
    let mut writer = ContainerWriter::create(selection.path, vectors.path(), vectors.dimensions(), name)?;
    selection.one_by_one(|word, numbers| writer.push(word, numbers))?;
    writer.finish()
}

fn write_codes(selection: &Selection) -> Result<u64> {
    let vectors = selection.vectors;
    let name = vec![("name".into(), vectors.name().to_owned())];
    let mut writer = Int8ContainerWriter::create(selection.path, vectors.path(), vectors.dimensions(), name)?;
    selection.one_by_one(|word, numbers| writer.push(word, numbers))?;
    writer.finish()
}

/// The header takes a multiple of this many bytes, its length field included.
pub const HEADER_UNIT: usize = 4096;

/// Writes f32 rows, one at a time.
#[derive(Debug)]
pub struct ContainerWriter(Writer);

impl ContainerWriter {
    /// Starts the container that will become `path`, with rows of `dimensions` numbers and the
    /// permissions of `model`.
    ///
    /// # Errors
    /// Whatever the system says on creating the file.
    pub fn create(path: &Path, model: Option<&Path>, dimensions: usize, metadata: Pairs) -> Result<Self> {
        Writer::create(path, model, dimensions, metadata).map(Self)
    }

    /// Appends a row.
    ///
    /// # Errors
    /// A row of another length; whatever the system says on writing.
    pub fn push(&mut self, word: &[u8], row: &[f32]) -> Result<()> {
        self.0.check(word, row)?;
        self.0.file.write(bytemuck::cast_slice(row))?;
        self.0.add_word(word);
        Ok(())
    }

    /// Adds to the metadata what is known only after the rows.
    pub fn describe(&mut self, metadata: Pairs) {
        self.0.metadata.extend(metadata);
    }

    /// Writes words and header and puts the file in its place; returns its size.
    ///
    /// # Errors
    /// Whatever the system says on writing or renaming.
    pub fn finish(self) -> Result<u64> {
        let (rows, dimensions) = (self.0.word_ends.len(), self.0.dimensions);
        let vectors = ("vectors", Dtype::F32, vec![rows, dimensions], 4 * rows * dimensions);
        self.0.finish(vec![vectors])
    }
}

impl Sink for ContainerWriter {
    fn push(&mut self, word: &[u8], row: &[f32]) -> Result<()> {
        Self::push(self, word, row)
    }
}

/// Writes rows as one i8 code a component and one f32 scale a row.
///
/// See [`int8::encode`] for the choice of the scale. Rows that are not finite cannot be coded.
#[derive(Debug)]
pub struct Int8ContainerWriter {
    writer: Writer,
    scales: Vec<f32>,
    codes: Vec<i8>,
}

impl Int8ContainerWriter {
    /// As [`ContainerWriter::create`].
    ///
    /// # Errors
    /// As [`ContainerWriter::create`].
    pub fn create(path: &Path, model: Option<&Path>, dimensions: usize, metadata: Pairs) -> Result<Self> {
        let writer = Writer::create(path, model, dimensions, metadata)?;
        Ok(Self { writer, scales: Vec::new(), codes: vec![0; dimensions] })
    }

    /// Appends a row.
    ///
    /// # Errors
    /// A row of another length or with a number that is not finite; whatever the system says.
    pub fn push(&mut self, word: &[u8], row: &[f32]) -> Result<()> {
        self.writer.check(word, row)?;
        if !row.iter().all(|value| value.is_finite()) {
            let word = String::from_utf8_lossy(word);
            return Err(VectorsError::Request(format!(
                "the vector of \"{word}\" is not finite and cannot be stored as int8; write f32 instead"
            )));
        }
        let scale = int8::encode(row, &mut self.codes);
        self.writer.file.write(bytemuck::cast_slice(&self.codes))?;
        self.scales.push(scale);
        self.writer.add_word(word);
        Ok(())
    }

    /// As [`ContainerWriter::finish`].
    ///
    /// # Errors
    /// As [`ContainerWriter::finish`].
    pub fn finish(mut self) -> Result<u64> {
        let (rows, dimensions) = (self.scales.len(), self.writer.dimensions);
        self.writer.file.write(bytemuck::cast_slice(&self.scales))?;
        let codes = ("codes", Dtype::I8, vec![rows, dimensions], rows * dimensions);
        self.writer.finish(vec![codes, ("scales", Dtype::F32, vec![rows], 4 * rows)])
    }
}

/// Writes rows of length 1 as bytes of codes, each with a scale and an error, and no words: what the
/// [`planes`](crate::vectors::planes) read.
#[derive(Debug)]
pub struct PlaneWriter {
    writer: Writer,
    scales: Vec<f32>,
    errors: Vec<f32>,
}

impl PlaneWriter {
    /// As [`ContainerWriter::create`].
    ///
    /// # Errors
    /// As [`ContainerWriter::create`].
    pub fn create(path: &Path, model: Option<&Path>, width: usize, metadata: Pairs) -> Result<Self> {
        let writer = Writer::create(path, model, width, metadata)?;
        Ok(Self { writer, scales: Vec::new(), errors: Vec::new() })
    }

    /// Appends as many rows as there are scales and errors, each of as many bytes as it was created with.
    ///
    /// # Errors
    /// Whatever the system says on writing.
    ///
    /// # Panics
    /// When the sizes do not fit together.
    pub fn push(&mut self, codes: &[u8], scales: &[f32], errors: &[f32]) -> Result<()> {
        assert!(codes.len() == scales.len() * self.writer.dimensions && scales.len() == errors.len());
        self.writer.file.write(codes)?;
        self.scales.extend_from_slice(scales);
        self.errors.extend_from_slice(errors);
        Ok(())
    }

    /// As [`ContainerWriter::finish`].
    ///
    /// # Errors
    /// As [`ContainerWriter::finish`].
    pub fn finish(mut self) -> Result<u64> {
        let (rows, dimensions) = (self.scales.len(), self.writer.dimensions);
        self.writer.file.write(bytemuck::cast_slice(&self.scales))?;
        self.writer.file.write(bytemuck::cast_slice(&self.errors))?;
        let codes = ("codes", Dtype::I8, vec![rows, dimensions], rows * dimensions);
        let a_row = |name| (name, Dtype::F32, vec![rows], 4 * rows);
        self.writer.finish_with(&[codes, a_row("scales"), a_row("errors")])
    }
}

/// Name, element type, shape and size in bytes of a tensor.
type Tensor = (&'static str, Dtype, Vec<usize>, usize);

#[derive(Debug)]
struct Writer {
    file: AtomicFile,
    path: PathBuf,
    dimensions: usize,
    metadata: Pairs,
    reserved: usize,
    words: Vec<u8>,
    word_ends: Vec<u64>,
}

impl Writer {
    fn create(path: &Path, model: Option<&Path>, dimensions: usize, metadata: Pairs) -> Result<Self> {
        let mut file = AtomicFile::create(path, model)?;
        // Room for the tensors' entries, the metadata known now, and that which may follow.
        let metadata_size: usize =
            metadata.iter().map(|(key, value)| 8 + 2 * (key.len() + value.len())).sum();
        let reserved = (metadata_size + 2 * HEADER_UNIT).next_multiple_of(HEADER_UNIT);
        file.write(&vec![b' '; reserved])?;
        let (words, word_ends) = (Vec::new(), Vec::new());
        Ok(Self { file, path: path.to_owned(), dimensions, metadata, reserved, words, word_ends })
    }

    fn check(&self, word: &[u8], row: &[f32]) -> Result<()> {
        if row.len() == self.dimensions {
            return Ok(());
        }
        Err(VectorsError::DimensionMismatch {
            what: format!("the vector of \"{}\"", String::from_utf8_lossy(word)),
            expected: self.dimensions,
            found: row.len(),
        })
    }

    fn add_word(&mut self, word: &[u8]) {
        self.words.extend_from_slice(word);
        self.word_ends.push(self.words.len() as u64);
    }

    fn finish(mut self, mut tensors: Vec<Tensor>) -> Result<u64> {
        tensors.push(("word_ends", Dtype::U64, vec![self.word_ends.len()], 8 * self.word_ends.len()));
        tensors.push(("words", Dtype::U8, vec![self.words.len()], self.words.len()));
        self.file.write(bytemuck::cast_slice(&self.word_ends))?;
        self.file.write(&self.words)?;
        self.finish_with(&tensors)
    }

    /// Writes the header of `tensors`, whose bytes are written, and puts the file in its place.
    fn finish_with(mut self, tensors: &[Tensor]) -> Result<u64> {
        let header = self.header(tensors);
        let room = self.reserved - 8;
        if header.len() > room {
            return Err(VectorsError::Request(format!(
                "{}: the metadata takes {} bytes, {room} were reserved; shorten it",
                self.path.display(),
                header.len()
            )));
        }
        let mut bytes = (room as u64).to_le_bytes().to_vec();
        bytes.extend_from_slice(header.as_bytes());
        self.file.patch(0, &bytes)?;
        Ok(self.file.commit()?)
    }

    fn header(&self, tensors: &[Tensor]) -> String {
        let mut entries = Map::new();
        let mut start = 0;
        let mut places = Vec::new();
        for (_, dtype, shape, size) in tensors {
            let info =
                TensorInfo { dtype: *dtype, shape: shape.clone(), data_offsets: (start, start + size) };
            places.push(info);
            start += size;
        }
        let known = self.metadata.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        let infos = tensors.iter().zip(&places).map(|((name, ..), info)| (*name, info));
        let checksum = checksum(known, infos, self.reserved);
        let pairs = self.metadata.iter().map(|(key, value)| (key.clone(), Value::from(value.as_str())));
        let pairs = pairs.chain([(CHECKSUM_KEY.to_owned(), Value::from(checksum))]);
        entries.insert("__metadata__".into(), Value::Object(pairs.collect()));
        for ((name, ..), TensorInfo { dtype, shape, data_offsets }) in tensors.iter().zip(&places) {
            let offsets = [data_offsets.0, data_offsets.1];
            let entry = json!({"dtype": dtype, "shape": shape, "data_offsets": offsets});
            entries.insert((*name).into(), entry);
        }
        Value::Object(entries).to_string()
    }
}

/// Metadata key of the checksum over everything else in the header.
const CHECKSUM_KEY: &str = "checksum";

/// FNV-1a over metadata, names, types, shapes and places of the tensors, and the header's size.
fn checksum<'a>(
    metadata: impl Iterator<Item = (&'a str, &'a str)>,
    tensors: impl Iterator<Item = (&'a str, &'a TensorInfo)>,
    header: usize,
) -> String {
    let mut lines: Vec<String> = metadata.map(|(key, value)| format!("{key}={value}")).collect();
    lines.extend(
        tensors
            .map(|(name, info)| format!("{name}:{:?}:{:?}:{:?}", info.dtype, info.shape, info.data_offsets)),
    );
    lines.sort();
    format!("{:016x}", hash(format!("{header} {}", lines.join("\n")).as_bytes()))
}

/// Whether the header of the container in `bytes` is as it was written: its checksum is there and right.
pub fn is_intact(bytes: &[u8]) -> bool {
    let Ok((length, header)) = SafeTensors::read_metadata(bytes) else { return false };
    let Some(metadata) = header.metadata() else { return false };
    let tensors = header.tensors();
    let known = metadata.iter().filter(|(key, _)| *key != CHECKSUM_KEY);
    let known = known.map(|(key, value)| (key.as_str(), value.as_str()));
    let found = checksum(known, tensors.iter().map(|(name, info)| (name.as_str(), *info)), length + 8);
    metadata.get(CHECKSUM_KEY) == Some(&found)
}

/// A hash that is the same in every version and on every machine: FNV-1a, 64 bit.
pub fn hash(bytes: &[u8]) -> u64 {
    let mix = |hash: u64, &byte: &u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, mix)
}

/// A metadata value of the container in `bytes`, such as that of `name`.
pub fn metadata(bytes: &[u8], key: &str) -> Option<String> {
    let (_, header) = SafeTensors::read_metadata(bytes).ok()?;
    header.metadata().as_ref()?.get(key).cloned()
}

/// Reads a container; rows and words stay where they are.
///
/// # Errors
/// [`VectorsError::Malformed`] when header, tensors or word ends contradict each other;
/// [`VectorsError::Unsupported`] for a safetensors file that holds something else.
pub fn read(bytes: &Bytes, path: &Path) -> Result<Parts> {
    let (header_length, header) = SafeTensors::read_metadata(bytes)
        .map_err(|error| malformed(path, 0, "a safetensors header that fits the file", &error.to_string()))?;
    let file = Container { bytes, path, header, data_start: header_length + 8 };
    let words = file.tensor("words", Dtype::U8, 1)?;
    let word_ends = file.tensor("word_ends", Dtype::U64, 1)?;
    let vocabulary = file.vocabulary(&words, &word_ends)?;
    let rows = if file.header.info("codes").is_some() { file.int8_rows()? } else { file.float_rows()? };
    if rows.len() != vocabulary.len() {
        let found = format!("{} words and {} rows", vocabulary.len(), rows.len());
        return Err(malformed(path, 8, "one row a word", &found));
    }
    Ok(Parts { format: NAME.into(), vocabulary, rows, subwords: None, flaws: Flaws::default() })
}

/// The codes, the scales and the errors that a [`PlaneWriter`] wrote.
///
/// # Errors
/// As [`read`].
pub fn read_plane(bytes: &Bytes, path: &Path) -> Result<[Bytes; 3]> {
    let (header_length, header) = SafeTensors::read_metadata(bytes)
        .map_err(|error| malformed(path, 0, "a safetensors header that fits the file", &error.to_string()))?;
    let file = Container { bytes, path, header, data_start: header_length + 8 };
    let tensors = [("codes", Dtype::I8, 2), ("scales", Dtype::F32, 1), ("errors", Dtype::F32, 1)];
    let [codes, scales, errors] = tensors.map(|(name, dtype, axes)| file.tensor(name, dtype, axes));
    Ok([codes?.bytes, scales?.bytes, errors?.bytes])
}

struct Container<'a> {
    bytes: &'a Bytes,
    path: &'a Path,
    header: Metadata,
    data_start: usize,
}

struct Found {
    bytes: Bytes,
    shape: Vec<usize>,
    offset: u64,
}

impl Container<'_> {
    /// The tensor `name`. The safetensors crate has checked that shapes, element types and offsets
    /// agree with each other and with the length of the file.
    fn tensor(&self, name: &str, dtype: Dtype, axes: usize) -> Result<Found> {
        let Some(info) = self.header.info(name) else { return Err(self.missing(name)) };
        let TensorInfo { dtype: found, shape, data_offsets: (start, end) } = info;
        let offset = (self.data_start + start) as u64;
        if *found != dtype || shape.len() != axes {
            let expected = format!("tensor \"{name}\" of type {dtype:?} with {axes} axes");
            return Err(malformed(self.path, 8, &expected, &format!("type {found:?}, shape {shape:?}")));
        }
        let range = self.data_start + start..self.data_start + end;
        let bytes = self.bytes.slice(range).ok_or_else(|| {
            malformed(self.path, offset, &format!("the data of \"{name}\""), "the end of the file")
        })?;
        Ok(Found { bytes, shape: shape.clone(), offset })
    }

    fn missing(&self, name: &str) -> VectorsError {
        let mut names = self.header.offset_keys();
        names.truncate(4);
        VectorsError::Unsupported {
            path: self.path.to_owned(),
            what: format!("a safetensors file without the tensor \"{name}\" (it has {})", names.join(", ")),
            advice: "lexiscope reads safetensors that `lexiscope convert` wrote: vectors, words, word_ends"
                .into(),
        }
    }

    fn vocabulary(&self, words: &Found, word_ends: &Found) -> Result<Vocabulary> {
        let mut spans = Vec::with_capacity(word_ends.bytes.len() / 8);
        let mut start = 0;
        for (row, end) in word_ends.bytes.chunks_exact(8).enumerate() {
            let end = u64::from_le_bytes(end.try_into().unwrap_or_default());
            let length = end.checked_sub(start).and_then(|length| u32::try_from(length).ok());
            let Some(length) = length.filter(|_| end <= words.bytes.len() as u64) else {
                let expected = format!("the end of word {row} in {start}..={}", words.bytes.len());
                return Err(malformed(
                    self.path,
                    word_ends.offset + 8 * row as u64,
                    &expected,
                    &end.to_string(),
                ));
            };
            spans.push(Span { start, length });
            start = end;
        }
        Ok(Vocabulary::new(words.bytes.clone(), spans))
    }

    fn float_rows(&self) -> Result<Rows> {
        let vectors = self.tensor("vectors", Dtype::F32, 2)?;
        let (rows, dimensions) = self.shape(&vectors)?;
        Ok(Rows::Strided { bytes: vectors.bytes, stride: 4 * dimensions, rows, dimensions })
    }

    fn int8_rows(&self) -> Result<Rows> {
        let codes = self.tensor("codes", Dtype::I8, 2)?;
        let scales = self.tensor("scales", Dtype::F32, 1)?;
        let (rows, dimensions) = self.shape(&codes)?;
        let scale = |bytes: &[u8]| f32::from_le_bytes(bytes.try_into().unwrap_or_default());
        let scales: Vec<f32> = scales.bytes.chunks_exact(4).map(scale).collect();
        if scales.len() != rows {
            return Err(malformed(self.path, 8, &format!("{rows} scales"), &scales.len().to_string()));
        }
        Ok(Rows::Int8 { codes: codes.bytes, scales, dimensions })
    }

    fn shape(&self, tensor: &Found) -> Result<(usize, usize)> {
        match tensor.shape[..] {
            [rows, dimensions] if dimensions > 0 => Ok((rows, dimensions)),
            _ => {
                Err(malformed(self.path, 8, "rows with at least one number", &format!("{:?}", tensor.shape)))
            }
        }
    }
}

fn malformed(path: &Path, offset: u64, expected: &str, found: &str) -> VectorsError {
    VectorsError::Malformed {
        path: path.to_owned(),
        format: NAME,
        offset,
        expected: expected.into(),
        found: found.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_that_changed_is_not_intact() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.safetensors");
        let mut writer =
            ContainerWriter::create(&path, None, 2, vec![("source".into(), "a.txt 7".into())]).unwrap();
        writer.push(b"a", &[1.0, 2.0]).unwrap();
        writer.describe(vec![("flaws".into(), "none".into())]);
        writer.finish().unwrap();
        let whole = std::fs::read(&path).unwrap();
        assert!(is_intact(&whole));
        let header = whole.iter().position(|&byte| byte == b'{').unwrap();
        let end = whole.windows(2).position(|pair| pair == b"  ").unwrap();
        for at in (0..8).chain(header..end) {
            for flip in [1, 4, 32] {
                let mut changed = whole.clone();
                changed[at] ^= flip;
                assert!(!is_intact(&changed), "byte {at} ^ {flip}: {:?}", changed[at] as char);
            }
        }
        assert!(!is_intact(&whole[..whole.len() - 1]), "cut short");
    }
}
