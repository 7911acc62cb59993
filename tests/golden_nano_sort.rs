//! The stages of a small sorting GPT (minGPT) against the tensors that its authors recorded, for
//! three rows of letters (tests/fixtures/README.md says where they are from).

use std::path::{Path, PathBuf};

use lexiscope::mmap::Bytes;
use lexiscope::model::config::Config;
use lexiscope::model::families;
use lexiscope::model::forward::{Input, PassOptions, forward};
use lexiscope::model::network::FIRST;
use lexiscope::model::weights::{NumberType, Tensor, Weights};
use lexiscope::model::{Network, Trace};
use lexiscope::progress::Progress;
use ndarray::{Array2, Array3, ArrayD, ArrayViewD, Axis, IxDyn};
use serde_json::Value;

/// The largest difference from the recorded f32.
const TOLERANCE: f32 = 2e-6;

fn golden() -> PathBuf {
    let copy = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/golden");
    std::env::var_os("LEXISCOPE_GOLDEN").map_or(copy, PathBuf::from).join("nano-sort")
}

fn json(name: &str) -> serde_json::Map<String, Value> {
    let text = std::fs::read_to_string(golden().join(name)).expect("the golden file");
    match serde_json::from_str(&text).expect("JSON") {
        Value::Object(object) => object,
        other => panic!("an object, not {other}"),
    }
}

/// The bytes of base64 text (RFC 4648).
fn base64(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for group in text.trim_end_matches('=').as_bytes().chunks(4) {
        let bits = group.iter().fold(0u32, |bits, &letter| bits << 6 | base64_digit(letter));
        let whole = (bits << (32 - 6 * group.len())).to_be_bytes();
        bytes.extend(&whole[..group.len() * 6 / 8]);
    }
    bytes
}

fn base64_digit(letter: u8) -> u32 {
    u32::from(match letter {
        b'A'..=b'Z' => letter - b'A',
        b'a'..=b'z' => letter - b'a' + 26,
        b'0'..=b'9' => letter - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => panic!("{letter} is no base64 digit"),
    })
}

fn array(value: &Value) -> Option<ArrayD<f32>> {
    let shape = value.get("shape")?.as_array()?.iter().map(|size| size.as_u64().expect("a size") as usize);
    let bytes = base64(value.get("data")?.as_str()?);
    let numbers = bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
    Some(ArrayD::from_shape_vec(IxDyn(&shape.collect::<Vec<_>>()), numbers).expect("shape fits"))
}

/// minGPT keeps its linear maps `[out, in]`; GPT-2 files have them `[in, out]`.
fn network() -> Network {
    let tensors = json("gpt-nano-sort-model.json").into_iter().filter_map(|(name, value)| {
        let mut numbers = array(&value)?;
        if ["c_attn.weight", "c_proj.weight", "c_fc.weight"].iter().any(|part| name.ends_with(part)) {
            numbers = numbers.reversed_axes();
        }
        let bytes = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        Some(Tensor::new(name, numbers.shape().to_vec(), NumberType::F32, Bytes::from_vec(bytes)))
    });
    let weights = Weights::from_tensors("gpt-nano-sort-model.json".into(), tensors);
    let config = r#"{"model_type": "gpt2", "n_embd": 48, "n_head": 3, "n_layer": 3, "vocab_size": 3,
        "n_positions": 11, "activation_function": "gelu_new"}"#;
    let config = Config::parse(Path::new("config.json"), config).expect("a configuration");
    families::bind(&config, &weights).expect("binds")
}

fn side_by_side(heads: &Array3<f32>) -> Array2<f32> {
    let parts: Vec<_> = heads.axis_iter(Axis(0)).collect();
    ndarray::concatenate(Axis(1), &parts).expect("heads of one shape")
}

fn probabilities(logits: &Array2<f32>) -> Array2<f32> {
    let exponentials = logits.mapv(f32::exp);
    &exponentials / &exponentials.sum_axis(Axis(1)).insert_axis(Axis(1))
}

