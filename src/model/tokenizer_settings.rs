//! What the files beside a `tokenizer.json` change in it, as `AutoTokenizer` of transformers reads
//! them: `tokenizer_config.json`, `added_tokens.json`, `special_tokens_map.json`.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::error::{ModelError, Result};
use super::tokenizer::Tokenizer;
use super::tokenizer_growth::objection;
use super::tokenizer_patterns::translate;

/// The files beside it that are there.
#[derive(Debug, Default)]
pub struct TokenizerFiles {
    /// `tokenizer_config.json`.
    pub config: Option<Value>,
    /// `added_tokens.json`: from tokens to ids.
    pub added: Option<Value>,
    /// `special_tokens_map.json`: from roles to tokens.
    pub special: Option<Value>,
}

/// The tokenizer of the file `path`, which has `bytes`, as `beside` changes it.
///
/// # Errors
/// [`ModelError::Malformed`] when the library cannot read it, or when a file gives a token an id that
/// another token has.
pub fn apply(path: &Path, bytes: &[u8], beside: &TokenizerFiles) -> Result<Tokenizer> {
    // What is not an object is for the library to complain about.
    let Ok(Value::Object(file)) = serde_json::from_slice(bytes) else {
        return Tokenizer::from_json(path, bytes);
    };
    let empty = Value::Null;
    let config = beside.config.as_ref().unwrap_or(&empty);
    let mut whole = Value::Object(file);
    if let Some(found) = objection(&whole) {
        return Err(ModelError::Malformed {
            path: path.to_owned(),
            what: "the tokenizer".into(),
            expected: "steps that leave a text at about its length".into(),
            found,
        });
    }
    let mut changed = translate(&mut whole);
    let Value::Object(mut file) = whole else { return Tokenizer::from_json(path, bytes) };
    changed |= set_normalizer(&mut file, config);
    changed |= set_prefix_space(&mut file, config);
    changed |= add_tokens(path, &mut file, beside)?;
    changed |= set_ends(&mut file, beside);
    let mask =
        beside.special.iter().chain(&beside.config).find_map(|roles| content(roles.get("mask_token")?));
    let tokenizer = if changed {
        Tokenizer::from_json(path, Value::Object(file).to_string().as_bytes())?
    } else {
        Tokenizer::from_json(path, bytes)?
    };
    Ok(tokenizer.masking_with(mask))
}

/// `do_lower_case`, `strip_accents` and `tokenize_chinese_chars` of a BERT.
fn set_normalizer(file: &mut Map<String, Value>, config: &Value) -> bool {
    let Some(normalizer) = file.get_mut("normalizer").and_then(Value::as_object_mut) else { return false };
    if normalizer.get("type").and_then(Value::as_str) != Some("BertNormalizer") {
        return false;
    }
    let settings = [
        ("do_lower_case", "lowercase"),
        ("strip_accents", "strip_accents"),
        ("tokenize_chinese_chars", "handle_chinese_chars"),
    ];
    let mut changed = false;
    for (asked, own) in settings {
        let Some(value) = config.get(asked) else { continue };
        if (value.is_boolean() || asked == "strip_accents" && value.is_null())
            && normalizer.get(own) != Some(value)
        {
            normalizer.insert(own.into(), value.clone());
            changed = true;
        }
    }
    changed
}

/// `add_prefix_space` of a byte-level tokenizer.
fn set_prefix_space(file: &mut Map<String, Value>, config: &Value) -> bool {
    let Some(asked @ Value::Bool(_)) = config.get("add_prefix_space") else { return false };
    let Some(cut) = file.get_mut("pre_tokenizer") else { return false };
    let parts = match cut.get_mut("pretokenizers").and_then(Value::as_array_mut) {
        Some(parts) => parts.iter_mut().collect(),
        None => vec![cut],
    };
    let mut changed = false;
    for part in parts.into_iter().filter(|part| part["type"] == "ByteLevel") {
        if part.get("add_prefix_space") != Some(asked) {
            part["add_prefix_space"] = asked.clone();
            changed = true;
        }
    }
    changed
}

/// `add_bos_token` and `add_eos_token`: where either is there, both decide alone what is put around a
/// text, whatever the tokenizer's own file says (`update_post_processor` of transformers 5.24).
fn set_ends(file: &mut Map<String, Value>, beside: &TokenizerFiles) -> bool {
    let Some(config) = &beside.config else { return false };
    let asked = |key: &str| config.get(key).map(|value| value.as_bool().unwrap_or(false));
    let (first, last) = (asked("add_bos_token"), asked("add_eos_token"));
    if first.is_none() && last.is_none() {
        return false;
    }
    let token = |wanted: Option<bool>, role: &str| -> Option<(String, u64)> {
        let sources = beside.special.iter().chain(&beside.config);
        let text = wanted
            .filter(|wanted| *wanted)
            .and(sources.into_iter().find_map(|roles| content(roles.get(role)?)))?;
        let id = id_of(file, &text)?;
        Some((text, id))
    };
    let (first, last) = (token(first, "bos_token"), token(last, "eos_token"));
    let special =
        |(text, _): &(String, u64), kind: u64| json!({"SpecialToken": {"id": text, "type_id": kind}});
    let sequence = |name: &str, kind: u64| json!({"Sequence": {"id": name, "type_id": kind}});
    let around = |name: &str, kind: u64| -> Vec<Value> {
        let ends = |token: &Option<(String, u64)>| token.as_ref().map(|token| special(token, kind));
        ends(&first).into_iter().chain([sequence(name, kind)]).chain(ends(&last)).collect()
    };
    let tokens: Map<String, Value> = [&first, &last]
        .into_iter()
        .flatten()
        .map(|(text, id)| (text.clone(), json!({"id": text, "ids": [id], "tokens": [text]})))
        .collect();
    let pair = [around("A", 0), around("B", 1)].concat();
    let processor = json!({
        "type": "TemplateProcessing",
        "single": around("A", 0),
        "pair": pair,
        "special_tokens": tokens,
    });
    if file.get("post_processor") == Some(&processor) {
        return false;
    }
    file.insert("post_processor".into(), processor);
    true
}

