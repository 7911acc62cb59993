//! gzip and xz around a file.

use std::io::{self, Read};

use flate2::bufread::MultiGzDecoder;
use lzma_rust2::XzReader;

use crate::mmap::Bytes;
use crate::progress::Progress;

/// How a file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// gzip, RFC 1952.
    Gzip,
    /// xz.
    Xz,
}

/// Memory that an xz file may ask for, in KiB; `xz -9e` needs 65 MiB.
const XZ_MEMORY: u32 = 1 << 20;

impl Compression {
    /// The compression that a file beginning with `head` has.
    pub fn detect(head: &[u8]) -> Option<Self> {
        match head {
            [0x1f, 0x8b, 8, ..] => Some(Self::Gzip),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(Self::Xz),
            _ => None,
        }
    }

    /// A reader of what is inside; it adds the compressed bytes that it takes to `progress`.
    pub fn reader<'a>(self, bytes: &'a Bytes, progress: &'a Progress) -> Box<dyn Read + Send + 'a> {
        let counted = Counted { rest: bytes, progress };
        match self {
            Self::Gzip => Box::new(MultiGzDecoder::new(io::BufReader::with_capacity(1 << 18, counted))),
            Self::Xz => Box::new(XzReader::new_mem_limit(counted, true, XZ_MEMORY)),
        }
    }

    /// The first `length` bytes of what is inside, or fewer when there are no more.
    ///
    /// # Errors
    /// What the decompressor says.
    pub fn head(self, bytes: &Bytes, length: usize) -> io::Result<Vec<u8>> {
        let mut head = Vec::new();
        self.reader(bytes, &Progress::unobserved()).take(length as u64).read_to_end(&mut head)?;
        Ok(head)
    }
}

struct Counted<'a> {
    rest: &'a [u8],
    progress: &'a Progress,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.rest.read(buffer)?;
        self.progress.advance(read as u64);
        Ok(read)
    }
}
