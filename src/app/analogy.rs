//! State of the screen *Analogy*.

use super::line::Line;
use super::pending::Pending;
use crate::jobs::answers::{AnalogyAnswer, Explanation, Neighbour};

/// What receives the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnalogyFocus {
    /// One of the fields a, b, c (0, 1, 2).
    Field(usize),
    /// The free expression.
    Expression,
    /// The answers of 3CosAdd.
    Add,
    /// The answers of 3CosMul.
    Multiply,
}

/// Everything that the screen *Analogy* shows.
#[derive(Debug, Clone)]
pub struct AnalogyState {
    /// a, b and c of a : b :: c : ?.
    pub fields: [Line; 3],
    /// The free expression; what is asked while `free` is set.
    pub expression: Line,
    /// Whether the expression is asked rather than the three fields.
    pub free: bool,
    /// What receives the keys.
    pub focus: AnalogyFocus,
    /// The answer shown. While a search runs it is the old one.
    pub answer: Option<AnalogyAnswer>,
    /// The search that runs, if any.
    pub searching: Pending,
    /// What is wrong with the question, in one line.
    pub problem: Option<String>,
    /// Index of the selected answer, in the list that has (or last had) the focus.
    pub selected: usize,
    /// Whether the selection is in the list of 3CosMul.
    pub in_multiply: bool,
    /// Whether the lists show the asked words, too.
    pub with_asked: bool,
}

impl Default for AnalogyState {
    fn default() -> Self {
        Self {
            fields: Default::default(),
            expression: Line::default(),
            free: false,
            focus: AnalogyFocus::Field(0),
            answer: None,
            searching: Pending::default(),
            problem: None,
            selected: 0,
            in_multiply: false,
            with_asked: false,
        }
    }
}

impl AnalogyState {
    /// The question as an expression: what is typed, or b - a + c of the fields.
    pub fn as_expression(&self) -> String {
        if self.free {
            return self.expression.text().to_owned();
        }
        let [a, b, c] = self.fields.each_ref().map(|field| quoted(field.text().trim()));
        format!("{b} - {a} + {c}")
    }

    /// The list of 3CosAdd as it is to be shown.
    pub fn add(&self) -> &[Neighbour] {
        let Some(answer) = &self.answer else { return &[] };
        if self.with_asked { &answer.add_with_asked } else { &answer.add }
    }

    /// The list of 3CosMul as it is to be shown.
    pub fn multiply(&self) -> &[Neighbour] {
        let Some(answer) = &self.answer else { return &[] };
        if self.with_asked { &answer.multiply_with_asked } else { &answer.multiply }
    }

    /// The list that the selection is in.
    pub fn selected_list(&self) -> &[Neighbour] {
        if self.in_multiply { self.multiply() } else { self.add() }
    }

    /// The selected answer.
    pub fn selected_neighbour(&self) -> Option<&Neighbour> {
        self.selected_list().get(self.selected)
    }

    /// Why the selected answer is one.
    pub fn explanation(&self) -> Option<&Explanation> {
        let row = self.selected_neighbour()?.row;
        let explanations = &self.answer.as_ref()?.explanations;
        explanations.iter().find(|(explained, _)| *explained == row).map(|(_, explanation)| explanation)
    }
}

/// `word` as a token of an expression: quoted where it has a character that the expression
/// language would read otherwise.
pub fn quoted(word: &str) -> String {
    let plain =
        word.chars().all(|character| character.is_alphanumeric() || matches!(character, '_' | '.' | '\''))
            && word.chars().next().is_some_and(|first| !first.is_ascii_digit() && first != '.');
    if plain { word.to_owned() } else { format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\"")) }
}
