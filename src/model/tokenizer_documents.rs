//! Vocabularies of other forms as a `tokenizer.json`, the one form that the library of tokenizers reads.

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::sentencepiece::{Cutting, Piece, SentencePieces, kind};

/// SentencePiece's sign for a space.
pub const SPACE: &str = "\u{2581}";

/// A token and its id.
pub type Token = (String, u64);

/// Tokens around a text: those before it and those behind.
#[derive(Debug, Clone, Default)]
pub struct Ends {
    /// Before it.
    pub first: Vec<Token>,
    /// Behind it.
    pub last: Vec<Token>,
    /// Whether the tokens of a second text, and what stands behind it, have type 1.
    pub has_types: bool,
}

impl Ends {
    /// The template that puts them there; `None` where there are none.
    pub fn template(&self) -> Option<Value> {
        if self.first.is_empty() && self.last.is_empty() {
            return None;
        }
        let special = |tokens: &[Token], kind: u32| -> Vec<Value> {
            tokens.iter().map(|(token, _)| json!({"SpecialToken": {"id": token, "type_id": kind}})).collect()
        };
        let text = |name: &str, kind: u32| json!({"Sequence": {"id": name, "type_id": kind}});
        let single = [special(&self.first, 0), vec![text("A", 0)], special(&self.last, 0)].concat();
        let second = if self.has_types { special(&self.last, 1) } else { Vec::new() };
        let pair = [single.clone(), vec![text("B", 1)], second].concat();
        let tokens: Map<String, Value> = self
            .first
            .iter()
            .chain(&self.last)
            .map(|(token, id)| (token.clone(), json!({"id": token, "ids": [id], "tokens": [token]})))
            .collect();
        Some(json!({"type": "TemplateProcessing", "single": single, "pair": pair, "special_tokens": tokens}))
    }
}

/// A token that is matched whole before a text is cut.
pub fn added(text: &str, id: usize, is_special: bool) -> Value {
    json!({
        "id": id, "content": text, "single_word": false, "lstrip": false, "rstrip": false,
        "normalized": false, "special": is_special,
    })
}

/// The pieces that are matched whole before a text is cut.
pub fn added_pieces(pieces: &[Piece]) -> Vec<Value> {
    let whole = pieces.iter().enumerate().filter_map(|(id, piece)| match piece.kind {
        kind::CONTROL | kind::UNKNOWN => Some(added(&piece.text, id, true)),
        kind::USER_DEFINED => Some(added(&piece.text, id, false)),
        _ => None,
    });
    whole.collect()
}

/// A SentencePiece model.
pub fn sentence_pieces(model: &SentencePieces, ends: &Ends) -> Value {
    let mut normalizers = Vec::new();
    if !model.characters.is_empty() {
        let map = STANDARD.encode(&model.characters);
        normalizers.push(json!({"type": "Precompiled", "precompiled_charsmap": map}));
    }
    if model.removes_spaces {
        normalizers.push(json!({"type": "Strip", "strip_left": true, "strip_right": true}));
        normalizers.push(json!({"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "}));
    }
    let prefix = if model.adds_prefix { "always" } else { "never" };
    let metaspace =
        json!({"type": "Metaspace", "replacement": SPACE, "prepend_scheme": prefix, "split": true});
    let (pre_tokenizer, decoder, cut) = match model.cutting {
        Cutting::Unigram => (metaspace.clone(), metaspace, unigram(model)),
        Cutting::Pairs => {
            // Pieces may begin or end anywhere in spaces, so a text is not cut at them beforehand.
            if model.adds_prefix {
                normalizers.push(json!({"type": "Prepend", "prepend": SPACE}));
            }
            normalizers.push(json!({"type": "Replace", "pattern": {"String": " "}, "content": SPACE}));
            let to_space = json!({"type": "Replace", "pattern": {"String": SPACE}, "content": " "});
            let mut decoders = vec![to_space, json!({"type": "ByteFallback"}), json!({"type": "Fuse"})];
            if model.adds_prefix {
                decoders.push(json!({"type": "Strip", "content": " ", "start": 1, "stop": 0}));
            }
            (Value::Null, json!({"type": "Sequence", "decoders": decoders}), pairs(model))
        }
    };
    json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": added_pieces(&model.pieces),
        "normalizer": {"type": "Sequence", "normalizers": normalizers},
        "pre_tokenizer": pre_tokenizer,
        "post_processor": ends.template(),
        "decoder": decoder,
        "model": cut,
    })
}

fn unigram(model: &SentencePieces) -> Value {
    let vocabulary: Vec<Value> = model.pieces.iter().map(|piece| json!([piece.text, piece.score])).collect();
    let unknown = model.pieces.iter().position(|piece| piece.kind == kind::UNKNOWN);
    json!({
        "type": "Unigram", "unk_id": unknown, "vocab": vocabulary,
        "byte_fallback": model.falls_back_to_bytes,
    })
}

fn pairs(model: &SentencePieces) -> Value {
    let ids: Map<String, Value> =
        model.pieces.iter().enumerate().map(|(id, piece)| (piece.text.clone(), json!(id))).collect();
    let unknown = model.pieces.iter().find(|piece| piece.kind == kind::UNKNOWN).map(|piece| &piece.text);
    json!({
        "type": "BPE", "dropout": null, "unk_token": unknown, "continuing_subword_prefix": null,
        "end_of_word_suffix": null, "fuse_unk": true, "byte_fallback": model.falls_back_to_bytes,
        "ignore_merges": false, "vocab": ids, "merges": merges(&model.pieces),
    })
}

/// Every way to make a piece of two others, the piece with the best score first, as `generate_merges` of
/// transformers orders them.
fn merges(pieces: &[Piece]) -> Vec<[&str; 2]> {
    let usual = || pieces.iter().enumerate().filter(|(_, piece)| piece.kind == kind::USUAL);
    let ids: HashMap<&str, usize> = usual().map(|(id, piece)| (piece.text.as_str(), id)).collect();
    let mut all: Vec<(f32, [&str; 2])> = Vec::new();
    for (_, piece) in usual() {
        let halves = piece.text.char_indices().skip(1).map(|(at, _)| piece.text.split_at(at));
        let mut known: Vec<((usize, usize), [&str; 2])> = halves
            .filter_map(|(left, right)| Some(((*ids.get(left)?, *ids.get(right)?), [left, right])))
            .collect();
        known.sort_unstable_by_key(|(ids, _)| *ids);
        all.extend(known.into_iter().map(|(_, halves)| (piece.score, halves)));
    }
    let length = |text: &str| text.chars().count();
    all.sort_by(|(score, [left, right]), (other, [other_left, other_right])| {
        let lengths = (length(other_left), length(other_right)).cmp(&(length(left), length(right)));
        other.total_cmp(score).then(lengths)
    });
    all.into_iter().map(|(_, halves)| halves).collect()
}

/// BERT's word pieces, by id; `##` stands before those that go on with a word.
pub fn word_pieces(
    vocabulary: &Map<String, Value>,
    added: Vec<Value>,
    unknown: &str,
    lowercase: bool,
    ends: &Ends,
) -> Value {
    json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": added,
        "normalizer": {
            "type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null,
            "lowercase": lowercase,
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": ends.template(),
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
        "model": {
            "type": "WordPiece", "unk_token": unknown, "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100, "vocab": vocabulary,
        },
    })
}
