//! Classifiers on encoders and decoders give the logits that transformers computes, for two texts where
//! there are token types (tests/fixtures/classifiers/record.py wrote them).

use std::path::{Path, PathBuf};

use lexiscope::model::forward::{Input, PassOptions, forward};
use lexiscope::model::network::{Kind, Says};
use lexiscope::model::{Model, open};
use lexiscope::progress::Progress;
use ndarray::ArrayD;
use rstest::rstest;
use safetensors::SafeTensors;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/classifiers").join(name)
}

fn opened(name: &str) -> Model {
    open::open(&folder(name).to_string_lossy()).expect("opens")
}

/// Ids, types (none where the network has no types) and logits.
fn expected(name: &str) -> (Vec<u32>, Vec<u32>, ArrayD<f32>) {
    let bytes = std::fs::read(folder(name).join("expected.safetensors")).expect("expected");
    let tensors = SafeTensors::deserialize(&bytes).expect("whole");
    let whole = |name: &str| -> Vec<u32> {
        let Ok(view) = tensors.tensor(name) else { return Vec::new() };
        view.data().as_chunks().0.iter().map(|&bytes: &[u8; 8]| i64::from_le_bytes(bytes) as u32).collect()
    };
    let view = tensors.tensor("logits").expect("logits");
    let numbers =
        view.data().as_chunks().0.iter().map(|&bytes: &[u8; 4]| f32::from_le_bytes(bytes)).collect();
    let logits = ArrayD::from_shape_vec(view.shape().to_vec(), numbers).expect("as the shape says");
    (whole("input_ids"), whole("token_type_ids"), logits)
}

#[rstest]
#[case("bert_texts", Says::OneOf)]
#[case("bert_cross_encoder", Says::EachAlone)]
#[case("bert_tokens", Says::OneOf)]
#[case("bert_answers", Says::Span)]
#[case("bert_next", Says::OneOf)]
#[case("roberta_texts", Says::OneOf)]
#[case("distilbert_texts", Says::OneOf)]
#[case("albert_texts", Says::OneOf)]
#[case("electra_texts", Says::OneOf)]
#[case("electra_replaced", Says::EachAlone)]
#[case("mpnet_texts", Says::OneOf)]
#[case("deberta_texts", Says::OneOf)]
#[case("modernbert_mean", Says::OneOf)]
#[case("modernbert_tokens", Says::OneOf)]
#[case("gpt2_texts", Says::OneOf)]
#[case("llama_multiple", Says::EachAlone)]
fn a_classifier_equals_pytorch(#[case] name: &str, #[case] says: Says) {
    let model = opened(name);
    assert_eq!(model.remarks, Vec::<String>::new(), "{name}");
    assert_eq!(model.network.kind, Kind::Classifier, "{name}");
    assert_eq!(model.network.head.as_ref().map(|head| head.says), Some(says), "{name}");
    let (ids, types, expected) = expected(name);
    let input = if types.is_empty() { Input::Tokens(&ids) } else { Input::Typed(&ids, &types) };
    let trace = forward(&model.network, &input, &PassOptions::default(), &Progress::unobserved());
    let found = trace.expect("runs").logits.expect("logits");
    assert_eq!(found.len(), expected.len(), "{name}");
    for (found, expected) in found.iter().zip(&expected) {
        assert!(
            (found - expected).abs() <= 1e-5 * expected.abs().max(1.0),
            "{name}: {found}, not {expected}"
        );
    }
}

#[test]
fn the_types_of_tokens_count_and_are_checked() {
    let model = opened("bert_texts");
    let (ids, types, _) = expected("bert_texts");
    let logits = |types: &[u32]| {
        let input = Input::Typed(&ids, types);
        forward(&model.network, &input, &PassOptions::default(), &Progress::unobserved())
            .map(|trace| trace.logits.expect("logits"))
    };
    assert_ne!(logits(&types).expect("runs"), logits(&[]).expect("runs"));
    let error = logits(&[7]).unwrap_err().to_string();
    assert!(error.contains("token type 7"), "{error}");
}
