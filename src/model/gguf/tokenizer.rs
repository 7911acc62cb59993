//! The tokenizer of a GGUF file, put into the form of a `tokenizer.json`.

use std::path::Path;

use serde_json::{Map, Value as Json, json};

use super::header::Header;
use super::pieces;
use super::vocabulary::{Vocabulary, texts};
use crate::model::chat::Chat;
use crate::model::error::Result;
use crate::model::tokenizer::Tokenizer;

/// The tokenizer of `header`; `None`, and a remark, for the kinds that are not read (`t5`, `rwkv`), so that
/// such a file still runs on token ids.
///
/// # Errors
/// When the library refuses what the header says.
pub fn from_header(path: &Path, header: &Header, remarks: &mut Vec<String>) -> Result<Option<Tokenizer>> {
    let vocabulary = Vocabulary::of(header);
    let whole = match vocabulary.text("tokenizer.ggml.model") {
        None => Err("the file has none".into()),
        Some("gpt2") => byte_level(&vocabulary),
        Some("llama") => Ok(pieces::sentence_pieces(&vocabulary)),
        Some("bert") => Ok(pieces::word_pieces(&vocabulary)),
        Some(other) => Err(format!("its kind \"{other}\" is not known")),
    };
    match whole {
        Ok(whole) => Tokenizer::from_json(path, whole.to_string().as_bytes()).map(Some),
        Err(reason) => {
            remarks.push(format!("the tokenizer is not read, so only token ids can be given: {reason}"));
            Ok(None)
        }
    }
}

/// How the model wants to be told who says what, where the header says it.
pub fn chat(header: &Header) -> Option<Chat> {
    let vocabulary = Vocabulary::of(header);
    let template = vocabulary.text("tokenizer.chat_template")?.to_owned();
    let roles =
        [("bos_token", "bos"), ("eos_token", "eos"), ("pad_token", "padding"), ("unk_token", "unknown")];
    let token = |(role, key): (&str, &str)| {
        let (token, _) = vocabulary.token(&format!("tokenizer.ggml.{key}_token_id"))?;
        Some((role.to_owned(), token))
    };
    Some(Chat { template, tokens: roles.into_iter().filter_map(token).collect() })
}

/// Byte-level BPE, or why it is not read.
fn byte_level(vocabulary: &Vocabulary<'_>) -> std::result::Result<Json, String> {
    let pre = vocabulary.text("tokenizer.ggml.pre").unwrap_or("default");
    let cut =
        pre_tokenizer(pre).ok_or_else(|| format!("its way of cutting a text, \"{pre}\", is not known"))?;
    let merges = vocabulary.list("tokenizer.ggml.merges").filter(|merges| !merges.is_empty());
    let merges: Vec<_> = texts(merges.ok_or("it has no merges")?).collect();
    let ids: Map<String, Json> =
        vocabulary.tokens().map(|(id, token)| (token.into_owned(), json!(id))).collect();
    let byte_level =
        json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true});
    let post_processor = match vocabulary.ends(cut.begins_a_text).template() {
        None => byte_level.clone(),
        Some(template) => json!({"type": "Sequence", "processors": [byte_level, template]}),
    };
    Ok(json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": vocabulary.added(),
        "normalizer": cut.normalizer,
        "pre_tokenizer": cut.pre_tokenizer,
        "post_processor": post_processor,
        "decoder": byte_level,
        "model": {
            "type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null,
            "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false, "ignore_merges": cut.takes_whole_words,
            "vocab": ids, "merges": merges,
        },
    }))
}

/// How a text is cut before merging.
struct Cut {
    normalizer: Json,
    pre_tokenizer: Json,
    /// Whether a piece that is in the vocabulary is taken whole, whatever the merges would make.
    takes_whole_words: bool,
    /// Whether a text begins with a token of its own where the header does not say.
    begins_a_text: bool,
}

