//! Text in a table.

use crate::visible;

/// A text as a cell: on a terminal all of it visible, elsewhere at least what would end the line.
pub fn shown(text: &str, terminal: bool) -> String {
    if terminal {
        return visible::line(text).into_owned();
    }
    let ends = |character: char| {
        matches!(character, '\n' | '\r' | '\t' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
    };
    let sign = |character: char| visible::line(character.encode_utf8(&mut [0; 4])).into_owned();
    text.chars().map(|character| if ends(character) { sign(character) } else { character.into() }).collect()
}
