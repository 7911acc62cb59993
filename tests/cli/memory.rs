//! `memory`: what a network expects after every token, and what it feels of the text.

use super::json;
use super::panels::{golden, number};
use super::refusals::{NO_ANSWER, USAGE, refusal};

const TEXT: &str = "Hansel and Gretel ate the bread. Hansel and Gretel ate the bread.";

#[test]
fn perplexity_is_that_of_the_probabilities_of_the_tokens() {
    for model in ["stories-lstm", "stories-causal"] {
        let found = json(&["memory", TEXT, "--model", model]);
        let tokens = found["tokens"].as_array().unwrap();
        assert!(tokens[0]["probability"].is_null() && tokens[0]["perplexity"].is_null());
        let surprise: f64 = tokens[1..].iter().map(|token| -number(&token["probability"]).ln()).sum();
        let perplexity = (surprise / (tokens.len() - 1) as f64).exp();
        assert!((number(&found["perplexity"]) / perplexity - 1.0).abs() < 1e-3, "{perplexity}");
        // All outputs: the token that comes is among them, with the same probability.
        let predicted = json(&["predict", TEXT, "--at", "3", "-k", "2048", "--model", model]);
        let results = predicted["results"].as_array().unwrap();
        let token = tokens[4]["token"].as_str().unwrap();
        let same = results.iter().filter(|one| one["token"].as_str().unwrap().trim() == token);
        let probability = number(&tokens[4]["probability"]);
        let found: Vec<f64> = same.map(|one| number(&one["probability"])).collect();
        assert!(found.iter().any(|found| (found - probability).abs() < 1e-6), "{found:?} {probability}");
    }
}

#[test]
fn what_is_felt_is_told_of_every_token_before() {
    let found = json(&["memory", TEXT, "--at", "5"]);
    let felt = found["felt"].as_array().unwrap();
    assert_eq!(felt.len(), 6);
    assert!(felt[..5].iter().all(|token| number(&token["left_out"]) > 0.0));
    assert_eq!(number(&felt[5]["left_out"]), 0.0);
    assert!(felt.iter().all(|token| token["text"] == "text" && number(&token["gradient"]) > 0.0));
    assert!(refusal(USAGE, &["memory", TEXT, "--at", "and"]).contains("stands there 2 times"));
    assert!(refusal(USAGE, &["memory", TEXT, "--at", "99"]).contains("no such token"));
    assert!(refusal(NO_ANSWER, &["memory", TEXT, "--model", "minilm-l6"]).contains("no output matrix"));
}

#[test]
fn a_decoder_is_given_what_stands_behind_the_arrow() {
    let t5 = golden("t5");
    let of = |arguments: &[&str]| json(&[arguments, &["--model", &t5]].concat());
    let found = of(&["memory", "a cat sat => a dog", "--at", "1"]);
    let felt = found["felt"].as_array().unwrap();
    let sources = felt.iter().filter(|token| token["text"] == "source").count();
    assert_eq!(felt.len() - sources, 2);
    let source = of(&["tokens", "a cat sat"]);
    assert_eq!(sources, source["tokens"].as_array().unwrap().len());
    let both = of(&["tokens", "a cat sat => a dog"]);
    assert_eq!(both["tokens"], source["tokens"]);
    assert_eq!(both["decoder_ids"][0], 0);
    let map = of(&["attend", "a cat sat => a dog", "--stack", "cross", "--layer", "0", "--head", "1"]);
    let rows = map["values"].as_array().unwrap();
    assert_eq!(rows.len(), both["decoder_ids"].as_array().unwrap().len());
    assert_eq!(rows[0].as_array().unwrap().len(), sources);
    // Without an arrow the decoder writes from its start token; behind one it goes on.
    let (begun, gone_on) = (of(&["predict", "a cat sat"]), of(&["predict", "a cat sat => a dog"]));
    assert_eq!(begun["results"][0]["position"], 0);
    assert_eq!(gone_on["results"][0]["position"].as_u64(), Some(rows.len() as u64 - 1));
    assert_ne!(begun["results"], gone_on["results"]);
}
