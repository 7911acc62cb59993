//! fastText `.bin` and `.ftz`: versions 11 and 12, and the old layout without a magic number.
//!
//! Layout: header (arguments, counts), dictionary, table of kept buckets, input matrix, output
//! matrix. The input matrix holds one row a word, then one row an n-gram bucket. The vector of a
//! word is the mean of its own row and its n-grams' rows, so a model with subwords needs its word
//! rows computed once; a model without is used in place.

mod dictionary;
mod header;
mod matrix;

use std::path::Path;

use super::computed::Computation;
use super::cursor::Cursor;
use super::format::{Format, Source};
use super::parts::{Flaws, Parts};
use crate::mmap::Bytes;
use crate::progress::Progress;
use crate::vectors::error::Result;
use crate::vectors::rows::Rows;
use crate::vectors::subwords::{Index, Scheme, SubwordModel, WordRows};
use crate::vectors::vocabulary::Vocabulary;
use header::Header;

/// The format, for the list of formats.
pub const FORMAT: Format = Format {
    name: "fastText",
    id: "fasttext",
    about: "fastText model with subwords, quantised or not",
    endings: &["bin", "ftz"],
    detect: |head| header::detect(head.bytes),
    reads_packed: false,
    read: |source: &Source, progress| read(source.bytes, source.path, progress),
    write: None,
};

const NAME: &str = "fastText";
const QUANTIZED_NAME: &str = "quantised fastText";

/// Reads a fastText model from `bytes`, the contents of `path`.
///
/// Everything is used in place, except for the word rows of a model with subwords: those are
/// averaged once, in parallel, counted in words by `progress`, and kept in the cache.
///
/// # Errors
/// [`crate::vectors::VectorsError::Malformed`] with the byte for a file that breaks its layout or
/// is cut short; `Unsupported` for a newer version; `Cancelled`.
pub fn read(bytes: &Bytes, path: &Path, progress: &Progress) -> Result<Parts> {
    let Model { format, header, vocabulary, index, input, flaws } = read_model(bytes, path, progress)?;
    let words = vocabulary.len();
    let Some(index) = index else {
        return Ok(Parts {
            format: format.into(),
            vocabulary,
            rows: first_rows(&input, words),
            subwords: None,
            flaws,
        });
    };
    let scheme =
        Scheme { shortest: header.shortest as usize, longest: header.longest as usize, fasttext_rules: true };
    let nothing_to_average = matches!(&index, Index::Pruned { kept, .. } if kept.is_empty());
    let in_place = nothing_to_average.then(|| first_rows(&input, words));
    let subwords = SubwordModel::new(scheme, index, input, words, WordRows::Own);
    let rows = match in_place {
        Some(rows) => rows,
        None => {
            let averages = Computation {
                vocabulary: &vocabulary,
                dimensions: subwords.matrix().dimensions(),
                path,
                file_size: bytes.len(),
                purpose: "averages",
            };
            averages.rows(progress, |row, out, scratch| {
                subwords.average_word(row, vocabulary.word(row), out, scratch);
            })?
        }
    };
    Ok(Parts { format: format.into(), vocabulary, rows, subwords: Some(subwords), flaws })
}

/// A model as it lies in the file, before its words are averaged.
struct Model {
    format: &'static str,
    header: Header,
    vocabulary: Vocabulary,
    index: Option<Index>,
    input: Rows,
    flaws: Flaws,
}

fn read_model(bytes: &Bytes, path: &Path, progress: &Progress) -> Result<Model> {
    let mut cursor = Cursor::new(bytes, path, NAME);
    let header = header::read(&mut cursor)?;
    let vocabulary = dictionary::read(&mut cursor, &header, bytes, progress)?;
    let kept = match header.kept_buckets {
        Some(pairs) => Some(dictionary::read_kept_buckets(&mut cursor, pairs)?),
        None => None,
    };

    let has_flags = header.version.is_some();
    let at_input = cursor.position();
    let is_quantized = has_flags && cursor.u8("the flag of a quantised input matrix")? != 0;
    if kept.is_some() && !is_quantized {
        return Err(cursor.malformed(
            at_input,
            "a quantised matrix, as in every pruned model",
            "a dense one",
        ));
    }
    let format = if is_quantized { QUANTIZED_NAME } else { NAME };
    cursor.set_format(format);
    let input = if is_quantized {
        Rows::ProductQuantized(matrix::read_quantized(&mut cursor, "input")?)
    } else {
        matrix::read_dense(&mut cursor, "input")?
    };
    check_input(&cursor, at_input, &header, &input)?;
    let output_is_quantized = has_flags && cursor.u8("the flag of a quantised output matrix")? != 0;
    matrix::skip_output(&mut cursor, is_quantized && output_is_quantized)?;

    let mut flaws = Flaws::default();
    if cursor.remaining() > 0 {
        flaws.remarks.push(format!("{} bytes follow the end of the model", cursor.remaining()));
    }
    let index = (header.longest > 0 && header.buckets > 0).then(|| match kept {
        Some(kept) => Index::Pruned { buckets: header.buckets, kept },
        None => Index::FastText { buckets: header.buckets },
    });
    Ok(Model { format, header, vocabulary, index, input, flaws })
}

/// The input matrix must have the header's dimensions, and a row for every word and n-gram.
fn check_input(cursor: &Cursor, at: usize, header: &Header, input: &Rows) -> Result<()> {
    if input.dimensions() as u64 != u64::from(header.dimensions) {
        return Err(cursor.malformed(
            at,
            format!("an input matrix of {} columns", header.dimensions),
            format!("{} columns", input.dimensions()),
        ));
    }
    let ngram_rows = match header.kept_buckets {
        _ if header.longest == 0 || header.buckets == 0 => 0,
        Some(kept) => kept,
        None => u64::from(header.buckets),
    };
    let needed = u64::from(header.words).saturating_add(ngram_rows);
    // gensim writes the lengths of n-grams even where there are none.
    if header.longest > 0 && header.buckets == 0 && input.len() as u64 != needed {
        return Err(cursor.malformed(
            at,
            format!("{needed} rows, one a word, as the header has no buckets for n-grams"),
            format!("{} rows", input.len()),
        ));
    }
    if (input.len() as u64) < needed {
        return Err(cursor.malformed(
            at,
            format!("{needed} rows, for {} words and {ngram_rows} n-grams", header.words),
            format!("{} rows", input.len()),
        ));
    }
    Ok(())
}

/// The first `words` rows of `input`, in place.
fn first_rows(input: &Rows, words: usize) -> Rows {
    match input {
        Rows::Strided { bytes, stride, dimensions, .. } => {
            Rows::Strided { bytes: bytes.clone(), stride: *stride, rows: words, dimensions: *dimensions }
        }
        Rows::ProductQuantized(rows) => Rows::ProductQuantized(rows.first(words)),
        other => unreachable!("fastText matrices are dense or quantised, not {other:?}"),
    }
}
