//! Every state, gate, map and gradient of the lab's own networks, and five steps of AdamW, as PyTorch
//! computes them, through the real binary (tests/fixtures/README.md says how they were made).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use lexiscope::model::forward::Input;
use lexiscope::model::gradients::Gradients;
use lexiscope::model::{loss, open};
use lexiscope::progress::Progress;
use safetensors::SafeTensors;

type Tensors = BTreeMap<String, (Vec<usize>, Vec<f32>)>;

fn golden() -> PathBuf {
    let copy = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/golden");
    std::env::var_os("LEXISCOPE_GOLDEN").map_or(copy, PathBuf::from)
}

/// The folders of `kinds`, each with what its networks are checked by.
fn folders(kinds: &[&str]) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = kinds
        .iter()
        .flat_map(|kind| std::fs::read_dir(golden().join(kind)).expect("golden networks"))
        .map(|entry| entry.expect("a folder").path())
        .collect();
    found.sort();
    assert!(found.len() >= 3, "{found:?}");
    found
}

/// The f32 tensors of a file, by name.
fn read(path: &Path) -> Tensors {
    let bytes = std::fs::read(path).expect("the file is there");
    let file = SafeTensors::deserialize(&bytes).expect("whole");
    let floats = file.tensors().into_iter().filter(|(_, view)| view.dtype() == safetensors::Dtype::F32);
    floats
        .map(|(name, view)| {
            let chunks = view.data().chunks_exact(4);
            let numbers = chunks.map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
            (name, (view.shape().to_vec(), numbers))
        })
        .collect()
}

/// What `lexiscope COMMAND` writes of the golden input of `folder`.
fn written(command: &str, folder: &Path, more: &[&str]) -> Tensors {
    let to = tempfile::tempdir().expect("a folder");
    let file = to.path().join("found.safetensors");
    let output = Command::cargo_bin("lexiscope")
        .expect("the binary")
        .env("LEXISCOPE_CACHE", to.path())
        .arg(command)
        .arg("--model")
        .arg(folder)
        .arg("--inputs")
        .arg(folder.join("expected.safetensors"))
        .arg("--to")
        .arg(&file)
        .args(more)
        .output()
        .expect("runs");
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && error.is_empty(), "{command} {}: {error}", folder.display());
    read(&file)
}

/// Every expected tensor is there and within `tolerance`, of 1 or of its largest number where
/// `relative`.
fn compare(folder: &Path, found: &Tensors, expected: &Tensors, tolerance: f32, relative: bool) {
    assert!(!expected.is_empty());
    for (name, (shape, expected)) in expected {
        let what = format!("{} {name}", folder.display());
        let (found_shape, found) = found.get(name).unwrap_or_else(|| panic!("{what} is missing"));
        assert_eq!(found_shape, shape, "{what}");
        let largest = expected.iter().fold(0f32, |largest, number| largest.max(number.abs()));
        let allowed = if relative { tolerance * largest.max(1.0) } else { tolerance };
        for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
            let error = (found - expected).abs();
            assert!(error <= allowed, "{what} {index}: {found}, not {expected} (off by {error})");
        }
    }
}

#[test]
fn every_stage_equals_pytorch() {
    for folder in folders(&["lab", "recurrent"]) {
        let expected = read(&folder.join("expected.safetensors"));
        // Recurrent states within 1e-6; 6e-6 is what PyTorch's own f32 is off in the other networks.
        let config = std::fs::read_to_string(folder.join("config.json")).expect("config.json");
        let recurrent = ["\"rnn\"", "\"gru\"", "\"lstm\""].iter().any(|kind| config.contains(kind));
        let found = written("trace", &folder, &[]);
        compare(&folder, &found, &expected, if recurrent { 2e-6 } else { 6e-6 }, false);
    }
}

#[test]
fn every_gradient_equals_pytorch() {
    for folder in folders(&["lab", "recurrent"]) {
        let expected = read(&folder.join("gradients.safetensors"));
        let is_image = read(&folder.join("expected.safetensors")).contains_key("pixel_values");
        let label: &[&str] = if is_image { &["--label", "3"] } else { &[] };
        let found = written("gradients", &folder, label);
        compare(&folder, &found, &expected, 2e-6, true);
        assert_eq!(found.len(), expected.len(), "{}", folder.display());
    }
}

/// The loss that their folders hold is of the first case.
#[test]
fn gradients_of_transformers_equal_pytorch() {
    for family in ["gpt2", "llama", "bert"] {
        let folder = golden().join("transformers").join(family);
        let expected = read(&folder.join("gradients.safetensors"));
        let found = written("gradients", &folder, &[]);
        compare(&folder, &found, &expected, 1e-5, true);
    }
}

/// One pass over several texts adds up to as many passes over one.
#[test]
fn several_texts_at_once_give_the_gradients_of_each() {
    for name in [
        "lab/lstm_bidirectional",
        "lab/hybrid",
        "lab/transformer_t5",
        "lab/transformer_simplified",
        "recurrent/gru",
    ] {
        let model = open::open(&golden().join(name).to_string_lossy()).expect("opens");
        let network = &model.network;
        let texts: [&[u32]; 3] = [&[1, 2, 3, 4], &[5, 6], &[7, 8, 9, 1, 2]];
        let weights: Vec<f32> = texts
            .iter()
            .map(|ids| {
                let input = Input::Tokens(ids);
                loss::targets(network, &input, &[]).expect("targets").iter().flatten().count() as f32
            })
            .collect();
        let (mut sum, mut together) = (Gradients::of(network), Gradients::of(network));
        let mut expected = 0.0;
        for (ids, weight) in texts.iter().zip(&weights) {
            let mut one = Gradients::of(network);
            let input = Input::Tokens(ids);
            let loss = loss::with_gradients(network, &input, &[], &mut one, &Progress::unobserved());
            let share = weight / weights.iter().sum::<f32>();
            expected += loss.expect("runs") * f64::from(share);
            for (sum, one) in sum.numbers_mut().zip(one.numbers_mut()) {
                sum.iter_mut().zip(one).for_each(|(sum, one)| *sum += *one * share);
            }
        }
        let input = Input::Each(vec![lexiscope::model::fronts::Feed::Texts(texts.to_vec())]);
        let loss = loss::with_gradients(network, &input, &[], &mut together, &Progress::unobserved());
        assert!((loss.expect("runs") - expected).abs() < 1e-6, "{name}");
        for ((parameter, together), (_, sum)) in together.iter().zip(sum.iter()) {
            for (found, expected) in together.iter().zip(sum) {
                let error = (found - expected).abs();
                assert!(error <= 2e-6 * expected.abs().max(1.0), "{name} {parameter}: {found}, {expected}");
            }
        }
    }
}
