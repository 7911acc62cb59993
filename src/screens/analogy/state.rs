//! State of the screen *Analogy*: what was chosen, and what was found.

use serde::{Deserialize, Serialize};

use crate::vectors::explain::{AnalogyAnswer, Explanation, Neighbour};
use crate::vectors::expression::quoted;
use crate::widgets::line::Line;

/// What receives the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Focus {
    /// One of the fields a, b, c (0, 1, 2).
    Field(usize),
    /// The free expression.
    Expression,
    /// The answers of 3CosAdd.
    Add,
    /// The answers of 3CosMul.
    Multiply,
}

impl Default for Focus {
    fn default() -> Self {
        Self::Field(0)
    }
}

/// What a person chose on the screen *Analogy*.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Choices {
    /// a, b and c of a : b :: c : ?.
    pub fields: [Line; 3],
    /// The free expression; what is asked while `free` is set.
    pub expression: Line,
    /// Whether the expression is asked rather than the three fields.
    pub free: bool,
    /// What receives the keys.
    pub focus: Focus,
    /// Index of the selected answer, in the list that has (or last had) the focus.
    pub selected: usize,
    /// Whether the selection is in the list of 3CosMul.
    pub in_multiply: bool,
    /// Whether the lists show the asked words, too.
    pub with_asked: bool,
}

impl Choices {
    /// What cannot be gone back to, in choices that were read.
    pub(super) fn check(&self) -> Result<(), String> {
        match self.focus {
            Focus::Field(index) if index >= self.fields.len() => {
                Err(format!("the focus is on field {index}: expected one of 0, 1 and 2"))
            }
            Focus::Field(_) if self.free => Err("the focus is on a field, but an expression is asked".into()),
            Focus::Expression if !self.free => {
                Err("the focus is on the expression, but three words are asked".into())
            }
            _ => Ok(()),
        }
    }
}

/// Everything that the screen *Analogy* shows.
#[derive(Debug, Clone, Default)]
pub struct Analogy {
    /// What a person chose.
    pub chosen: Choices,
    /// The answer shown. While a search runs it is the old one (draw it dimmed).
    pub answer: Option<AnalogyAnswer>,
    /// What is wrong with the question, in one line.
    pub problem: Option<String>,
}

impl Analogy {
    /// The question as an expression: what is typed, or b - a + c of the fields.
    pub fn as_expression(&self) -> String {
        if self.chosen.free {
            return self.chosen.expression.text().to_owned();
        }
        let [a, b, c] = self.chosen.fields.each_ref().map(|field| quoted(field.text().trim_ascii()));
        format!("{b} - {a} + {c}")
    }

    /// The list of 3CosAdd as it is to be shown.
    pub fn add(&self) -> &[Neighbour] {
        let Some(answer) = &self.answer else { return &[] };
        if self.chosen.with_asked { &answer.add_with_asked } else { &answer.add }
    }

    /// The list of 3CosMul as it is to be shown.
    pub fn multiply(&self) -> &[Neighbour] {
        let Some(answer) = &self.answer else { return &[] };
        if self.chosen.with_asked { &answer.multiply_with_asked } else { &answer.multiply }
    }

    /// The list that the selection is in.
    pub fn selected_list(&self) -> &[Neighbour] {
        if self.chosen.in_multiply { self.multiply() } else { self.add() }
    }

    /// The selected answer.
    pub fn selected_neighbour(&self) -> Option<&Neighbour> {
        self.selected_list().get(self.chosen.selected)
    }

    /// Why the selected answer is one.
    pub fn explanation(&self) -> Option<&Explanation> {
        let row = self.selected_neighbour()?.row;
        let explanations = &self.answer.as_ref()?.explanations;
        explanations.iter().find(|(explained, _)| *explained == row).map(|(_, explanation)| explanation)
    }
}
