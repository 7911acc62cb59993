//! What a file holds, told by its content and never by its name.

use std::path::Path;

use super::text::{self, NotVectors, Shape};
use super::word2vec_binary::Header;
use super::{fasttext, finalfusion, npy};
use crate::vectors::{Result, VectorsError};

/// How much of the beginning of a file is looked at.
pub const HEAD: usize = 8 << 20;

/// A kind of content that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// fastText, quantised or not, with or without a magic number.
    FastText,
    /// finalfusion.
    Finalfusion,
    /// NumPy.
    Npy,
    /// safetensors.
    Safetensors,
    /// word2vec binary.
    Word2vecBinary,
    /// word2vec or GloVe text, of this shape.
    Text(Shape),
}

/// Tells the content from `bytes`, the file at `path` or the beginning of it (at least [`HEAD`] bytes).
///
/// # Errors
/// [`VectorsError::Unsupported`] with what the file seems to be and what to do instead.
pub fn detect(bytes: &[u8], path: &Path) -> Result<Content> {
    let unsupported = |what: &str, advice: &str| {
        let (what, advice) = (what.to_owned(), advice.to_owned());
        Err(VectorsError::Unsupported { path: path.to_owned(), what, advice })
    };
    if bytes.is_empty() {
        return unsupported("the file is empty", "fetch it again, or give another");
    }
    if finalfusion::detect(bytes) {
        return Ok(Content::Finalfusion);
    }
    if bytes.starts_with(npy::MAGIC) {
        return Ok(Content::Npy);
    }
    if is_safetensors(bytes) {
        return Ok(Content::Safetensors);
    }
    if fasttext::detect(bytes) {
        return Ok(Content::FastText);
    }
    if let Some((what, advice)) = foreign(bytes) {
        return unsupported(what, advice);
    }
    let head = &bytes[..bytes.len().min(HEAD)];
    let header = Header::parse(head);
    match text::learn(head, head.len() == bytes.len() && bytes.len() < HEAD) {
        Ok(shape) => Ok(Content::Text(shape)),
        Err(NotVectors::Classes) if header.is_none_or(|header| header.start < bytes.len()) => unsupported(
            "each line holds a word and one whole number: word counts, or the classes of word2vec -classes",
            "give the vectors themselves (word2vec writes them without -classes)",
        ),
        Err(_) if header.is_some() => Ok(Content::Word2vecBinary),
        Err(_) if matches!(bytes.trim_ascii_start().first(), Some(b'{' | b'[')) => unsupported(
            "it looks like JSON",
            "write the vectors as text, one word and its numbers a line, or as .npy with a word list",
        ),
        Err(NotVectors::Tabs) => unsupported(
            "its fields are separated by tabs",
            "separate the word and its numbers by single spaces, such as with: tr '\\t' ' '",
        ),
        Err(NotVectors::Words | NotVectors::Classes) => unsupported(
            "its lines do not end in numbers: a list of words or running text, not vectors",
            "give a file with a word and its numbers on each line, or a binary vector file",
        ),
        Err(NotVectors::Binary) => unsupported(
            "an unknown binary format",
            "lexiscope reads word2vec, GloVe, fastText, finalfusion, NumPy and its own safetensors",
        ),
    }
}

fn is_safetensors(bytes: &[u8]) -> bool {
    let length = bytes.first_chunk::<8>().map(|length| u64::from_le_bytes(*length));
    length.is_some_and(|length| length < 1 << 40) && bytes.get(8) == Some(&b'{')
}

/// Formats that are known and not read, by their first bytes.
fn foreign(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    let known: [(&[u8], _, _); 10] = [
        (b"GGUF", "a GGUF language model", "word vectors are asked for here, such as a .vec or .bin file"),
        (b"PK\x03\x04", "a zip archive", "unpack it first: unzip"),
        (b"PAR1", "a parquet table", "write the words one a line and the vectors as .npy beside them"),
        (b"\x89HDF", "an HDF5 file", "write its vectors as .npy with a word list"),
        (b"SQLite format 3", "a SQLite database (Magnitude?)", "take the vectors that it was made from"),
        (b"\x28\xb5\x2f\xfd", "compressed with zstd", "unpack it first: unzstd"),
        (b"BZh", "compressed with bzip2", "unpack it first: bunzip2"),
        (b"\x80\x02", PICKLE, PICKLE_ADVICE),
        (b"\x80\x04", PICKLE, PICKLE_ADVICE),
        (b"\x80\x05", PICKLE, PICKLE_ADVICE),
    ];
    known.iter().find(|(magic, ..)| bytes.starts_with(magic)).map(|&(_, what, advice)| (what, advice))
}

const PICKLE: &str = "a Python pickle (gensim's own format?)";
const PICKLE_ADVICE: &str = "in Python: model.wv.save_word2vec_format(\"vectors.bin\", binary=True)";

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(bytes: &[u8]) -> String {
        detect(bytes, Path::new("file")).unwrap_err().to_string()
    }

    #[test]
    fn what_is_not_vectors_is_named() {
        assert!(refusal(b"").contains("empty"));
        assert!(refusal(b"the\nof\nand\n").contains("list of words"));
        assert!(refusal(b"the 0\nof 12\nand 7\n").contains("-classes"));
        assert!(refusal(b"GGUF\x03\0\0\0").contains("GGUF"));
        assert!(refusal(b"PK\x03\x04....").contains("unzip"));
        assert!(refusal(b"{\"the\": [0.1, 0.2],\n\"of\": [1]}\n").contains("JSON"));
        assert!(refusal(b"PAR1....").contains("parquet"));
        assert!(refusal(b"the\t0.1\t0.2\t0.3\nof\t0.3\t0.4\t0.5\n").contains("tabs"));
        assert!(refusal(&[0, 1, 2, 3, 4, 5, 6, 7, 8]).contains("binary"));
    }

    #[test]
    fn word2vec_is_told_from_text() {
        let path = Path::new("file");
        let mut binary = b"2 2\na ".to_vec();
        binary.extend_from_slice(bytemuck::cast_slice(&[1.0_f32, 2.0]));
        assert_eq!(detect(&binary, path).unwrap(), Content::Word2vecBinary);
        assert_eq!(detect(b"2 2\n", path).unwrap(), Content::Word2vecBinary);
        assert!(matches!(detect(b"2 2\na 1 2\nb 3 4\n", path).unwrap(), Content::Text(_)));
        assert!(matches!(detect(b"a 1 2\nb 3 4\n", path).unwrap(), Content::Text(_)));
        assert!(matches!(detect(b"{ 1 2\n[ 3 4\n", path).unwrap(), Content::Text(_)));
    }
}
