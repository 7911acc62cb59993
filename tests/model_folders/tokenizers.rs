//! The files beside a tokenizer.json change how a text is cut, as `AutoTokenizer` reads them.

use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{assert_says, copy, open_error, open_folder};

/// A folder whose tokenizer cuts at blanks and knows four words.
fn folder(normalizer: Value, pre_tokenizer: Value) -> TempDir {
    let folder = copy("bert");
    let tokenizer = json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
        "normalizer": normalizer, "pre_tokenizer": pre_tokenizer, "post_processor": null, "decoder": null,
        "model": {"type": "WordLevel", "unk_token": "[UNK]",
            "vocab": {"[UNK]": 0, "the": 1, "The": 2, "café": 3, "cafe": 4, "Ġthe": 5, "<m>": 6}},
    });
    std::fs::write(folder.path().join("tokenizer.json"), tokenizer.to_string()).expect("writes");
    folder
}

fn beside(folder: &Path, name: &str, value: Value) {
    std::fs::write(folder.join(name), value.to_string()).expect("writes");
}

fn pieces(folder: &Path, text: &str) -> Vec<String> {
    open_folder(folder).expect("opens").encode(text).expect("cuts").pieces
}

fn of_bert() -> TempDir {
    let normalizer = json!({"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
        "strip_accents": null, "lowercase": true});
    folder(normalizer, json!({"type": "WhitespaceSplit"}))
}

#[test]
fn letters_and_accents_are_kept_or_not_as_the_configuration_says() {
    let folder = of_bert();
    assert_eq!(pieces(folder.path(), "The café"), ["the", "cafe"]);
    beside(folder.path(), "tokenizer_config.json", json!({"do_lower_case": false}));
    assert_eq!(pieces(folder.path(), "The café"), ["The", "café"]);
    beside(folder.path(), "tokenizer_config.json", json!({"do_lower_case": false, "strip_accents": true}));
    assert_eq!(pieces(folder.path(), "The café"), ["The", "cafe"]);
}

#[test]
fn a_blank_is_put_before_the_first_word_where_that_is_asked_for() {
    let bytes =
        json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true});
    let folder = folder(Value::Null, json!({"type": "Sequence", "pretokenizers": [bytes]}));
    assert_eq!(pieces(folder.path(), "the"), ["the"]);
    beside(folder.path(), "tokenizer_config.json", json!({"add_prefix_space": true}));
    assert_eq!(pieces(folder.path(), "the"), ["Ġthe"]);
}

#[test]
fn a_text_begins_and_ends_as_the_configuration_says() {
    let folder = of_bert();
    beside(folder.path(), "special_tokens_map.json", json!({"bos_token": "<m>", "eos_token": "the"}));
    let with = |settings: Value| {
        beside(folder.path(), "tokenizer_config.json", settings);
        pieces(folder.path(), "cafe")
    };
    assert_eq!(with(json!({})), ["cafe"]);
    assert_eq!(with(json!({"add_bos_token": true})), ["<m>", "cafe"]);
    assert_eq!(with(json!({"add_eos_token": true})), ["cafe", "the"]);
    assert_eq!(with(json!({"add_bos_token": true, "add_eos_token": true})), ["<m>", "cafe", "the"]);
    // Where either is there, both decide alone, whatever the tokenizer itself would put around a text.
    let path = folder.path().join("tokenizer.json");
    let mut tokenizer: Value = serde_json::from_slice(&std::fs::read(&path).expect("reads")).expect("JSON");
    let ends = json!({"SpecialToken": {"id": "[UNK]", "type_id": 0}});
    let text = json!({"Sequence": {"id": "A", "type_id": 0}});
    tokenizer["post_processor"] = json!({"type": "TemplateProcessing", "single": [ends, text], "pair": [ends, text],
        "special_tokens": {"[UNK]": {"id": "[UNK]", "ids": [0], "tokens": ["[UNK]"]}}});
    std::fs::write(&path, tokenizer.to_string()).expect("writes");
    assert_eq!(with(json!({})), ["[UNK]", "cafe"]);
    assert_eq!(with(json!({"add_bos_token": false})), ["cafe"]);
}

#[test]
fn tokens_that_were_added_are_matched_whole() {
    let folder = of_bert();
    beside(folder.path(), "added_tokens.json", json!({"<tool>": 7}));
    assert_eq!(pieces(folder.path(), "the<tool>the"), ["the", "<tool>", "the"]);
    beside(
        folder.path(),
        "special_tokens_map.json",
        json!({"mask_token": {"content": "<m>"}, "additional_special_tokens": ["<x>"]}),
    );
    let model = open_folder(folder.path()).expect("opens");
    let tokens = model.encode("the<m>the<x>").expect("cuts");
    assert_eq!(tokens.pieces, ["the", "<m>", "the", "<x>"]);
    assert_eq!(tokens.ids, [1, 6, 1, 8]);
    assert_eq!(model.tokenizer.as_ref().and_then(|tokenizer| tokenizer.mask()), Some(6));
    beside(folder.path(), "added_tokens.json", json!({"<tool>": 70}));
    assert_says(&open_error(folder.path()), &["tokenizer.json", "<tool>", "7", "70"]);
}

#[test]
fn a_file_beside_it_that_is_no_json_is_named() {
    let folder = of_bert();
    std::fs::write(folder.path().join("special_tokens_map.json"), "{\n,").expect("writes");
    assert_says(&open_error(folder.path()), &["special_tokens_map.json", "line 2"]);
}
