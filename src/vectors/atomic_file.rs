//! Files that appear whole or not at all: written beside their place and renamed into it.

use std::fs::{self, File};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Result, VectorsError};

static COUNTER: AtomicU64 = AtomicU64::new(0);

/// A file being written. Dropped before [`AtomicFile::commit`], it leaves nothing behind.
#[derive(Debug)]
pub struct AtomicFile {
    writer: BufWriter<File>,
    temporary: PathBuf,
    target: PathBuf,
    committed: bool,
}

impl AtomicFile {
    /// Starts a file that will become `path`. A symbolic link is followed, so that it stays one.
    ///
    /// # Errors
    /// A `path` that is there and is no regular file; whatever the system says on creating.
    pub fn create(path: &Path) -> Result<Self> {
        let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        if fs::metadata(&target).is_ok_and(|metadata| !metadata.is_file()) {
            return Err(VectorsError::Unsupported {
                path: path.to_owned(),
                what: "is a folder or a device, not a file to write to".into(),
                advice: "name a file, such as vectors.bin in it".into(),
            });
        }
        let name = target.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let temporary = target.with_file_name(format!(".{name}.{}-{number}.partial", std::process::id()));
        let file = File::options().write(true).create_new(true).open(&temporary);
        let file = file.map_err(VectorsError::io("write", path))?;
        Ok(Self { writer: BufWriter::with_capacity(1 << 20, file), temporary, target, committed: false })
    }

    /// Appends `bytes`.
    ///
    /// # Errors
    /// Whatever the system says, a full disk for one.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.writer.write_all(bytes).map_err(VectorsError::io("write", &self.target))
    }

    /// Overwrites the bytes from `offset` on, then goes back to the end.
    ///
    /// # Errors
    /// As [`AtomicFile::write`].
    pub fn patch(&mut self, offset: u64, bytes: &[u8]) -> Result<()> {
        let mut patch = || -> io::Result<()> {
            self.writer.seek(SeekFrom::Start(offset))?;
            self.writer.write_all(bytes)?;
            self.writer.seek(SeekFrom::End(0))?;
            Ok(())
        };
        patch().map_err(VectorsError::io("write", &self.target))
    }

    /// Puts the file in its place and returns its size in bytes.
    ///
    /// # Errors
    /// As [`AtomicFile::write`]; the target is then as it was.
    pub fn commit(mut self) -> Result<u64> {
        let mut finish = || -> io::Result<u64> {
            self.writer.flush()?;
            let size = self.writer.get_ref().metadata()?.len();
            fs::rename(&self.temporary, &self.target)?;
            Ok(size)
        };
        let size = finish().map_err(VectorsError::io("write", &self.target))?;
        self.committed = true;
        Ok(size)
    }
}

impl Drop for AtomicFile {
    fn drop(&mut self) {
        if !self.committed {
            // Nothing more can be done about a left-over than to try.
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn appears_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let mut file = AtomicFile::create(&path).unwrap();
        file.write(b"0000 rest").unwrap();
        drop(file);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);

        let mut file = AtomicFile::create(&path).unwrap();
        file.write(b"0000 rest").unwrap();
        file.patch(0, b"head").unwrap();
        file.write(b" end").unwrap();
        assert!(!path.exists());
        assert_eq!(file.commit().unwrap(), 13);
        assert_eq!(fs::read(&path).unwrap(), b"head rest end");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert!(AtomicFile::create(folder.path()).is_err());
    }
}
