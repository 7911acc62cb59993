//! Opening vector files, whatever their format.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use super::error::{Result, VectorsError};
use super::formats::archive::Archive;
use super::formats::compression::Compression;
use super::formats::container;
use super::formats::encoding::Encoding;
use super::formats::format::{Head, Source};
use super::formats::kept::Kept;
use super::formats::parts::Parts;
use super::formats::{FORMATS, detect};
use super::unpack;
use super::word_vectors::WordVectors;
use crate::mmap::Bytes;
use crate::progress::Progress;

/// What cannot be told from a file and was said beside it.
#[derive(Debug, Clone, Default)]
pub struct Hints {
    /// The encoding of text that does not say itself.
    pub encoding: Option<Encoding>,
    /// The file to open in an archive that has several.
    pub member: Option<String>,
}

static HINTS: RwLock<Hints> = RwLock::new(Hints { encoding: None, member: None });

/// Makes `hints` hold for every file that this process opens.
pub fn set_hints(hints: Hints) {
    // A poisoned lock only means that another thread panicked while holding valid hints.
    *HINTS.write().unwrap_or_else(PoisonError::into_inner) = hints;
}

fn hints() -> Hints {
    HINTS.read().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Opens the word vectors in `path`: any format, told by content; a folder with one vector file in
/// it; a file in an archive, as `archive.zip/member`.
///
/// Binary formats are used in place. Text, and arrays that have to be converted, are read once,
/// kept in the cache, and used in place from then on; where the cache cannot be written they are
/// kept in memory, with a remark among the flaws. What is packed is unpacked once, into the cache.
///
/// # Errors
/// A file that cannot be read, is cut short, or is something else: with the byte and what to do.
pub fn open(path: &Path, progress: &Progress) -> Result<WordVectors> {
    if path.is_dir() {
        return open(&find_in_folder(path)?, progress);
    }
    let start = std::time::Instant::now();
    let (file, member) = split_member(path);
    let bytes = Bytes::map(file).map_err(VectorsError::io("open", file))?;
    let parts = match (member, Archive::detect(&bytes)) {
        (member, Some(archive)) => open_archive(&bytes, file, archive, member, progress)?,
        (None, None) => open_file(&bytes, file, progress)?,
        (Some(_), None) => {
            let what = "is no archive, so that there is no file in it";
            return Err(VectorsError::unsupported(file, what, "give the file alone"));
        }
    };
    let name = container::metadata(&bytes, "name").unwrap_or_else(|| stem(path));
    tracing::info!(path = %path.display(), format = %parts.format, words = parts.vocabulary.len(), time = ?start.elapsed(), "opened vectors");
    Ok(WordVectors::from_parts(name, Some(file.to_owned()), parts))
}

/// The file on the disk, and the one in it where `path` goes on behind an archive.
fn split_member(path: &Path) -> (&Path, Option<String>) {
    if fs::symlink_metadata(path).is_ok() {
        return (path, None);
    }
    let archive = path.ancestors().skip(1).find(|ancestor| ancestor.is_file());
    match archive.and_then(|archive| Some((archive, path.strip_prefix(archive).ok()?))) {
        Some((archive, member)) => (archive, Some(member.to_string_lossy().into_owned())),
        None => (path, None),
    }
}

fn open_file(bytes: &Bytes, path: &Path, progress: &Progress) -> Result<Parts> {
    let chosen = hints().encoding;
    if chosen.is_none()
        && let Some(parts) = Kept::of(path).parts()
    {
        tracing::debug!(path = %path.display(), "its rows are in the cache");
        return Ok(parts);
    }
    let compression = Compression::detect(bytes);
    let packed = Source { path, bytes, compression, encoding: None };
    let Some(compression) = compression else { return read(bytes, &packed, chosen, progress) };
    let head = packed.head(Head::LENGTH)?;
    let format = detect_decoded(&head, &packed, chosen);
    if let Ok((source, format)) = format.as_ref()
        && format.reads_packed
    {
        return (format.read)(source, progress);
    }
    format?;
    let whole = unpack::stream(bytes, path, compression, progress)?;
    read(&whole.bytes, &Source::plain(&whole.bytes, &whole.path), chosen, progress)
        .map_err(|error| error.renamed(&whole.path, &whole.name))
}

fn read(bytes: &Bytes, source: &Source, chosen: Option<Encoding>, progress: &Progress) -> Result<Parts> {
    let (source, format) = detect_decoded(bytes, source, chosen)?;
    tracing::debug!(path = %source.path.display(), format = format.name, "reading");
    (format.read)(&source, progress)
}

/// The format of a file that begins with `head`, and the file with the encoding of its text.
fn detect_decoded<'a>(
    head: &[u8],
    source: &Source<'a>,
    chosen: Option<Encoding>,
) -> Result<(Source<'a>, &'static super::formats::Format)> {
    let encoding = Encoding::detect(head).or(chosen).filter(|encoding| !encoding.is_utf8());
    let plain = detect(&Head::of(head, source.path));
    let is_text = plain.as_ref().map_or(true, |format| format.reads_packed);
    match encoding.filter(|_| is_text) {
        None => Ok((*source, plain?)),
        Some(encoding) => {
            let source = Source { encoding: Some(encoding), ..*source };
            let decoded = source.head(Head::LENGTH)?;
            let format = detect(&Head::of(&decoded, source.path))?;
            Ok((source, format))
        }
    }
}

