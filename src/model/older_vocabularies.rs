//! The tokenizer of a folder without a `tokenizer.json`: `vocab.txt` (BERT), `vocab.json` with `merges.txt`
//! (GPT-2 and its kin), a SentencePiece model (Llama, T5, ALBERT, DeBERTa), or `source.spm` with `vocab.json`
//! (Marian). Which it is, and what stands around a text, is as the slow tokenizers of transformers 4 have it.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::error::{ModelError, Result};
use super::sentencepiece::{Cutting, Piece, SentencePieces, kind};
use super::tokenizer_documents::{Ends, Token, added, sentence_pieces, word_pieces};
use super::tokenizer_settings::TokenizerFiles;

/// A folder's older files.
pub struct OlderVocabulary<'a> {
    /// The folder.
    pub folder: &'a Path,
    /// `model_type` of its configuration.
    pub model_type: &'a str,
    /// The files beside.
    pub beside: &'a TokenizerFiles,
}

impl OlderVocabulary<'_> {
    /// The `tokenizer.json` that says the same, and the file that it is made of; `None` where there is none of
    /// these files.
    ///
    /// # Errors
    /// A file that cannot be read or makes no sense; one of a kind that is not read.
    pub fn document(&self) -> Result<Option<(std::path::PathBuf, Value)>> {
        if let Some((path, text)) = self.text("vocab.txt")? {
            return Ok(Some((path, self.words(&text))));
        }
        if let Some((path, bytes)) = self.bytes("source.spm")? {
            let document = self.marian(&path, &bytes)?;
            return Ok(Some((path, document)));
        }
        if let (Some((path, vocabulary)), Some((_, merges))) =
            (self.text("vocab.json")?, self.text("merges.txt")?)
        {
            let document = self.bytes_in_pairs(&path, &vocabulary, &merges)?;
            return Ok(Some((path, document)));
        }
        for name in ["tokenizer.model", "spiece.model", "spm.model"] {
            if let Some((path, bytes)) = self.bytes(name)? {
                let model = SentencePieces::parse(&path, &bytes)?;
                let document = self.pieces(model);
                return Ok(Some((path, document)));
            }
        }
        let other = self.folder.join("sentencepiece.bpe.model");
        if other.is_file() {
            return Err(ModelError::Unsupported {
                path: other,
                what: "a vocabulary whose ids are moved (XLM-R, CamemBERT)".into(),
                advice: "fetch the model's tokenizer.json, too, or give token ids (--ids 1,2,3)".into(),
            });
        }
        Ok(None)
    }

    fn bytes(&self, name: &str) -> Result<Option<(std::path::PathBuf, Vec<u8>)>> {
        let path = self.folder.join(name);
        match std::fs::read(&path) {
            Ok(bytes) => Ok(Some((path, bytes))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(ModelError::io("read", &path)(error)),
        }
    }

    fn text(&self, name: &str) -> Result<Option<(std::path::PathBuf, String)>> {
        let found = self.bytes(name)?;
        Ok(found.map(|(path, bytes)| (path, String::from_utf8_lossy(&bytes).into_owned())))
    }

    /// The token of a role, as the files beside name it, or `usual`.
    fn role(&self, role: &str, usual: &str) -> String {
        let files = [&self.beside.special, &self.beside.config];
        let named = files.into_iter().flatten().find_map(|roles| {
            let token = roles.get(role)?;
            token.as_str().or_else(|| token.get("content")?.as_str())
        });
        named.unwrap_or(usual).to_owned()
    }

    fn is_of(&self, families: &[&str]) -> bool {
        families.contains(&self.model_type)
    }

    /// BERT's: a piece a line.
    fn words(&self, text: &str) -> Value {
        let lines = text.lines().map(str::trim_end).enumerate();
        let vocabulary: Map<String, Value> = lines.map(|(id, piece)| (piece.to_owned(), json!(id))).collect();
        let usual = if self.is_of(&["mpnet"]) { ["<s>", "</s>"] } else { ["[CLS]", "[SEP]"] };
        let (first, last) = (self.role("cls_token", usual[0]), self.role("sep_token", usual[1]));
        let unknown = self.role("unk_token", "[UNK]");
        let id = |token: &str| vocabulary.get(token).and_then(Value::as_u64);
        let whole = ["pad_token", "unk_token", "cls_token", "sep_token", "mask_token"];
        let usual = |role: &str| format!("[{}]", role.trim_end_matches("_token").to_uppercase());
        let whole = whole.map(|role| self.role(role, &usual(role)));
        let mut whole: Vec<(u64, String)> =
            whole.into_iter().filter_map(|token| Some((id(&token)?, token))).collect();
        whole.sort();
        whole.dedup();
        let whole = whole.into_iter().map(|(id, token)| added(&token, id as usize, true)).collect();
        let token = |token: String| id(&token).map(|id| (token, id)).into_iter().collect::<Vec<Token>>();
        let (first, last) = (token(first), token(last));
        let mut ends = Ends { first, last, has_types: true };
        if self.is_of(&["mpnet"]) {
            ends.has_types = false;
        }
        word_pieces(&vocabulary, whole, &unknown, true, &ends)
    }

    /// GPT-2's: bytes, the neighbours of which become one in the order of a list.
    fn bytes_in_pairs(&self, path: &Path, vocabulary: &str, merges: &str) -> Result<Value> {
        let vocabulary = ids(path, vocabulary)?;
        let merges: Vec<&str> =
            merges.lines().filter(|line| !line.starts_with("#version") && !line.trim().is_empty()).collect();
        if self.is_of(&["clip", "clip_text_model"]) {
            return Ok(self.words_in_pairs(&vocabulary, &merges));
        }
        let stands_between = self.is_of(&["roberta", "bart", "mpnet", "longformer", "xlm-roberta"]);
        let level =
            json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true});
        let around = self.around(&vocabulary, ("bos_token", "<s>"), ("eos_token", "</s>"));
        let post_processor = around.filter(|_| stands_between).unwrap_or_else(|| level.clone());
        let qwen = [
            json!({"type": "Split", "pattern": {"Regex": QWEN}, "behavior": "Isolated", "invert": false}),
            json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false}),
        ];
        let is_qwen = self.is_of(&["qwen2", "qwen3", "qwen3_moe"]);
        let (normalizer, pre_tokenizer) = match is_qwen {
            true => (json!({"type": "NFC"}), json!({"type": "Sequence", "pretokenizers": qwen})),
            false => (Value::Null, level.clone()),
        };
        Ok(json!({
            "version": "1.0",
            "truncation": null,
            "padding": null,
            "added_tokens": self.whole(&vocabulary),
            "normalizer": normalizer,
            "pre_tokenizer": pre_tokenizer,
            "post_processor": post_processor,
            "decoder": level,
            "model": {
                "type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null,
                "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false, "ignore_merges": false,
                "vocab": vocabulary, "merges": merges,
            },
        }))
    }

    /// CLIP's: small letters, and a sign where a word ends.
    fn words_in_pairs(&self, vocabulary: &Map<String, Value>, merges: &[&str]) -> Value {
        let (first, last) = (("bos_token", "<|startoftext|>"), ("eos_token", "<|endoftext|>"));
        let level =
            json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false});
        json!({
            "version": "1.0",
            "truncation": null,
            "padding": null,
            "added_tokens": self.whole(vocabulary),
            "normalizer": {"type": "Sequence", "normalizers": [
                {"type": "NFC"},
                {"type": "Replace", "pattern": {"Regex": r"\s+"}, "content": " "},
                {"type": "Lowercase"},
            ]},
            "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
                {"type": "Split", "pattern": {"Regex": CLIP}, "behavior": "Removed", "invert": true},
                level,
            ]},
            "post_processor": self.around(vocabulary, first, last),
            "decoder": {"type": "Sequence", "decoders": [
                {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
                {"type": "Replace", "pattern": {"String": "</w>"}, "content": " "},
            ]},
            "model": {
                "type": "BPE", "dropout": null, "unk_token": self.role("unk_token", "<|endoftext|>"),
                "continuing_subword_prefix": "", "end_of_word_suffix": "</w>", "fuse_unk": false,
                "byte_fallback": false, "ignore_merges": false, "vocab": vocabulary, "merges": merges,
            },
        })
    }

    /// The tokens of two roles around a text, where the vocabulary has them; the second one stands twice
    /// between two texts.
    fn around(
        &self,
        vocabulary: &Map<String, Value>,
        first: (&str, &str),
        last: (&str, &str),
    ) -> Option<Value> {
        let token = |(role, usual): (&str, &str)| -> Option<Token> {
            let token = self.role(role, usual);
            let id = vocabulary.get(&token)?.as_u64()?;
            Some((token, id))
        };
        Some(json!({
            "type": "RobertaProcessing", "cls": token(first)?, "sep": token(last)?, "trim_offsets": true,
            "add_prefix_space": false,
        }))
    }

    /// The tokens with a role that the vocabulary has: matched whole.
    fn whole(&self, vocabulary: &Map<String, Value>) -> Vec<Value> {
        let usual = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", "<|startoftext|>", "<|endoftext|>"];
        let mut found: Vec<(u64, &str)> =
            usual.into_iter().filter_map(|token| Some((vocabulary.get(token)?.as_u64()?, token))).collect();
        found.sort_unstable();
        found.into_iter().map(|(id, token)| added(token, id as usize, true)).collect()
    }

    /// A SentencePiece model whose ids are those of the file.
    fn pieces(&self, mut model: SentencePieces) -> Value {
        let named = |model: &SentencePieces, token: String| -> Vec<Token> {
            let id = model.pieces.iter().position(|piece| piece.text == token);
            id.map(|id| (token, id as u64)).into_iter().collect()
        };
        let ends = if self.is_of(&["t5", "mt5", "umt5"]) {
            // Tokens for gaps, the last first, behind all others.
            let gaps = self.beside.config.as_ref().and_then(|config| config.get("extra_ids")?.as_u64());
            for gap in (0..gaps.unwrap_or(100).min(1000)).rev() {
                let text = format!("<extra_id_{gap}>");
                model.pieces.push(Piece { text, score: 0.0, kind: kind::CONTROL });
            }
            Ends { last: named(&model, self.role("eos_token", "</s>")), ..Ends::default() }
        } else if self.is_of(&["albert", "deberta-v2"]) {
            let token = |role, usual| named(&model, self.role(role, usual));
            Ends { first: token("cls_token", "[CLS]"), last: token("sep_token", "[SEP]"), has_types: true }
        } else {
            Ends { first: named(&model, self.role("bos_token", "<s>")), ..Ends::default() }
        };
        let mut document = sentence_pieces(&model, &ends);
        if self.is_of(&["albert"])
            && let Some(normalizers) = document["normalizer"]["normalizers"].as_array_mut()
        {
            let steps = [
                json!({"type": "Replace", "pattern": {"String": "``"}, "content": "\""}),
                json!({"type": "Replace", "pattern": {"String": "''"}, "content": "\""}),
                json!({"type": "NFKD"}),
                json!({"type": "StripAccents"}),
                json!({"type": "Lowercase"}),
            ];
            normalizers.splice(0..0, steps);
        }
        document
    }

    /// Marian's: pieces of the language that is read, with the ids of a vocabulary of both languages.
    fn marian(&self, path: &Path, bytes: &[u8]) -> Result<Value> {
        let own = SentencePieces::parse(path, bytes)?;
        let beside = self.folder.join("vocab.json");
        let Some((_, text)) = self.text("vocab.json")? else {
            return Err(ModelError::Unsupported {
                path: beside,
                what: "source.spm without vocab.json".into(),
                advice: "fetch all files of the model".into(),
            });
        };
        let vocabulary = ids(&beside, &text)?;
        let scores: std::collections::HashMap<&str, f32> =
            own.pieces.iter().map(|piece| (piece.text.as_str(), piece.score)).collect();
        let mut pieces: Vec<Piece> = Vec::new();
        let mut sorted: Vec<(&String, u64)> =
            vocabulary.iter().filter_map(|(text, id)| Some((text, id.as_u64()?))).collect();
        sorted.sort_unstable_by_key(|(_, id)| *id);
        for (place, (text, id)) in sorted.into_iter().enumerate() {
            if place as u64 != id {
                return Err(ModelError::Malformed {
                    path: beside,
                    what: format!("the id of \"{text}\""),
                    expected: place.to_string(),
                    found: id.to_string(),
                });
            }
            let kind = match text.as_str() {
                "</s>" | "<pad>" => kind::CONTROL,
                "<unk>" => kind::UNKNOWN,
                // What a text is to be translated into: >>fra<<.
                text if text.starts_with(">>") && text.ends_with("<<") => kind::CONTROL,
                _ => kind::USUAL,
            };
            // Pieces of the other language are written, and not read.
            let score = scores.get(text.as_str()).copied().unwrap_or(NEVER);
            pieces.push(Piece { text: text.clone(), score, kind });
        }
        let model = SentencePieces { pieces, cutting: Cutting::Unigram, ..own };
        let ends = Ends {
            last: vocabulary
                .get("</s>")
                .and_then(Value::as_u64)
                .map(|id| ("</s>".to_owned(), id))
                .into_iter()
                .collect(),
            ..Ends::default()
        };
        Ok(sentence_pieces(&model, &ends))
    }
}

/// The score of a piece that no text is cut into as long as there is another way.
const NEVER: f32 = -1e6;

/// How Qwen cuts a text before merging.
const QWEN: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// How CLIP does.
const CLIP: &str =
    r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+";

/// A `vocab.json`: from tokens to ids.
fn ids(path: &Path, text: &str) -> Result<Map<String, Value>> {
    match serde_json::from_str(text) {
        Ok(Value::Object(ids)) => Ok(ids),
        Ok(other) => Err(ModelError::Malformed {
            path: path.to_owned(),
            what: "the file".into(),
            expected: "an object from tokens to ids".into(),
            found: other.to_string().chars().take(40).collect(),
        }),
        Err(error) => Err(ModelError::Malformed {
            path: path.to_owned(),
            what: format!("line {}, column {}", error.line(), error.column()),
            expected: "JSON".into(),
            found: error.to_string(),
        }),
    }
}
