//! What tokens and outputs are called where a person reads them.

use std::collections::HashMap;

use crate::model::Model;
use crate::model::network::Kind;
use crate::model::tokenizer::Tokens;

/// A label for every token: as it reads, without blanks around it, on one line. `##ing` keeps the mark
/// that it continues a word; a token that reads as nothing is called as the vocabulary writes it.
pub fn labels(tokens: &Tokens) -> Vec<String> {
    let texts = tokens.texts.iter().map(String::as_str).chain(std::iter::repeat(""));
    tokens.pieces.iter().zip(texts).map(|(piece, text)| label(piece, text)).collect()
}

/// The labels of token ids, as a model's tokenizer names them.
pub fn labels_of(model: &Model, ids: &[u32]) -> Vec<String> {
    labels(&described(model, ids))
}

/// `labels` in which those that stand there more than once carry their position, as in "the⁵".
pub fn told_apart(labels: Vec<String>) -> Vec<String> {
    let mut counts: HashMap<String, usize> = HashMap::new();
    for label in &labels {
        *counts.entry(label.clone()).or_default() += 1;
    }
    let numbered = |(position, label): (usize, String)| match counts.get(&label) {
        Some(2..) => format!("{label}{}", superscript(position)),
        _ => label,
    };
    labels.into_iter().enumerate().map(numbered).collect()
}

fn superscript(number: usize) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    number.to_string().bytes().map(|digit| DIGITS[usize::from(digit - b'0') % 10]).collect()
}

fn label(piece: &str, text: &str) -> String {
    let text = if piece.starts_with("##") { piece } else { text };
    let shown = match text.trim_matches(' ') {
        "" => piece,
        shown => shown,
    };
    shown.escape_debug().to_string().replace("\\\"", "\"").replace("\\'", "'")
}

/// How the output `id` of a model reads: a token, or a class where it names no tokens; its number
/// where neither is known.
pub fn output_name(model: &Model, id: u32) -> String {
    match (model.labels.get(&(id as usize)), &model.tokenizer) {
        (Some(label), _) => label.clone(),
        (None, Some(tokenizer)) if model.network.kind != Kind::Classifier => tokenizer.text(id),
        (None, _) => id.to_string(),
    }
}

/// Token ids that were given as numbers, with the names that the model's tokenizer knows.
pub fn described(model: &Model, ids: &[u32]) -> Tokens {
    match &model.tokenizer {
        Some(tokenizer) => tokenizer.describe(ids),
        None => Tokens::unmarked(ids.to_vec(), ids.iter().map(u32::to_string).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_that_repeat_carry_their_position() {
        let labels = ["[CLS]", "the", "cat", "the"].map(String::from).to_vec();
        assert_eq!(told_apart(labels), ["[CLS]", "the¹", "cat", "the³"]);
        assert_eq!(superscript(120), "¹²⁰");
    }

    #[test]
    fn a_label_is_one_line_that_says_something() {
        assert_eq!(label("Ġcat", " cat"), "cat");
        assert_eq!(label("##ing", "ing"), "##ing");
        assert_eq!(label("Ġ", " "), "Ġ");
        assert_eq!(label("Ċ", "\n"), "\\n");
        assert_eq!(label("\"", "\""), "\"");
        assert_eq!(labels(&Tokens { pieces: vec!["x".into()], ..Tokens::default() }), ["x"]);
    }
}
