//! The one place that maps files.
//!
//! [`Bytes`] is a cheap handle on read-only bytes that live in a mapped file, on the heap or in
//! the program itself; every reader works on it and none knows which it is.
//!
//! # The contract of a mapped file
//!
//! A map shows the file as it is *now*. If another program shortens the file while it is mapped,
//! touching the lost pages raises SIGBUS; nothing in safe Rust can prevent that. The program then gives
//! the terminal back, says what happened and ends. Who cannot keep a file still reads it into memory
//! ([`read_into_memory`], `--no-mmap`). lexiscope never writes to a path that it may have mapped: files are written beside and renamed.

use std::fs::File;
use std::io;
use std::ops::{Deref, Range};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The most that is read from a pipe, which has to be kept in memory.
const LARGEST_PIPE: u64 = 8 << 30;

/// Whether files are read into memory rather than mapped.
static READS_INTO_MEMORY: AtomicBool = AtomicBool::new(false);

/// From now on files are read into memory, where nobody can cut them short; their size in memory is
/// the price.
pub fn read_into_memory() {
    READS_INTO_MEMORY.store(true, Ordering::Relaxed);
}

/// Read-only bytes, cheap to clone and to slice.
#[derive(Clone)]
pub struct Bytes {
    owner: Owner,
    range: Range<usize>,
}

#[derive(Clone)]
enum Owner {
    Mapped(Arc<memmap2::Mmap>),
    Heap(Arc<Vec<u8>>),
    Static(&'static [u8]),
}

impl Bytes {
    /// Maps the whole of `path`. An empty file cannot be mapped and becomes empty bytes.
    ///
    /// # Errors
    /// Whatever the system says on opening or mapping; a folder is `ErrorKind::IsADirectory`.
    pub fn map(path: &Path) -> io::Result<Self> {
        if is_device(&std::fs::metadata(path)?) {
            return Err(io::Error::other("it is a device, not a file"));
        }
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        if metadata.is_file() && metadata.len() == 0 {
            return Ok(Self::from_static(&[]));
        }
        if !metadata.is_file() {
            return Self::read(&file);
        }
        if READS_INTO_MEMORY.load(Ordering::Relaxed) {
            return Self::read_file(&file, metadata.len());
        }
        // SAFETY: the map is read-only and private to this process. The file may be changed by
        // others; see the module's contract. All readers check bounds on the mapped length.
        let map = unsafe { memmap2::Mmap::map(&file)? };
        let range = 0..map.len();
        Ok(Self { owner: Owner::Mapped(Arc::new(map)), range })
    }

    /// Reads a file of so many bytes.
    fn read_file(mut file: &File, size: u64) -> io::Result<Self> {
        let size = usize::try_from(size).map_err(|_| io::Error::from(io::ErrorKind::FileTooLarge))?;
        let mut buffer = Vec::new();
        buffer.try_reserve_exact(size).map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
        io::Read::read_to_end(&mut file, &mut buffer)?;
        Ok(Self::from_vec(buffer))
    }

    /// Reads a pipe, which has no length to map; a device or a pipe without an end is refused.
    fn read(mut file: &File) -> io::Result<Self> {
        let mut buffer = Vec::new();
        io::Read::read_to_end(&mut io::Read::take(&mut file, LARGEST_PIPE + 1), &mut buffer)?;
        if buffer.len() as u64 > LARGEST_PIPE {
            let reason = format!("more than {} GiB come out of it; write them to a file", LARGEST_PIPE >> 30);
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, reason));
        }
        Ok(Self::from_vec(buffer))
    }

    /// Bytes on the heap.
    pub fn from_vec(bytes: Vec<u8>) -> Self {
        let range = 0..bytes.len();
        Self { owner: Owner::Heap(Arc::new(bytes)), range }
    }

    /// Bytes inside the program (`include_bytes!`).
    pub fn from_static(bytes: &'static [u8]) -> Self {
        Self { owner: Owner::Static(bytes), range: 0..bytes.len() }
    }

    /// A part of these bytes, sharing their owner; `None` when the range lies outside.
    pub fn slice(&self, range: Range<usize>) -> Option<Self> {
        if range.start > range.end || range.end > self.len() {
            return None;
        }
        let start = self.range.start + range.start;
        Some(Self { owner: self.owner.clone(), range: start..start + range.len() })
    }

    /// Where these bytes begin within the file or buffer that they are a part of, and how long that is.
    pub fn place(&self) -> (usize, usize) {
        let whole = match &self.owner {
            Owner::Mapped(map) => map.len(),
            Owner::Heap(bytes) => bytes.len(),
            Owner::Static(bytes) => bytes.len(),
        };
        (self.range.start, whole)
    }

    /// Whether the bytes lie on the heap.
    pub fn is_private(&self) -> bool {
        matches!(self.owner, Owner::Heap(_))
    }

    /// Whether the bytes lie in a mapped file, so that they cost no private memory.
    pub fn is_mapped(&self) -> bool {
        matches!(self.owner, Owner::Mapped(_))
    }
}

#[cfg(unix)]
fn is_device(metadata: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::FileTypeExt;
    metadata.file_type().is_char_device() || metadata.file_type().is_block_device()
}

#[cfg(not(unix))]
fn is_device(_: &std::fs::Metadata) -> bool {
    false
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        let whole: &[u8] = match &self.owner {
            Owner::Mapped(map) => map,
            Owner::Heap(bytes) => bytes,
            Owner::Static(bytes) => bytes,
        };
        &whole[self.range.clone()]
    }
}

impl std::fmt::Debug for Bytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Bytes({} bytes, mapped: {})", self.len(), self.is_mapped())
    }
}
