//! The tokenizer of a GGUF file, put into the form of a `tokenizer.json`.

use std::path::Path;

use serde_json::{Map, Value as Json, json};

use super::header::{Header, Value};
use crate::model::error::Result;
use crate::model::tokenizer::Tokenizer;

/// `tokenizer.ggml.token_type` of tokens that are matched whole before the text is cut.
const CONTROL: i64 = 3;
/// The same, for tokens that a user added.
const USER_DEFINED: i64 = 4;

/// The tokenizer of `header`; `None` for the kinds that are not read (SentencePiece ones, whose
/// model "llama" has scores in place of merges), so that such a file still runs on token ids.
///
/// # Errors
/// When the library refuses what the header says.
pub fn from_header(path: &Path, header: &Header) -> Result<Option<Tokenizer>> {
    let text = |key: &str| match header.pairs.get(key) {
        Some(Value::Text(text)) => Some(text.as_str()),
        _ => None,
    };
    let list = |key: &str| match header.pairs.get(key) {
        Some(Value::List(list)) => list.as_slice(),
        _ => &[],
    };
    if text("tokenizer.ggml.model") != Some("gpt2") {
        return Ok(None);
    }
    let Some((normalizer, cut)) = pre_tokenizer(text("tokenizer.ggml.pre").unwrap_or("default")) else {
        return Ok(None);
    };
    let mut vocabulary = Map::new();
    let mut added = Vec::new();
    let kinds = list("tokenizer.ggml.token_type");
    for (id, token) in list("tokenizer.ggml.tokens").iter().enumerate() {
        let Value::Text(token) = token else { continue };
        vocabulary.insert(token.clone(), json!(id));
        let is_special = matches!(kinds.get(id), Some(Value::Integer(CONTROL)));
        if is_special || matches!(kinds.get(id), Some(Value::Integer(USER_DEFINED))) {
            added.push(json!({
                "id": id, "content": token, "single_word": false, "lstrip": false, "rstrip": false,
                "normalized": false, "special": is_special,
            }));
        }
    }
    let merges: Vec<&str> = list("tokenizer.ggml.merges")
        .iter()
        .filter_map(|merge| if let Value::Text(merge) = merge { Some(merge.as_str()) } else { None })
        .collect();
    let byte_level =
        json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true});
    let whole = json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": added,
        "normalizer": normalizer,
        "pre_tokenizer": cut,
        "post_processor": byte_level,
        "decoder": byte_level,
        "model": {
            "type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null,
            "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false,
            "vocab": vocabulary, "merges": merges,
        },
    });
    Tokenizer::from_json(path, whole.to_string().as_bytes()).map(Some)
}

/// How a text is cut before merging, by the name that llama.cpp gives it; as the original
/// `tokenizer.json` of each model does it.
fn pre_tokenizer(name: &str) -> Option<(Json, Json)> {
    let bytes = |use_regex: bool| json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": use_regex});
    let split = |pattern: &str| {
        json!({"type": "Sequence", "pretokenizers": [
            {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": false},
            bytes(false),
        ]})
    };
    Some(match name {
        "default" | "gpt-2" => (Json::Null, bytes(true)),
        "smollm" => (
            Json::Null,
            json!({"type": "Sequence", "pretokenizers": [{"type": "Digits", "individual_digits": true}, bytes(true)]}),
        ),
        "llama-bpe" => (
            Json::Null,
            split(
                r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
            ),
        ),
        "qwen2" => (
            json!({"type": "NFC"}),
            split(
                r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
            ),
        ),
        _ => return None,
    })
}
