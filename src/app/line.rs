//! One line of text that is being typed.

use tui_input::{Input, InputRequest};

use super::Action;

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
        self.text().trim().is_empty()
    }

    /// Columns of the screen from the start of the text to the cursor.
    pub fn cursor_column(&self) -> usize {
        self.input.visual_cursor()
    }

    /// How many columns must be scrolled away for the cursor to be inside `width` columns.
    pub fn scroll(&self, width: usize) -> usize {
        self.input.visual_scroll(width)
    }

    /// Whether the cursor stands behind the last character.
    pub fn cursor_at_end(&self) -> bool {
        self.input.cursor() >= self.text().chars().count()
    }

    /// Replaces the text; the cursor stands behind it.
    pub fn set(&mut self, text: impl Into<String>) {
        self.input = Input::new(text.into());
    }

    /// Inserts typed or pasted text at the cursor. Line breaks and tabs become spaces; other
    /// control characters are dropped, because no word can be asked for by them and a terminal
    /// would obey them.
    pub fn insert(&mut self, text: &str) {
        for character in text.chars() {
            let character = if matches!(character, '\n' | '\r' | '\t') { ' ' } else { character };
            if !character.is_control() {
                self.input.handle(InputRequest::InsertChar(character));
            }
        }
    }

    /// Carries out an editing action; `None` when `action` edits no text, else whether the text changed.
    pub fn edit(&mut self, action: Action) -> Option<bool> {
        let request = match action {
            Action::CursorLeft => InputRequest::GoToPrevChar,
            Action::CursorRight => InputRequest::GoToNextChar,
            Action::CursorWordLeft => InputRequest::GoToPrevWord,
            Action::CursorWordRight => InputRequest::GoToNextWord,
            Action::CursorStart => InputRequest::GoToStart,
            Action::CursorEnd => InputRequest::GoToEnd,
            Action::DeleteBackward => InputRequest::DeletePrevChar,
            Action::DeleteForward => InputRequest::DeleteNextChar,
            Action::DeleteWord => InputRequest::DeletePrevWord,
            Action::DeleteToStart => InputRequest::DeleteFromStart,
            Action::DeleteToEnd => InputRequest::DeleteTillEnd,
            _ => return None,
        };
        Some(self.input.handle(request).is_some_and(|changed| changed.value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn editing_steps_over_whole_graphemes() {
        let mut line = Line::new("e\u{301}a\u{1F926}\u{1F3FC}\u{200D}\u{2642}\u{FE0F}");
        assert_eq!(line.edit(Action::DeleteBackward), Some(true));
        assert_eq!(line.text(), "e\u{301}a");
        line.edit(Action::CursorLeft);
        assert_eq!(line.edit(Action::DeleteBackward), Some(true));
        assert_eq!(line.text(), "a");
    }

    #[test]
    fn pasted_control_characters_never_reach_the_line() {
        let mut line = Line::default();
        line.insert("ki\u{1b}[31mng\r\nman\u{7}\tx");
        assert_eq!(line.text(), "ki[31mng  man x");
    }

    #[test]
    fn wide_characters_take_two_columns() {
        let mut line = Line::default();
        line.insert("日本");
        assert_eq!(line.cursor_column(), 4);
        line.edit(Action::CursorLeft);
        assert_eq!(line.cursor_column(), 2);
    }
}
