//! gzip, xz, bzip2 and Zstandard around a file.

use std::io::{self, BufRead, Read};

use bzip2::bufread::MultiBzDecoder;
use flate2::bufread::GzDecoder;
use lzma_rust2::XzReader;
use ruzstd::decoding::{FrameDecoder, StreamingDecoder};

use crate::foreign;
use crate::progress::Progress;

/// How a file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// gzip, RFC 1952.
    Gzip,
    /// xz.
    Xz,
    /// bzip2.
    Bzip2,
    /// Zstandard, RFC 8878.
    Zstandard,
}

/// Memory that an xz file may ask for, in KiB; `xz -9e` needs 65 MiB.
const XZ_MEMORY: u32 = 1 << 20;

/// Vectors are compressed to a half or a quarter; what grows by more than this was made to do harm.
const LARGEST_GROWTH: u64 = 256;

/// What any file may grow to.
const ALWAYS_ALLOWED: u64 = 64 << 20;

/// Bytes that are taken at a time.
const BUFFER: usize = 1 << 18;

impl Compression {
    /// The compression that a file beginning with `head` has.
    pub fn detect(head: &[u8]) -> Option<Self> {
        match head {
            [0x1f, 0x8b, 8, ..] => Some(Self::Gzip),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(Self::Xz),
            // The block size, then the digits of pi or, of nothing, of its square root.
            [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, 0x59, 0x26, ..]
            | [b'B', b'Z', b'h', b'1'..=b'9', 0x17, 0x72, 0x45, 0x38, ..] => Some(Self::Bzip2),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Self::Zstandard),
            _ => None,
        }
    }

    /// A reader of what is inside; it adds the compressed bytes that it takes to `progress`, and
    /// fails where more comes out than any vectors could be compressed from.
    pub fn reader<'a>(self, bytes: &'a [u8], progress: &'a Progress) -> Box<dyn Read + Send + 'a> {
        let counted = Counted::new(bytes, progress);
        let inside: Box<dyn Read + Send + 'a> = match self {
            Self::Gzip => Box::new(Gunzip(GzDecoder::new(counted))),
            Self::Xz => Box::new(XzReader::new_mem_limit(counted, true, XZ_MEMORY)),
            Self::Bzip2 => Box::new(MultiBzDecoder::new(counted)),
            Self::Zstandard => Box::new(Frames { decoder: None, rest: Some(counted) }),
        };
        let allowed = (bytes.len() as u64).saturating_mul(LARGEST_GROWTH).max(ALWAYS_ALLOWED);
        Box::new(Ceiling { inside, left: allowed, allowed })
    }
}

/// Bytes in memory, counted as they are read.
pub struct Counted<'a> {
    rest: &'a [u8],
    progress: &'a Progress,
}

impl<'a> Counted<'a> {
    /// Reads `rest` and adds what is read to `progress`.
    pub fn new(rest: &'a [u8], progress: &'a Progress) -> Self {
        Self { rest, progress }
    }
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.rest.read(buffer)?;
        self.progress.advance(read as u64);
        Ok(read)
    }
}

impl BufRead for Counted<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        Ok(&self.rest[..self.rest.len().min(BUFFER)])
    }

    fn consume(&mut self, amount: usize) {
        self.rest = &self.rest[amount..];
        self.progress.advance(amount as u64);
    }
}

/// All members of a gzip file, and the zeros that tapes and some tools put behind them.
struct Gunzip<'a>(GzDecoder<Counted<'a>>);

impl Read for Gunzip<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.0.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            let after = self.0.get_ref();
            if after.rest.iter().all(|&byte| byte == 0) {
                return Ok(0);
            }
            self.0 = GzDecoder::new(Counted::new(after.rest, after.progress));
        }
    }
}

/// All frames of a Zstandard file, one after the other.
struct Frames<'a> {
    decoder: Option<StreamingDecoder<Counted<'a>, FrameDecoder>>,
    rest: Option<Counted<'a>>,
}

impl Read for Frames<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(decoder) = &mut self.decoder {
                let read = decoder.read(buffer)?;
                if read > 0 || buffer.is_empty() {
                    return Ok(read);
                }
                self.rest = self.decoder.take().map(|decoder| decoder.into_parts().0);
            }
            match self.rest.take() {
                Some(rest) if !rest.rest.is_empty() => {
                    self.decoder = Some(StreamingDecoder::new(rest).map_err(io::Error::other)?);
                }
                _ => return Ok(0),
            }
        }
    }
}

/// A reader that fails when more comes out of it than is believable.
struct Ceiling<R> {
    inside: R,
    left: u64,
    allowed: u64,
}

impl<R: Read> Read for Ceiling<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = foreign::call(|| self.inside.read(buffer)).map_err(|panic| {
            io::Error::new(io::ErrorKind::InvalidData, format!("the unpacker does not stand it ({panic})"))
        })??;
        self.left = self.left.checked_sub(read as u64).ok_or_else(|| {
            let reason = format!(
                "more than {} MiB come out of it, {LARGEST_GROWTH} times its size: no file of vectors does that",
                self.allowed >> 20
            );
            io::Error::new(io::ErrorKind::InvalidData, reason)
        })?;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn inside(bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut inside = Vec::new();
        let compression = Compression::detect(bytes).unwrap();
        compression.reader(bytes, &Progress::unobserved()).read_to_end(&mut inside)?;
        Ok(inside)
    }

    #[test]
    fn gzip_may_have_several_members_and_zeros_behind_them() {
        let text = b"a 1 2\n".repeat(1000);
        let twice = [gzip(&text), gzip(&text)].concat();
        assert_eq!(inside(&twice).unwrap(), text.repeat(2));
        assert_eq!(inside(&[&twice[..], &[0; 512]].concat()).unwrap(), text.repeat(2));
        assert!(inside(&[&twice[..], b"rubbish"].concat()).is_err());
    }

    #[test]
    fn a_bomb_is_refused() {
        let bomb = gzip(&vec![0; 80 << 20]);
        let error = inside(&bomb).map(|inside| inside.len()).unwrap_err().to_string();
        assert!(error.contains("no file of vectors"), "{error}");
    }

    #[test]
    fn bzip2_is_read() {
        let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
        encoder.write_all(b"a 1 2\n").unwrap();
        assert_eq!(inside(&encoder.finish().unwrap()).unwrap(), b"a 1 2\n");
    }
}
