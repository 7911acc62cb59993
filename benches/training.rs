//! How long a training step takes, and a pass over 512 tokens, beside PyTorch on the same weights.
//!
//! `cargo bench --bench training` measures this program alone. With
//! `LEXISCOPE_PEERS=python3 cargo bench --bench training`, where that Python has torch and
//! safetensors, `benches/peers/training.py` does the same work with as many threads, the two taking
//! turns. `LEXISCOPE_THREADS` sets the threads of both; without it each core gets one.

#[path = "peers/process.rs"]
mod peer;

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use lexiscope::lab::blueprint::{Blueprint, NetworkKind, TransformerChoices};
use lexiscope::lab::lessons::{Batch, Lessons};
use lexiscope::lab::saved::SavedTraining;
use lexiscope::lab::training::{Training, TrainingSettings};
use lexiscope::model::forward::{Input, PassOptions, forward};
use lexiscope::model::trace::Keep;
use lexiscope::progress::Progress;
use lexiscope::random::Random;
use peer::{Peer, median};
use serde_json::json;

/// As in `src/main.rs`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The contenders take turns; the first work of a turn is not counted.
const TURNS: usize = 5;
const COUNTED: usize = 4;

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Work {
    /// A step of AdamW.
    Step,
    /// A pass that keeps logits only.
    Forward,
}

struct Subject {
    name: &'static str,
    work: Work,
    blueprint: Blueprint,
    texts: usize,
    length: usize,
}

fn blueprint(kind: NetworkKind, vocabulary: usize, layers: usize, width: usize, heads: usize) -> Blueprint {
    Blueprint {
        kind,
        vocabulary,
        layers,
        width,
        heads,
        forget_bias: 1.0,
        transformer: TransformerChoices::default(),
    }
}

/// The recall experiment asks after 20 symbols for the first of 16; the larger transformer is of a size
/// that learns to write stories.
fn subjects() -> [Subject; 6] {
    use NetworkKind::{Causal, Gru, Lstm};
    let step = |name, blueprint, texts, length| Subject { name, work: Work::Step, blueprint, texts, length };
    let pass = |name, blueprint| Subject { name, work: Work::Forward, blueprint, texts: 1, length: 512 };
    [
        step(
            "step, recall, transformer (2 layers, 64 wide, 64 texts of 22)",
            blueprint(Causal, 18, 2, 64, 4),
            64,
            22,
        ),
        step("step, recall, LSTM (1 layer, 64 wide, 64 texts of 22)", blueprint(Lstm, 18, 1, 64, 1), 64, 22),
        step(
            "step, stories, transformer (4 layers, 128 wide, 8 texts of 256)",
            blueprint(Causal, 2048, 4, 128, 8),
            8,
            256,
        ),
        pass("pass, LSTM (1 layer, 512 wide, 512 tokens)", blueprint(Lstm, 16, 1, 512, 1)),
        pass("pass, GRU (1 layer, 512 wide, 512 tokens)", blueprint(Gru, 16, 1, 512, 1)),
        pass("pass, block (1 layer, 512 wide, 8 heads, 512 tokens)", blueprint(Causal, 16, 1, 512, 8)),
    ]
}

fn main() -> Result<()> {
    let threads = peer::threads()?;
    println!("medians of {} in milliseconds, {threads} threads", TURNS * COUNTED);
    for subject in subjects() {
        measure(&subject, threads)?;
    }
    Ok(())
}

/// Random symbols, the same at every step.
struct Symbols(Vec<Vec<u32>>);

impl Symbols {
    fn of(subject: &Subject) -> Self {
        let mut random = Random::new(1);
        let mut text = |_| {
            (0..subject.length)
                .map(|_| (random.bits() % subject.blueprint.vocabulary as u64) as u32)
                .collect()
        };
        Self((0..subject.texts).map(&mut text).collect())
    }
}

impl Lessons for Symbols {
    fn batch(&self, _: u64, _: u64, _: usize) -> Batch<'_> {
        Batch::Texts(self.0.iter().map(|ids| ids.as_slice().into()).collect())
    }

    fn held_out(&self) -> Batch<'_> {
        self.batch(0, 0, 0)
    }
}

fn measure(subject: &Subject, threads: usize) -> Result<()> {
    let symbols = Symbols::of(subject);
    let settings = TrainingSettings {
        steps: 1 << 20,
        batch: subject.texts,
        rate: 1e-3,
        warm_up: 0,
        last_share: 1.0,
        seed: 1,
        dropout: 0.0,
    };
    let mut training = Training::new(subject.blueprint.build(1)?, settings);
    let folder = tempfile::tempdir()?;
    let saved = SavedTraining::new(folder.path().into(), subject.blueprint.config(), None, json!({}));
    saved.begin()?;
    saved.keep(&training)?;
    let arguments = [&*folder.path().to_string_lossy(), &threads.to_string()];
    let mut peer = Peer::start("training.py", &arguments)?;
    let question = json!({
        "work": if subject.work == Work::Step { "step" } else { "forward" },
        "texts": symbols.0,
    });
    let question = question.to_string();
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for turn in 0..TURNS {
        for index in 0..=COUNTED {
            let (time, found) = work(subject, &mut training, &symbols)?;
            if index > 0 {
                ours.push(time);
            }
            if let (0, 0, Some(peer)) = (turn, index, &mut peer) {
                let (_, other) = peer.ask(&question)?;
                ensure!((found - other).abs() <= 1e-3 * other, "{}: {found}, PyTorch {other}", subject.name);
            }
        }
        if let Some(peer) = &mut peer {
            for index in 0..=COUNTED {
                let (time, _) = peer.ask(&question)?;
                if index > 0 {
                    theirs.push(time);
                }
            }
        }
    }
    let ours = median(ours);
    print!("{:<64} {ours:>9.2}", subject.name);
    match peer {
        Some(peer) => {
            let theirs = median(theirs);
            println!("  {} {theirs:.2}  ratio {:.2}", peer.title, ours / theirs);
        }
        None => println!(),
    }
    Ok(())
}

/// Milliseconds, and what PyTorch must find, too: the loss, or the mean magnitude of the logits.
fn work(subject: &Subject, training: &mut Training, symbols: &Symbols) -> Result<(f64, f64)> {
    let quiet = Progress::unobserved();
    let start = Instant::now();
    let passed = |start: Instant| start.elapsed().as_secs_f64() * 1e3;
    if subject.work == Work::Step {
        let loss = training.step(symbols, &quiet)?.loss;
        return Ok((passed(start), loss));
    }
    let options = PassOptions { keep: Keep::Logits, ..PassOptions::default() };
    let trace = forward(&training.network, &Input::Tokens(&symbols.0[0]), &options, &quiet)?;
    let time = passed(start);
    let logits = trace.logits.context("the network has a head")?;
    Ok((time, logits.iter().map(|logit| f64::from(logit.abs())).sum::<f64>() / logits.len() as f64))
}
