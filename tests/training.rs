//! Small networks that learn, killed and resumed, and what cannot be trained.

use std::path::Path;
use std::process::Output;

use assert_cmd::Command;
use lexiscope::analysis::Stack;
use lexiscope::lab::blueprint::{Blueprint, NetworkKind, TransformerChoices};
use lexiscope::lab::corpus::Corpus;
use lexiscope::lab::digits::Digits;
use lexiscope::lab::training::{Training, TrainingSettings, bytes_needed};
use lexiscope::model::forward::{Input, PassOptions, forward};
use lexiscope::progress::Progress;

/// Those that read.
const KINDS: [NetworkKind; 6] = [
    NetworkKind::Causal,
    NetworkKind::Rnn,
    NetworkKind::Gru,
    NetworkKind::Lstm,
    NetworkKind::Hybrid,
    NetworkKind::Simplified,
];

fn blueprint(kind: NetworkKind) -> Blueprint {
    Blueprint {
        kind,
        vocabulary: 12,
        layers: 2,
        width: 16,
        heads: 2,
        forget_bias: 1.0,
        transformer: TransformerChoices::default(),
    }
}

fn settings(steps: u64) -> TrainingSettings {
    TrainingSettings { steps, batch: 8, rate: 1e-2, warm_up: 5, last_share: 0.1, seed: 3, dropout: 0.0 }
}

/// A text whose next token follows from the two before.
fn corpus() -> Corpus {
    let mut ids = vec![1u32, 2];
    while ids.len() < 4000 {
        let next = (ids[ids.len() - 1] * 5 + ids[ids.len() - 2] * 3 + 1) % 12;
        ids.push(next);
    }
    Corpus::new(ids, 16).expect("long enough")
}

fn taken(kind: NetworkKind, steps: u64) -> (Training, f64) {
    let (corpus, mut training) =
        (corpus(), Training::new(blueprint(kind).build(7).expect("fits"), settings(steps)));
    while !training.is_done() {
        training.step(&corpus, &Progress::unobserved()).expect("steps");
    }
    let loss = training.judge(&corpus, &Progress::unobserved()).expect("runs").loss;
    (training, loss)
}

/// Knowing nothing costs ln 12 = 2.48; the rule itself costs nothing but for the first tokens.
#[test]
fn every_kind_learns_a_rule_of_two_tokens() {
    for kind in KINDS {
        let (_, loss) = taken(kind, 250);
        assert!(loss < 0.6, "{kind:?}: {loss}");
    }
}

/// By chance one in ten is right.
#[test]
fn networks_that_look_at_images_learn_digits() {
    let digits = Digits::new(300).expect("so many");
    for kind in [NetworkKind::Cnn, NetworkKind::Vit] {
        let blueprint = Blueprint { vocabulary: 10, ..blueprint(kind) };
        let settings = TrainingSettings { batch: 16, ..settings(150) };
        let mut training = Training::new(blueprint.build(7).expect("fits"), settings);
        while !training.is_done() {
            training.step(&digits, &Progress::unobserved()).expect("steps");
        }
        let found = training.judge(&digits, &Progress::unobserved()).expect("runs");
        assert!(found.accuracy > 0.5, "{kind:?}: {found:?}");
    }
}

/// What is left out follows from the seed, so that a training that leaves numbers out can be repeated;
/// nothing is left out of what is judged.
#[test]
fn leaving_numbers_out_changes_what_is_learned_and_repeats() {
    let (corpus, quiet) = (corpus(), Progress::unobserved());
    let taken = |dropout: f32, seed: u64| {
        let settings = TrainingSettings { dropout, seed, ..settings(3) };
        let network = blueprint(NetworkKind::Hybrid).build(7).expect("fits");
        let mut training = Training::new(network, settings);
        let losses: Vec<f64> = (0..3).map(|_| training.step(&corpus, &quiet).expect("steps").loss).collect();
        (
            losses,
            training.judge(&corpus, &quiet).expect("runs"),
            training.judge(&corpus, &quiet).expect("runs"),
        )
    };
    let (losses, first, second) = taken(0.4, 3);
    assert_eq!(first, second);
    assert_eq!(taken(0.4, 3).0, losses);
    assert_ne!(taken(0.0, 3).0, losses);
}

#[test]
fn the_numbers_of_parameters_are_foretold() {
    for kind in KINDS.into_iter().chain([NetworkKind::Cnn, NetworkKind::Vit]) {
        let network = blueprint(kind).build(1).expect("fits");
        let found: usize = network.parameters().iter().map(|parameter| parameter.len()).sum();
        assert_eq!(blueprint(kind).parameters(), found as u64, "{kind:?}");
    }
}

