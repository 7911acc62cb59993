//! The screen *Analogy*: a : b :: c : ? or a free expression, two ways of scoring side by side,
//! the parallelogram, and why.

mod commands;
mod draw;
pub mod state;
#[cfg(test)]
mod tests;
mod update;
pub mod work;

use serde_json::Value;

pub use state::{Analogy, Choices, Focus};

use crate::app::{Command, Copied, Frame, Gesture, Needs, News, Offer, Place, Screen};
use crate::jobs::Job;
use crate::widgets::canvas::{Canvas, Target};
use crate::widgets::line::Line;
use crate::widgets::text::decimal;
use work::SolveAnalogy;

impl Screen for Analogy {
    const PLACE: Place = Place { id: "analogy", title: "Analogy", needs: Needs::Vectors, is_list: true };
    const COMMANDS: &'static [Command<Self>] = commands::COMMANDS;

    fn offer(&self, gesture: Gesture, _: &Frame) -> Offer {
        match (gesture, self.selected_neighbour()) {
            (Gesture::Accept, _) if self.is_typing() => Offer::titled("next"),
            (Gesture::Accept, Some(selected)) => Offer::titled(format!("{} in Words", selected.word)),
            (Gesture::Complete, _) => Offer::titled("next field"),
            (Gesture::EnterLine, _) => Offer::plain().unadvertised(),
            _ => Offer::plain(),
        }
    }

    fn gesture(&mut self, gesture: Gesture, frame: &mut Frame) {
        match gesture {
            Gesture::EnterLine => self.enter_line(),
            Gesture::Accept if self.is_typing() => self.next_field(false),
            Gesture::Accept => self.hand_over(frame),
            Gesture::Complete => self.next_field(true),
            Gesture::PreviousField => self.previous_field(),
            Gesture::Left => self.go_to_list(false, frame),
            Gesture::Right => self.go_to_list(true, frame),
        }
    }

    fn move_by(&mut self, rows: isize, _: &mut Frame) {
        self.move_selection(rows);
    }

    fn line(&mut self) -> Option<&mut Line> {
        match self.chosen.focus {
            Focus::Field(index) => self.chosen.fields.get_mut(index),
            Focus::Expression => Some(&mut self.chosen.expression),
            Focus::Add | Focus::Multiply => None,
        }
    }

    fn is_typing(&self) -> bool {
        matches!(self.chosen.focus, Focus::Field(_) | Focus::Expression)
    }

    fn text_changed(&mut self, frame: &mut Frame) {
        self.ask(frame);
    }

    fn leave_line(&mut self, _: &mut Frame) {
        self.enter_list();
    }

    fn cancel_work(&mut self, frame: &mut Frame) -> bool {
        let running = frame.is_running(SolveAnalogy::SLOT);
        if running {
            frame.cancel(SolveAnalogy::SLOT);
            frame.inform("the search was cancelled");
        }
        running
    }

    fn news(&mut self, news: News, frame: &mut Frame) {
        match news {
            News::VectorsOpen => self.ask(frame),
            News::VectorsClosed if frame.is_running(SolveAnalogy::SLOT) => frame.cancel(SolveAnalogy::SLOT),
            News::VectorsClosed | News::InFront | News::LookupReady | News::ModelClosed | News::ModelOpen => {
            }
        }
    }

    fn copy(&self, _: &Frame) -> Option<Copied> {
        let text = self.selected_neighbour()?.word.clone();
        Some(Copied { what: format!("\"{text}\""), text })
    }

    fn copy_all(&self, _: &Frame) -> Option<Copied> {
        let list = self.selected_list();
        let text =
            list.iter().map(|entry| format!("{}\t{}\n", entry.word, decimal(entry.score, 6))).collect();
        Some(Copied { text, what: format!("{} lines (word, tab, score)", list.len()) })
    }

    fn clicked(&mut self, target: Target, _: &mut Frame) {
        self.select_target(target);
    }

    fn scrolled(&mut self, target: Option<Target>, rows: isize, _: &mut Frame) {
        self.scroll(target, rows);
    }

    fn choices(&self) -> Value {
        serde_json::to_value(&self.chosen).unwrap_or_default()
    }

    fn restore(&mut self, choices: Value) -> Result<(), String> {
        let chosen: Choices = serde_json::from_value(choices).map_err(|error| error.to_string())?;
        chosen.check()?;
        self.chosen = chosen;
        Ok(())
    }

    fn draw(&self, frame: &Frame, canvas: &mut Canvas<'_>) {
        draw::draw(self, frame, canvas);
    }
}
