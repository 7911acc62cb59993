//! From any readable vectors to a file of another format.

use std::path::Path;

use super::formats::Format;
use super::{Result, WordVectors};
use crate::progress::Progress;

/// What [`convert`] can write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Target {
    /// word2vec binary, with a newline after each row as word2vec.c writes it.
    Word2vecBinary,
    /// word2vec text: with a header line.
    Word2vecText,
    /// GloVe text: no header line.
    GloveText,
    /// Our container, f32.
    Safetensors,
    /// Our container, int8 codes and a scale a row.
    SafetensorsInt8,
    /// finalfusion: simple vocabulary, unit rows, norms.
    Finalfusion,
}

/// What [`convert`] did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Conversion {
    /// Rows written.
    pub written: usize,
    /// Rows left out because the target cannot hold their word or numbers.
    pub left_out: usize,
    /// Row and reason of the first of them (at most [`super::formats::Flaws::SHOWN`]).
    pub first_left_out: Vec<(usize, String)>,
    /// What else the target does not carry over, such as subwords.
    pub remarks: Vec<String>,
    /// Bytes written.
    pub size: u64,
}

/// Writes `vectors` to `path` as `target`; the file appears whole or not at all.
///
/// Progress counts rows.
///
/// # Errors
/// Whatever the system says on writing; [`super::VectorsError::Cancelled`]; no row that `target` can hold.
pub fn convert(
    vectors: &WordVectors,
    target: Target,
    path: &Path,
    progress: &Progress,
) -> Result<Conversion> {
    let _ = (vectors, target, path, progress, Format::Npy);
    todo!()
}
