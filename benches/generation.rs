//! How long a token takes of a model whose weights are quantised, beside llama.cpp on the same file.
//!
//! `LEXISCOPE_GGUF=MODEL.gguf cargo bench --bench generation` measures this program alone. With
//! `LEXISCOPE_PEERS=python3` as well, where that Python has xllamacpp, `benches/peers/generation.py`
//! runs the same file with as many threads, in turns. `LEXISCOPE_THREADS` sets the threads of both;
//! without it each core gets one.
//!
//! llama.cpp multiplies in 8 bits, this program in f32: what they write may part at a near tie, so only
//! times are compared.

#[path = "peers/process.rs"]
mod peer;

use std::time::Instant;

use anyhow::{Context, Result};
use lexiscope::model::forward::Input;
use lexiscope::model::generate::{Sampling, Writing, generate};
use lexiscope::model::writing_rules::WritingRules;
use lexiscope::model::{Model, open};
use lexiscope::progress::Progress;
use peer::{Peer, median};

/// As in `src/main.rs`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Turns, the first of which is not counted.
const TURNS: usize = 6;

/// Tokens that are read, and tokens that are written after them.
const PROMPT: usize = 128;
const WRITTEN: usize = 32;

fn main() -> Result<()> {
    let threads = peer::threads()?;
    let Some(path) = std::env::var_os("LEXISCOPE_GGUF") else {
        println!("not measured: LEXISCOPE_GGUF names no file");
        return Ok(());
    };
    let path = path.into_string().ok().context("LEXISCOPE_GGUF: a path in UTF-8")?;
    let model = open::open(&path)?;
    let mut peer = Peer::start("generation.py", &[&path, &threads.to_string()])?;
    let (mut ours, mut theirs) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
    for turn in 0..TURNS {
        let own = milliseconds(&model)?;
        let other = match &mut peer {
            Some(peer) => Some(peer.ask(&format!("{PROMPT} {WRITTEN}"))?),
            None => None,
        };
        if turn > 0 {
            ours.iter_mut().zip([own.0, own.1]).for_each(|(all, one)| all.push(one));
            let other = other.map(|(written, read)| [written, read]).into_iter().flatten();
            theirs.iter_mut().zip(other).for_each(|(all, one)| all.push(one));
        }
    }
    let name = peer.as_ref().map_or("(no llama.cpp)", |peer| &peer.title);
    println!("medians of {} in milliseconds a token, {threads} threads: {}", TURNS - 1, model.name);
    for (what, (ours, theirs)) in
        ["written after 128", "of 128 that are read"].iter().zip(ours.into_iter().zip(theirs))
    {
        let ours = median(ours);
        print!("{what:<24} {ours:>8.2}");
        if theirs.is_empty() {
            println!();
        } else {
            let theirs = median(theirs);
            println!("  {name} {theirs:.2}  ratio {:.2}", ours / theirs);
        }
    }
    Ok(())
}

/// Of a token that is written, and of one that is read.
fn milliseconds(model: &Model) -> Result<(f64, f64)> {
    let prompt: Vec<u32> = (0..PROMPT as u32).map(|i| (i * 7919 + 13) % 30_000).collect();
    let start = Instant::now();
    let (mut read, mut written) = (None, None);
    // The first token that is written comes with the prompt.
    let writing =
        Writing { count: 1 + WRITTEN, sampling: &Sampling::default(), rules: &WritingRules::default() };
    generate(&model.network, &Input::Tokens(&prompt), &writing, &Progress::unobserved(), |_| {
        let now = start.elapsed().as_secs_f64() * 1e3;
        read.get_or_insert(now);
        written = Some(now);
        true
    })?;
    let (read, written) = (read.context("a token")?, written.context("a token")?);
    Ok(((written - read) / WRITTEN as f64, read / PROMPT as f64))
}