#[test]
fn training_gives_the_same_bits_for_any_number_of_threads() {
    let weights = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        let (training, _) = pool.install(|| taken(NetworkKind::Hybrid, 5));
        let parameters = training.network.parameters();
        parameters
            .iter()
            .flat_map(|parameter| parameter.to_f32().to_vec())
            .map(f32::to_bits)
            .collect::<Vec<_>>()
    };
    assert_eq!(weights(1), weights(3));
}

#[test]
fn a_rate_that_is_too_large_stops_with_the_step_and_the_tensor() {
    let corpus = corpus();
    let mut training = Training::new(
        blueprint(NetworkKind::Rnn).build(7).expect("fits"),
        TrainingSettings { rate: f32::MAX, warm_up: 0, ..settings(50) },
    );
    let stopped = (0..50).find_map(|_| training.step(&corpus, &Progress::unobserved()).err());
    let told = stopped.expect("it cannot go well").to_string();
    assert!(told.contains("step ") && told.contains("finite") && told.contains("--rate"), "{told}");
}

fn lexiscope(arguments: &[&str]) -> Output {
    Command::cargo_bin("lexiscope").expect("the binary").args(arguments).output().expect("runs")
}

/// A text of short sentences, in `folder`.
fn text(folder: &Path) -> String {
    let animals = ["cat", "dog", "bird", "fish"];
    let sentence = |i: usize| format!("the {} sees the {} .\n\n", animals[i % 4], animals[(i * 3 + 1) % 4]);
    let path = folder.join("text.txt");
    std::fs::write(&path, (0..3000).map(sentence).collect::<String>()).expect("writes");
    path.to_string_lossy().into_owned()
}

const SMALL: &[&str] = &[
    "--layers",
    "1",
    "--width",
    "16",
    "--heads",
    "2",
    "--vocabulary",
    "280",
    "--length",
    "16",
    "--batch",
    "4",
    "--steps",
    "30",
    "--keep-every",
    "10",
];

