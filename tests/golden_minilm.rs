//! The shipped MiniLM against PyTorch on the f32 weights, within what int8 costs; and, where
//! `LEXISCOPE_MINILM` names the folder of the f32 checkpoint, that one to PyTorch's precision.

use std::path::{Path, PathBuf};

use lexiscope::model::forward::{Input, PassOptions, forward, sentence_vector};
use lexiscope::model::network::FIRST;
use lexiscope::model::{Model, open};
use lexiscope::progress::Progress;
use ndarray::{Array1, ArrayD, Axis, Ix2, IxDyn};
use safetensors::SafeTensors;

fn golden() -> PathBuf {
    let copy = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/golden");
    std::env::var_os("LEXISCOPE_GOLDEN").map_or(copy, PathBuf::from).join("minilm")
}

fn texts() -> Vec<(String, Vec<String>)> {
    let cases = std::fs::read_to_string(golden().join("cases.json")).expect("cases.json");
    let cases: serde_json::Value = serde_json::from_str(&cases).expect("JSON");
    cases["cases"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|case| {
            let tokens = case["tokens"].as_array().expect("tokens").iter();
            let tokens = tokens.map(|token| token.as_str().expect("text").to_owned()).collect();
            (case["text"].as_str().expect("text").to_owned(), tokens)
        })
        .collect()
}

fn tensor(bytes: &[u8], name: &str) -> ArrayD<f32> {
    let tensors = SafeTensors::deserialize(bytes).expect("whole");
    let view = tensors.tensor(name).expect("there");
    let numbers = view.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
    ArrayD::from_shape_vec(IxDyn(view.shape()), numbers).expect("shape")
}

/// The largest difference of any weight, of any hidden state, and the smallest cosine of sentence vectors.
fn differences(model: &Model) -> (f32, f32, f32) {
    let expected = std::fs::read(golden().join("expected.safetensors")).expect("expected");
    let tokenizer = model.tokenizer().expect("a tokenizer");
    let (mut weights, mut states, mut cosine) = (0f32, 0f32, 1f32);
    for (case, (text, pieces)) in texts().into_iter().enumerate() {
        let tokens = tokenizer.encode(&text).expect("tokens");
        assert_eq!(tokens.pieces, pieces);
        let trace = forward(
            &model.network,
            &Input::Tokens(&tokens.ids),
            &PassOptions::default(),
            &Progress::unobserved(),
        )
        .expect("runs");
        let worst = |found: ndarray::ArrayViewD<'_, f32>, name: String| {
            let expected = tensor(&expected, &name);
            assert_eq!(found.shape(), expected.shape(), "{name}");
            found.iter().zip(&expected).map(|(f, e)| (f - e).abs()).fold(0.0, larger_or_nan)
        };
        for layer in 0..trace.layers(FIRST) {
            let found = trace.weights(FIRST, layer).expect("kept").view().into_dyn();
            weights = larger_or_nan(weights, worst(found, format!("{case}.attention.{layer}")));
        }
        for (index, state) in trace.hidden_states().iter().enumerate() {
            states =
                larger_or_nan(states, worst(state.view().into_dyn(), format!("{case}.hidden_state.{index}")));
        }
        let last = tensor(&expected, &format!("{case}.hidden_state.6"))
            .into_dimensionality::<Ix2>()
            .expect("matrix");
        let reference: Array1<f32> = last.mean_axis(Axis(0)).expect("tokens");
        let ours = sentence_vector(&trace).expect("kept");
        cosine = cosine.min(ours.dot(&reference) / reference.dot(&reference).sqrt());
    }
    (weights, states, cosine)
}

#[test]
fn the_shipped_model_stays_within_what_int8_costs() {
    let (weights, states, cosine) = differences(&open::shipped().expect("the shipped model"));
    println!("largest change of a weight {weights}, of a hidden state {states}, sentence cosine {cosine}");
    assert!(weights <= 0.040, "a weight changed by {weights}");
    assert!(cosine >= 0.9995, "a sentence vector turned to {cosine}");
}

#[test]
#[ignore = "needs LEXISCOPE_MINILM, a folder with the f32 all-MiniLM-L6-v2"]
fn the_f32_checkpoint_equals_pytorch() {
    let folder = std::env::var_os("LEXISCOPE_MINILM").expect("LEXISCOPE_MINILM names a folder");
    let (weights, states, cosine) = differences(&open::open(&folder.to_string_lossy()).expect("opens"));
    println!("largest difference of a weight {weights:e}, of a hidden state {states:e}, cosine {cosine}");
    assert!(weights <= 2e-5 && states <= 2e-5, "weights {weights:e}, hidden states {states:e}");
}

/// The larger of two, or NaN where one is: `max` would pass over it.
fn larger_or_nan(one: f32, other: f32) -> f32 {
    if one.is_nan() || one >= other { one } else { other }
}
