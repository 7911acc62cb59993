//! How long a forward pass takes that keeps everything, beside PyTorch on the same weights.
//!
//! `cargo bench --bench forward` measures this program alone. With
//! `LEXISCOPE_PEERS=python3 cargo bench --bench forward`, where that Python has torch and
//! transformers, `benches/peers/forward.py` runs the same checkpoint with as many threads: eager,
//! `output_attentions=True`, passes of the two taking turns. `LEXISCOPE_THREADS` sets the threads
//! of both; without it each core gets one.
//!
//! The checkpoints have the shapes of MiniLM-L6 and of GPT-2 (124M), with weights from a fixed seed;
//! they are written to the system's temporary folder (0.6 GB) and removed at the end.

#[path = "peers/process.rs"]
mod peer;

use std::path::Path;
use std::time::Instant;

use anyhow::{Result, ensure};
use lexiscope::model::forward::{Input, PassOptions, forward};
use lexiscope::model::generate::{Sampling, Writing, generate};
use lexiscope::model::network::Kind;
use lexiscope::model::trace::{Keep, Trace};
use lexiscope::model::writing_rules::WritingRules;
use lexiscope::model::{Model, open};
use lexiscope::progress::Progress;
use peer::{Peer, median};

/// As in `src/main.rs`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
use safetensors::Dtype;
use safetensors::tensor::TensorView;
use serde_json::{Value, json};

/// The contenders take turns. In a turn the first pass is not counted: it finds the other's data in
/// the cache, and for a moment PyTorch's threads go on spinning after a pass.
const TURNS: usize = 5;
const COUNTED_PASSES: usize = 3;

/// Milliseconds of a pass, and the mean magnitude of its last output.
type Pass = (f64, f64);

/// A checkpoint to measure: its configuration, tensors and lengths of text.
struct Subject {
    name: &'static str,
    /// What `benches/peers/forward.py` opens it as.
    peer_kind: &'static str,
    config: Value,
    tensors: Vec<(String, Vec<usize>)>,
    lengths: &'static [usize],
}

fn main() -> Result<()> {
    let threads = peer::threads()?;
    println!("medians of {} passes in milliseconds, {threads} threads", TURNS * COUNTED_PASSES);
    for subject in [minilm(), gpt2()] {
        measure(&subject, threads)?;
    }
    Ok(())
}

