//! Text for a terminal, which obeys some characters instead of showing them.

use std::borrow::Cow;

/// `text` with everything escaped that a terminal would obey instead of show: control characters,
/// and marks that turn the direction of the rest of the line.
pub fn tame(text: &str, terminal: bool) -> Cow<'_, str> {
    let obeyed = |character: char| {
        character.is_control()
            || matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if !terminal || !text.chars().any(obeyed) {
        return Cow::Borrowed(text);
    }
    let escaped = text.chars().map(|character| match obeyed(character) {
        true => character.escape_unicode().to_string(),
        false => character.to_string(),
    });
    Cow::Owned(escaped.collect())
}
