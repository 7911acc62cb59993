//! Unpacking compressed binary files and the files of archives: once, into the cache, from where
//! they are mapped like any other.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::cache;
use super::error::{Result, VectorsError};
use super::formats::archive::Archive;
use super::formats::compression::Compression;
use crate::files::AtomicFile;
use crate::mmap::Bytes;
use crate::progress::Progress;

/// Bytes that are written between two looks at the wish to stop.
const BUFFER: usize = 1 << 20;

/// What was unpacked.
#[derive(Debug)]
pub struct Unpacked {
    /// Its bytes, mapped.
    pub bytes: Bytes,
    /// The file that they lie in.
    pub path: PathBuf,
    /// What a person calls it: the packed file, or `archive/member`.
    pub name: PathBuf,
}

/// Says how much is to be unpacked.
fn announce(what: &str, bytes: u64, progress: &Progress) {
    let megabytes = bytes.div_ceil(1_000_000);
    progress.name_stage(format!("unpacking {what} ({megabytes} MB) into the cache, once"));
}

/// What is inside the compressed file `path`. Progress counts compressed bytes.
///
/// # Errors
/// No cache to unpack to; what the decompressor says; cancelled.
pub fn stream(bytes: &Bytes, path: &Path, compression: Compression, progress: &Progress) -> Result<Unpacked> {
    let ending = path.file_stem().map(Path::new).and_then(Path::extension).unwrap_or_default();
    let (target, there) = cache::unpacked(path, "", &format!(".{}", ending.to_string_lossy()))?;
    if !there {
        progress.start(bytes.len() as u64);
        announce(&file_name(path), bytes.len() as u64, progress);
        tracing::info!(path = %path.display(), size = bytes.len(), to = %target.display(), "unpacking");
        write(&mut compression.reader(bytes, progress), path, &target, progress)?;
    }
    mapped(target, path.to_owned())
}

/// One file of an archive. Progress counts its bytes.
///
/// # Errors
/// As [`stream`]; an archive without that file.
pub fn member(
    bytes: &Bytes,
    path: &Path,
    archive: Archive,
    name: &str,
    progress: &Progress,
) -> Result<Unpacked> {
    let ending = Path::new(name).file_name().unwrap_or_default().to_string_lossy().into_owned();
    let (target, there) = cache::unpacked(path, name, &format!(".{ending}"))?;
    if !there {
        progress.start(bytes.len() as u64);
        tracing::info!(path = %path.display(), member = name, to = %target.display(), "unpacking");
        let mut written = Ok(());
        let read = archive.extract(bytes, name, progress, &mut |size, reader| {
            announce(&ending, size, progress);
            written = write(reader, path, &target, progress);
            Ok(())
        });
        read.map_err(VectorsError::io("unpack", path))?;
        written?;
    }
    mapped(target, path.join(name))
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn mapped(path: PathBuf, name: PathBuf) -> Result<Unpacked> {
    let bytes = Bytes::map(&path).map_err(VectorsError::io("open", &path))?;
    Ok(Unpacked { bytes, path, name })
}

fn write(reader: &mut dyn Read, source: &Path, target: &Path, progress: &Progress) -> Result<()> {
    let mut file = AtomicFile::create(target, Some(source))?;
    let mut buffer = vec![0; BUFFER];
    loop {
        progress.check()?;
        match reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => file.write(&buffer[..read])?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(VectorsError::io("decompress", source)(error)),
        }
    }
    file.commit()?;
    Ok(())
}
