//! What a model writes, what it is told, and texts that are longer than those it learned from.

use super::panels::number;
use super::refusals::{NO_ANSWER, USAGE, refusal};
use super::{answer, json, lexiscope, stderr};

fn golden(family: &str) -> String {
    format!("{}/tests/fixtures/golden/transformers/{family}", env!("CARGO_MANIFEST_DIR"))
}

/// The first words of `tests/fixtures/writing/expected.json`.
#[test]
fn an_encoder_decoder_writes_behind_its_start() {
    let inputs = format!("{}/expected.safetensors", golden("whisper"));
    let found = json(&["generate", "--model", &golden("whisper"), "--inputs", &inputs, "-k", "3"]);
    let ids: Vec<f64> =
        found["tokens"].as_array().unwrap().iter().map(|token| number(&token["id"])).collect();
    assert_eq!(ids.len(), 3);
    let first = number(&found["tokens"][0]["position"]);
    assert!(first >= 1.0, "a start token stands before it: {first}");
    let begun = json(&["generate", "--model", &golden("t5"), "the king => the", "-k", "2"]);
    let fresh = json(&["generate", "--model", &golden("t5"), "the king", "-k", "2"]);
    assert_eq!(number(&fresh["tokens"][0]["position"]), 1.0);
    assert!(number(&begun["tokens"][0]["position"]) > 1.0, "it goes on with what stands behind the arrow");
    assert_eq!(
        fresh,
        json(&["generate", "--model", &golden("t5"), "the king", "-k", "2", "--temperature", "0"])
    );
}

#[test]
fn a_chat_is_put_as_the_template_asks_for() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["config.json", "model.safetensors", "tokenizer.json"] {
        std::fs::copy(format!("{}/{name}", golden("gpt2")), folder.path().join(name)).unwrap();
    }
    let model = folder.path().to_str().unwrap();
    let ids = |arguments: &[&str]| {
        let found = json(&[arguments, &["--model", model]].concat());
        let ids = found["tokens"].as_array().unwrap().iter().map(|token| number(&token["id"]));
        ids.collect::<Vec<f64>>()
    };
    let message = refusal(USAGE, &["tokens", "the king", "--chat", "--model", model]);
    assert!(message.contains("no chat template"), "{message}");
    let template = "{% for m in messages %}{{ m.role }}: {{ m.content | trim }}; {% endfor %}so:";
    std::fs::write(folder.path().join("chat_template.jinja"), template).unwrap();
    assert_eq!(ids(&["tokens", " the king ", "--chat"]), ids(&["tokens", "user: the king; so:"]));
    let told = ids(&["tokens", "the king", "--chat", "--system", "a queen"]);
    assert_eq!(told, ids(&["tokens", "system: a queen; user: the king; so:"]));
    let alone = ["tokens", "the king", "--system", "a queen", "--model", model];
    assert_eq!(lexiscope().args(alone).output().unwrap().status.code(), Some(USAGE));
    let shown = answer(&["generate", "the king", "--chat", "-k", "2", "--model", model]);
    assert!(!shown.contains("user:"), "only the answer is shown: {shown}");
    std::fs::write(folder.path().join("chat_template.jinja"), "{{ raise_exception('not so') }}").unwrap();
    let message = refusal(USAGE, &["tokens", "the king", "--chat", "--model", model]);
    assert!(message.contains("not so"), "{message}");
}

/// The golden Llama learned from 64 tokens; a later token changes nothing before it.
#[test]
fn a_text_may_be_longer_than_a_rotary_model_learned_from() {
    let ids = |count: usize| (0..count).map(|id| (id * 7 % 90).to_string()).collect::<Vec<_>>().join(",");
    let model = golden("llama");
    let arguments = ["predict", "--at", "3", "--model", &model, "--format", "json", "--ids"];
    let output = lexiscope().args(arguments).arg(ids(80)).output().unwrap();
    assert_eq!(stderr(&output), "note: 80 tokens are more than the 64 that the model learned from\n");
    let short = lexiscope().args(arguments).arg(ids(64)).output().unwrap();
    assert_eq!(stderr(&short), "");
    let candidates = |output: &std::process::Output| {
        let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        found["results"].as_array().unwrap().iter().map(|one| number(&one["id"])).collect::<Vec<_>>()
    };
    assert_eq!(candidates(&output), candidates(&short));
    let message = refusal(USAGE, &["attend", "--model", &golden("gpt2"), "--ids", &ids(80)]);
    assert!(message.contains("positions for 64"), "{message}");
}

#[test]
fn a_model_to_fetch_is_told_how() {
    let all = json(&["get"]);
    assert!(all["recommended"].as_array().unwrap().len() >= 20);
    let one = json(&["get", "openai-community/gpt2"]);
    assert_eq!((one["name"].as_str(), one["here"].as_bool()), (Some("gpt2"), Some(false)));
    assert!(one["fetch"].as_str().unwrap().starts_with("hf download openai-community/gpt2"));
    assert!(refusal(NO_ANSWER, &["get", "gpt-5"]).contains("gpt2"));
}
