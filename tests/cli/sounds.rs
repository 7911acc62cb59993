//! Models that hear, and one that reads trajectories.

use super::panels::number;
use super::refusals::{FILE, USAGE, refusal};
use super::{answer, json};

fn fixture(name: &str) -> String {
    format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn model(family: &str) -> String {
    fixture(&format!("golden/transformers/{family}"))
}

/// 0.8 s of 16 kHz, in windows of 10 samples every 5, then of 3 and of 2, every 2.
#[test]
fn every_frame_of_a_sound_has_a_class() {
    let found = json(&["predict", "--audio", &fixture("sounds/voice.wav"), "--model", &model("wav2vec2")]);
    let results = found["results"].as_array().unwrap();
    let after = |steps: usize, width: usize, stride: usize| (steps - width) / stride + 1;
    assert_eq!(results.len(), after(after(after(12_800, 10, 5), 3, 2), 2, 2), "one a frame");
    assert_eq!(results[3]["token"], "3");
    assert!((0.0..=1.0).contains(&number(&results[0]["probability"])));
}

#[test]
fn a_sound_is_one_class_where_the_model_says_so() {
    let model = model("audio-spectrogram-transformer");
    let inputs = format!("{model}/expected.safetensors");
    let found = json(&["predict", "--inputs", &inputs, "--model", &model]);
    let results = found["results"].as_array().unwrap();
    let sum: f64 = results.iter().map(|class| number(&class["probability"])).sum();
    assert!(results.len() == 7 && (sum - 1.0).abs() < 1e-5, "{found}");
    let rows = json(&["attend", "--inputs", &inputs, "--model", &model])["rows"].clone();
    assert_eq!((&rows[0], &rows[2], &rows[16]), (&"class".into(), &"0,0".into(), &"2,4".into()));
}

#[test]
fn a_trajectory_has_three_tokens_a_step() {
    let model = model("decision_transformer");
    let inputs = format!("{model}/expected.safetensors");
    let found = json(&["attend", "--inputs", &inputs, "--model", &model]);
    let rows = found["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 18);
    let kinds: Vec<&str> = rows.iter().map(|row| row.as_str().unwrap().split(' ').next().unwrap()).collect();
    assert_eq!(kinds[..4], ["return", "state", "action", "return"]);
}

#[test]
fn what_a_model_does_not_take_is_refused_with_what_it_does() {
    let sound = fixture("sounds/voice.wav");
    let hears = model("wav2vec2");
    let refused = [
        (vec!["attend", "a text", "--model", &hears], "hears sounds, nothing else"),
        (vec!["attend", "--audio", &sound], "reads text, not sounds"),
    ];
    let follows = model("decision_transformer");
    let trajectory = vec!["attend", "a text", "--model", &follows];
    for (arguments, message) in refused.into_iter().chain([(trajectory, "reads trajectories")]) {
        let error = refusal(USAGE, &arguments);
        assert!(error.contains(message), "{error}");
    }
    let error = refusal(FILE, &["attend", "--audio", &hears, "--model", &hears]);
    assert!(error.contains("cannot read"), "{error}");
    let whole = answer(&["attend", "--audio", &sound, "--model", &hears]);
    assert!(whole.contains("wav2vec2"), "{whole}");
}
