//! How fast all rows are searched, beside how fast this machine reads the same bytes.
//!
//! `cargo bench --bench neighbours`. Each group holds one search and one plain read of the mapped
//! file, both with their throughput: a scan of f32 rows is good when the two are close. The file
//! is made from a fixed seed in the system's temporary folder (480 MB for the large one) and
//! removed at the end.

use std::hint::black_box;
use std::io::{BufWriter, Write};
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use lexiscope::mmap::Bytes;
use lexiscope::progress::Progress;
use lexiscope::vectors::filter::Filter;
use lexiscope::vectors::formats::{Flaws, Parts};
use lexiscope::vectors::planes::int4::Int4Plane;
use lexiscope::vectors::planes::int8::Int8Plane;
use lexiscope::vectors::search::{Objective, Plane, Query, search, search_over};
use lexiscope::vectors::{Rows, Vocabulary, WordVectors};
use ndarray::Array2;
use rayon::prelude::*;

/// Rows with entries in -0.5..0.5, written to a file and mapped.
fn synthetic(rows: usize, dimensions: usize) -> (tempfile::NamedTempFile, Bytes) {
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    let mut out = BufWriter::with_capacity(1 << 20, file.as_file());
    let mut state = 1_u64;
    for _ in 0..rows * dimensions {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        let number = (state >> 40) as f32 / (1 << 24) as f32 - 0.5;
        out.write_all(&number.to_le_bytes()).expect("room in the temporary folder");
    }
    drop(out);
    let bytes = Bytes::map(file.path()).expect("a mapped file");
    (file, bytes)
}

fn open(bytes: Bytes, rows: usize, dimensions: usize) -> WordVectors {
    let vocabulary = Vocabulary::from_words((0..rows).map(|row| row.to_string()));
    let rows = Rows::Strided { bytes, stride: 4 * dimensions, rows, dimensions };
    let parts = Parts { format: "NumPy".into(), vocabulary, rows, subwords: None, flaws: Flaws::default() };
    WordVectors::from_parts("synthetic", None, parts)
}

/// Reads every byte once, on all threads: the bound of any search over these rows.
fn read_all(bytes: &[u8]) -> u64 {
    let sum = |chunk: &[u8]| {
        let words = chunk.chunks_exact(8);
        words.fold(0_u64, |sum, word| {
            sum.wrapping_add(u64::from_le_bytes(word.try_into().unwrap_or_default()))
        })
    };
    bytes.par_chunks(1 << 20).map(sum).reduce(|| 0, u64::wrapping_add)
}

fn neighbours(criterion: &mut Criterion) {
    for (rows, dimensions) in [(30_000, 100), (400_000, 300)] {
        let (_file, bytes) = synthetic(rows, dimensions);
        let vectors = open(bytes.clone(), rows, dimensions);
        let vector = vectors.rows().to_vec(4711);
        let length = vector.iter().map(|number| number * number).sum::<f32>().sqrt();
        let unit = vector.iter().map(|number| number / length).collect();
        let query = Query {
            vectors: Array2::from_shape_vec((1, dimensions), unit).expect("one row"),
            objective: Objective::Cosine,
            excluded: vec![4711],
            filter: Filter::default(),
            count: 10,
        };
        let progress = Progress::unobserved();
        vectors.norms();

        let mut group = criterion.benchmark_group(format!("{rows} x {dimensions}"));
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group
            .sample_size(10)
            .warm_up_time(Duration::from_millis(500))
            .measurement_time(Duration::from_secs(2));
        group.bench_function("read every byte", |bencher| bencher.iter(|| read_all(black_box(&bytes))));
        group.bench_function("neighbours", |bencher| {
            bencher.iter(|| search(&vectors, black_box(&query), &progress).expect("an answer"));
        });
        let (int8, int4) = (Int8Plane::encoded(vectors.rows()), Int4Plane::encoded(vectors.rows()));
        let planes = [
            ("neighbours over int8", Plane::Int8(&int8), rows * dimensions),
            ("neighbours over int4", Plane::Int4(&int4, &int8), rows * dimensions / 2),
        ];
        for (name, plane, bytes) in planes {
            group.throughput(Throughput::Bytes(bytes as u64));
            group.bench_function(name, |bencher| {
                bencher
                    .iter(|| search_over(&vectors, plane, black_box(&query), &progress).expect("an answer"));
            });
        }
        group.finish();
    }
}

criterion_group!(benches, neighbours);
criterion_main!(benches);
