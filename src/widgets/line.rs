//! One line of text that is being typed.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tui_input::{Input, InputRequest};

/// A way to edit a line or to move in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edit {
    /// One character to the left.
    Left,
    /// One character to the right.
    Right,
    /// One word to the left.
    WordLeft,
    /// One word to the right.
    WordRight,
    /// To the start.
    Start,
    /// To the end.
    End,
    /// Delete the character before the cursor.
    DeleteBackward,
    /// Delete the character under the cursor.
    DeleteForward,
    /// Delete the word before the cursor.
    DeleteWord,
    /// Delete everything before the cursor.
    DeleteToStart,
    /// Delete everything behind the cursor.
    DeleteToEnd,
}

/// One line of text with a cursor. Editing steps over whole graphemes.
#[derive(Debug, Clone, Default)]
pub struct Line {
    input: Input,
}

impl Line {
    /// A line that already has text; the cursor stands behind it.
    pub fn new(text: impl Into<String>) -> Self {
        Self { input: Input::new(text.into()) }
    }

    /// The text.
    pub fn text(&self) -> &str {
        self.input.value()
    }

    /// Whether nothing but white space is typed.
    pub fn is_blank(&self) -> bool {
        self.text().trim_ascii().is_empty()
    }

    /// The byte of the text that the cursor stands before.
    pub fn cursor_byte(&self) -> usize {
        let (text, cursor) = (self.input.value(), self.input.cursor());
        text.char_indices().nth(cursor).map_or(text.len(), |(byte, _)| byte)
    }

    /// Replaces the text; the cursor stands before this byte of it.
    pub fn set_with_cursor(&mut self, text: impl Into<String>, byte: usize) {
        let text = text.into();
        let cursor = text.char_indices().take_while(|(at, _)| *at < byte).count();
        self.input = Input::new(text).with_cursor(cursor);
    }

    /// Columns of the screen from the start of the text to the cursor.
    pub fn cursor_column(&self) -> usize {
        self.input.visual_cursor()
    }

    /// How many columns must be scrolled away for the cursor to be inside `width` columns.
    pub fn scroll(&self, width: usize) -> usize {
        self.input.visual_scroll(width)
    }

    /// Replaces the text; the cursor stands behind it.
    pub fn set(&mut self, text: impl Into<String>) {
        self.input = Input::new(text.into());
    }

    /// Inserts typed or pasted text at the cursor. Line breaks and tabs become spaces; other
    /// control characters are dropped, because no word can be asked for by them and a terminal
    /// would obey them.
    pub fn insert(&mut self, text: &str) {
        let blank = |c| if matches!(c, '\n' | '\r' | '\t') { ' ' } else { c };
        let inserted: String = text.chars().map(blank).filter(|c| !c.is_control()).collect();
        // At once: the library's own insertion copies the whole line for every character.
        let (old, cursor, at) = (self.input.value(), self.input.cursor(), self.cursor_byte());
        let whole = [&old[..at], &inserted, &old[at..]].concat();
        self.input = Input::new(whole).with_cursor(cursor + inserted.chars().count());
    }

    /// Edits the line; whether the text changed.
    pub fn edit(&mut self, edit: Edit) -> bool {
        let request = match edit {
            Edit::Left => InputRequest::GoToPrevChar,
            Edit::Right => InputRequest::GoToNextChar,
            Edit::WordLeft => InputRequest::GoToPrevWord,
            Edit::WordRight => InputRequest::GoToNextWord,
            Edit::Start => InputRequest::GoToStart,
            Edit::End => InputRequest::GoToEnd,
            Edit::DeleteBackward => InputRequest::DeletePrevChar,
            Edit::DeleteForward => InputRequest::DeleteNextChar,
            Edit::DeleteWord => InputRequest::DeletePrevWord,
            Edit::DeleteToStart => InputRequest::DeleteFromStart,
            Edit::DeleteToEnd => InputRequest::DeleteTillEnd,
        };
        self.input.handle(request).is_some_and(|changed| changed.value)
    }
}

/// A line is kept as its text.
impl Serialize for Line {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.text())
    }
}

impl<'de> Deserialize<'de> for Line {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn editing_steps_over_whole_graphemes() {
        let mut line = Line::new("e\u{301}a\u{1F926}\u{1F3FC}\u{200D}\u{2642}\u{FE0F}");
        assert!(line.edit(Edit::DeleteBackward));
        assert_eq!(line.text(), "e\u{301}a");
        line.edit(Edit::Left);
        assert!(line.edit(Edit::DeleteBackward));
        assert_eq!(line.text(), "a");
    }

    #[test]
    fn pasted_control_characters_never_reach_the_line() {
        let mut line = Line::default();
        line.insert("ki\u{1b}[31mng\r\nman\u{7}\tx");
        assert_eq!(line.text(), "ki[31mng  man x");
    }

    #[test]
    fn text_goes_in_where_the_cursor_stands() {
        let mut line = Line::new("né");
        line.edit(Edit::Left);
        line.insert("aï\n");
        assert_eq!(line.text(), "naï é");
        line.insert("x");
        assert_eq!((line.text(), line.cursor_column()), ("naï xé", 5));
        line.insert(&"long ".repeat(100_000));
        assert_eq!(line.text().len(), "naï xé".len() + 500_000);
    }

    #[test]
    fn wide_characters_take_two_columns() {
        let mut line = Line::default();
        line.insert("日本");
        assert_eq!(line.cursor_column(), 4);
        line.edit(Edit::Left);
        assert_eq!(line.cursor_column(), 2);
    }
}
