//! The cache of what is expensive to make from a vector file: text parsed once is mapped from then on.
//!
//! A cache file belongs to one source and one purpose. Its metadata holds the source's identity
//! (canonical path, size, modification time, a hash of samples of its content); when that differs from
//! the source as it is now, or the header is not as it was written, the cache file is passed over and written anew, under the same name.
//! It lies in `LEXISCOPE_CACHE`, else in `lexiscope` in the user's cache folder.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};
use std::time::UNIX_EPOCH;

use super::error::{Result, VectorsError};
use super::formats::container::{self, hash};
use crate::files;
use crate::mmap::Bytes;

/// Metadata key of the source's identity.
const SOURCE_KEY: &str = "source";

/// To be raised whenever the meaning of a cache file changes.
const VERSION: u32 = 3;

/// How much of the source's head and of its tail is hashed.
const HASHED: u64 = 64 * 1024;

/// How much is hashed at each of the places between them.
const SAMPLE: u64 = 4096;

/// How many places between head and tail are hashed: an edit that keeps size and time is seen when
/// it touches one of them.
const SAMPLES: u64 = 64;

static CHOSEN: RwLock<Option<PathBuf>> = RwLock::new(None);

/// A cache file to be written with [`container::ContainerWriter`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// Where to write it; the folder is there.
    pub path: PathBuf,
    identity: String,
}

impl Slot {
    /// The metadata that the container must carry to be found again.
    pub fn metadata(&self) -> container::Pairs {
        vec![(SOURCE_KEY.into(), self.identity.clone())]
    }

    /// Whether `source` is still as it was when this slot was made.
    pub fn is_current(&self, source: &Path) -> bool {
        identity(source).is_ok_and(|identity| identity == self.identity)
    }
}

/// The cache file of `source` for `purpose`, mapped, if there is one and the source has not changed since.
///
/// Its path is returned for messages.
pub fn lookup(source: &Path, purpose: &str) -> Option<(Bytes, PathBuf)> {
    let path = folder()?.join(file_name(source, purpose).ok()?);
    let bytes = Bytes::map(&path).ok()?;
    let expected = identity(source).ok()?;
    let found = container::metadata(&bytes, SOURCE_KEY)?;
    (found == expected && container::is_intact(&bytes)).then_some((bytes, path))
}

/// A place for the cache file of `source` for `purpose`.
///
/// # Errors
/// No cache folder, or one that cannot be made; a source that cannot be read or is no regular file.
pub fn create(source: &Path, purpose: &str) -> Result<Slot> {
    let folder = folder().ok_or_else(|| {
        VectorsError::Request("there is no cache folder: set LEXISCOPE_CACHE or HOME to a folder".into())
    })?;
    let identity = identity(source)?;
    fs::create_dir_all(&folder).map_err(VectorsError::io("create the cache folder", &folder))?;
    files::sweep(&folder, "");
    let path = folder.join(file_name(source, purpose)?);
    // What is there is of no use any more, and the new file is to have the source's permissions.
    let _ = fs::remove_file(&path);
    Ok(Slot { path, identity })
}

/// A place for what was unpacked from `source`, and whether it is there already.
///
/// What was unpacked is a file of any format, so that the name says which state of the source it
/// belongs to. Of other states what is there is removed.
///
/// # Errors
/// As [`create`].
pub fn unpacked(source: &Path, member: &str, ending: &str) -> Result<(PathBuf, bool)> {
    let Slot { path, identity } = create(source, &format!("{:016x}", hash(member.as_bytes())))?;
    let path = path.with_extension("");
    let beginning = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let name = format!("{beginning}.{:016x}.unpacked{ending}", hash(identity.as_bytes()));
    let wanted = path.with_file_name(&name);
    let folder = path.parent().unwrap_or(Path::new("."));
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let found = entry.file_name().to_string_lossy().into_owned();
        if found.starts_with(&beginning) && found.contains(".unpacked") && found != name {
            // Nothing more can be done about a left-over than to try.
            let _ = fs::remove_file(entry.path());
        }
    }
    let there = wanted.is_file();
    Ok((wanted, there))
}

/// Makes `folder` the folder of the cache for this process, whatever the environment says.
pub fn set_folder(folder: PathBuf) {
    // A poisoned lock only means that another thread panicked while holding a valid path.
    *CHOSEN.write().unwrap_or_else(PoisonError::into_inner) = Some(folder);
}

/// The folder of the cache, if there is a place for it; it need not be there yet.
pub fn folder() -> Option<PathBuf> {
    use etcetera::BaseStrategy;
    if let Some(folder) = CHOSEN.read().unwrap_or_else(PoisonError::into_inner).clone() {
        return Some(folder);
    }
    if let Some(folder) = std::env::var_os("LEXISCOPE_CACHE").filter(|folder| !folder.is_empty()) {
        return Some(folder.into());
    }
    Some(etcetera::choose_base_strategy().ok()?.cache_dir().join("lexiscope"))
}

fn file_name(source: &Path, purpose: &str) -> Result<String> {
    let whole = fs::canonicalize(source).map_err(VectorsError::io("open", source))?;
    let stem = source.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let hash = hash(whole.as_os_str().as_encoded_bytes());
    Ok(format!("{stem}-{hash:016x}.{purpose}.safetensors"))
}

fn identity(source: &Path) -> Result<String> {
    let read = || -> std::io::Result<Option<String>> {
        // Opening a pipe would wait for somebody to write to it.
        if !fs::metadata(source)?.is_file() {
            return Ok(None);
        }
        let whole = fs::canonicalize(source)?;
        let mut file = File::open(source)?;
        let metadata = file.metadata()?;
        let size = metadata.len();
        let modified = metadata.modified()?.duration_since(UNIX_EPOCH).map_or(0, |time| time.as_nanos());
        let mut sample = Vec::new();
        for start in sampled(size) {
            file.seek(SeekFrom::Start(start))?;
            let length = if start == 0 || start + HASHED >= size { HASHED } else { SAMPLE };
            (&mut file).take(length).read_to_end(&mut sample)?;
        }
        let hash = hash(&sample);
        Ok(Some(format!("v{VERSION} {} bytes {size} modified {modified} hash {hash:016x}", whole.display())))
    };
    read().map_err(VectorsError::io("open", source))?.ok_or_else(|| {
        VectorsError::Request(format!("{} is no regular file and is not cached", source.display()))
    })
}

/// Where the parts of a file of `size` bytes begin that are hashed; all of it, if it is small.
fn sampled(size: u64) -> Vec<u64> {
    if size <= 2 * HASHED {
        return vec![0, HASHED.min(size)];
    }
    let between = (size - 2 * HASHED) / SAMPLES;
    let middle = (0..SAMPLES).map(|sample| HASHED + sample * between);
    std::iter::once(0).chain(middle).chain([size - HASHED]).collect()
}
