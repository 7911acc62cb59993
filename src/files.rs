//! Files that appear whole or not at all: written beside their place and renamed into it.
//!
//! While it is written, a file is called `.NAME.PROCESS-NUMBER.partial` and locked. What a process
//! that was killed has left carries no lock, so that the next writer can tell it and sweep it away.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// How the name of a file ends while it is written.
const PARTIAL: &str = ".partial";

static NUMBER: AtomicU64 = AtomicU64::new(0);

/// The files that this process is writing.
static OPEN: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// A file that could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}: {source}", path.display())]
pub struct WriteError {
    /// Which file.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

/// A file being written. Dropped before [`AtomicFile::commit`], it leaves nothing behind.
#[derive(Debug)]
pub struct AtomicFile {
    writer: BufWriter<File>,
    temporary: PathBuf,
    target: PathBuf,
    committed: bool,
}

impl AtomicFile {
    /// Starts a file that will become `path`. A symbolic link of that name is replaced, not followed.
    ///
    /// A file that is there already keeps its permissions; a new one gets those of `model`, as far
    /// as the process may give them.
    ///
    /// # Errors
    /// A `path` that is there and is no regular file; whatever the system says on creating.
    pub fn create(path: &Path, model: Option<&Path>) -> Result<Self, WriteError> {
        let refused = |source| WriteError { path: path.to_owned(), source };
        if fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
            let reason = "it is a folder or a device; name a file, such as vectors.bin in it";
            return Err(refused(io::Error::other(reason)));
        }
        sweep(path.parent().unwrap_or(Path::new("")), &name_of(path));
        let existing = fs::symlink_metadata(path).ok().filter(fs::Metadata::is_file);
        let model = model.and_then(|model| fs::metadata(model).ok());
        let (file, temporary) = begin(path, model.as_ref().or(existing.as_ref())).map_err(refused)?;
        let started = Self {
            writer: BufWriter::with_capacity(1 << 20, file),
            temporary,
            target: path.to_owned(),
            committed: false,
        };
        if let Some(existing) = existing {
            let permissions = started.writer.get_ref().set_permissions(existing.permissions());
            permissions.map_err(|source| started.error(source))?;
        }
        Ok(started)
    }

    /// Appends `bytes`.
    ///
    /// # Errors
    /// Whatever the system says, a full disk for one.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        self.writer.write_all(bytes).map_err(|source| self.error(source))
    }

    /// Overwrites the bytes from `offset` on, then goes back to the end.
    ///
    /// # Errors
    /// As [`AtomicFile::write`].
    pub fn patch(&mut self, offset: u64, bytes: &[u8]) -> Result<(), WriteError> {
        let mut patch = || -> io::Result<()> {
            self.writer.seek(SeekFrom::Start(offset))?;
            self.writer.write_all(bytes)?;
            self.writer.seek(SeekFrom::End(0))?;
            Ok(())
        };
        patch().map_err(|source| self.error(source))
    }

    /// Puts the file in its place and returns its size in bytes.
    ///
    /// # Errors
    /// As [`AtomicFile::write`]; the target is then as it was.
    pub fn commit(mut self) -> Result<u64, WriteError> {
        let mut finish = || -> io::Result<u64> {
            self.writer.flush()?;
            let size = self.writer.get_ref().metadata()?.len();
            fs::rename(&self.temporary, &self.target)?;
            Ok(size)
        };
        let size = finish().map_err(|source| self.error(source))?;
        self.committed = true;
        Ok(size)
    }

    fn error(&self, source: io::Error) -> WriteError {
        WriteError { path: self.target.clone(), source }
    }
}

impl Drop for AtomicFile {
    fn drop(&mut self) {
        if !self.committed {
            // Nothing more can be done about a left-over than to try.
            let _ = fs::remove_file(&self.temporary);
        }
        open_files().retain(|path| *path != self.temporary);
    }
}

/// Removes the files that this process has begun and not finished: for a process that is about to end.
pub fn abandon_all() {
    for path in open_files().drain(..) {
        let _ = fs::remove_file(path);
    }
}