/// The id of a token, among those added or in the vocabulary.
fn id_of(file: &Map<String, Value>, text: &str) -> Option<u64> {
    let added = file.get("added_tokens").and_then(Value::as_array).into_iter().flatten();
    let added = added.filter(|token| token["content"] == text).find_map(|token| token["id"].as_u64());
    added.or_else(|| {
        let vocabulary = file.get("model")?.get("vocab")?;
        match vocabulary {
            Value::Object(tokens) => tokens.get(text)?.as_u64(),
            Value::Array(tokens) => {
                tokens.iter().position(|token| token[0] == text).map(|index| index as u64)
            }
            _ => None,
        }
    })
}

/// The text of a token that is written as a text or as an object.
fn content(token: &Value) -> Option<String> {
    token.as_str().or_else(|| token.get("content")?.as_str()).map(str::to_owned)
}

/// Adds the tokens that the files beside name and the tokenizer does not know as added ones.
fn add_tokens(path: &Path, file: &mut Map<String, Value>, beside: &TokenizerFiles) -> Result<bool> {
    let special = special_tokens(beside);
    let mut wanted: Vec<(Option<u64>, Value)> = Vec::new();
    let decoder = beside.config.as_ref().and_then(|config| config.get("added_tokens_decoder")?.as_object());
    for (id, token) in decoder.into_iter().flatten() {
        wanted.push((id.parse().ok(), token.clone()));
    }
    for (token, id) in beside.added.as_ref().and_then(Value::as_object).into_iter().flatten() {
        wanted.push((id.as_u64(), json!({"content": token, "special": special.contains(token)})));
    }
    wanted.extend(special.iter().map(|token| (None, json!({"content": token, "special": true}))));
    let mut next = first_free_id(file);
    let mut changed = false;
    for (id, token) in wanted {
        let Some(text) = content(&token) else { continue };
        let added = file.entry("added_tokens").or_insert_with(|| json!([]));
        let Some(added) = added.as_array_mut() else { return Ok(changed) };
        if added.iter().any(|known| known["content"] == text.as_str()) {
            continue;
        }
        let known = file.get("model").and_then(|model| model.get("vocab")?.get(&text)?.as_u64());
        let id = known.or(id).unwrap_or(next);
        if known.is_none() && id != next {
            return Err(ModelError::Malformed {
                path: path.to_owned(),
                what: format!("the added token \"{text}\""),
                expected: format!("the next free id, {next}"),
                found: id.to_string(),
            });
        }
        next += u64::from(known.is_none());
        let flag = |key: &str, default| token.get(key).and_then(Value::as_bool).unwrap_or(default);
        let is_special = flag("special", false);
        let entry = json!({
            "id": id, "content": text, "special": is_special, "single_word": flag("single_word", false),
            "lstrip": flag("lstrip", false), "rstrip": flag("rstrip", false),
            "normalized": flag("normalized", !is_special),
        });
        if let Some(added) = file.get_mut("added_tokens").and_then(Value::as_array_mut) {
            added.push(entry);
        }
        changed = true;
    }
    Ok(changed)
}

/// The tokens with a role, of both files, each once.
fn special_tokens(beside: &TokenizerFiles) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for roles in [&beside.special, &beside.config].into_iter().flatten() {
        for (role, token) in roles.as_object().into_iter().flatten() {
            let tokens: Vec<&Value> = match token {
                Value::Array(list) if role.ends_with("_special_tokens") => list.iter().collect(),
                one if role.ends_with("_token") => vec![one],
                _ => Vec::new(),
            };
            for token in tokens.into_iter().filter_map(content) {
                if !found.contains(&token) {
                    found.push(token);
                }
            }
        }
    }
    found
}

/// One more than the largest id of the vocabulary and of the added tokens.
fn first_free_id(file: &Map<String, Value>) -> u64 {
    let vocabulary = file.get("model").and_then(|model| model.get("vocab"));
    let of_model = match vocabulary {
        Some(Value::Object(tokens)) => tokens.values().filter_map(Value::as_u64).max(),
        Some(Value::Array(tokens)) => (tokens.len() as u64).checked_sub(1),
        _ => None,
    };
    let added = file.get("added_tokens").and_then(Value::as_array).into_iter().flatten();
    let of_added = added.filter_map(|token| token["id"].as_u64()).max();
    of_model.max(of_added).map_or(0, |id| id + 1)
}