/// How a text is cut, by the name that llama.cpp gives it (`llama-vocab.cpp`); as the original
/// `tokenizer.json` of each model does it.
fn pre_tokenizer(name: &str) -> Option<Cut> {
    let bytes = |use_regex: bool| json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": use_regex});
    let sequence = |parts: Vec<Json>| json!({"type": "Sequence", "pretokenizers": parts});
    let split = |pattern: &str| json!({"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": false});
    let plain = |pre_tokenizer: Json| Cut {
        normalizer: Json::Null,
        pre_tokenizer,
        takes_whole_words: false,
        begins_a_text: false,
    };
    let own = |pattern: &str| plain(sequence(vec![split(pattern), bytes(false)]));
    Some(match name {
        "gpt-2" | "phi-2" | "jina-es" | "jina-de" | "jina-v2-es" | "jina-v2-de" | "gigachat" | "a.x-4.0"
        | "mellum" | "mpt" | "olmo" | "jais" | "trillion" | "granite-docling" | "exaone4" => {
            plain(bytes(true))
        }
        // What llama.cpp does for a file that does not say how.
        "default" => plain(sequence(vec![
            split(r"[\p{P}\$\+<=>\^~\|]+"),
            split(r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)"),
            split(r"\p{N}+"),
            split(r"[0-9][0-9][0-9]"),
            bytes(false),
        ])),
        "smollm" | "starcoder" | "refact" | "command-r" | "codeshell" | "exaone" | "minerva-7b" => {
            plain(sequence(vec![json!({"type": "Digits", "individual_digits": true}), bytes(true)]))
        }
        "llama-bpe" | "llama3" | "llama-v3" | "falcon3" | "falcon-h1" | "pixtral" | "midm-2.0" | "lfm2" => {
            Cut { takes_whole_words: true, begins_a_text: true, ..own(THREE_DIGITS) }
        }
        "dbrx" | "smaug-bpe" | "glm4" | "chatglm-bpe" => own(THREE_DIGITS),
        "qwen2" | "deepseek-r1-qwen" | "kormo" | "megrez" => {
            Cut { normalizer: json!({"type": "NFC"}), ..own(ONE_DIGIT) }
        }
        "stablelm2" | "hunyuan" | "grok-2" => own(ONE_DIGIT),
        "tekken" => Cut { takes_whole_words: true, begins_a_text: true, ..own(TEKKEN) },
        "gpt-4o" | "llama4" | "minimax-m2" => own(GPT_4O),
        "bloom" | "poro-chat" | "gpt3-finnish" => own(BLOOM),
        "viking" => plain(sequence(vec![split(BLOOM), split(r"\p{N}"), bytes(false)])),
        _ => return None,
    })
}

