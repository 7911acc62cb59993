//! Actions on the screen Analogy.

use std::sync::Arc;

use super::super::analogy::AnalogyFocus;
use super::super::line::Line;
use super::super::{Action, App, Effect, Screen, VectorsState};
use crate::jobs::{AnalogyQuestion, Request, Slot};

/// How many answers each list has.
const COUNT: usize = 15;

impl App {
    pub(super) fn update_analogy(&mut self, action: Action) -> Vec<Effect> {
        match action {
            Action::Search => {
                self.analogy.focus =
                    if self.analogy.free { AnalogyFocus::Expression } else { AnalogyFocus::Field(0) };
            }
            Action::Accept if self.is_typing() => self.next_field(false),
            Action::Accept => {
                let Some(word) = self.analogy.selected_neighbour().map(|neighbour| neighbour.word.clone())
                else {
                    return Vec::new();
                };
                self.screen = Screen::Words;
                return self.go_to_word(&word);
            }
            Action::Complete => self.next_field(true),
            Action::PreviousField => self.previous_field(),
            Action::Left => self.select_list(false),
            Action::Right => self.select_list(true),
            Action::ToggleAsked => {
                self.analogy.with_asked = !self.analogy.with_asked;
                self.clamp_analogy_selection();
            }
            Action::EditExpression => return self.toggle_expression(),
            _ => {}
        }
        Vec::new()
    }

    /// The line that is typed into.
    pub(super) fn analogy_line(&mut self) -> &mut Line {
        match self.analogy.focus {
            AnalogyFocus::Field(index) => &mut self.analogy.fields[index.min(2)],
            _ => &mut self.analogy.expression,
        }
    }

    /// Asks as soon as the question is whole.
    pub(super) fn ask_analogy(&mut self) -> Vec<Effect> {
        let state = &self.analogy;
        let question = if state.free {
            (!state.expression.is_blank())
                .then(|| AnalogyQuestion::Expression(state.expression.text().trim().into()))
        } else {
            let whole = state.fields.iter().all(|field| !field.is_blank());
            whole.then(|| {
                AnalogyQuestion::Words(state.fields.each_ref().map(|field| field.text().trim().to_owned()))
            })
        };
        let Some(question) = question else {
            self.analogy.searching.clear();
            self.analogy.answer = None;
            self.analogy.problem = None;
            return vec![Effect::Cancel(Slot::Analogy)];
        };
        let VectorsState::Ready(vectors) = &self.vectors else { return Vec::new() };
        let request = Request::Analogy { vectors: Arc::clone(vectors), question, count: COUNT };
        vec![self.begin(request, |app| &mut app.analogy.searching)]
    }

    pub(super) fn clamp_analogy_selection(&mut self) {
        let last = self.analogy.selected_list().len().saturating_sub(1);
        self.analogy.selected = self.analogy.selected.min(last);
    }

    fn next_field(&mut self, round: bool) {
        self.analogy.focus = match self.analogy.focus {
            AnalogyFocus::Field(index) if index < 2 => AnalogyFocus::Field(index + 1),
            AnalogyFocus::Field(_) | AnalogyFocus::Expression => {
                if self.analogy.in_multiply {
                    AnalogyFocus::Multiply
                } else {
                    AnalogyFocus::Add
                }
            }
            AnalogyFocus::Add | AnalogyFocus::Multiply if round => match self.analogy.free {
                true => AnalogyFocus::Expression,
                false => AnalogyFocus::Field(0),
            },
            list => list,
        };
    }

    fn previous_field(&mut self) {
        self.analogy.focus = match self.analogy.focus {
            AnalogyFocus::Field(index) if index > 0 => AnalogyFocus::Field(index - 1),
            AnalogyFocus::Add | AnalogyFocus::Multiply if self.analogy.free => AnalogyFocus::Expression,
            AnalogyFocus::Add | AnalogyFocus::Multiply => AnalogyFocus::Field(2),
            first => first,
        };
    }

    fn select_list(&mut self, multiply: bool) {
        if multiply && self.analogy.multiply().is_empty() {
            self.warn("3CosMul has no answers here: it needs terms with the weights +1 and -1");
            return;
        }
        self.analogy.in_multiply = multiply;
        self.analogy.focus = if multiply { AnalogyFocus::Multiply } else { AnalogyFocus::Add };
        self.clamp_analogy_selection();
    }

    fn toggle_expression(&mut self) -> Vec<Effect> {
        if self.analogy.free {
            self.analogy.free = false;
            self.analogy.focus = AnalogyFocus::Field(0);
        } else {
            let any = self.analogy.fields.iter().any(|field| !field.is_blank());
            if self.analogy.expression.is_blank() && any {
                let text = self.analogy.as_expression();
                self.analogy.expression.set(text);
            }
            self.analogy.free = true;
            self.analogy.focus = AnalogyFocus::Expression;
        }
        self.ask_analogy()
    }
}
