//! Vocabularies of pieces in a GGUF file: SentencePiece's (`tokenizer.ggml.model` "llama") and BERT's word
//! pieces ("bert").

use serde_json::{Map, Value as Json, json};

use super::vocabulary::Vocabulary;
use crate::model::sentencepiece::{Cutting, Piece, SentencePieces, kind};
use crate::model::tokenizer_documents::{self, Ends, SPACE};

/// SentencePiece's BPE with bytes for what is not known (llama.cpp's `llm_tokenizer_spm`).
pub fn sentence_pieces(vocabulary: &Vocabulary<'_>) -> Json {
    let scores = vocabulary.list("tokenizer.ggml.scores");
    let pieces = vocabulary.tokens().map(|(id, text)| Piece {
        text: text.into_owned(),
        score: scores.and_then(|scores| scores.float(id)).unwrap_or(0.0),
        kind: vocabulary.kind(id).unwrap_or(kind::USUAL),
    });
    let model = SentencePieces {
        pieces: pieces.collect(),
        cutting: Cutting::Pairs,
        falls_back_to_bytes: true,
        characters: Vec::new(),
        adds_prefix: vocabulary.flag("tokenizer.ggml.add_space_prefix", true),
        removes_spaces: false,
    };
    tokenizer_documents::sentence_pieces(&model, &vocabulary.ends(true))
}

/// BERT's: the converter wrote a sign for a space before pieces that begin a word, and took the `##` from
/// the others.
pub fn word_pieces(vocabulary: &Vocabulary<'_>) -> Json {
    let ids: Map<String, Json> = vocabulary
        .tokens()
        .map(|(id, token)| {
            let piece = match token.strip_prefix(SPACE) {
                Some(begin) => begin.to_owned(),
                None if vocabulary.kind(id) == Some(kind::CONTROL) => token.into_owned(),
                None => format!("##{token}"),
            };
            (piece, json!(id))
        })
        .collect();
    let one = |keys: &[&str]| keys.iter().find_map(|key| vocabulary.token(&format!("tokenizer.ggml.{key}")));
    let ends = Ends {
        first: one(&["cls_token_id", "bos_token_id"]).into_iter().collect(),
        // llama.cpp spells the key so.
        last: one(&["seperator_token_id", "eos_token_id"]).into_iter().collect(),
        has_types: true,
    };
    let unknown = one(&["unknown_token_id"]).map_or_else(|| "[UNK]".to_owned(), |(token, _)| token);
    let lowercase = vocabulary.flag("tokenizer.ggml.normalizer.lowercase", true);
    tokenizer_documents::word_pieces(&ids, vocabulary.added(), &unknown, lowercase, &ends)
}
