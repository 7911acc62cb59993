//! The vocabulary of a GGUF file: tokens, their kinds, and those that stand around a text.

use std::borrow::Cow;

use serde_json::Value as Json;

use super::header::{Header, Value};
use super::list::List;
use crate::model::sentencepiece::kind;
use crate::model::tokenizer_documents::{Ends, Token, added};

/// The vocabulary of a header.
pub struct Vocabulary<'a> {
    header: &'a Header,
}

impl<'a> Vocabulary<'a> {
    /// That of `header`.
    pub fn of(header: &'a Header) -> Self {
        Self { header }
    }

    /// The text at `key`, where there is one.
    pub fn text(&self, key: &str) -> Option<&'a str> {
        match self.header.pairs.get(key) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// The list at `key`, where there is one.
    pub fn list(&self, key: &str) -> Option<&'a List> {
        match self.header.pairs.get(key) {
            Some(Value::List(list)) => Some(list),
            _ => None,
        }
    }

    /// The flag at `key`, or `default`.
    pub fn flag(&self, key: &str, default: bool) -> bool {
        match self.header.pairs.get(key) {
            Some(Value::Flag(flag)) => *flag,
            _ => default,
        }
    }

    /// Every token with its id.
    pub fn tokens(&self) -> impl Iterator<Item = (usize, Cow<'a, str>)> {
        self.list("tokenizer.ggml.tokens").into_iter().flat_map(texts).enumerate()
    }

    /// The kind of token `id`, where the file says it.
    pub fn kind(&self, id: usize) -> Option<i64> {
        self.list("tokenizer.ggml.token_type")?.integer(id)
    }

    /// The token whose id stands at `key`, and its id.
    pub fn token(&self, key: &str) -> Option<Token> {
        let Some(Value::Integer(id)) = self.header.pairs.get(key) else { return None };
        let id = u64::try_from(*id).ok()?;
        let token = self.list("tokenizer.ggml.tokens")?.text(usize::try_from(id).ok()?)?;
        Some((token.into_owned(), id))
    }

    /// The tokens that are matched whole, as a `tokenizer.json` lists them.
    pub fn added(&self) -> Vec<Json> {
        let whole = self.tokens().filter_map(|(id, token)| match self.kind(id)? {
            kind::CONTROL | kind::UNKNOWN => Some(added(&token, id, true)),
            kind::USER_DEFINED => Some(added(&token, id, false)),
            _ => None,
        });
        whole.collect()
    }

    /// The tokens around a text that the header asks for; `begins` says whether one comes first where the
    /// header does not say.
    pub fn ends(&self, begins: bool) -> Ends {
        let asked = |key: &str, flag: &str, default| self.token(key).filter(|_| self.flag(flag, default));
        let first = asked("tokenizer.ggml.bos_token_id", "tokenizer.ggml.add_bos_token", begins);
        let last = asked("tokenizer.ggml.eos_token_id", "tokenizer.ggml.add_eos_token", false);
        Ends { first: first.into_iter().collect(), last: last.into_iter().collect(), has_types: false }
    }
}

/// The texts of a list.
pub fn texts(list: &List) -> impl Iterator<Item = Cow<'_, str>> {
    (0..list.len()).filter_map(|index| list.text(index))
}
