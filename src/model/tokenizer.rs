//! From text to token ids and back, by the `tokenizers` library.

use std::path::Path;

use super::error::{ModelError, Result};
use crate::foreign;

/// A model's tokenizer.
#[derive(Debug)]
pub struct Tokenizer {
    inner: tokenizers::Tokenizer,
    mask: Option<u32>,
}

/// A text, cut into tokens.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tokens {
    /// One id a token.
    pub ids: Vec<u32>,
    /// How each is written in the vocabulary: "[CLS]", "##ing", "Ġthe".
    pub pieces: Vec<String>,
    /// How each reads: "[CLS]", "ing", " the".
    pub texts: Vec<String>,
    /// The bytes of the text that each stands for; empty for added tokens.
    pub spans: Vec<(usize, usize)>,
    /// Whether a token was added around the text rather than being part of it.
    pub special: Vec<bool>,
    /// The word (counted from 0) that each belongs to; `None` for added tokens.
    pub words: Vec<Option<u32>>,
    /// The type of each: 0, or 1 for those of a second text. None where all are 0.
    pub types: Vec<u32>,
}

impl Tokens {
    /// Tokens that come from no text: none is special, and all read as their names.
    pub fn unmarked(ids: Vec<u32>, names: Vec<String>) -> Self {
        let count = ids.len();
        Self {
            ids,
            texts: names.clone(),
            pieces: names,
            spans: vec![(0, 0); count],
            special: vec![false; count],
            words: vec![None; count],
            types: Vec::new(),
        }
    }

    /// How many tokens.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }
}

/// What to say of a panic of the library.
fn gave_up(panic: &str) -> String {
    format!("something in it that the tokenizers library does not stand ({panic})")
}

impl Tokenizer {
    /// A tokenizer from the bytes of a `tokenizer.json`; `path` is for messages.
    ///
    /// # Errors
    /// [`ModelError::Malformed`] when the library cannot read it.
    pub fn from_json(path: &Path, bytes: &[u8]) -> Result<Self> {
        let malformed = |found: String| ModelError::Malformed {
            path: path.to_owned(),
            what: "the tokenizer".into(),
            expected: "a tokenizer.json".into(),
            found,
        };
        let read = foreign::call(|| tokenizers::Tokenizer::from_bytes(bytes));
        let inner = read.map_err(|panic| malformed(gave_up(&panic)))?;
        Ok(Self::new(inner.map_err(|error| malformed(error.to_string()))?))
    }

    /// Wraps a tokenizer; padding and truncation, which files ask for at will, are switched off.
    pub fn new(mut inner: tokenizers::Tokenizer) -> Self {
        inner.with_padding(None);
        // Switching truncation off cannot fail: only a stride longer than the maximum can.
        let _ = inner.with_truncation(None);
        let mask = ["[MASK]", "<mask>"].iter().find_map(|token| inner.token_to_id(token));
        Self { inner, mask }
    }

    /// The same with `token`, where it is in the vocabulary, as the one that hides a token.
    pub fn masking_with(mut self, token: Option<String>) -> Self {
        self.mask = token.and_then(|token| self.id(&token)).or(self.mask);
        self
    }

    /// Cuts `text` into tokens, with the special tokens that the model expects around it.
    ///
    /// # Errors
    /// [`ModelError::Request`] when the library refuses the text.
    pub fn encode(&self, text: &str) -> Result<Tokens> {
        self.cut(text, true)
    }

    /// Cuts `text` into tokens, with nothing around it.
    ///
    /// # Errors
    /// As [`Self::encode`].
    pub fn encode_as_it_is(&self, text: &str) -> Result<Tokens> {
        self.cut(text, false)
    }

    /// Cuts two texts into the tokens of a pair, with what the model expects around and between them.
    ///
    /// # Errors
    /// As [`Self::encode`].
    pub fn encode_pair(&self, text: &str, second: &str) -> Result<Tokens> {
        self.cut((text, second), true)
    }

    fn cut<'a>(&self, text: impl Into<tokenizers::EncodeInput<'a>> + Send, ends: bool) -> Result<Tokens> {
        let refused = |why: String| ModelError::Request(format!("cannot cut the text into tokens: {why}"));
        let encoding = foreign::call(|| self.inner.encode(text, ends))
            .map_err(|panic| refused(gave_up(&panic)))?
            .map_err(|error| refused(error.to_string()))?;
        let spans: Vec<(usize, usize)> = encoding.get_offsets().to_vec();
        let special: Vec<bool> = encoding.get_special_tokens_mask().iter().map(|&mark| mark == 1).collect();
        Ok(Tokens {
            ids: encoding.get_ids().to_vec(),
            pieces: encoding.get_tokens().to_vec(),
            texts: encoding.get_ids().iter().map(|&id| self.text(id)).collect(),
            spans,
            special,
            words: encoding.get_word_ids().to_vec(),
            types: encoding.get_type_ids().to_vec(),
        })
    }

    /// Tokens for ids that were given directly; those that the vocabulary calls special count as added
    /// around a text, as they are when a text is cut.
    pub fn describe(&self, ids: &[u32]) -> Tokens {
        let added = self.inner.get_added_tokens_decoder();
        let is_special = |id: &u32| added.get(id).is_some_and(|token| token.special);
        Tokens {
            ids: ids.to_vec(),
            pieces: ids.iter().map(|&id| self.piece(id)).collect(),
            texts: ids.iter().map(|&id| self.text(id)).collect(),
            spans: vec![(0, 0); ids.len()],
            special: ids.iter().map(is_special).collect(),
            words: vec![None; ids.len()],
            types: Vec::new(),
        }
    }

    /// How many tokens its vocabulary has, added ones included.
    pub fn size(&self) -> usize {
        self.inner.get_vocab_size(true)
    }

    /// How token `id` is written in the vocabulary.
    pub fn piece(&self, id: u32) -> String {
        self.inner.id_to_token(id).unwrap_or_else(|| format!("<{id}>"))
    }

    /// How token `id` reads on its own.
    pub fn text(&self, id: u32) -> String {
        let piece = self.piece(id);
        if let Some(rest) = piece.strip_prefix("##") {
            return rest.to_owned();
        }
        match foreign::call(|| self.inner.decode(&[id], false)) {
            Ok(Ok(text)) if !text.is_empty() => text,
            _ => piece,
        }
    }

    /// The text of `ids`.
    ///
    /// # Errors
    /// [`ModelError::Request`] when the library refuses them.
    pub fn decode(&self, ids: &[u32]) -> Result<String> {
        let refused = |why: String| ModelError::Request(format!("cannot put the tokens together: {why}"));
        foreign::call(|| self.inner.decode(ids, true))
            .map_err(|panic| refused(gave_up(&panic)))?
            .map_err(|error| refused(error.to_string()))
    }

    /// The id of a token as written in the vocabulary.
    pub fn id(&self, piece: &str) -> Option<u32> {
        self.inner.token_to_id(piece)
    }

    /// The id of the mask token, where there is one.
    pub fn mask(&self) -> Option<u32> {
        self.mask
    }
}
