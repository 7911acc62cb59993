//! Handing what is shown to the terminal's clipboard.

use std::fmt::Write;

use super::super::{App, Effect, Screen};

impl App {
    pub(super) fn copy_selected(&mut self) -> Vec<Effect> {
        let selected = match self.screen {
            Screen::Words => self.words.selected_neighbour().map(|neighbour| neighbour.word.clone()),
            Screen::Analogy => self.analogy.selected_neighbour().map(|neighbour| neighbour.word.clone()),
            Screen::Attention => self.attention.cell_in_words(),
            Screen::Positions => None,
        };
        let Some(word) = selected else { return Vec::new() };
        self.inform(format!("sent \"{word}\" to the terminal's clipboard"));
        vec![Effect::Copy(word)]
    }

    pub(super) fn copy_list(&mut self) -> Vec<Effect> {
        if self.screen == Screen::Attention {
            return self.copy_map();
        }
        let list = match (self.screen, &self.words.answer) {
            (Screen::Words, Some(answer)) => answer.neighbours.as_slice(),
            (Screen::Words, None) => &[],
            (Screen::Analogy, _) => self.analogy.selected_list(),
            (Screen::Attention | Screen::Positions, _) => &[],
        };
        let lines: String =
            list.iter().map(|entry| format!("{}\t{:.6}\n", entry.word, entry.score)).collect();
        let count = list.len();
        self.inform(format!("sent {count} lines (word, tab, score) to the terminal's clipboard"));
        vec![Effect::Copy(lines)]
    }

    /// The map of the selected head, one row of tab-separated numbers a token, under a line of names.
    fn copy_map(&mut self) -> Vec<Effect> {
        let state = &self.attention;
        let (Some(map), Some(rows), Some(columns)) =
            (state.map(state.layer, state.head), state.query_tokens(), state.key_tokens())
        else {
            return Vec::new();
        };
        let mut lines = format!("\t{}\n", columns.pieces.join("\t"));
        for (piece, row) in rows.pieces.iter().zip(map.rows()) {
            lines.push_str(piece);
            for value in row {
                let _ = write!(lines, "\t{value}");
            }
            lines.push('\n');
        }
        let count = map.nrows();
        self.inform(format!("sent a map of {count} rows (tab-separated) to the terminal's clipboard"));
        vec![Effect::Copy(lines)]
    }
}
