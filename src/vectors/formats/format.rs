//! What a format is: the description that every file of this folder gives of itself, so that the
//! list of formats is all that the rest of the program has to know.

use std::io::Read;
use std::path::Path;

use super::compression::Compression;
use super::encoding::Encoding;
use super::parts::Parts;
use super::selection::{Row, Selection};
use crate::mmap::Bytes;
use crate::progress::Progress;
use crate::vectors::error::{Result, VectorsError};

/// A layout of vector files.
#[derive(Debug)]
pub struct Format {
    /// What people call it, in errors and in `info`.
    pub name: &'static str,
    /// What the command line calls it.
    pub id: &'static str,
    /// What it is, in a few words, for help.
    pub about: &'static str,
    /// How the names of such files end, without the dot.
    pub endings: &'static [&'static str],
    /// Whether a file that begins so is of this format, if no format before it in the list is.
    pub detect: fn(&Head) -> bool,
    /// Whether `read` takes what is compressed or in another encoding, too, as text does.
    pub reads_packed: bool,
    /// Reads a file for which `detect` holds.
    pub read: fn(&Source, &Progress) -> Result<Parts>,
    /// How such a file is written, for formats that can be written.
    pub write: Option<Writer>,
}

/// How rows are written to a file.
#[derive(Debug)]
pub struct Writer {
    /// Why the format cannot hold a row, if it cannot.
    pub objection: fn(&Row) -> Option<&'static str>,
    /// Writes the file and returns its size in bytes.
    pub write: fn(&Selection) -> Result<u64>,
    /// What the format cannot carry although it holds the row.
    pub remark: Option<&'static str>,
    /// The same with one byte a number, for formats that have room for that.
    pub int8: Option<&'static Writer>,
}

/// The beginning of a file.
#[derive(Debug, Clone, Copy)]
pub struct Head<'a> {
    /// Its first bytes, [`Head::LENGTH`] of them if there are as many.
    pub bytes: &'a [u8],
    /// Whether that is all of it.
    pub whole: bool,
    /// The file, for formats that have a second file beside it.
    pub path: &'a Path,
}

impl<'a> Head<'a> {
    /// How much of the beginning of a file is looked at.
    pub const LENGTH: usize = 8 << 20;

    /// The head of the file `path` with these `bytes`.
    pub fn of(bytes: &'a [u8], path: &'a Path) -> Self {
        let length = bytes.len().min(Self::LENGTH);
        Self { bytes: &bytes[..length], whole: bytes.len() < Self::LENGTH, path }
    }
}

/// A file to read.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// What it is called in messages, and what its rows in the cache belong to.
    pub path: &'a Path,
    /// Its bytes as they lie on the disk.
    pub bytes: &'a Bytes,
    /// How they are compressed.
    pub compression: Option<Compression>,
    /// How text is encoded where it is not UTF-8.
    pub encoding: Option<Encoding>,
}

impl<'a> Source<'a> {
    /// A file that is neither compressed nor encoded.
    pub fn plain(bytes: &'a Bytes, path: &'a Path) -> Self {
        Self { path, bytes, compression: None, encoding: None }
    }

    /// The first `length` bytes of what is inside, as UTF-8 where it is text.
    ///
    /// # Errors
    /// What the decompressor says.
    pub fn head(&self, length: usize) -> Result<Vec<u8>> {
        let mut head = Vec::new();
        let progress = Progress::unobserved();
        let mut reader = self.reader(&progress).take(length as u64);
        reader.read_to_end(&mut head).map_err(VectorsError::io(self.action(), self.path))?;
        Ok(head)
    }

    /// What is being done when reading fails.
    pub fn action(&self) -> &'static str {
        if self.compression.is_some() { "decompress" } else { "decode" }
    }

    /// Whether the bytes are what is inside, so that they can be used in place.
    pub fn is_plain(&self) -> bool {
        self.compression.is_none() && self.encoding.is_none()
    }

    /// What sets rows in the cache apart from those of the same file read otherwise.
    pub fn purpose(&self) -> String {
        match self.encoding {
            Some(encoding) => format!("rows-{}", encoding.name().to_ascii_lowercase()),
            None => "rows".to_owned(),
        }
    }

    /// What is inside; the bytes that it takes from the file are added to `progress`.
    pub fn reader(&self, progress: &'a Progress) -> Box<dyn Read + Send + 'a> {
        let inside: Box<dyn Read + Send + 'a> = match self.compression {
            Some(compression) => compression.reader(self.bytes, progress),
            None => Box::new(super::compression::Counted::new(self.bytes, progress)),
        };
        match self.encoding {
            Some(encoding) => Box::new(encoding.reader(inside)),
            None => inside,
        }
    }
}
