//! Walking through the bytes of a binary file without ever stepping outside.

use std::path::Path;

use crate::mmap::Bytes;
use crate::vectors::error::{Result, VectorsError};

/// A place in a file, and the little-endian fields that follow it. Every step is checked; an error
/// names the file, the byte and what was looked for.
pub(crate) struct Cursor<'a> {
    bytes: &'a Bytes,
    at: usize,
    path: &'a Path,
    format: &'static str,
}

macro_rules! fields {
    ($($name:ident: $kind:ty),*) => {$(
        /// The next field, which `what` describes.
        pub(crate) fn $name(&mut self, what: &str) -> Result<$kind> {
            let field = self.take(size_of::<$kind>() as u64, what)?;
            Ok(bytemuck::pod_read_unaligned(field))
        }
    )*};
}

impl<'a> Cursor<'a> {
    /// Starts at the first byte of a file.
    pub(crate) fn new(bytes: &'a Bytes, path: &'a Path, format: &'static str) -> Self {
        Self { bytes, at: 0, path, format }
    }

    fields!(u8: u8, u32: u32, i32: i32, u64: u64, i64: i64, f64: f64);

    /// The byte that comes next.
    pub(crate) fn position(&self) -> usize {
        self.at
    }

    /// Number of bytes that are left.
    pub(crate) fn remaining(&self) -> u64 {
        (self.bytes.len() - self.at) as u64
    }

    /// What follows, up to the end of the file.
    pub(crate) fn rest(&self) -> &'a [u8] {
        &self.bytes[self.at..]
    }

    /// What the file is called in errors from now on.
    pub(crate) fn set_format(&mut self, format: &'static str) {
        self.format = format;
    }

    /// The file's path.
    pub(crate) fn path(&self) -> &'a Path {
        self.path
    }

    /// Checks that `length` more bytes are there, for `what`.
    pub(crate) fn need(&self, length: u64, what: &str) -> Result<usize> {
        match usize::try_from(length) {
            Ok(needed) if length <= self.remaining() => Ok(needed),
            _ => Err(self.malformed(
                self.at,
                format!("{length} bytes of {what}"),
                format!("the end of the file after {} bytes", self.remaining()),
            )),
        }
    }

    /// The next `length` bytes.
    pub(crate) fn take(&mut self, length: u64, what: &str) -> Result<&'a [u8]> {
        let needed = self.need(length, what)?;
        let taken = &self.bytes[self.at..self.at + needed];
        self.at += needed;
        Ok(taken)
    }

    /// The next `length` bytes, shared rather than borrowed.
    pub(crate) fn share(&mut self, length: u64, what: &str) -> Result<Bytes> {
        let start = self.at;
        self.take(length, what)?;
        Ok(self.bytes.slice(start..self.at).unwrap_or_else(|| Bytes::from_static(&[])))
    }

    /// The next `count` little-endian f32, copied.
    pub(crate) fn floats(&mut self, count: u64, what: &str) -> Result<Vec<f32>> {
        let bytes = self.take(count.saturating_mul(4), what)?;
        Ok(bytes.chunks_exact(4).map(bytemuck::pod_read_unaligned).collect())
    }

    /// A field that must not be negative.
    pub(crate) fn count(&mut self, what: &str) -> Result<u32> {
        let at = self.at;
        let value = self.i32(what)?;
        u32::try_from(value).map_err(|_| self.malformed(at, format!("{what} of 0 or more"), value))
    }

    /// A 64-bit field that must not be negative.
    pub(crate) fn long_count(&mut self, what: &str) -> Result<u64> {
        let at = self.at;
        let value = self.i64(what)?;
        u64::try_from(value).map_err(|_| self.malformed(at, format!("{what} of 0 or more"), value))
    }

    /// The error that at byte `at` something else was expected.
    pub(crate) fn malformed(
        &self,
        at: usize,
        expected: impl Into<String>,
        found: impl ToString,
    ) -> VectorsError {
        VectorsError::Malformed {
            path: self.path.to_owned(),
            format: self.format,
            offset: at as u64,
            expected: expected.into(),
            found: found.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_outside_is_an_error_with_place_and_length() {
        let bytes = Bytes::from_static(&[1, 0, 0, 0, 2]);
        let mut cursor = Cursor::new(&bytes, Path::new("a.bin"), "fastText");
        assert_eq!(cursor.i32("first").unwrap(), 1);
        let error = cursor.u64("the size").unwrap_err().to_string();
        assert_eq!(
            error,
            "a.bin: not a whole fastText file: at byte 4: expected 8 bytes of the size, \
             found the end of the file after 1 bytes"
        );
        assert!(cursor.floats(u64::MAX, "numbers").is_err());
        assert_eq!(cursor.u8("last").unwrap(), 2);
        assert_eq!(cursor.remaining(), 0);
    }

    #[test]
    fn a_negative_count_is_an_error() {
        let bytes = Bytes::from_static(&[0xff; 12]);
        let mut cursor = Cursor::new(&bytes, Path::new("a.bin"), "fastText");
        assert!(cursor.count("words").is_err());
        assert!(cursor.long_count("words").unwrap_err().to_string().contains("words of 0 or more, found -1"));
    }
}
