//! How long a text file takes to open: the first time, when it is parsed into the cache, and
//! every time after that, when the cache is mapped.
//!
//! `cargo bench --bench open`. File (about 25 MB, from a fixed seed) and cache are temporary.

use std::fs;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use criterion::{BatchSize, Criterion, Throughput};
use lexiscope::progress::Progress;
use lexiscope::vectors::open::open;

const CACHE: &str = "LEXISCOPE_CACHE";
const WORDS: usize = 30_000;
const DIMENSIONS: usize = 100;

/// GloVe text: a word and its numbers a line.
fn write_text(path: &Path) -> u64 {
    let mut out = BufWriter::new(fs::File::create(path).expect("a temporary file"));
    let mut state = 1_u64;
    for word in 0..WORDS {
        write!(out, "word{word}").expect("room in the temporary folder");
        for _ in 0..DIMENSIONS {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let number = (state >> 40) as f32 / (1 << 24) as f32 - 0.5;
            write!(out, " {number:.5}").expect("room in the temporary folder");
        }
        out.write_all(b"\n").expect("room in the temporary folder");
    }
    drop(out);
    fs::metadata(path).expect("the file just written").len()
}

fn empty(folder: &Path) {
    for entry in fs::read_dir(folder).expect("the cache folder").flatten() {
        fs::remove_file(entry.path()).expect("a cache file of our own");
    }
}

fn measure(folder: &Path, cache: &Path) {
    let source = folder.join("glove.txt");
    let size = write_text(&source);
    let open = || open(&source, &Progress::unobserved()).expect("vectors").len();
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("text of 30000 x 100");
    group.throughput(Throughput::Bytes(size));
    group.sample_size(10).warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
    group.bench_function("first open", |bencher| {
        bencher.iter_batched(|| empty(cache), |()| open(), BatchSize::PerIteration);
    });
    open();
    group.bench_function("second open", |bencher| bencher.iter(open));
    group.finish();
    criterion.final_summary();
}

fn main() {
    // The cache's place comes from the environment, which must be set before the program starts.
    if let Some(folder) = std::env::var_os("LEXISCOPE_BENCH_FOLDER").map(PathBuf::from) {
        measure(&folder, &folder.join("cache"));
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let cache = folder.path().join("cache");
    fs::create_dir(&cache).expect("a folder for the cache");
    let status = Command::new(std::env::current_exe().expect("this program"))
        .args(std::env::args_os().skip(1))
        .env(CACHE, &cache)
        .env("LEXISCOPE_BENCH_FOLDER", folder.path())
        .status()
        .expect("this program, run again");
    assert!(status.success(), "{status}");
}
