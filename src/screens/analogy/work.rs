//! Background work of the screen *Analogy*, and what its result changes.

use std::sync::Arc;

use super::state::Analogy;
use crate::app::{Answers, Frame, Screen};
use crate::jobs::{Failure, Job, Reporter, Slot};
use crate::vectors::WordVectors;
use crate::vectors::explain::{self, AnalogyAnswer, AnalogyQuestion};

/// Finds the answers of an analogy.
#[derive(Debug)]
pub struct SolveAnalogy {
    /// The vectors.
    pub vectors: Arc<WordVectors>,
    /// What is asked.
    pub question: AnalogyQuestion,
    /// At most so many answers in each list.
    pub count: usize,
}

impl Job for SolveAnalogy {
    type Output = AnalogyAnswer;
    type Note = ();
    const SLOT: Slot = Slot::front("analogy.answers");

    fn run(self, reporter: &Reporter<'_, ()>) -> Result<AnalogyAnswer, Failure> {
        Ok(explain::solve(&self.vectors, &self.question, self.count, reporter.progress())?)
    }
}

impl Answers<SolveAnalogy> for Analogy {
    fn answered(&mut self, answer: AnalogyAnswer, _: &mut Frame) {
        self.problem = None;
        self.chosen.in_multiply &= !answer.multiply.is_empty();
        if self.answer.as_ref().is_some_and(|old| old.expression != answer.expression) {
            self.chosen.selected = 0;
        }
        self.answer = Some(answer);
        if !self.is_typing() {
            self.enter_list();
        }
        self.move_selection(0);
    }

    fn failed(&mut self, failure: Failure, frame: &mut Frame) {
        match failure {
            Failure::Refused(message) => self.problem = Some(message),
            other => frame.complain(other.to_string()),
        }
    }
}