/// Killed at whatever step and resumed, it ends with the weights of a training that was never killed;
/// and the folder opens like any other.
#[test]
fn killed_and_resumed_it_ends_with_the_same_weights() {
    let home = tempfile::tempdir().expect("a folder");
    let text = text(home.path());
    let folder = |name: &str| home.path().join(name).to_string_lossy().into_owned();
    let train = |to: &str, more: &[&str]| {
        let base = ["train", text.as_str(), "--network", "lstm", "--to", to];
        lexiscope(&[&base[..], SMALL, more].concat())
    };
    let (whole, cut) = (folder("whole"), folder("cut"));
    let output = train(&whole, &[]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_lexiscope"))
        .args(["train", &text, "--network", "lstm", "--to", &cut])
        .args(SMALL)
        .stderr(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .spawn()
        .expect("starts");
    let state = home.path().join("cut/training.safetensors");
    while !state.exists() && child.try_wait().expect("runs").is_none() {
        std::thread::yield_now();
    }
    // Gone already where the machine is quick: then it is resumed at its end.
    let _ = child.kill();
    child.wait().expect("ends");
    let output = train(&cut, &["--resume"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let weights = |folder: &str| std::fs::read(Path::new(folder).join("model.safetensors")).expect("weights");
    assert!(weights(&whole) == weights(&cut), "the weights differ");
    let written = lexiscope(&["predict", "the cat", "--generate", "5", "--model", &whole]);
    assert!(written.status.success(), "{}", String::from_utf8_lossy(&written.stderr));
    let models = lexiscope(&["models", &whole, "--format", "json"]);
    let models: serde_json::Value = serde_json::from_slice(&models.stdout).expect("json");
    let models = models["models"].as_array().expect("a list");
    let found = models.iter().find(|model| model["place"] == "folder").expect("the trained network");
    assert_eq!(found["remarks"], serde_json::json!([]));
}

#[test]
fn what_cannot_be_trained_is_told() {
    let home = tempfile::tempdir().expect("a folder");
    let text = text(home.path());
    let to = home.path().join("net").to_string_lossy().into_owned();
    let refused = |arguments: &[&str], told: &str| {
        let output = lexiscope(&[&["train"][..], arguments].concat());
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(matches!(output.status.code(), Some(1..=3)), "{arguments:?}: {error}");
        assert!(error.contains(told), "{arguments:?}: {error}");
    };
    let short = home.path().join("short.txt");
    std::fs::write(&short, "too little").expect("writes");
    refused(&[&short.to_string_lossy(), "--to", &to], "tokens need");
    assert!(!Path::new(&to).exists(), "nothing is left of what was not begun");
    refused(&[&text, "--to", &to, "--resume"], "no training to go on with");
    refused(&[&text, "--to", &to, "--width", "30", "--heads", "4"], "not a multiple");
    refused(&[&text, "--to", &to, "--width", "4096", "--layers", "64"], "GB");
    refused(&["--to", &to], "which text");
    refused(&[&text, "--to", &to, "--images", "9"], "look at images");
    refused(&[&text, "--network", "cnn", "--to", &to], "looks at images");
    refused(&["--network", "cnn", "--to", &to, "--images", "5000"], "1297");
    refused(&["--network", "vit", "--to", &to, "--tokenizer", &text], "networks that read");
    refused(&[&text, "--to", &to, "--dropout", "1"], "below 1");
    refused(&[&text, "--to", &to, "--repeats", "1.5"], "from 0 to 1");
    refused(&[&text, "--to", &to, "--repeats", "-0.5"], "from 0 to 1");
    refused(&[&text, "--to", &to, "--rate", "-1"], "above 0");
    refused(&["--network", "cnn", "--to", &to, "--repeats", "0.5"], "networks that read");
    let no_folder = format!("{}/x", short.display());
    // Told once.
    let told = format!("cannot write {no_folder}: Not a directory (os error 20)\n");
    refused(&[&text, "--to", &no_folder], &told);
    let bytes = home.path().join("bytes.txt");
    std::fs::write(&bytes, [b"good \xff".as_slice(), &[b'a'; 100]].concat()).expect("writes");
    refused(&[&bytes.to_string_lossy(), "--to", &to], "byte 5");
    let trained = lexiscope(&[&["train", &text, "--network", "rnn", "--to", &to][..], SMALL].concat());
    assert!(trained.status.success(), "{}", String::from_utf8_lossy(&trained.stderr));
    refused(
        &[&[text.as_str(), "--network", "rnn", "--to", &to][..], SMALL].concat(),
        "holds a network already",
    );
    refused(&[&[text.as_str(), "--network", "gru", "--to", &to, "--resume"][..], SMALL].concat(), "config");
    let other =
        [&[text.as_str(), "--network", "rnn", "--to", &to, "--resume", "--seed", "9"][..], SMALL].concat();
    refused(&other, "settings");
    let shorter = [&[text.as_str(), "--network", "rnn", "--to", &to, "--resume"][..], &steps("20")].concat();
    refused(&shorter, "30 steps already");
}

/// [`SMALL`], but for another number of steps.
fn steps(count: &str) -> Vec<&str> {
    SMALL.iter().map(|&argument| if argument == "30" { count } else { argument }).collect()
}

#[test]
fn a_training_that_has_ended_can_be_made_longer() {
    let home = tempfile::tempdir().expect("a folder");
    let text = text(home.path());
    let to = home.path().join("net").to_string_lossy().into_owned();
    let base = ["train", text.as_str(), "--network", "gru", "--repeats", "0.5", "--to", &to];
    assert!(lexiscope(&[&base[..], SMALL].concat()).status.success());
    let before = std::fs::read(home.path().join("net/model.safetensors")).expect("weights");
    let output = lexiscope(&[&base[..], &["--resume"], &steps("40")].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("step 40 of 40") && !told.contains("step 30 of"), "{told}");
    assert!(before != std::fs::read(home.path().join("net/model.safetensors")).expect("weights"));
}

/// By position alone: whatever the tokens are.
#[test]
fn a_third_of_the_lowest_heads_of_a_transformer_start_from_the_token_before() {
    let blueprint = Blueprint { vocabulary: 50, width: 144, heads: 6, ..blueprint(NetworkKind::Causal) };
    let network = blueprint.build(7).expect("fits");
    let ids: Vec<u32> = (0..40).map(|i| i * i % 50).collect();
    let trace = forward(&network, &Input::Tokens(&ids), &PassOptions::default(), &Progress::unobserved());
    let trace = trace.expect("runs");
    let weights = &Stack::Text.trace(&trace, 0).expect("attention").weights;
    let before = |head: usize| (1..40).map(|i| weights[[head, i, i - 1]]).sum::<f32>() / 39.0;
    let found: Vec<f32> = (0..6).map(before).collect();
    assert!(found[..2].iter().all(|&share| share > 0.4), "{found:?}");
    assert!(found[2..].iter().all(|&share| share < 0.3), "{found:?}");
}

/// Every group of a batch has gradients of its own.
#[test]
fn the_memory_of_a_training_counts_the_gradients_of_every_group() {
    assert_eq!(bytes_needed(1000, 1), 4 * 1000 * (3 + 1));
    assert_eq!(bytes_needed(1000, 8), 4 * 1000 * (3 + 2));
    assert_eq!(bytes_needed(1000, 500), 4 * 1000 * (3 + 8));
}
