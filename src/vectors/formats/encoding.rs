//! Text that is not UTF-8.

use std::io::{self, Read};

use encoding_rs::{CoderResult, Decoder, UTF_16BE, UTF_16LE};

/// How text is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Encoding(&'static encoding_rs::Encoding);

/// Bytes that are decoded at a time.
const BUFFER: usize = 1 << 16;

impl Encoding {
    /// The encoding that the WHATWG standard knows by this name, such as `latin1`, `gbk`, `utf-16le`.
    pub fn named(name: &str) -> Option<Self> {
        encoding_rs::Encoding::for_label(name.as_bytes()).map(Self)
    }

    /// UTF-16, told by its byte order mark or by the zero bytes of Latin letters.
    pub fn detect(head: &[u8]) -> Option<Self> {
        const SAMPLE: usize = 512;
        let head = &head[..head.len().min(SAMPLE)];
        match head {
            [0xff, 0xfe, ..] if head.get(2..4) != Some(&[0, 0]) => return Some(Self(UTF_16LE)),
            [0xfe, 0xff, ..] => return Some(Self(UTF_16BE)),
            _ => {}
        }
        // Digits, points and blanks make up most of a file of vectors.
        let is_text = |byte: u8| (b' '..=b'~').contains(&byte) || byte.is_ascii_whitespace();
        let matches = |text: usize, zero: usize| {
            let both = head.chunks_exact(2).filter(|pair| is_text(pair[text]) && pair[zero] == 0);
            head.len() >= 16 && both.count() * 10 > head.len() / 2 * 9
        };
        if matches(0, 1) {
            Some(Self(UTF_16LE))
        } else if matches(1, 0) {
            Some(Self(UTF_16BE))
        } else {
            None
        }
    }

    /// Its name in the WHATWG standard.
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// Whether text in it is read without decoding.
    pub fn is_utf8(self) -> bool {
        self.0 == encoding_rs::UTF_8
    }

    /// What `reader` holds, as UTF-8 without a byte order mark.
    pub fn reader<R: Read>(self, reader: R) -> impl Read + use<R> {
        let (input, output) = (vec![0; BUFFER], vec![0; 4 * BUFFER]);
        let decoder = self.0.new_decoder_with_bom_removal();
        Decoded { reader, decoder, input, filled: 0..0, output, ready: 0..0, ended: false }
    }
}

struct Decoded<R> {
    reader: R,
    decoder: Decoder,
    input: Vec<u8>,
    filled: std::ops::Range<usize>,
    output: Vec<u8>,
    ready: std::ops::Range<usize>,
    ended: bool,
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.ready.is_empty() && !self.ended {
            let mut last = false;
            if self.filled.is_empty() {
                let read = self.reader.read(&mut self.input)?;
                self.filled = 0..read;
                last = read == 0;
            }
            let (result, read, written, broken) =
                self.decoder.decode_to_utf8(&self.input[self.filled.clone()], &mut self.output, last);
            if broken {
                let reason = format!("it is not {} throughout", self.decoder.encoding().name());
                return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
            }
            self.filled.start += read;
            self.ready = 0..written;
            self.ended = last && result == CoderResult::InputEmpty;
        }
        let count = self.ready.len().min(buffer.len());
        buffer[..count].copy_from_slice(&self.output[self.ready.start..self.ready.start + count]);
        self.ready.start += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(encoding: Encoding, bytes: &[u8]) -> io::Result<String> {
        let mut text = String::new();
        encoding.reader(bytes).read_to_string(&mut text)?;
        Ok(text)
    }

    #[test]
    fn utf_16_is_told_and_read() {
        let text = "caf\u{e9} 0.25 -1.5 0.75\n\u{65e5} 1.5 0.5 1\n".repeat(5000);
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        for (bytes, mark) in [(&little, [0xff, 0xfe]), (&big, [0xfe, 0xff])] {
            let encoding = Encoding::detect(bytes).unwrap();
            assert_eq!(decoded(encoding, bytes).unwrap(), text);
            let marked = [&mark[..], bytes].concat();
            assert_eq!(Encoding::detect(&marked), Some(encoding));
            assert_eq!(decoded(encoding, &marked).unwrap(), text);
        }
        assert_eq!(Encoding::detect(b"the 0.1 0.2 0.3 0.4\n"), None);
    }

    #[test]
    fn names_are_those_of_the_standard_and_broken_text_is_an_error() {
        let latin = Encoding::named("latin1").unwrap();
        assert_eq!(decoded(latin, b"caf\xe9").unwrap(), "caf\u{e9}");
        assert!(Encoding::named("klingon").is_none());
        assert!(decoded(Encoding::named("utf-16le").unwrap(), b"a\0\x00\xd8").is_err());
    }
}
