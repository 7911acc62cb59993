//! Text for eyes: what a terminal would obey, or not show at all, stands there as a sign.
//!
//! Words come from files and names from command lines, so without this a word could send escape
//! sequences to the terminal, turn the rest of its line round, or pass for another.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// `text` with everything visible: control characters as control pictures, no-break spaces and
/// characters that reorder or vanish as a sign, a lone combining mark on a dotted circle, and of an
/// empty text that it is empty.
pub fn visible(text: &str) -> Cow<'_, str> {
    if text.is_empty() { Cow::Borrowed("(empty)") } else { line(text) }
}

/// [`visible`] for a line of prose, of which nothing need be said when it is empty.
pub fn line(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for grapheme in text.graphemes(true) {
        push(grapheme, &mut shown);
    }
    Cow::Owned(shown)
}

/// [`visible`] for text of several lines: ends of lines and tabs stay.
pub fn lines(text: &str) -> Cow<'_, str> {
    let obeyed = |character: char| !matches!(character, '\n' | '\t') && picture(character).is_some();
    if !text.chars().any(obeyed) {
        return Cow::Borrowed(text);
    }
    let shown = |character: char| picture(character).filter(|_| obeyed(character)).unwrap_or(character);
    Cow::Owned(text.chars().map(shown).collect())
}

fn push(grapheme: &str, shown: &mut String) {
    // In a picture made of several the joiner belongs to it.
    let joined = grapheme.contains('\u{200d}') && grapheme.width() == 2 && grapheme.chars().count() > 2;
    let sign = |character: char| picture(character).filter(|_| !(joined && is_part_of_a_picture(character)));
    if grapheme.chars().any(|character| sign(character).is_some()) {
        shown.extend(grapheme.chars().map(|character| sign(character).unwrap_or(character)));
    } else if grapheme.width() == 0 {
        shown.push('◌');
        shown.push_str(grapheme);
    } else {
        shown.push_str(grapheme);
    }
}

fn is_part_of_a_picture(character: char) -> bool {
    matches!(character, '\u{200d}' | '\u{e0020}'..='\u{e007f}')
}

/// The sign for a character that must not reach the terminal as it is.
fn picture(character: char) -> Option<char> {
    match character {
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(character)),
        '\u{7f}' => Some('␡'),
        '\u{85}' | '\u{2028}' | '\u{2029}' => Some('␤'),
        '\u{80}'..='\u{9f}' => Some('␦'),
        '\u{a0}' | '\u{202f}' | '\u{2007}' => Some('⍽'),
        // Marks and embeddings that change the direction of what follows.
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{61c}' => Some('␦'),
        // What takes no room: zero width space and joiners, soft hyphen, byte order mark, word joiner
        // and invisible operators, fillers, annotations, tags.
        '\u{200b}'..='\u{200d}'
        | '\u{ad}'
        | '\u{feff}'
        | '\u{2060}'..='\u{2064}'
        | '\u{206a}'..='\u{206f}'
        | '\u{115f}'
        | '\u{1160}'
        | '\u{3164}'
        | '\u{ffa0}'
        | '\u{180e}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}' => Some('␣'),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("king", "king")]
    #[case("", "(empty)")]
    #[case("a\u{1b}[31mb", "a␛[31mb")]
    #[case("\u{7f}\u{9b}\u{85}", "␡␦␤")]
    #[case("x\u{a0}y", "x⍽y")]
    #[case("a\u{202e}b", "a␦b")]
    #[case("\u{301}", "◌\u{301}")]
    #[case("\r\n", "␍␊")]
    #[case("e\u{301}", "e\u{301}")]
    #[case("日本", "日本")]
    #[case("a\u{200d}b", "a␣b")]
    #[case("a\u{e0041}", "a␣")]
    #[case("👩\u{200d}🔬", "👩\u{200d}🔬")]
    fn everything_is_visible(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(visible(text), expected);
    }

    #[test]
    fn lines_stay_lines() {
        assert_eq!(lines("a\tb\n\u{1b}[2J"), "a\tb\n␛[2J");
        assert_eq!((line("").as_ref(), lines("").as_ref()), ("", ""));
    }
}