/// Removes what processes that ended in the middle of writing have left in `folder`, of files whose
/// name begins with `name`. Files that are being written are locked and stay.
pub fn sweep(folder: &Path, name: &str) {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let beginning = format!(".{name}");
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let found = entry.file_name().to_string_lossy().into_owned();
        let is_partial = found.starts_with(&beginning) && found.ends_with(PARTIAL);
        if is_partial && entry.file_type().is_ok_and(|kind| kind.is_file()) {
            // The lock is taken from one that writes no more; it goes with the handle.
            let abandoned = File::open(entry.path()).is_ok_and(|file| file.try_lock().is_ok());
            if abandoned {
                tracing::info!(file = %entry.path().display(), "removing what was left half written");
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

fn open_files() -> std::sync::MutexGuard<'static, Vec<PathBuf>> {
    OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn name_of(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Creates and locks the file that `path` is written to, with no more permissions than `model` has.
fn begin(path: &Path, model: Option<&fs::Metadata>) -> io::Result<(File, PathBuf)> {
    let mut options = File::options();
    options.write(true).create_new(true);
    restrict(&mut options, model);
    loop {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!(".{}.{}-{number}{PARTIAL}", name_of(path), std::process::id());
        let temporary = path.with_file_name(name);
        match options.open(&temporary) {
            Ok(file) => {
                open_files().push(temporary.clone());
                // Where files cannot be locked, left-overs cannot be told and stay.
                let _ = file.try_lock();
                return Ok((file, temporary));
            }
            // Another process with this number, or one before it, left a file that could not be swept.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(unix)]
fn restrict(options: &mut OpenOptions, model: Option<&fs::Metadata>) {
    use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
    if let Some(model) = model {
        options.mode(model.mode() & 0o666);
    }
}

#[cfg(not(unix))]
fn restrict(_: &mut OpenOptions, _: Option<&fs::Metadata>) {}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        fs::read_dir(folder).unwrap().map(|entry| name_of(&entry.unwrap().path())).collect()
    }

    #[test]
    fn appears_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let mut file = AtomicFile::create(&path, None).unwrap();
        file.write(b"0000 rest").unwrap();
        drop(file);
        assert!(names(folder.path()).is_empty());

        let mut file = AtomicFile::create(&path, None).unwrap();
        file.write(b"0000 rest").unwrap();
        file.patch(0, b"head").unwrap();
        file.write(b" end").unwrap();
        assert!(!path.exists());
        assert_eq!(file.commit().unwrap(), 13);
        assert_eq!(fs::read(&path).unwrap(), b"head rest end");
        assert_eq!(names(folder.path()), ["file"]);
    }

    #[test]
    fn a_folder_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert!(AtomicFile::create(folder.path(), None).is_err());
    }

    #[test]
    fn left_overs_are_swept_and_files_at_work_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let left = folder.path().join(".file.7-0.partial");
        fs::write(&left, "half").unwrap();
        fs::write(folder.path().join(".other.7-0.partial"), "another's").unwrap();
        let first = AtomicFile::create(&path, None).unwrap();
        assert!(!left.exists());
        let second = AtomicFile::create(&path, None).unwrap();
        assert_eq!(names(folder.path()).len(), 3, "two at work and another file's");
        first.commit().unwrap();
        second.commit().unwrap();
        assert_eq!(names(folder.path()).len(), 2);
    }

    #[cfg(unix)]
    #[test]
    fn permissions_come_from_the_target_or_from_the_model() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let [model, path] = ["model", "file"].map(|name| folder.path().join(name));
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        fs::write(&model, "").unwrap();
        fs::set_permissions(&model, fs::Permissions::from_mode(0o600)).unwrap();
        AtomicFile::create(&path, Some(&model)).unwrap().commit().unwrap();
        assert_eq!(mode(&path), 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        AtomicFile::create(&path, Some(&model)).unwrap().commit().unwrap();
        assert_eq!(mode(&path), 0o640);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_replaced_and_what_it_points_to_stays() {
        let folder = tempfile::tempdir().unwrap();
        let [other, path] = ["other", "file"].map(|name| folder.path().join(name));
        fs::write(&other, "kept").unwrap();
        std::os::unix::fs::symlink(&other, &path).unwrap();
        let mut file = AtomicFile::create(&path, None).unwrap();
        file.write(b"new").unwrap();
        file.commit().unwrap();
        assert_eq!((fs::read(&other).unwrap(), fs::read(&path).unwrap()), (b"kept".into(), b"new".into()));
    }
}
