//! How long an exact search of all rows takes, beside the usual tools on the same rows.
//!
//! `cargo bench --bench search` measures this program alone. With
//! `LEXISCOPE_PEERS=python3 cargo bench --bench search`, where that Python has numpy and any of faiss-cpu,
//! usearch, numkong and gensim, `benches/peers/search.py` is asked the same questions, in turns, in the
//! same run. An answer is the same when it has the rows of a search in f64, in that order.
//! `LEXISCOPE_THREADS` sets the threads; without it each core gets one. `benches/compare.sh` sets up the
//! Python.

#[path = "peers/process.rs"]
mod peer;

use std::io::{BufWriter, Write};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use lexiscope::mmap::Bytes;
use lexiscope::progress::Progress;
use lexiscope::random::Random;
use lexiscope::vectors::filter::Filter;
use lexiscope::vectors::formats::{Flaws, Parts};
use lexiscope::vectors::planes::int4::Int4Plane;
use lexiscope::vectors::planes::int8::Int8Plane;
use lexiscope::vectors::search::{Objective, Plane, Query, search_over, search_together};
use lexiscope::vectors::{Rows, Vocabulary, WordVectors};
use ndarray::Array2;
use peer::{Peer, median};
use rayon::prelude::*;
use serde_json::json;

/// As in `src/main.rs`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const SIZES: [(usize, usize); 2] = [(400_000, 300), (340_000, 100)];

/// Questions to each contender, asked twice and timed the second time; the first two are not counted.
const QUESTIONS: usize = 23;
const WARM_UP: usize = 2;
const COUNT: usize = 10;

/// Where the rows begin in the file.
const HEADER: usize = 128;

fn main() -> Result<()> {
    let threads = peer::threads()?;
    for (rows, dimensions) in SIZES {
        measure(rows, dimensions, threads)?;
    }
    Ok(())
}

/// Unit rows that lie near a space of 50 dimensions, as those of words do, in a NumPy file.
fn write_rows(file: &std::fs::File, rows: usize, dimensions: usize) -> Result<()> {
    const INNER: usize = 50;
    let mut random = Random::new(1);
    let map: Vec<f32> = (0..INNER * dimensions).map(|_| random.normal() as f32).collect();
    let row = |row: usize| -> Vec<f32> {
        let mut random = Random::of_step(2, row as u64);
        let mut values: Vec<f32> = (0..dimensions).map(|_| 2.0 * random.normal() as f32).collect();
        for line in map.chunks_exact(dimensions) {
            let weight = random.normal() as f32;
            values.iter_mut().zip(line).for_each(|(value, number)| *value += weight * number);
        }
        let length = values.iter().map(|value| value * value).sum::<f32>().sqrt();
        values.iter_mut().for_each(|value| *value /= length);
        values
    };
    let mut out = BufWriter::with_capacity(1 << 20, file);
    let about = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {dimensions}), }}");
    let mut header = b"\x93NUMPY\x01\x00".to_vec();
    header.extend(((HEADER - 10) as u16).to_le_bytes());
    header.extend(format!("{about:<width$}\n", width = HEADER - 11).bytes());
    out.write_all(&header)?;
    for start in (0..rows).step_by(4096) {
        let block: Vec<Vec<f32>> = (start..rows.min(start + 4096)).into_par_iter().map(row).collect();
        for row in block {
            out.write_all(bytemuck::cast_slice(&row))?;
        }
    }
    Ok(out.flush()?)
}

/// What is asked: the nearest to a row, or 3CosMul of three.
fn query(vectors: &WordVectors, asked: &[usize]) -> Query {
    let (objective, asked_for) = match asked {
        [_] => (Objective::Cosine, asked),
        _ => (Objective::Product { positive: 2 }, asked),
    };
    let dimensions = vectors.dimensions();
    let flat: Vec<f32> = asked_for.iter().flat_map(|&row| vectors.rows().to_vec(row)).collect();
    let vectors = Array2::from_shape_vec((asked.len(), dimensions), flat).expect("whole rows");
    Query { vectors, objective, excluded: asked.to_vec(), filter: Filter::default(), count: COUNT }
}

struct Contender {
    name: String,
    times: Vec<f64>,
    same: usize,
}

