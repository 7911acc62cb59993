//! What the commands of the screen *Analogy* do.

use std::sync::Arc;

use super::state::{Analogy, Focus};
use super::work::SolveAnalogy;
use crate::app::{Frame, Wanted, moved};
use crate::jobs::Job;
use crate::vectors::explain::AnalogyQuestion;
use crate::widgets::canvas::Target;

/// How many answers each list has.
const COUNT: usize = 15;

/// The kind of target that a field is.
pub(super) const FIELD: &str = "field";
/// The kind of target that the expression is.
pub(super) const EXPRESSION: &str = "expression";
/// The kind of target that an answer of 3CosAdd is.
pub(super) const ADD: &str = "add";
/// The kind of target that an answer of 3CosMul is.
pub(super) const MULTIPLY: &str = "multiply";

impl Analogy {
    /// Asks as soon as the question is whole.
    pub(super) fn ask(&mut self, frame: &mut Frame) {
        let Some(question) = self.question() else {
            self.answer = None;
            self.problem = None;
            self.chosen.selected = 0;
            frame.cancel(SolveAnalogy::SLOT);
            return;
        };
        let Some(vectors) = frame.vectors.open().map(Arc::clone) else { return };
        frame.start::<Self, _>(SolveAnalogy { vectors, question, count: COUNT });
    }

    fn question(&self) -> Option<AnalogyQuestion> {
        let chosen = &self.chosen;
        if chosen.free {
            let typed = || AnalogyQuestion::Expression(chosen.expression.text().trim_ascii().into());
            return (!chosen.expression.is_blank()).then(typed);
        }
        let whole = chosen.fields.iter().all(|field| !field.is_blank());
        let typed = || {
            AnalogyQuestion::Words(chosen.fields.each_ref().map(|field| field.text().trim_ascii().to_owned()))
        };
        whole.then(typed)
    }

    pub(super) fn enter_line(&mut self) {
        self.chosen.focus = if self.chosen.free { Focus::Expression } else { Focus::Field(0) };
    }

    pub(super) fn enter_list(&mut self) {
        self.chosen.focus = if self.chosen.in_multiply { Focus::Multiply } else { Focus::Add };
    }

    /// Hands the selected answer to the screen that looks at words.
    pub(super) fn hand_over(&mut self, frame: &mut Frame) {
        if let Some(selected) = self.selected_neighbour() {
            frame.want(Wanted::Word(selected.word.clone()));
        }
    }

    pub(super) fn move_selection(&mut self, rows: isize) {
        self.chosen.selected = moved(self.chosen.selected, rows, self.selected_list().len());
    }

    pub(super) fn next_field(&mut self, round: bool) {
        match self.chosen.focus {
            Focus::Field(index) if index < 2 => self.chosen.focus = Focus::Field(index + 1),
            Focus::Field(_) | Focus::Expression => self.enter_list(),
            Focus::Add | Focus::Multiply if round => self.enter_line(),
            Focus::Add | Focus::Multiply => {}
        }
    }

    pub(super) fn previous_field(&mut self) {
        self.chosen.focus = match self.chosen.focus {
            Focus::Field(index) if index > 0 => Focus::Field(index - 1),
            Focus::Add | Focus::Multiply if self.chosen.free => Focus::Expression,
            Focus::Add | Focus::Multiply => Focus::Field(2),
            first => first,
        };
    }

    pub(super) fn go_to_list(&mut self, multiply: bool, frame: &mut Frame) {
        if multiply && self.multiply().is_empty() {
            frame.warn("3CosMul has no answers here: it needs terms with the weights +1 and -1");
            return;
        }
        self.chosen.in_multiply = multiply;
        self.enter_list();
        self.move_selection(0);
    }

    pub(super) fn select_target(&mut self, target: Target) {
        match target.kind {
            FIELD => self.chosen.focus = Focus::Field(target.row.min(2)),
            EXPRESSION => self.chosen.focus = Focus::Expression,
            ADD | MULTIPLY => {
                self.chosen.in_multiply = target.kind == MULTIPLY;
                self.enter_list();
                self.chosen.selected = target.row;
                self.move_selection(0);
            }
            _ => {}
        }
    }

    /// Moves the selection in the list under the wheel. A line that is typed into keeps the keys.
    pub(super) fn scroll(&mut self, target: Option<Target>, rows: isize) {
        if let Some(Target { kind: kind @ (ADD | MULTIPLY), .. }) = target {
            self.chosen.in_multiply = kind == MULTIPLY;
            if matches!(self.chosen.focus, Focus::Add | Focus::Multiply) {
                self.enter_list();
            }
        }
        self.move_selection(rows);
    }

    pub(super) fn toggle_asked(&mut self, _: &mut Frame) {
        self.chosen.with_asked = !self.chosen.with_asked;
        self.move_selection(0);
    }

    pub(super) fn toggle_expression(&mut self, frame: &mut Frame) {
        let any = self.chosen.fields.iter().any(|field| !field.is_blank());
        if !self.chosen.free && self.chosen.expression.is_blank() && any {
            let text = self.as_expression();
            self.chosen.expression.set(text);
        }
        self.chosen.free = !self.chosen.free;
        self.enter_line();
        self.ask(frame);
    }
}
