//! The word of an expression that is being typed.

use std::ops::Range;

use super::parser::{MINUS, is_word_character};

/// The bytes of `text` that belong to the word at `cursor` (a byte, too): inside of an expression that
/// word with its quotes, elsewhere the whole text.
pub fn word_at(text: &str, cursor: usize) -> Range<usize> {
    let cursor = (0..=cursor.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    if !has_operator(text) {
        return 0..text.len();
    }
    let (before, behind) = text.split_at(cursor);
    if before.matches('"').count() % 2 == 1 {
        let start = before.rfind('"').unwrap_or(0);
        return start..behind.find('"').map_or(text.len(), |quote| cursor + quote + 1);
    }
    let inside = |character: char| is_word_character(character) || MINUS.contains(&character);
    let start = before
        .rfind(|character| !inside(character))
        .map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
    let end = behind.find(|character| !inside(character)).map_or(text.len(), |at| cursor + at);
    // A minus at the edge is an operator, one between letters a hyphen.
    let word = &text[start..end];
    let skipped = word.len() - word.trim_start_matches(MINUS).len();
    (start + skipped).min(end)..end.max(start + skipped)
}

/// Whether a text is more than words: an operator, brackets or quotes, or a minus that is no hyphen.
fn has_operator(text: &str) -> bool {
    let mut before = ' ';
    text.chars().any(|character| {
        let minus = MINUS.contains(&character) && before.is_whitespace();
        before = character;
        minus || "+*/()[]\"".contains(character)
    })
}

/// `word` as it has to be written inside an expression.
pub fn quoted(word: &str) -> String {
    let plain =
        word.chars().all(|character| character.is_alphanumeric() || matches!(character, '_' | '.' | '\''))
            && word.chars().next().is_some_and(|first| !first.is_ascii_digit() && first != '.');
    if plain { word.to_owned() } else { format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\"")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_at_the_cursor_is_found() {
        let at = |text: &str| {
            let cursor = text.find('|').unwrap();
            let text = text.replace('|', "");
            text[word_at(&text, cursor)].to_owned()
        };
        assert_eq!(at("new yor|"), "new yor");
        assert_eq!(at("king - man + wom|"), "wom");
        assert_eq!(at("ki|ng - man"), "king");
        assert_eq!(at("king - m|an"), "man");
        assert_eq!(at("king -m|"), "m");
        assert_eq!(at("2*(well-kn|own + x)"), "well-known");
        assert_eq!(at("\"new yo|rk\" + food"), "\"new york\"");
        assert_eq!(at("\"new yo|"), "\"new yo");
        assert_eq!(at("king - |"), "");
        assert_eq!(at("é + naï|"), "naï");
        for text in ["", "-", "\"", "a - ", "日本 + 語"] {
            for cursor in 0..text.len() + 2 {
                assert!(text.get(word_at(text, cursor)).is_some(), "{text} {cursor}");
            }
        }
    }

    #[test]
    fn words_that_an_expression_would_cut_are_quoted() {
        for (word, expected) in
            [("king", "king"), ("new york", "\"new york\""), ("12", "\"12\""), ("a\"b", "\"a\\\"b\"")]
        {
            assert_eq!(quoted(word), expected);
        }
    }
}
