//! Folders without a tokenizer.json.

use std::path::Path;

use serde_json::{Map, Value};

use super::{assert_says, copy, golden, open_error, open_folder};

const TEXTS: [&str; 6] = [
    "the king and the queen",
    "  Two  spaces, and MORE!",
    "naïve café ☃ 你好",
    "it's 12345's",
    "a\nb\tc",
    "unhappily <mask> [MASK] ever",
];

fn fixture(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/sentencepiece").join(name)
}

/// The vocabulary and the merges of a golden tokenizer.
fn vocabulary(family: &str) -> (Map<String, Value>, Vec<String>) {
    let text = std::fs::read_to_string(golden(family).join("tokenizer.json")).expect("tokenizer.json");
    let tokenizer: Value = serde_json::from_str(&text).expect("JSON");
    let mut tokens = tokenizer["model"]["vocab"].as_object().expect("a vocabulary").clone();
    for token in tokenizer["added_tokens"].as_array().expect("a list") {
        tokens.insert(token["content"].as_str().expect("a text").to_owned(), token["id"].clone());
    }
    let merge = |merge: &Value| match merge {
        Value::String(merge) => merge.clone(),
        halves => format!("{} {}", halves[0].as_str().expect("half"), halves[1].as_str().expect("half")),
    };
    let merges = tokenizer["model"]["merges"].as_array().into_iter().flatten().map(merge).collect();
    (tokens, merges)
}

#[test]
fn a_list_of_words_cuts_as_the_tokenizer_made_of_it() {
    let folder = copy("bert");
    std::fs::remove_file(folder.path().join("tokenizer.json")).expect("removes");
    let (tokens, _) = vocabulary("bert");
    let mut words = vec![""; tokens.len()];
    tokens.iter().for_each(|(token, id)| words[id.as_u64().expect("an id") as usize] = token);
    std::fs::write(folder.path().join("vocab.txt"), words.join("\n")).expect("writes");
    let (expected, found) =
        (open_folder(&golden("bert")).expect("opens"), open_folder(folder.path()).expect("opens"));
    for text in TEXTS {
        let ids = |model: &lexiscope::model::Model| model.encode(text).expect("cuts").ids;
        assert_eq!(ids(&found), ids(&expected), "{text:?}");
    }
    let pair = |model: &lexiscope::model::Model| {
        let tokens =
            model.tokenizer().expect("a tokenizer").encode_pair("the king", "the queen").expect("cuts");
        (tokens.ids, tokens.types)
    };
    assert_eq!(pair(&found), pair(&expected));
}

#[test]
fn pairs_of_bytes_cut_as_the_tokenizer_made_of_them() {
    for family in ["gpt2", "roberta", "clip"] {
        let folder = copy(family);
        std::fs::remove_file(folder.path().join("tokenizer.json")).expect("removes");
        let (tokens, merges) = vocabulary(family);
        std::fs::write(folder.path().join("vocab.json"), Value::Object(tokens).to_string()).expect("writes");
        let merges = format!("#version: 0.2\n{}\n", merges.join("\n"));
        std::fs::write(folder.path().join("merges.txt"), merges).expect("writes");
        let (expected, found) =
            (open_folder(&golden(family)).expect("opens"), open_folder(folder.path()).expect("opens"));
        for text in TEXTS {
            let ids = |model: &lexiscope::model::Model| model.encode(text).expect("cuts").ids;
            assert_eq!(ids(&found), ids(&expected), "{family} {text:?}");
        }
    }
}

/// `tests/fixtures/sentencepiece/record.py` says what sentencepiece itself cuts texts into.
#[test]
fn pieces_are_those_of_sentencepiece() {
    let cases = std::fs::read_to_string(fixture("expected.json")).expect("the file");
    let cases: Value = serde_json::from_str(&cases).expect("JSON");
    let files = [
        ("unigram.model", "t5", &[("unigram.model", "spiece.model")][..]),
        ("pairs.model", "llama", &[("pairs.model", "tokenizer.model")][..]),
        ("source.spm", "marian", &[("source.spm", "source.spm"), ("vocab.json", "vocab.json")][..]),
    ];
    for (file, family, copied) in files {
        let folder = copy(family);
        std::fs::remove_file(folder.path().join("tokenizer.json")).ok();
        for (from, to) in copied {
            std::fs::copy(fixture(from), folder.path().join(to)).expect("copies");
        }
        let model = open_folder(folder.path()).expect("opens");
        let tokenizer = model.tokenizer().expect("a tokenizer");
        for case in cases.as_array().expect("a list").iter().filter(|case| case["file"] == file) {
            let text = case["text"].as_str().expect("a text");
            let expected: Vec<u32> = serde_json::from_value(case["ids"].clone()).expect("ids");
            assert_eq!(tokenizer.encode(text).expect("cuts").ids, expected, "{file} {text:?}");
        }
        let ids = tokenizer.encode("the king and the queen").expect("cuts").ids;
        assert_eq!(tokenizer.decode(&ids).expect("a text"), "the king and the queen", "{file}");
    }
}

#[test]
fn an_older_vocabulary_that_is_broken_is_named() {
    let folder = copy("llama");
    std::fs::remove_file(folder.path().join("tokenizer.json")).ok();
    std::fs::write(folder.path().join("tokenizer.model"), "version https://git-lfs.github.com/spec/v1")
        .expect("writes");
    assert_says(&open_error(folder.path()), &["tokenizer.model", "SentencePiece"]);
    std::fs::remove_file(folder.path().join("tokenizer.model")).expect("removes");
    std::fs::write(folder.path().join("merges.txt"), "a b").expect("writes");
    std::fs::write(folder.path().join("vocab.json"), "[1]").expect("writes");
    assert_says(&open_error(folder.path()), &["vocab.json", "from tokens to ids"]);
}

#[test]
fn a_vocabulary_that_is_not_read_is_told_and_the_model_opens() {
    let folder = copy("roberta");
    std::fs::remove_file(folder.path().join("tokenizer.json")).expect("removes");
    std::fs::write(folder.path().join("sentencepiece.bpe.model"), "").expect("writes");
    let model = open_folder(folder.path()).expect("opens");
    assert!(model.tokenizer.is_none());
    assert_says(&model.remarks.join("\n"), &["sentencepiece.bpe.model", "--ids"]);
}
