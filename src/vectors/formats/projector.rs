//! The Embedding Projector of TensorFlow: `vectors.tsv` with numbers and `metadata.tsv` with the words
//! (tensorboard, plugins/projector: a metadata file of one column has no heading, others have one).

use std::borrow::Cow;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use super::container;
use super::format::{Format, Head, Source, Writer};
use super::kept::Kept;
use super::parts::{Flaws, Parts};
use super::selection::{Row, Selection};
use super::sink::Sink;
use super::text::{NotVectors, learn, number};
use crate::progress::Progress;
use crate::vectors::error::{Result, VectorsError};

const NAME: &str = "Embedding Projector";

/// The format, for the list of formats.
pub const FORMAT: Format = Format {
    name: NAME,
    id: "projector",
    about: "Embedding Projector, with the words in metadata.tsv beside it",
    endings: &["tsv"],
    detect,
    reads_packed: false,
    read,
    write: Some(Writer { objection, write, remark: None, int8: None }),
};

/// Lines of numbers without words, with the words in a file beside.
fn detect(head: &Head) -> bool {
    learn(head.bytes, head.whole) == Err(NotVectors::NoWords) && metadata_path(head.path).is_file()
}

/// `x_metadata.tsv` for `x_vectors.tsv` or `x_tensors.tsv`, else `metadata.tsv`.
fn metadata_path(path: &Path) -> PathBuf {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let named = ["vectors", "tensors", "tensor", "vecs"]
        .iter()
        .find(|part| name.contains(**part))
        .map(|part| name.replacen(*part, if *part == "vecs" { "meta" } else { "metadata" }, 1));
    path.with_file_name(named.unwrap_or_else(|| "metadata.tsv".into()))
}

fn read(source: &Source, progress: &Progress) -> Result<Parts> {
    let list = metadata_path(source.path);
    let metadata = std::fs::read(&list).map_err(VectorsError::io("open", &list))?;
    let words = words(&metadata);
    let lines: Vec<&[u8]> =
        source.bytes.split(|&byte| byte == b'\n').filter(|line| !line.trim_ascii().is_empty()).collect();
    if lines.len() != words.len() {
        let what =
            format!("has {} words, but {} has {} rows", words.len(), source.path.display(), lines.len());
        return Err(VectorsError::unsupported(&list, what, "give one word a line, in the order of the rows"));
    }
    let dimensions = lines.first().map_or(0, |line| fields(line).count());
    let purpose = format!("projector-{:016x}", container::hash(&metadata));
    let kept = Kept { path: source.path, purpose: &purpose };
    kept.through_cache(NAME, dimensions, &mut |sink| fill(source, &words, &lines, dimensions, sink, progress))
}

fn fill(
    source: &Source,
    words: &[Cow<'_, [u8]>],
    lines: &[&[u8]],
    dimensions: usize,
    sink: &mut dyn Sink,
    progress: &Progress,
) -> Result<Flaws> {
    let mut flaws = Flaws::default();
    progress.start(lines.len() as u64);
    for (word, line) in words.iter().zip(lines) {
        let row: Option<Vec<f32>> = fields(line).map(number::parse).collect();
        match row.filter(|row| row.len() == dimensions) {
            Some(row) => sink.push(word, &row)?,
            None => {
                let offset = line.as_ptr() as usize - source.bytes.as_ptr() as usize;
                flaws.skip(offset as u64, format!("{dimensions} numbers expected"));
            }
        }
        progress.check()?;
        progress.advance(1);
    }
    Ok(flaws)
}

fn fields(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(|byte| byte.is_ascii_whitespace()).filter(|field| !field.is_empty())
}

/// The first column; where there are several, the first line names them.
fn words(metadata: &[u8]) -> Vec<Cow<'_, [u8]>> {
    let metadata = metadata.strip_prefix(b"\xef\xbb\xbf").unwrap_or(metadata);
    let mut lines: Vec<&[u8]> =
        metadata.split(|&byte| byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line)).collect();
    if lines.last().is_some_and(|line| line.is_empty()) {
        lines.pop();
    }
    let columns = lines.first().map_or(0, |line| line.iter().filter(|&&byte| byte == b'\t').count());
    let words =
        lines.iter().map(|line| Cow::Borrowed(line.split(|&byte| byte == b'\t').next().unwrap_or(line)));
    words.skip(usize::from(columns > 0)).collect()
}

fn objection(row: &Row) -> Option<&'static str> {
    let held = !row.word.iter().any(|byte| matches!(byte, b'\n' | b'\r' | b'\t'));
    (!held).then_some("a .tsv file cannot hold a word with a tab or a line break")
}

fn write(selection: &Selection) -> Result<u64> {
    let mut list = selection.create(&metadata_path(selection.path))?;
    for &row in selection.rows {
        list.write(selection.vectors.vocabulary().word(row))?;
        list.write(b"\n")?;
    }
    let mut file = selection.create(selection.path)?;
    selection.encoded(&mut file, |_, numbers, out| {
        let mut text = String::with_capacity(12 * numbers.len());
        for (index, number) in numbers.iter().enumerate() {
            // Writing to a string cannot fail.
            let _ = write!(text, "{}{number:?}", if index > 0 { "\t" } else { "" });
        }
        out.extend_from_slice(text.as_bytes());
        out.push(b'\n');
    })?;
    list.commit()?;
    Ok(file.commit()?)
}
