//! The words of an array of numbers, one a line, in a file beside it.

use std::path::{Path, PathBuf};

use super::container;
use crate::mmap::Bytes;
use crate::vectors::error::{Result, VectorsError};
use crate::vectors::vocabulary::{Span, Vocabulary};

/// The words of a list.
#[derive(Debug)]
pub struct WordList {
    /// The words, in the order of the lines.
    pub vocabulary: Vocabulary,
    /// A hash of the list, which differs where the list does.
    pub hash: u64,
    /// What was left out of the lines, if anything.
    pub remark: Option<String>,
}

/// The list beside the array `path`, which has `rows` rows.
///
/// # Errors
/// No list, or one of another length.
pub fn beside(path: &Path, rows: usize) -> Result<WordList> {
    let names = names(path);
    let Some(list) = names.iter().find(|name| name.is_file()) else {
        let name = |path: &PathBuf| path.file_name().map(|name| name.to_string_lossy().into_owned());
        let names = names.iter().filter_map(name).collect::<Vec<_>>().join(" or ");
        let advice = format!("put the words beside it, one a line, in {names}");
        return Err(VectorsError::unsupported(path, "a NumPy array without its words", advice));
    };
    read(list, rows, path)
}

/// The list in the file `list`, for the `rows` rows of `path`.
///
/// # Errors
/// A list that cannot be read, or of another length.
pub fn read(list: &Path, rows: usize, path: &Path) -> Result<WordList> {
    let bytes = Bytes::map(list).map_err(VectorsError::io("open", list))?;
    let mut spans = lines(&bytes);
    let counted = is_vocabulary(list) && strip_counts(&bytes, &mut spans);
    if spans.len() != rows {
        let what = format!("has {} words, but {} has {rows} rows", spans.len(), path.display());
        let advice = "give one word a line, in the order of the rows";
        return Err(VectorsError::unsupported(list, what, advice));
    }
    let hash = container::hash(&[list.as_os_str().as_encoded_bytes(), &bytes].concat());
    let remark = counted.then(|| format!("the counts after the words of {} are left out", list.display()));
    Ok(WordList { vocabulary: Vocabulary::new(bytes, spans), hash, remark })
}

/// The files that may hold the words of `path`, best first.
fn names(path: &Path) -> Vec<PathBuf> {
    let mut names: Vec<PathBuf> =
        ["txt", "words", "vocab"].iter().map(|ext| path.with_extension(ext)).collect();
    let mut longer = path.as_os_str().to_owned();
    longer.push(".words");
    names.push(longer.into());
    names.extend(["words.txt", "vocab.txt"].iter().map(|name| path.with_file_name(name)));
    names
}

/// One word a line, blanks and all, without a byte order mark before the first.
fn lines(bytes: &[u8]) -> Vec<Span> {
    let end = if bytes.contains(&b'\n') { b'\n' } else { b'\r' };
    let mut start = if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let mut spans = Vec::new();
    for whole in bytes[start..].split_inclusive(|&byte| byte == end) {
        let line = whole.strip_suffix(&[end]).unwrap_or(whole);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        spans.push(Span { start: start as u64, length: line.len() as u32 });
        start += whole.len();
    }
    spans
}

/// Whether a list is called as GloVe calls its vocabulary, which has counts after the words.
fn is_vocabulary(list: &Path) -> bool {
    list.extension().is_some_and(|ending| ending == "vocab") || list.ends_with("vocab.txt")
}

/// Takes the counts from the words where every line is a word, a blank and a count, and no count is
/// above the one before, as GloVe's vocab_count writes them.
fn strip_counts(bytes: &[u8], spans: &mut [Span]) -> bool {
    let mut most = u64::MAX;
    let mut words = Vec::with_capacity(spans.len());
    for span in spans.iter() {
        let line = &bytes[span.start as usize..span.start as usize + span.length as usize];
        let Some(blank) = line.iter().rposition(|&byte| byte == b' ') else { return false };
        let count = std::str::from_utf8(&line[blank + 1..]).ok().and_then(|text| text.parse::<u64>().ok());
        let Some(count) = count.filter(|&count| count <= most) else { return false };
        most = count;
        words.push(blank as u32);
    }
    spans.iter_mut().zip(words).for_each(|(span, length)| span.length = length);
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(name: &str, text: &str) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        let list = read(&path, text.lines().count(), Path::new("a.npy")).unwrap();
        list.vocabulary.iter().map(|word| String::from_utf8(word.to_vec()).unwrap()).collect()
    }

    #[test]
    fn a_line_is_a_word_blanks_and_all() {
        assert_eq!(words("words.txt", "page 2\npage 1\n"), ["page 2", "page 1"]);
        assert_eq!(words("words.txt", "\u{feff}a\r\n b \r\n\r\nc"), ["a", " b ", "", "c"]);
        assert_eq!(words("vocab.txt", "page 1\npage 2\n"), ["page 1", "page 2"]);
        assert_eq!(words("vocab.txt", "the 20\nof 7\n"), ["the", "of"]);
    }

    #[test]
    fn other_lists_have_another_hash() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("words.txt");
        let hash = |text: &str| {
            std::fs::write(&path, text).unwrap();
            read(&path, 1, Path::new("a.npy")).unwrap().hash
        };
        assert_ne!(hash("a"), hash("b"));
    }
}
