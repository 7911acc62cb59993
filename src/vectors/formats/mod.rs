//! The layouts of vector files, one file a format, and what a reader hands over.
//!
//! ```text
//! FORMATS (the list) -> a format's file -> text / kept / computed -> container -> parts
//! ```

pub mod archive;
pub mod compression;
mod computed;
pub mod container;
mod cursor;
pub mod encoding;
pub mod fasttext;
pub mod finalfusion;
pub mod foreign;
pub mod format;
pub mod int8;
pub mod kept;
pub mod npy;
pub mod parts;
pub mod projector;
pub mod selection;
pub mod sink;
pub mod text;
pub mod word2vec_binary;
pub mod word_list;

use std::path::Path;

pub use format::{Format, Head};
pub use parts::{Flaws, OddRow, Parts};

use super::error::{Result, VectorsError};

/// Every format that is read or written. They are tried in this order: those with first bytes of
/// their own before those that are told by all that they hold.
pub const FORMATS: &[&Format] = &[
    &container::FORMAT,
    &fasttext::FORMAT,
    &finalfusion::FORMAT,
    &npy::FORMAT,
    &projector::FORMAT,
    &text::WORD2VEC,
    &text::GLOVE,
    &word2vec_binary::FORMAT,
];

/// The format of a file that begins with `head`, told by its content and never by its name.
///
/// # Errors
/// [`VectorsError::Unsupported`] with what the file seems to be and what to do instead.
pub fn detect(head: &Head) -> Result<&'static Format> {
    if head.bytes.is_empty() {
        return Err(VectorsError::unsupported(
            head.path,
            "the file is empty",
            "fetch it again, or give another",
        ));
    }
    if let Some((what, advice)) = foreign::refusal(head.bytes) {
        return Err(VectorsError::unsupported(head.path, what, advice));
    }
    if let Some(format) = FORMATS.iter().find(|format| (format.detect)(head)) {
        return Ok(format);
    }
    let reason = text::learn(head.bytes, head.whole).err().unwrap_or(text::NotVectors::Binary);
    let (what, advice) = text::refusal(reason, head.bytes);
    Err(VectorsError::unsupported(head.path, what, advice))
}

/// The format that is written to a file called `path`, by its ending.
pub fn by_ending(path: &Path) -> Option<&'static Format> {
    let ending = path.extension()?.to_str()?.to_ascii_lowercase();
    let has = |format: &&&Format| format.write.is_some() && format.endings.contains(&ending.as_str());
    FORMATS.iter().find(has).copied()
}

/// The format that the command line calls `id`.
pub fn by_id(id: &str) -> Option<&'static Format> {
    FORMATS.iter().find(|format| format.id == id).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(bytes: &[u8]) -> Result<&'static str> {
        detect(&Head::of(bytes, Path::new("file"))).map(|format| format.name)
    }

    fn refusal(bytes: &[u8]) -> String {
        told(bytes).unwrap_err().to_string()
    }

    #[test]
    fn names_and_identifiers_are_each_given_once() {
        for field in [|format: &Format| format.name, |format: &Format| format.id] {
            let mut names: Vec<&str> = FORMATS.iter().map(|format| field(format)).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), FORMATS.len());
        }
    }

    #[test]
    fn what_is_not_vectors_is_named() {
        assert!(refusal(b"").contains("empty"));
        assert!(refusal(b"the\nof\nand\n").contains("list of words"));
        assert!(refusal(b"the 0\nof 12\nand 7\n").contains("-classes"));
        assert!(refusal(b"GGUF\x03\0\0\0").contains("GGUF"));
        assert!(refusal(b"{\"the\": \"a\",\n\"of\": \"b\"}\n").contains("JSON"));
        assert!(refusal(b"PAR1....").contains("parquet"));
        assert!(refusal(&[0, 1, 2, 3, 4, 5, 6, 7, 8]).contains("binary"));
        // Rows that do not end in a bare number are text all the same.
        assert!(refusal(b"2 3\na 0x1p-1 0x1p-2 0x1p-3\nb 0x1p-1 0x1p-2 0x1p-3\n").contains("line 2 ends in"));
        assert!(refusal(b"2 2\na 0.1 0.2 # note\nb 0.1 0.2 # note\n").contains("line 2 ends in"));
    }

    #[test]
    fn word2vec_is_told_from_text() {
        let mut binary = b"2 2\na ".to_vec();
        binary.extend_from_slice(bytemuck::cast_slice(&[1.0_f32, 2.0]));
        assert_eq!(told(&binary).unwrap(), "word2vec binary");
        assert_eq!(told(b"2 2\n").unwrap(), "word2vec binary");
        assert_eq!(told(b"2 2\na 1 2\nb 3 4\n").unwrap(), "word2vec text");
        assert_eq!(told(b"2 2\na\t1\t2\t\nb\t3\t4\t\n").unwrap(), "word2vec text");
        assert_eq!(told(b"2 2\na 1,5 2,5\nb 3,5 4,5\n").unwrap(), "word2vec text");
        assert_eq!(told(b"a 1 2\nb 3 4\n").unwrap(), "GloVe text");
        assert_eq!(told(b"{ 1 2\n[ 3 4\n").unwrap(), "GloVe text");
    }

    #[test]
    fn the_ending_names_what_is_written() {
        let id = |name: &str| by_ending(Path::new(name)).map(|format| format.id);
        assert_eq!(id("a.BIN"), Some("word2vec-binary"));
        assert_eq!(id("a.vec"), Some("word2vec-text"));
        assert_eq!(id("a.txt"), Some("glove"));
        assert_eq!(id("a.fifu"), Some("fifu"));
        assert_eq!(id("a.tsv"), Some("projector"));
        assert_eq!(id("a.npy"), None);
        assert_eq!(by_id("safetensors").map(|format| format.name), Some("safetensors"));
    }
}
