//! zip and tar: several files in one.

use std::io::{self, Cursor, Read};

use super::compression::Compression;
use crate::foreign;
use crate::mmap::Bytes;
use crate::progress::Progress;

/// A kind of archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Archive {
    /// zip.
    Zip,
    /// tar (POSIX.1-1988 and later), compressed or not.
    Tar(Option<Compression>),
}

/// A file in an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its name, with folders.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
}

/// Where the magic word of a tar header stands.
const TAR_MAGIC: std::ops::Range<usize> = 257..262;

impl Archive {
    /// The archive that `bytes` are, told by their content.
    pub fn detect(bytes: &Bytes) -> Option<Self> {
        if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
            return Some(Self::Zip);
        }
        let is_tar = |head: &[u8]| head.get(TAR_MAGIC) == Some(b"ustar");
        let Some(compression) = Compression::detect(bytes) else {
            return is_tar(bytes).then_some(Self::Tar(None));
        };
        let mut head = Vec::new();
        let progress = Progress::unobserved();
        // Where the beginning cannot be read, the reader of what is inside says why.
        let _ = compression.reader(bytes, &progress).take(512).read_to_end(&mut head);
        is_tar(&head).then_some(Self::Tar(Some(compression)))
    }

    /// Its files, without those that systems put there for themselves.
    ///
    /// # Errors
    /// An archive that is broken.
    pub fn members(self, bytes: &Bytes, progress: &Progress) -> io::Result<Vec<Member>> {
        let mut members = Vec::new();
        self.for_each(bytes, progress, &mut |name, size, _| {
            let hidden = name.split('/').any(|part| part.starts_with('.') || part == "__MACOSX");
            if !hidden {
                members.push(Member { name: name.to_owned(), size });
            }
            Ok(progress.is_cancelled())
        })?;
        Ok(members)
    }

    /// Hands size and content of the file `name` to `take`.
    ///
    /// # Errors
    /// An archive that is broken or has no such file; what `take` says.
    pub fn extract(
        self,
        bytes: &Bytes,
        name: &str,
        progress: &Progress,
        take: &mut dyn FnMut(u64, &mut dyn Read) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut found = false;
        self.for_each(bytes, progress, &mut |member, size, reader| {
            if member != name {
                return Ok(false);
            }
            found = true;
            take(size, reader).map(|()| true)
        })?;
        if found { Ok(()) } else { Err(io::Error::new(io::ErrorKind::NotFound, format!("it has no {name}"))) }
    }

    /// Visits file after file, until `visit` says that it is enough.
    fn for_each(
        self,
        bytes: &Bytes,
        progress: &Progress,
        visit: &mut dyn FnMut(&str, u64, &mut dyn Read) -> io::Result<bool>,
    ) -> io::Result<()> {
        let visited = foreign::call(|| self.visit_each(bytes, progress, visit));
        visited.unwrap_or_else(|panic| {
            let reason = format!("the reader of archives does not stand it ({panic})");
            Err(io::Error::new(io::ErrorKind::InvalidData, reason))
        })
    }

    fn visit_each(
        self,
        bytes: &Bytes,
        progress: &Progress,
        visit: &mut dyn FnMut(&str, u64, &mut dyn Read) -> io::Result<bool>,
    ) -> io::Result<()> {
        match self {
            Self::Zip => {
                let mut archive = zip::ZipArchive::new(Cursor::new(&bytes[..])).map_err(io::Error::other)?;
                for index in 0..archive.len() {
                    let mut file = archive.by_index(index).map_err(io::Error::other)?;
                    let name = file.name().map_err(io::Error::other)?.into_owned();
                    let size = file.size();
                    if file.is_file() && visit(&name, size, &mut (&mut file).take(size))? {
                        break;
                    }
                }
            }
            Self::Tar(compression) => {
                let reader: Box<dyn Read + '_> = match compression {
                    Some(compression) => compression.reader(bytes, progress),
                    None => Box::new(&bytes[..]),
                };
                let mut archive = tar::Archive::new(reader);
                for entry in archive.entries()? {
                    let mut file = entry?;
                    let name = String::from_utf8_lossy(&file.path_bytes()).into_owned();
                    let size = file.size();
                    if file.header().entry_type().is_file() && visit(&name, size, &mut file)? {
                        break;
                    }
                }
            }
        }
        Ok(())
    }
}
