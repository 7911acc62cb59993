//! Opening vector files, whatever their format.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use super::cache::{self, Slot};
use super::formats::compression::Compression;
use super::formats::container::{self, ContainerWriter};
use super::formats::detect::{Content, HEAD, detect};
use super::formats::npy::Npy;
use super::formats::sink::{Memory, Sink};
use super::formats::text::{self, Shape};
use super::formats::{Flaws, Format, Parts, fasttext, finalfusion, word2vec_binary};
use super::{Result, VectorsError, WordVectors};
use crate::mmap::Bytes;
use crate::progress::Progress;

/// What the cache files of this module are for.
const PURPOSE: &str = "rows";

/// Opens the word vectors in `path`: any format, told by content; a folder with one vector file in it.
///
/// Binary formats are used in place. Text, and arrays that have to be converted, are read once,
/// kept in the cache, and used in place from then on; where the cache cannot be written they are
/// kept in memory, with a remark among the flaws.
///
/// # Errors
/// A file that cannot be read, is cut short, or is something else: with the byte and what to do.
pub fn open(path: &Path, progress: &Progress) -> Result<WordVectors> {
    if path.is_dir() {
        return open(&find_in_folder(path)?, progress);
    }
    let bytes = Bytes::map(path).map_err(VectorsError::io("open", path))?;
    let parts = match (cached(path), Compression::detect(&bytes)) {
        (Some(parts), _) => parts,
        (None, Some(compression)) => open_compressed(&bytes, compression, path, progress)?,
        (None, None) => open_plain(&bytes, path, progress)?,
    };
    let name = match parts.format {
        Format::Safetensors => container::metadata(&bytes, "name"),
        _ => None,
    };
    Ok(WordVectors::from_parts(name.unwrap_or_else(|| stem(path)), Some(path.to_owned()), parts))
}

fn open_plain(bytes: &Bytes, path: &Path, progress: &Progress) -> Result<Parts> {
    match detect(bytes, path)? {
        Content::FastText => fasttext::read(bytes, path, progress),
        Content::Finalfusion => finalfusion::read(bytes, path, progress),
        Content::Safetensors => container::read(bytes, path),
        Content::Word2vecBinary => word2vec_binary::read(bytes, path, progress),
        Content::Npy => {
            let npy = Npy::open(bytes, path)?;
            if !npy.in_place() {
                return through_cache(path, Format::Npy, npy.dimensions(), &mut |sink| {
                    npy.convert(sink, progress).map(|()| Flaws::default())
                });
            }
            npy.into_parts().ok_or_else(|| unreadable(path, "a NumPy array that cannot be mapped"))
        }
        Content::Text(shape) => {
            read_text(path, shape, &mut |sink| text::parse_bytes(bytes, shape, sink, progress))
        }
    }
}

fn open_compressed(
    bytes: &Bytes,
    compression: Compression,
    path: &Path,
    progress: &Progress,
) -> Result<Parts> {
    let head = compression.head(bytes, HEAD).map_err(VectorsError::io("decompress", path))?;
    let Content::Text(shape) = detect(&head, path)? else {
        return Err(unreadable(path, "a compressed binary file, which cannot be mapped"));
    };
    read_text(path, shape, &mut |sink| {
        progress.start(bytes.len() as u64);
        text::parse_stream(&mut compression.reader(bytes, progress), path, shape, sink, progress)
    })
}

fn unreadable(path: &Path, what: &str) -> VectorsError {
    let advice = format!("unpack it first: gunzip -k or unxz -k \"{}\"", path.display());
    VectorsError::Unsupported { path: path.to_owned(), what: what.into(), advice }
}

/// What hands all rows of a file to a sink; called again should the first sink fail.
type Fill<'a> = &'a mut dyn FnMut(&mut dyn Sink) -> Result<Flaws>;

fn read_text(path: &Path, shape: Shape, fill: Fill) -> Result<Parts> {
    let parts = through_cache(path, shape.format(), shape.dimensions, fill)?;
    if parts.rows.is_empty() && shape.announced != Some(0) {
        return Err(VectorsError::Unsupported {
            path: path.to_owned(),
            what: format!("no line holds a word and {} numbers", shape.dimensions),
            advice: "check that the file is whole".into(),
        });
    }
    Ok(parts)
}

/// Reads all rows into a cache file and maps it; into memory where there can be no cache file.
fn through_cache(path: &Path, format: Format, dimensions: usize, fill: Fill) -> Result<Parts> {
    let failure = match cache::create(path, PURPOSE) {
        Ok(slot) => match write_cache(&slot, path, format, dimensions, fill) {
            Ok(()) => match cached(path) {
                Some(parts) => return Ok(parts),
                None => "it was not there after writing".into(),
            },
            Err(error) if concerns(&error, &slot) => error.to_string(),
            Err(error) => return Err(error),
        },
        Err(error) => error.to_string(),
    };
    let mut memory = Memory::new(dimensions);
    let mut flaws = fill(&mut memory)?;
    let (vocabulary, rows) = memory.into_parts();
    flaws.remarks.push(format!("kept in memory and read anew every time, for want of a cache: {failure}"));
    Ok(Parts { format, vocabulary, rows, subwords: None, flaws })
}

