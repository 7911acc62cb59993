//! The cache of parsed text: used when it fits, passed over when stale or broken, done without when
//! it cannot be written. One test, because the folder of the cache belongs to the whole process.

use std::fs;
use std::path::{Path, PathBuf};

use lexiscope::progress::Progress;
use lexiscope::vectors::{Rows, VectorsError, WordVectors, cache, open::open};

fn open_text(path: &Path) -> WordVectors {
    open(path, &Progress::unobserved()).unwrap()
}

fn cache_file(folder: &Path) -> PathBuf {
    let files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    files[0].clone()
}

#[test]
fn the_cache_is_used_when_it_fits_and_only_then() {
    let folder = tempfile::tempdir().unwrap();
    let (path, cached) = (folder.path().join("vectors.txt"), folder.path().join("cache"));
    cache::set_folder(cached.clone());
    fs::write(&path, "a 1 2\nb 3 4\n").unwrap();
    assert!(matches!(open_text(&path).rows(), Rows::Strided { bytes, .. } if bytes.is_mapped()));

    // Used: the cache's own answer is seen, not the source's.
    let file = cache_file(&cached);
    let mut bytes = fs::read(&file).unwrap();
    let number = bytes.windows(4).rposition(|window| window == 4.0_f32.to_le_bytes()).unwrap();
    bytes[number..number + 4].copy_from_slice(&5.0_f32.to_le_bytes());
    fs::write(&file, &bytes).unwrap();
    assert_eq!(open_text(&path).rows().to_vec(1), [3.0, 5.0]);

    // Stale: same size, other content.
    fs::write(&path, "a 1 2\nb 3 7\n").unwrap();
    assert_eq!(open_text(&path).rows().to_vec(1), [3.0, 7.0]);
    let file = cache_file(&cached);

    // Cut short, or not a container at all: read anew, and repaired.
    let whole = fs::read(&file).unwrap();
    for broken in [&whole[..whole.len() - 1], &whole[..100], b"", b"nonsense"] {
        fs::write(&file, broken).unwrap();
        assert_eq!(open_text(&path).rows().to_vec(1), [3.0, 7.0]);
        assert_eq!(fs::read(&file).unwrap(), whole);
    }

    // A cancelled parse leaves nothing behind.
    fs::remove_file(&file).unwrap();
    let progress = Progress::unobserved();
    progress.cancel();
    assert!(matches!(open(&path, &progress), Err(VectorsError::Cancelled(_))));
    assert_eq!(fs::read_dir(&cached).unwrap().count(), 0);

    // No place for a cache: a file stands where its folder should be.
    let blocked = folder.path().join("blocked");
    fs::write(&blocked, "").unwrap();
    cache::set_folder(blocked);
    let vectors = open_text(&path);
    assert!(matches!(vectors.rows(), Rows::Owned(_)));
    assert_eq!(vectors.rows().to_vec(1), [3.0, 7.0]);
    assert!(vectors.flaws().remarks[0].contains("for want of a cache"), "{:?}", vectors.flaws());
}
