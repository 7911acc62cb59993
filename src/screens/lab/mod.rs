//! The screen *Lab*: questions that small networks answer while one looks on.

mod commands;
mod draw;
mod save;
pub mod state;
mod table;
#[cfg(test)]
mod tests;
mod update;
pub mod work;

use serde_json::Value;

pub use state::{Choices, Lab, View};

use crate::app::overlay::Form;
use crate::app::{Command, Copied, Frame, Gesture, Needs, Offer, Place, Screen};
use crate::widgets::canvas::{Canvas, Target};

impl Screen for Lab {
    const PLACE: Place = Place { id: "lab", title: "Lab", needs: Needs::Nothing, is_list: true };
    const COMMANDS: &'static [Command<Self>] = commands::COMMANDS;

    fn offer(&self, gesture: Gesture, _: &Frame) -> Offer {
        match gesture {
            Gesture::Accept if self.is_running() => Offer::none("it runs; Esc stops it"),
            Gesture::Accept => Offer::titled("run"),
            Gesture::Complete => Offer::titled("table, rows, curves").unadvertised(),
            Gesture::Left => Offer::titled("earlier rows").unadvertised(),
            Gesture::Right => Offer::titled("later rows").unadvertised(),
            Gesture::EnterLine => Offer::none("nothing is typed here"),
            Gesture::PreviousField => Offer::none("there is one list only"),
        }
    }

    fn gesture(&mut self, gesture: Gesture, frame: &mut Frame) {
        match gesture {
            Gesture::Accept => self.start(frame),
            Gesture::Complete => self.next_view(frame),
            Gesture::Left => self.scroll_rows(-1),
            Gesture::Right => self.scroll_rows(1),
            Gesture::EnterLine | Gesture::PreviousField => {}
        }
    }

    fn move_by(&mut self, rows: isize, _: &mut Frame) {
        self.select(rows);
    }

    fn cancel_work(&mut self, frame: &mut Frame) -> bool {
        self.stop(frame)
    }

    fn copy_all(&self, _: &Frame) -> Option<Copied> {
        let outcome = self.shown()?;
        let text = outcome.csv().ok()?;
        Some(Copied { text, what: format!("{} rows (csv)", outcome.rows.len()) })
    }

    fn clicked(&mut self, target: Target, _: &mut Frame) {
        self.select_target(target);
    }

    fn form_filled(&mut self, form: &Form, frame: &mut Frame) -> Result<(), String> {
        self.take_form(form, frame)
    }

    fn choices(&self) -> Value {
        serde_json::to_value(&self.chosen).unwrap_or_default()
    }

    fn restore(&mut self, choices: Value) -> Result<(), String> {
        self.chosen = serde_json::from_value(choices).map_err(|error| error.to_string())?;
        Ok(())
    }

    fn memory(&self) -> Value {
        match self.results.is_empty() {
            true => Value::Null,
            false => self.results.values().map(|kept| kept.outcome.json()).collect(),
        }
    }

    fn remember(&mut self, memory: Value) -> Result<(), String> {
        self.remember_results(&memory)
    }

    fn draw(&self, frame: &Frame, canvas: &mut Canvas<'_>) {
        draw::draw(self, frame, canvas);
    }
}
