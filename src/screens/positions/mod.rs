//! The screen *Positions*: how a network is told the order of the words, and what changes when it
//! is told another order, or none.

mod commands;
mod draw;
pub mod state;
#[cfg(test)]
mod tests;
mod update;
pub mod work;

use serde_json::Value;

pub use state::{Choices, FIRST_TEXT, Focus, Positions};

use crate::app::{Command, Frame, Gesture, Needs, News, Offer, Place, Screen};
use crate::jobs::Job;
use crate::widgets::canvas::{Canvas, Target};
use crate::widgets::line::Line;
use work::Experiment;

impl Screen for Positions {
    const PLACE: Place = Place { id: "positions", title: "Positions", needs: Needs::Model, is_list: true };
    const COMMANDS: &'static [Command<Self>] = commands::COMMANDS;

    fn offer(&self, gesture: Gesture, _: &Frame) -> Offer {
        match gesture {
            Gesture::EnterLine => Offer::plain().unadvertised(),
            Gesture::Accept if self.is_typing() => Offer::titled("to the table"),
            Gesture::Accept => Offer::titled("to the table").unadvertised(),
            Gesture::Complete => Offer::titled("method").unadvertised(),
            Gesture::PreviousField => Offer::none("there is one line only"),
            Gesture::Left | Gesture::Right => Offer::plain(),
        }
    }

    fn gesture(&mut self, gesture: Gesture, frame: &mut Frame) {
        match gesture {
            Gesture::EnterLine => self.enter_line(),
            Gesture::Accept | Gesture::Complete if self.is_typing() => self.accept_line(frame),
            Gesture::Complete => self.next_method(frame),
            Gesture::Left => self.move_cursor(0, -1),
            Gesture::Right => self.move_cursor(0, 1),
            Gesture::Accept | Gesture::PreviousField => {}
        }
    }

    fn move_by(&mut self, rows: isize, _: &mut Frame) {
        self.move_cursor(rows, 0);
    }

    fn line(&mut self) -> Option<&mut Line> {
        self.is_typing().then_some(&mut self.chosen.input)
    }

    fn is_typing(&self) -> bool {
        self.chosen.focus == Focus::Input
    }

    fn text_changed(&mut self, frame: &mut Frame) {
        self.ask_experiments(frame);
    }

    fn leave_line(&mut self, _: &mut Frame) {
        self.chosen.focus = Focus::Table;
    }

    fn cancel_work(&mut self, frame: &mut Frame) -> bool {
        let running = frame.is_running(Experiment::SLOT);
        if running {
            frame.cancel(Experiment::SLOT);
            frame.inform("the experiments were cancelled");
        }
        running
    }

    fn news(&mut self, news: News, frame: &mut Frame) {
        match news {
            News::InFront => {
                self.was_shown = true;
                self.ask_if_needed(frame);
            }
            News::ModelClosed => self.forget_model(frame),
            News::ModelOpen => self.model_opened(frame),
            News::VectorsClosed | News::VectorsOpen | News::LookupReady => {}
        }
    }

    fn clicked(&mut self, target: Target, frame: &mut Frame) {
        self.select_target(target, frame);
    }

    fn choices(&self) -> Value {
        serde_json::to_value(&self.chosen).unwrap_or_default()
    }

    fn restore(&mut self, choices: Value) -> Result<(), String> {
        self.chosen = serde_json::from_value(choices).map_err(|error| error.to_string())?;
        Ok(())
    }

    fn draw(&self, frame: &Frame, canvas: &mut Canvas<'_>) {
        draw::draw(self, frame, canvas);
    }
}
