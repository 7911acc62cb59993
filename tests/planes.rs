//! Planes in the cache: made once, used when they belong to the rows, passed over when not. One test,
//! because the folder of the cache belongs to the whole process.

use std::fs;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use lexiscope::progress::Progress;
use lexiscope::random::Random;
use lexiscope::vectors::filter::Filter;
use lexiscope::vectors::planes::stored;
use lexiscope::vectors::search::{Answer, Objective, Query, search};
use lexiscope::vectors::{VectorsError, WordVectors, cache, open::open};

/// As many numbers as are worth a plane.
const ROWS: usize = 42_000;
const DIMENSIONS: usize = 100;

/// What a search says that has both planes.
const BOTH: &str = "int4, then int8";

/// A word2vec binary file of random rows, with one row of zeros.
fn write(path: &Path, seed: u64) {
    let mut random = Random::new(seed);
    let mut file = BufWriter::new(fs::File::create(path).unwrap());
    writeln!(file, "{ROWS} {DIMENSIONS}").unwrap();
    for row in 0..ROWS {
        write!(file, "w{row} ").unwrap();
        for _ in 0..DIMENSIONS {
            let number = if row == 77 { 0.0 } else { random.normal() as f32 };
            file.write_all(&number.to_le_bytes()).unwrap();
        }
        file.write_all(b"\n").unwrap();
    }
}

fn read(path: &Path) -> WordVectors {
    open(path, &Progress::unobserved()).unwrap()
}

fn ask(vectors: &WordVectors) -> Answer {
    let query = Query {
        vectors: ndarray::Array2::from_shape_vec((1, DIMENSIONS), vectors.rows().to_vec(9)).unwrap(),
        objective: Objective::Cosine,
        excluded: vec![9],
        filter: Filter::default(),
        count: 20,
    };
    search(vectors, &query, &Progress::unobserved()).unwrap()
}

fn plane_file(folder: &Path, kind: &str) -> Option<PathBuf> {
    let files = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    let mut planes = files.filter(|path| path.to_string_lossy().contains(&format!(".{kind}-")));
    let found = planes.next();
    assert_eq!(planes.next(), None);
    found
}

#[test]
fn a_plane_is_made_once_and_used_when_it_belongs_to_the_rows() {
    let folder = tempfile::tempdir().unwrap();
    let (path, cached) = (folder.path().join("vectors.bin"), folder.path().join("cache"));
    cache::set_folder(cached.clone());
    write(&path, 1);
    let vectors = read(&path);
    let plain = ask(&vectors);
    assert_eq!((plain.plane, plain.hits.len()), ("f32", 20));

    // Stopped: nothing is left.
    let stopped = Progress::unobserved();
    stopped.cancel();
    assert!(matches!(stored::prepare(&vectors, &stopped), Err(VectorsError::Cancelled(_))));
    assert_eq!((plane_file(&cached, "int8"), plane_file(&cached, "int4")), (None, None));

    let progress = Progress::unobserved();
    stored::prepare(&vectors, &progress).unwrap();
    assert_eq!(progress.fraction(), Some(1.0));
    let coded = ask(&vectors);
    assert_eq!((coded.plane, &coded.hits), (BOTH, &plain.hits));
    assert!(coded.rescored < 1000, "{}", coded.rescored);
    assert_eq!(ask(&read(&path)).plane, BOTH, "it is there for the next who opens the file");

    // Cut short, of other rows, or not a plane at all: passed over, and made anew when asked for.
    for (kind, without) in [("int8", "f32"), ("int4", "int8")] {
        let file = plane_file(&cached, kind).unwrap();
        let whole = fs::read(&file).unwrap();
        for broken in [&whole[..whole.len() - 1], &whole[..100], b"", b"nonsense"] {
            fs::write(&file, broken).unwrap();
            let vectors = read(&path);
            assert_eq!((ask(&vectors).plane, &ask(&vectors).hits), (without, &plain.hits));
            stored::prepare(&vectors, &Progress::unobserved()).unwrap();
            assert_eq!((ask(&vectors).plane, &ask(&vectors).hits), (BOTH, &plain.hits));
            assert!(fs::read(&file).unwrap() == whole);
        }
    }

    // The file has changed since.
    write(&path, 2);
    let changed = read(&path);
    let answer = ask(&changed);
    assert_eq!(answer.plane, "f32");
    stored::prepare(&changed, &Progress::unobserved()).unwrap();
    assert_eq!((ask(&changed).plane, ask(&changed).hits), (BOTH, answer.hits));

    // Few numbers are read sooner than a plane would be found.
    let small = folder.path().join("small.txt");
    fs::write(&small, "a 1 2\nb 3 4\n").unwrap();
    let small = read(&small);
    stored::prepare(&small, &Progress::unobserved()).unwrap();
    assert!(stored::planes(&small).is_none());

    // No place for a cache: that is said, and answers are the same.
    let blocked = folder.path().join("blocked");
    fs::write(&blocked, "").unwrap();
    cache::set_folder(blocked);
    let vectors = read(&path);
    assert!(stored::prepare(&vectors, &Progress::unobserved()).is_err());
    assert_eq!(ask(&vectors).plane, "f32");
}