fn measure(subject: &Subject, threads: usize) -> Result<()> {
    let folder = tempfile::tempdir()?;
    write_checkpoint(subject, folder.path())?;
    let model = open::open(&folder.path().to_string_lossy())?;
    let arguments = [&*folder.path().to_string_lossy(), subject.peer_kind, &threads.to_string()];
    let mut peer = Peer::start("forward.py", &arguments)?;
    let title = peer.as_ref().map_or("(no PyTorch)", |peer| &peer.title).to_owned();
    println!("\n{}", subject.name);
    println!("{:>8} {:>12} {:>12} {:>20} {:>8}", "tokens", "everything", "weights", title, "ratio");
    for &length in subject.lengths {
        let ids: Vec<u32> = (0..length as u32).map(|i| (i * 7919 + 13) % 30_000).collect();
        let (mut everything, mut weights, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..TURNS {
            everything.extend(turn(|| pass(&model, &ids, Keep::Everything))?);
            weights.extend(turn(|| pass(&model, &ids, Keep::Weights))?);
            if let Some(peer) = &mut peer {
                let question = ids.iter().map(u32::to_string).collect::<Vec<_>>().join(" ");
                theirs.extend(turn(|| peer.ask(&question))?);
            }
        }
        let outputs = [everything[0].1, theirs.first().map_or(everything[0].1, |pass: &Pass| pass.1)];
        ensure!(
            (outputs[0] - outputs[1]).abs() <= 1e-3 * outputs[1],
            "{} at {length} tokens: mean output {}, PyTorch's {}",
            subject.name,
            outputs[0],
            outputs[1]
        );
        let (ours, weights) = (median_time(&everything), median_time(&weights));
        print!("{length:>8} {ours:>12.2} {weights:>12.2}");
        if theirs.is_empty() {
            println!();
        } else {
            let theirs = median_time(&theirs);
            println!(" {theirs:>20.2} {:>8.2}", ours / theirs);
        }
    }
    if model.network.kind == Kind::Causal {
        println!("a further token after 128: {:.2} ms", further_token(&model)?);
    }
    Ok(())
}

/// Milliseconds of one token that is written after 128 others, with their keys and values kept.
fn further_token(model: &Model) -> Result<f64> {
    let prompt: Vec<u32> = (0..128).collect();
    let mut last = None;
    let mut times = Vec::new();
    let writing = Writing {
        count: 1 + TURNS * COUNTED_PASSES,
        sampling: &Sampling::default(),
        rules: &WritingRules::default(),
    };
    generate(&model.network, &Input::Tokens(&prompt), &writing, &Progress::unobserved(), |_| {
        let now = Instant::now();
        times.extend(last.replace(now).map(|before: Instant| (now - before).as_secs_f64() * 1e3));
        true
    })?;
    Ok(median(times))
}

/// The counted passes of one contender's turn.
fn turn(mut pass: impl FnMut() -> Result<Pass>) -> Result<Vec<Pass>> {
    pass()?;
    (0..COUNTED_PASSES).map(|_| pass()).collect()
}

fn median_time(passes: &[Pass]) -> f64 {
    median(passes.iter().map(|pass| pass.0).collect())
}

fn pass(model: &Model, ids: &[u32], keep: Keep) -> Result<Pass> {
    let options = PassOptions { keep, ..Default::default() };
    let start = Instant::now();
    let trace = forward(&model.network, &Input::Tokens(ids), &options, &Progress::unobserved())?;
    let milliseconds = start.elapsed().as_secs_f64() * 1e3;
    Ok((milliseconds, mean_output(&trace)))
}

fn mean_output(trace: &Trace) -> f64 {
    let output = trace.logits.as_ref().or(trace.hidden_states().last()).expect("a pass has an output");
    output.iter().map(|number| f64::from(number.abs())).sum::<f64>() / output.len() as f64
}

fn minilm() -> Subject {
    let (hidden, inner) = (384, 1536);
    let mut tensors = vec![
        ("embeddings.word_embeddings.weight".into(), vec![30_522, hidden]),
        ("embeddings.position_embeddings.weight".into(), vec![512, hidden]),
        ("embeddings.token_type_embeddings.weight".into(), vec![2, hidden]),
    ];
    norm(&mut tensors, "embeddings.LayerNorm", hidden);
    for layer in 0..6 {
        let name = |part: &str| format!("encoder.layer.{layer}.{part}");
        for part in ["attention.self.query", "attention.self.key", "attention.self.value"] {
            map(&mut tensors, &name(part), vec![hidden, hidden], hidden);
        }
        map(&mut tensors, &name("attention.output.dense"), vec![hidden, hidden], hidden);
        norm(&mut tensors, &name("attention.output.LayerNorm"), hidden);
        map(&mut tensors, &name("intermediate.dense"), vec![inner, hidden], inner);
        map(&mut tensors, &name("output.dense"), vec![hidden, inner], hidden);
        norm(&mut tensors, &name("output.LayerNorm"), hidden);
    }
    Subject {
        name: "MiniLM-L6 (6 layers, 384 wide, 12 heads)",
        peer_kind: "base",
        config: json!({
            "model_type": "bert", "architectures": ["BertModel"], "vocab_size": 30_522,
            "hidden_size": hidden, "num_hidden_layers": 6, "num_attention_heads": 12,
            "intermediate_size": inner, "hidden_act": "gelu", "max_position_embeddings": 512,
            "type_vocab_size": 2, "layer_norm_eps": 1e-12,
        }),
        tensors,
        lengths: &[16, 128, 512],
    }
}

fn gpt2() -> Subject {
    let (hidden, vocabulary) = (768, 50_257);
    let mut tensors = vec![
        ("transformer.wte.weight".into(), vec![vocabulary, hidden]),
        ("transformer.wpe.weight".into(), vec![1024, hidden]),
    ];
    for layer in 0..12 {
        let name = |part: &str| format!("transformer.h.{layer}.{part}");
        norm(&mut tensors, &name("ln_1"), hidden);
        map(&mut tensors, &name("attn.c_attn"), vec![hidden, 3 * hidden], 3 * hidden);
        map(&mut tensors, &name("attn.c_proj"), vec![hidden, hidden], hidden);
        norm(&mut tensors, &name("ln_2"), hidden);
        map(&mut tensors, &name("mlp.c_fc"), vec![hidden, 4 * hidden], 4 * hidden);
        map(&mut tensors, &name("mlp.c_proj"), vec![4 * hidden, hidden], hidden);
    }
    norm(&mut tensors, "transformer.ln_f", hidden);
    Subject {
        name: "GPT-2 124M (12 layers, 768 wide, 12 heads, logits of every token)",
        peer_kind: "causal",
        config: json!({
            "model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "vocab_size": vocabulary,
            "n_embd": hidden, "n_layer": 12, "n_head": 12, "n_positions": 1024, "n_ctx": 1024,
            "activation_function": "gelu_new", "layer_norm_epsilon": 1e-5,
        }),
        tensors,
        lengths: &[128],
    }
}

fn map(tensors: &mut Vec<(String, Vec<usize>)>, name: &str, shape: Vec<usize>, outputs: usize) {
    tensors.push((format!("{name}.weight"), shape));
    tensors.push((format!("{name}.bias"), vec![outputs]));
}

fn norm(tensors: &mut Vec<(String, Vec<usize>)>, name: &str, size: usize) {
    tensors.push((format!("{name}.weight"), vec![size]));
    tensors.push((format!("{name}.bias"), vec![size]));
}

/// A folder that both programs open: config.json and model.safetensors.
fn write_checkpoint(subject: &Subject, folder: &Path) -> Result<()> {
    std::fs::write(folder.join("config.json"), subject.config.to_string())?;
    let mut state = 1_u64;
    let data: Vec<Vec<u8>> = subject
        .tensors
        .iter()
        .map(|(name, shape)| {
            // A norm's scales lie around 1, everything else around 0.
            let is_scale = shape.len() == 1 && name.ends_with("weight");
            let (middle, spread) = if is_scale { (1.0, 0.1) } else { (0.0, 0.1) };
            let count = shape.iter().product();
            let mut number = || {
                state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                middle + spread * ((state >> 40) as f32 / (1 << 24) as f32 - 0.5)
            };
            (0..count).flat_map(|_| number().to_le_bytes()).collect()
        })
        .collect();
    let views = subject.tensors.iter().zip(&data).map(|((name, shape), data)| {
        TensorView::new(Dtype::F32, shape.clone(), data).map(|view| (name.as_str(), view))
    });
    let views: Vec<_> = views.collect::<Result<_, _>>()?;
    let metadata = [("format".to_owned(), "pt".to_owned())].into();
    safetensors::serialize_to_file(views, Some(metadata), &folder.join("model.safetensors"))?;
    Ok(())
}