fn measure(rows: usize, dimensions: usize, threads: usize) -> Result<()> {
    let file = tempfile::Builder::new().suffix(".npy").tempfile()?;
    write_rows(file.as_file(), rows, dimensions)?;
    let bytes = Bytes::map(file.path())?;
    let words = Vocabulary::from_words((0..rows).map(|row| row.to_string()));
    let data = bytes.slice(HEADER..HEADER + 4 * rows * dimensions).context("all rows")?;
    let strided = Rows::Strided { bytes: data, stride: 4 * dimensions, rows, dimensions };
    let parts = Parts {
        format: "NumPy".into(),
        vocabulary: words,
        rows: strided,
        subwords: None,
        flaws: Flaws::default(),
    };
    let vectors = WordVectors::from_parts("rows", None, parts);
    let (int8, int4) = (Int8Plane::encoded(vectors.rows()), Int4Plane::encoded(vectors.rows()));
    let plane = Plane::Int4(&int4, &int8);
    let path = file.path().to_string_lossy().into_owned();
    let mut peer = Peer::start("search.py", &[&path, &threads.to_string()])?;
    let peers: Vec<String> = match &peer {
        Some(peer) => serde_json::from_str(&peer.title)?,
        None => Vec::new(),
    };
    println!("\n{rows} x {dimensions}, {threads} threads, medians of {}", QUESTIONS - WARM_UP);
    for (title, count) in [("nearest 10", 1), ("3CosMul", 3)] {
        let theirs = peers.iter().filter(|name| name.ends_with("cosmul") == (count == 3));
        let ours = [
            ("lexiscope, int4", plane),
            ("lexiscope, int8", Plane::Int8(&int8)),
            ("lexiscope, f32", Plane::Floats),
        ];
        let mut contenders: Vec<Contender> = ours
            .iter()
            .map(|(name, _)| (*name).to_owned())
            .chain(theirs.cloned())
            .map(|name| Contender { name, times: Vec::new(), same: 0 })
            .collect();
        for question in 0..QUESTIONS {
            let asked: Vec<usize> =
                (0..count).map(|part| (question * 7919 + part * 104_729 + 11) % rows).collect();
            let query = query(&vectors, &asked);
            let truth = brute_force(&vectors, &query);
            for (index, contender) in contenders.iter_mut().enumerate() {
                let mut ask = || -> Result<(f64, Vec<usize>)> {
                    if let Some((_, plane)) = ours.get(index) {
                        let start = Instant::now();
                        let answer = search_over(&vectors, *plane, &query, &Progress::unobserved())?;
                        let time = start.elapsed().as_secs_f64() * 1e3;
                        return Ok((time, answer.hits.iter().map(|hit| hit.row).collect()));
                    }
                    let peer = peer.as_mut().context("a peer")?;
                    let question = json!({"peer": contender.name, "rows": asked}).to_string();
                    let (time, found) = peer.ask_text(&question)?;
                    Ok((time, serde_json::from_str(&found)?))
                };
                // The first time it finds the rows of the one before in the cache, whose threads may
                // still be spinning.
                ask()?;
                let (time, found) = ask()?;
                if question >= WARM_UP {
                    contender.times.push(time);
                    contender.same += usize::from(found == truth);
                }
            }
        }
        println!("\n| {title} | ms | ratio | same answers |\n|---|---|---|---|");
        let best = median(contenders[0].times.clone());
        for Contender { name, times, same } in contenders {
            let time = median(times.clone());
            println!("| {name} | {time:.2} | {:.1} | {same} of {} |", time / best, times.len());
        }
    }
    many_questions(&vectors, plane)
}

/// Questions that are asked together, and the same ones after the other.
fn many_questions(vectors: &WordVectors, plane: Plane<'_>) -> Result<()> {
    const ASKED: usize = 200;
    let queries: Vec<Query> =
        (0..ASKED).map(|question| query(vectors, &[(question * 7919 + 11) % vectors.len()])).collect();
    let quiet = Progress::unobserved();
    let (mut together, mut alone) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        let start = Instant::now();
        let answers = search_together(vectors, &queries, &quiet)?;
        together.push(start.elapsed().as_secs_f64() * 1e3);
        let start = Instant::now();
        for (query, answer) in queries.iter().zip(&answers) {
            let own = search_over(vectors, plane, query, &quiet)?;
            ensure!(own.hits == answer.hits, "questions asked together have other answers");
        }
        alone.push(start.elapsed().as_secs_f64() * 1e3);
    }
    let (together, alone) = (median(together), median(alone));
    println!(
        "\n{ASKED} questions together {together:.1}, one by one ({}) {alone:.1}, ratio {:.2}",
        plane.name(),
        together / alone
    );
    Ok(())
}

/// The best rows by scores in f64.
fn brute_force(vectors: &WordVectors, query: &Query) -> Vec<usize> {
    let cosine = |left: &[f32], right: &[f32]| lexiscope::vectors::search::cosine(left, right);
    let asked: Vec<Vec<f32>> = query.vectors.rows().into_iter().map(|row| row.to_vec()).collect();
    let score = |row: usize| -> Option<f64> {
        let values = vectors.rows().to_vec(row);
        let shifted = |asked: &Vec<f32>| Some((1.0 + cosine(asked, &values)?) / 2.0);
        match asked.as_slice() {
            [one] => cosine(one, &values),
            [first, second, third] => Some(shifted(first)? * shifted(second)? / (shifted(third)? + 1e-6)),
            _ => None,
        }
    };
    let eligible = (0..vectors.len()).into_par_iter().filter(|row| !query.excluded.contains(row));
    let mut scores: Vec<(usize, f64)> = eligible.filter_map(|row| Some((row, score(row)?))).collect();
    let order = |a: &(usize, f64), b: &(usize, f64)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
    scores.select_nth_unstable_by(COUNT, order);
    scores.truncate(COUNT);
    scores.sort_by(order);
    scores.into_iter().map(|(row, _)| row).collect()
}
