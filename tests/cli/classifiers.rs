//! Classifiers: what they say of one text, of two, of each token, and where an answer lies.

use super::panels::{golden, number};
use super::refusals::{USAGE, refusal};
use super::{answer, json};

fn model(name: &str) -> String {
    format!("{}/tests/fixtures/classifiers/{name}", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn a_text_and_a_pair_have_classes() {
    let model = model("bert_texts");
    let one = json(&["predict", "the cat sat", "--model", &model]);
    let results = one["results"].as_array().unwrap();
    assert_eq!(results.len(), 3);
    let sum: f64 = results.iter().map(|class| number(&class["probability"])).sum();
    assert!((sum - 1.0).abs() < 1e-5, "{one}");
    assert!(results[0]["label"].as_str().unwrap().starts_with("LABEL_"), "{one}");
    let pair = json(&["predict", "the cat sat", "--pair", "a dog ran", "--model", &model]);
    assert_eq!(pair["query"], serde_json::json!(["the cat sat", "a dog ran"]));
    // The second text has another type, so that it is not the same as one long text.
    let ids = json(&["predict", "--ids", "2,4,6,17,3,5,7,18,3", "--model", &model]);
    assert_ne!(pair["results"][0]["logit"], ids["results"][0]["logit"]);
    assert_eq!(
        json(&["predict", "the cat sat", "-k", "1", "--model", &model])["results"].as_array().unwrap().len(),
        1
    );
}

#[test]
fn the_words_of_a_pair_are_those_of_both_texts() {
    let found = json(&["attend", "the cat", "--pair", "a dog", "--model", &model("bert_texts")]);
    let rows = serde_json::json!(["[CLS]", "the", "cat", "[SEP]", "a", "dog", "[SEP]"]);
    assert_eq!(found["rows"], rows);
}

#[test]
fn one_number_is_read_by_the_logistic_function() {
    let model = model("bert_cross_encoder");
    let found = json(&["predict", "who sat", "--pair", "the cat sat", "--model", &model]);
    let only = &found["results"][0];
    let expected = 1.0 / (1.0 + (-number(&only["logit"])).exp());
    assert!((number(&only["probability"]) - expected).abs() < 1e-5, "{found}");
    for command in
        [&["attribute"][..], &["predict", "--lens"], &["gradients", "--label", "0", "--to", "/dev/null"]]
    {
        let arguments = [command, &["a cat", "--model", &model]].concat();
        refusal(USAGE, &arguments);
    }
    // What is lost without a head is told by the vector of the text.
    let heads = json(&["heads", "a cat sat", "--importance", "--model", &model]);
    assert!(heads["measure"].as_str().unwrap().contains("cosine"), "{heads}");
}

#[test]
fn every_token_has_a_class() {
    let found = json(&["predict", "the cat sat", "--model", &model("bert_tokens")]);
    let tokens: Vec<&str> =
        found["results"].as_array().unwrap().iter().map(|one| one["token"].as_str().unwrap()).collect();
    assert_eq!(tokens, ["[CLS]", "the", "cat", "sat", "[SEP]"]);
    let at = json(&["predict", "the cat sat", "--at", "cat", "-k", "5", "--model", &model("bert_tokens")]);
    assert_eq!(at["results"].as_array().unwrap().len(), 5);
    assert_eq!(at["results"][0]["position"], 2);
}

#[test]
fn an_answer_lies_in_the_second_text() {
    let arguments = ["predict", "who sat ?", "--pair", "the old cat sat on a house", "--model"];
    let found = json(&[&arguments[..], &[&model("bert_answers")]].concat());
    let results = found["results"].as_array().unwrap();
    assert_eq!(results.len(), 10);
    for answer in results {
        let (start, end) = (answer["start"].as_u64().unwrap(), answer["end"].as_u64().unwrap());
        assert!(5 <= start && start <= end && end < 12, "{answer}");
        let words = answer["text"].as_str().unwrap().split_whitespace().count() as u64;
        assert_eq!(words, end - start + 1, "{answer}");
    }
}

#[test]
fn a_pair_is_of_texts() {
    let model = model("bert_texts");
    refusal(USAGE, &["predict", "a", "--pair", " ", "--model", &model]);
    let error = refusal(USAGE, &["generate", "the cat", "--model", &model]);
    assert!(error.contains("says what a text is"), "{error}");
    assert!(answer(&["tokens", "the cat", "--model", &model]).contains("cat"));
    let error = refusal(USAGE, &["attend", "a b", "--pair", "c", "--model", &golden("t5")]);
    assert!(error.contains("=>"), "{error}");
}

#[test]
fn heads_are_weighed_by_gradient_too() {
    let model = golden("gpt2");
    let by =
        |way: &str| json(&["heads", "--ids", "5,9,17,3,40", "--importance", "--by", way, "--model", &model]);
    let (both, gradient) = (by("both"), by("gradient"));
    assert_eq!((both["by"].as_str(), gradient["by"].as_str()), (Some("both"), Some("gradient")));
    assert!(number(&both["spearman"]).abs() <= 1.0 && number(&both["pearson"]).abs() <= 1.0);
    let first = &gradient["heads"][0];
    let same = both["heads"].as_array().unwrap().iter();
    let same = same.into_iter().find(|head| head["layer"] == first["layer"] && head["head"] == first["head"]);
    assert_eq!(same.unwrap()["by_gradient"], first["change"]);
    let error = refusal(
        USAGE,
        &["heads", "--ids", "5,9", "--importance", "--by", "gradient", "--off", "0.0", "--model", &model],
    );
    assert!(error.contains("unchanged"), "{error}");
    let error = refusal(USAGE, &["heads", "a cat", "--importance", "--by", "gradient"]);
    assert!(error.contains("one by one"), "{error}");
    refusal(USAGE, &["attribute", "--ids", "5,9,17", "--model", &golden("mamba")]);
}