/// Llama 3's pattern: up to three digits together.
const THREE_DIGITS: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// Qwen 2's: every digit alone.
const ONE_DIGIT: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// Mistral's newer ones: capitals begin a piece.
const TEKKEN: &str = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// GPT-4o's: the same with short endings and three digits.
const GPT_4O: &str = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// BLOOM's: words and signs of many scripts.
const BLOOM: &str = r" ?[^(\s|.,!?…。，、।۔،)]+";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mmap::Bytes;
    use crate::model::gguf::header::Value;
    use crate::model::gguf::list::List;

    fn texts(all: &[&str]) -> Value {
        let ends = all.iter().scan(0, |end, text| {
            let start = *end;
            *end += text.len();
            Some((start, text.len()))
        });
        Value::List(List::texts(Bytes::from_vec(all.concat().into_bytes()), ends.collect()))
    }

    fn header(pre: Option<&str>, others: &[(&str, Value)]) -> Header {
        let tokens = ["<s>", "</s>", "a", "b", "c", "ab", "abc", "1", "2", "3", "4", "12", "34", "123"];
        let mut pairs = vec![
            ("tokenizer.ggml.model", Value::Text("gpt2".into())),
            ("tokenizer.ggml.tokens", texts(&tokens)),
            ("tokenizer.ggml.merges", texts(&["a b", "1 2", "12 3", "3 4"])),
            ("tokenizer.ggml.bos_token_id", Value::Integer(0)),
            ("tokenizer.ggml.eos_token_id", Value::Integer(1)),
        ];
        pairs.extend(pre.map(|pre| ("tokenizer.ggml.pre", Value::Text(pre.into()))));
        pairs.extend(others.iter().cloned());
        let pairs = pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        Header { pairs, tensors: Vec::new() }
    }

    fn pieces(pre: Option<&str>, others: &[(&str, Value)], text: &str) -> Vec<String> {
        let tokenizer = from_header(Path::new("a.gguf"), &header(pre, others), &mut Vec::new());
        tokenizer.unwrap().unwrap().encode(text).unwrap().pieces
    }

    #[test]
    fn a_text_begins_and_ends_as_the_header_says() {
        let flag = |key, flag| (key, Value::Flag(flag));
        let (first, last) = ("tokenizer.ggml.add_bos_token", "tokenizer.ggml.add_eos_token");
        assert_eq!(pieces(Some("gpt-2"), &[], "c"), ["c"]);
        assert_eq!(pieces(Some("gpt-2"), &[flag(first, true)], "c"), ["<s>", "c"]);
        assert_eq!(pieces(Some("gpt-2"), &[flag(first, true), flag(last, true)], "c"), ["<s>", "c", "</s>"]);
        // llama.cpp puts one before a Llama 3's text unless it is told not to.
        assert_eq!(pieces(Some("llama-bpe"), &[], "c"), ["<s>", "c"]);
        assert_eq!(pieces(Some("llama-bpe"), &[flag(first, false)], "c"), ["c"]);
    }

    #[test]
    fn a_llama_3_takes_words_of_its_vocabulary_whole() {
        assert_eq!(pieces(Some("gpt-2"), &[], "abc"), ["ab", "c"]);
        assert_eq!(pieces(Some("llama-bpe"), &[], "abc"), ["<s>", "abc"]);
    }

    #[test]
    fn digits_stand_alone_or_together_by_the_name_of_the_cut() {
        assert_eq!(pieces(Some("smaug-bpe"), &[], "1234"), ["123", "4"]);
        assert_eq!(pieces(Some("stablelm2"), &[], "1234"), ["1", "2", "3", "4"]);
        assert_eq!(pieces(Some("gpt-4o"), &[], "abc1234"), ["ab", "c", "123", "4"]);
        assert_eq!(pieces(Some("tekken"), &[], "abc12"), ["<s>", "abc", "1", "2"]);
        for name in ["lfm2", "viking", "bloom", "exaone4", "minerva-7b", "glm4"] {
            assert!(pieces(Some(name), &[], "ab").contains(&"ab".to_owned()), "{name}");
        }
    }

    #[test]
    fn a_file_that_does_not_say_how_cuts_numbers_in_threes() {
        assert_eq!(pieces(Some("gpt-2"), &[], "1234"), ["123", "4"]);
        assert_eq!(pieces(Some("gpt-2"), &[], "4123"), ["4", "123"]);
        assert_eq!(pieces(Some("default"), &[], "4123"), ["4", "12", "3"]);
        assert_eq!(pieces(None, &[], "4123"), ["4", "12", "3"]);
    }

    #[test]
    fn what_is_not_read_is_told() {
        let mut remarks = Vec::new();
        let mut without = |header: Header| {
            assert!(from_header(Path::new("a.gguf"), &header, &mut remarks).unwrap().is_none());
            remarks.pop().unwrap()
        };
        let mut no_merges = header(Some("gpt-2"), &[]);
        no_merges.pairs.remove("tokenizer.ggml.merges");
        assert!(without(no_merges).contains("no merges"));
        assert!(without(header(Some("klingon"), &[])).contains("klingon"));
        let other = header(None, &[("tokenizer.ggml.model", Value::Text("rwkv".into()))]);
        assert!(without(other).contains("\"rwkv\""));
    }
}