fn open_archive(
    bytes: &Bytes,
    path: &Path,
    archive: Archive,
    member: Option<String>,
    progress: &Progress,
) -> Result<Parts> {
    let member = match member.or(hints().member) {
        Some(member) => member,
        None => choose_member(bytes, path, archive, progress)?,
    };
    let whole = unpack::member(bytes, path, archive, &member, progress)?;
    open_file(&whole.bytes, &whole.path, progress).map_err(|error| error.renamed(&whole.path, &whole.name))
}

/// The one file in the archive that holds vectors.
fn choose_member(bytes: &Bytes, path: &Path, archive: Archive, progress: &Progress) -> Result<String> {
    let mut members = archive.members(bytes, progress).map_err(VectorsError::io("unpack", path))?;
    if members.len() > 1 {
        let ends = |name: &str| {
            let name = name.to_ascii_lowercase();
            let plain =
                ["gz", "xz", "bz2", "zst"].iter().find_map(|end| name.strip_suffix(&format!(".{end}")));
            let ending = plain.unwrap_or(&name).rsplit('.').next().unwrap_or_default();
            let readme = name
                .rsplit('/')
                .next()
                .is_some_and(|last| last.starts_with("readme") || last.starts_with("license"));
            !readme && FORMATS.iter().any(|format| format.endings.contains(&ending))
        };
        let vectors = members.iter().filter(|member| ends(&member.name)).cloned().collect::<Vec<_>>();
        if !vectors.is_empty() {
            members = vectors;
        }
    }
    match &members[..] {
        [] => Err(VectorsError::unsupported(path, "an archive with no file in it", "fetch it again")),
        [only] => Ok(only.name.clone()),
        several => {
            let names: Vec<String> = several
                .iter()
                .take(12)
                .map(|member| format!("{} ({:.1} MB)", member.name, member.size as f64 / 1e6))
                .collect();
            let more = if several.len() > 12 { ", ..." } else { "" };
            let what = format!("an archive with {} files: {}{more}", several.len(), names.join(", "));
            let advice = format!("choose one, such as with --member \"{}\"", several[0].name);
            Err(VectorsError::unsupported(path, what, advice))
        }
    }
}

/// The file's name without folder, compression and format.
fn stem(path: &Path) -> String {
    let mut name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let packed = ["gz", "xz", "bz2", "zst", "zip", "tgz", "tar"];
    let known = FORMATS.iter().flat_map(|format| format.endings).copied().chain(["text"]);
    for ending in packed.into_iter().chain(["tar"]).chain(known.collect::<Vec<_>>()) {
        if let Some(shorter) = name.strip_suffix(&format!(".{ending}")).filter(|shorter| !shorter.is_empty())
        {
            name = shorter.to_owned();
        }
    }
    name
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

/// Whether the beginning of a file is that of a vector file or of an archive; a file that cannot be
/// read is none.
fn looks_like_vectors(path: &Path) -> bool {
    const ENOUGH: u64 = 1 << 20;
    let mut head = Vec::new();
    let read = File::open(path).and_then(|file| file.take(ENOUGH).read_to_end(&mut head));
    if read.is_err() {
        return false;
    }
    let bytes = Bytes::from_vec(head);
    if Archive::detect(&bytes).is_some() {
        return true;
    }
    let progress = Progress::unobserved();
    let mut inside = Vec::new();
    let head = match Compression::detect(&bytes) {
        Some(compression) => {
            // The cut end of the sample may be reported as an error after what could be read.
            let _ = compression.reader(&bytes, &progress).take(ENOUGH).read_to_end(&mut inside);
            &inside
        }
        None => &bytes[..],
    };
    detect_decoded(head, &Source::plain(&Bytes::from_vec(head.to_vec()), path), None).is_ok()
}
