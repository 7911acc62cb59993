//! Every state, gate, map and gradient of the lab's own networks, and five steps of AdamW, as PyTorch
//! computes them, through the real binary (tests/fixtures/README.md says how they were made).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use lexiscope::lab::optimiser::{Adam, AdamSettings};
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
        compare(&folder, &found, &expected, if recurrent { 1e-6 } else { 6e-6 }, false);
    }
}

/// The file of `trace` names what transformers names, of the first case of every family.
#[test]
fn a_trace_names_what_transformers_names() {
    for folder in folders(&["transformers"]) {
        let all = read(&folder.join("expected.safetensors"));
        let first =
            all.into_iter().filter_map(|(name, tensor)| Some((name.strip_prefix("0.")?.to_owned(), tensor)));
        let found = written("trace", &folder, &[]);
        compare(&folder, &found, &first.collect(), 1e-5, false);
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

/// A base model has no loss, and says why.
#[test]
fn without_a_head_there_is_no_loss() {
    let model = open::shipped().expect("opens");
    let mut gradients = Gradients::of(&model.network);
    let input = Input::Tokens(&[101, 102]);
    let loss = loss::with_gradients(&model.network, &input, &[], &mut gradients, &Progress::unobserved());
    assert!(loss.expect_err("nothing is predicted").to_string().contains("no output matrix"));
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

/// Commands that look at attention answer, or say why these networks cannot: none is a defect.
#[test]
fn every_command_answers_or_says_why_not() {
    let classifiers = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/classifiers");
    let classifiers =
        std::fs::read_dir(classifiers).expect("classifiers").map(|entry| entry.expect("one").path());
    let classifiers = classifiers.filter(|path| path.is_dir());
    for folder in folders(&["lab", "recurrent", "transformers"]).into_iter().chain(classifiers) {
        let inputs = folder.join("expected.safetensors").to_string_lossy().into_owned();
        let model = folder.to_string_lossy().into_owned();
        for command in [
            &["heads"][..],
            &["heads", "--importance"],
            &["attend"],
            &["attend", "--layer", "0", "--head", "0"],
            &["attend", "--layer", "0", "--head", "0", "--view", "rollout"],
            &["predict", "--lens"],
            &["generate", "--count", "3"],
            &["attribute", "--steps", "4"],
            &["attribute", "--heads"],
            &["positions"],
        ] {
            let mut run = Command::cargo_bin("lexiscope").expect("the binary");
            run.env("LEXISCOPE_CACHE", env!("CARGO_TARGET_TMPDIR")).args(command).args(["--model", &model]);
            if command[0] != "positions" {
                run.args(["--inputs", &inputs]);
            }
            let output = run.output().expect("runs");
            let (code, error) = (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned());
            assert!(matches!(code, Some(0..=2)), "{command:?} {model}: {code:?} {error}");
            let refused = code != Some(0);
            assert_eq!(error.starts_with("error: "), refused, "{command:?} {model}: {error}");
            assert!(!error.contains("unexpected argument"), "{command:?}: {error}");
        }
    }
}

/// The attention of a hybrid stands above layers that do not attend.
#[test]
fn the_heads_of_a_hybrid_are_listed() {
    let folder = golden().join("lab/hybrid");
    let output = Command::cargo_bin("lexiscope")
        .expect("the binary")
        .args(["heads", "--format", "json", "--model"])
        .arg(&folder)
        .arg("--inputs")
        .arg(folder.join("expected.safetensors"))
        .output()
        .expect("runs");
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).expect("json");
    let config: serde_json::Value =
        serde_json::from_slice(&std::fs::read(folder.join("config.json")).expect("config")).expect("json");
    let heads = answer["heads"].as_array().expect("a list");
    assert_eq!(heads.len() as u64, config["num_heads"].as_u64().expect("heads"), "{answer}");
}

/// Five steps of AdamW: the loss before each, and the parameters after the last. Where a gradient is
/// but rounding, the root of its square blows that up; such numbers may be off by more.
#[test]
fn five_steps_of_adam_equal_pytorch() {
    let mut compared = 0;
    for folder in folders(&["lab"]).into_iter().filter(|folder| folder.join("adam.safetensors").is_file()) {
        let expected = read(&folder.join("adam.safetensors"));
        let first = read(&folder.join("gradients.safetensors"));
        let file = std::fs::read(folder.join("expected.safetensors")).expect("expected");
        let tensors = SafeTensors::deserialize(&file).expect("whole");
        let ids = tensors.tensor("input_ids").expect("ids");
        let ids: Vec<u32> =
            ids.data().chunks_exact(8).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
        let mut network = open::open(&folder.to_string_lossy()).expect("opens").network;
        let mut adam = Adam::new(&network, AdamSettings::default());
        for loss_before in &expected["losses"].1 {
            let mut gradients = Gradients::of(&network);
            let input = Input::Tokens(&ids);
            let loss = loss::with_gradients(&network, &input, &[], &mut gradients, &Progress::unobserved());
            let error = (loss.expect("runs") - f64::from(*loss_before)).abs();
            assert!(error < 5e-6, "{}: a loss is off by {error}", folder.display());
            adam.step(&mut network, &mut gradients, 1e-3);
        }
        for parameter in network.parameters() {
            let name = parameter.name();
            let (found, gradient) = (parameter.to_f32(), &first[&format!("grad.{name}")].1);
            for (index, (found, expected)) in found.iter().zip(&expected[name].1).enumerate() {
                let is_rounding = gradient[index] != 0.0 && gradient[index].abs() < 1e-6;
                let loose = is_rounding || name.ends_with("attention.key.bias");
                let error = (found - expected).abs();
                let allowed = if loose { 5e-3 } else { 5e-6 };
                assert!(error <= allowed, "{} {name} {index}: off by {error}", folder.display());
                compared += 1;
            }
        }
    }
    assert!(compared > 5000, "{compared}");
}

/// Gradients that are not numbers change nothing.
#[test]
fn a_step_that_is_not_finite_is_not_taken() {
    let mut network = open::open(&golden().join("recurrent/rnn").to_string_lossy()).expect("opens").network;
    let before: Vec<f32> = network.parameters()[0].to_f32().into_owned();
    let mut gradients = Gradients::of(&network);
    gradients.numbers_mut().next().expect("a parameter")[3] = f32::NAN;
    let mut adam = Adam::new(&network, AdamSettings::default());
    assert!(adam.step(&mut network, &mut gradients, 1e-3).is_nan());
    assert_eq!((adam.steps, &*network.parameters()[0].to_f32()), (0, before.as_slice()));
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