/// Whether `error` is about the cache file rather than the source.
fn concerns(error: &VectorsError, slot: &Slot) -> bool {
    matches!(error, VectorsError::Write(error) if error.path == slot.path)
}

fn write_cache(slot: &Slot, path: &Path, format: Format, dimensions: usize, fill: Fill) -> Result<()> {
    let mut writer = ContainerWriter::create(&slot.path, Some(path), dimensions, slot.metadata())?;
    let flaws = fill(&mut writer)?;
    if !slot.is_current(path) {
        let message = format!("{} changed while it was being read; open it again", path.display());
        return Err(VectorsError::Request(message));
    }
    let json = |value: Result<String, serde_json::Error>| value.unwrap_or_default();
    writer.describe(vec![
        ("format".into(), json(serde_json::to_string(&format))),
        ("flaws".into(), json(serde_json::to_string(&flaws))),
    ]);
    writer.finish().map(|_| ())
}

/// The parts of `path` as the cache has them; `None` when it has not, or not any more.
fn cached(path: &Path) -> Option<Parts> {
    let (bytes, cache_path) = cache::lookup(path, PURPOSE)?;
    let parts = container::read(&bytes, &cache_path).ok()?;
    let format = serde_json::from_str(&container::metadata(&bytes, "format")?).ok()?;
    let flaws = serde_json::from_str(&container::metadata(&bytes, "flaws")?).ok()?;
    Some(Parts { format, flaws, ..parts })
}

/// The file's name without folder, compression and format.
fn stem(path: &Path) -> String {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let name = name.strip_suffix(".gz").or_else(|| name.strip_suffix(".xz")).unwrap_or(&name);
    let known = [".txt", ".bin", ".vec", ".ftz", ".fifu", ".npy", ".safetensors", ".text"];
    let stem = known.iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
    stem.to_owned()
}

/// The vectors that are part of the program, in our container.
static SHIPPED: &[u8] = include_bytes!("../../embeddings/glove-6b-100d.safetensors");

/// Opens the vectors that are part of the program: GloVe 6B 100d, 30,000 words, int8.
///
/// # Errors
/// None in a sound build.
pub fn shipped() -> Result<WordVectors> {
    let path = Path::new("embeddings/glove-6b-100d.safetensors");
    let parts = container::read(&Bytes::from_static(SHIPPED), path)?;
    let name = container::metadata(SHIPPED, "name").unwrap_or_else(|| stem(path));
    Ok(WordVectors::from_parts(name, None, parts))
}

/// The one vector file in `folder`.
///
/// # Errors
/// None in it, or several: then their names.
pub fn find_in_folder(folder: &Path) -> Result<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(VectorsError::io("open", folder))? {
        let path = entry.map_err(VectorsError::io("open", folder))?.path();
        let hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if !hidden && path.is_file() && looks_like_vectors(&path) {
            found.push(path);
        }
    }
    found.sort();
    if found.len() == 1 {
        return Ok(found.remove(0));
    }
    let (what, advice) = if found.is_empty() {
        ("a folder without a vector file".to_owned(), "give the file itself".to_owned())
    } else {
        let names = found.iter().take(8).map(|path| format!("\"{}\"", path.display()));
        let more = if found.len() > 8 { ", ..." } else { "" };
        let names = names.collect::<Vec<_>>().join(", ");
        (format!("a folder with {} vector files", found.len()), format!("give one of them: {names}{more}"))
    };
    Err(VectorsError::Unsupported { path: folder.to_owned(), what, advice })
}

/// Whether the beginning of a file is that of a vector file; a file that cannot be read is none.
fn looks_like_vectors(path: &Path) -> bool {
    const ENOUGH: u64 = 1 << 20;
    let mut head = Vec::new();
    let read = File::open(path).and_then(|file| file.take(ENOUGH).read_to_end(&mut head));
    if read.is_err() {
        return false;
    }
    if let Some(compression) = Compression::detect(&head) {
        // The cut end of the sample may be reported as an error after what could be read.
        let mut inside = Vec::new();
        let progress = Progress::unobserved();
        let bytes = Bytes::from_vec(head);
        let _ = compression.reader(&bytes, &progress).take(ENOUGH).read_to_end(&mut inside);
        return matches!(detect(&inside, path), Ok(Content::Text(_)));
    }
    detect(&head, path).is_ok()
}