/// Every stage by the name that the recording gives it; single layers' stages are those of layer 0.
fn stages(trace: &Trace) -> Option<Vec<(&'static str, ArrayD<f32>)>> {
    let (stack, block) = (&trace.stacks[0], &trace.stacks[0].blocks[0]);
    let (attention_part, feed_forward_part) = (block.part("attention")?, block.part("feed_forward")?);
    let (attention, feed_forward) = (block.attention()?, block.feed_forward()?);
    let logits = trace.logits.as_ref()?;
    Some(vec![
        ("tok_emb", stack.front.tokens.clone()?.into_dyn()),
        ("pos_emb", stack.front.positions.clone()?.into_dyn()),
        ("x", stack.front.sum.clone()?.into_dyn()),
        ("ln1", attention_part.input.clone()?.into_dyn()),
        ("q", attention.query.clone()?.into_dyn()),
        ("k", attention.key.clone()?.into_dyn()),
        ("v", attention.value.clone()?.into_dyn()),
        ("att", attention.scores.clone()?.into_dyn()),
        ("attSm", attention.weights.clone().into_dyn()),
        ("y", side_by_side(attention.head_outputs.as_ref()?).into_dyn()),
        ("yProj", attention_part.output.clone()?.into_dyn()),
        ("attnResid", attention_part.after.clone()?.into_dyn()),
        ("ln2", feed_forward_part.input.clone()?.into_dyn()),
        ("fc", feed_forward.before_activation.clone()?.into_dyn()),
        ("gelu", feed_forward.activation.clone()?.into_dyn()),
        ("mlp", feed_forward_part.output.clone()?.into_dyn()),
        ("mlpResid", trace.after(FIRST, 0).cloned()?.into_dyn()),
        ("block0", trace.after(FIRST, 0).cloned()?.into_dyn()),
        ("block1", trace.after(FIRST, 1).cloned()?.into_dyn()),
        ("block2", trace.after(FIRST, 2).cloned()?.into_dyn()),
        ("ln_f", trace.hidden_states().last()?.clone().into_dyn()),
        ("lm_head", logits.clone().into_dyn()),
        ("probs", probabilities(logits).into_dyn()),
    ])
}

/// The largest difference; where one is minus infinity (masked), both must be.
fn difference(found: &ArrayD<f32>, expected: ArrayViewD<'_, f32>) -> f32 {
    let pairs = found.iter().zip(expected);
    let differences = pairs.map(|(f, e)| if f == e { 0.0 } else { (f - e).abs() });
    differences.map(|d| if d.is_nan() { f32::INFINITY } else { d }).fold(0.0, f32::max)
}

#[test]
fn every_recorded_stage_is_in_the_trace() {
    let network = network();
    let recorded = json("gpt-nano-sort-t0-partials.json");
    let expected = |name: &str| array(&recorded[name]).expect("a recorded tensor");
    let ids = expected("idx");
    for (row, ids) in ids.axis_iter(Axis(0)).enumerate() {
        let ids: Vec<u32> = ids.iter().map(|&id| id as u32).collect();
        let trace = forward(&network, &Input::Tokens(&ids), &PassOptions::default(), &Progress::unobserved())
            .expect("runs");
        let stages = stages(&trace).expect("every stage is kept");
        for (name, found) in &stages {
            let expected = expected(name);
            let expected = expected.index_axis(Axis(0), if expected.shape()[0] == 1 { 0 } else { row });
            assert_eq!(found.shape(), expected.shape(), "{name}");
            let worst = difference(found, expected);
            assert!(worst <= TOLERANCE, "{name} of row {row} differs by {worst:e}");
        }
        let unseen: Vec<&String> = recorded
            .keys()
            .filter(|name| !["config", "idx", "qkv"].contains(&name.as_str()))
            .filter(|name| !stages.iter().any(|(stage, _)| stage == name))
            .collect();
        assert!(unseen.is_empty(), "{unseen:?}: every recorded tensor is compared");
    }
}
