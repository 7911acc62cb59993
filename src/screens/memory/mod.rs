//! The screen *Memory*: a text as two networks read it, token by token, and how much of it each still
//! feels.

mod commands;
mod draw;
mod lanes;
pub mod state;
#[cfg(test)]
mod tests;
mod update;
pub mod work;

use serde_json::Value;

pub use state::{Choices, FIRST_TEXT, Focus, Memory};

use crate::app::{Command, Frame, Gesture, Needs, News, Offer, Place, Screen};
use crate::jobs::Job;
use crate::widgets::canvas::{Canvas, Target};
use crate::widgets::line::Line;
use work::ReadText;

impl Screen for Memory {
    const PLACE: Place = Place { id: "memory", title: "Memory", needs: Needs::Nothing, is_list: true };
    const COMMANDS: &'static [Command<Self>] = commands::COMMANDS;

    fn offer(&self, gesture: Gesture, _: &Frame) -> Offer {
        match gesture {
            Gesture::EnterLine => Offer::plain().unadvertised(),
            Gesture::Accept if self.is_typing() => Offer::titled("to the tokens"),
            Gesture::Accept => Offer::none("the arrows step through the text").unadvertised(),
            Gesture::Complete => Offer::titled("fresh LSTM").unadvertised(),
            Gesture::PreviousField => Offer::none("there is one line only"),
            Gesture::Left => Offer::titled("token before"),
            Gesture::Right => Offer::titled("next token"),
        }
    }

    fn gesture(&mut self, gesture: Gesture, frame: &mut Frame) {
        match gesture {
            Gesture::EnterLine => self.chosen.focus = Focus::Input,
            Gesture::Accept if self.is_typing() => self.accept_line(frame),
            Gesture::Complete => self.show_fresh(frame),
            Gesture::Left => self.step_by(-1, frame),
            Gesture::Right => self.step_by(1, frame),
            Gesture::Accept | Gesture::PreviousField => {}
        }
    }

    fn move_by(&mut self, rows: isize, frame: &mut Frame) {
        self.step_by(rows, frame);
    }

    fn line(&mut self) -> Option<&mut Line> {
        self.is_typing().then_some(&mut self.chosen.input)
    }

    fn is_typing(&self) -> bool {
        self.chosen.focus == Focus::Input
    }

    fn text_changed(&mut self, frame: &mut Frame) {
        self.ask_read(frame);
    }

    fn leave_line(&mut self, _: &mut Frame) {
        self.chosen.focus = Focus::Tokens;
    }

    fn cancel_work(&mut self, frame: &mut Frame) -> bool {
        if self.stop_playing(frame) {
            return true;
        }
        let running = frame.is_running(ReadText::SLOT);
        if running {
            frame.cancel(ReadText::SLOT);
            frame.inform("reading was cancelled");
        }
        running
    }

    fn step_out(&mut self, _: &mut Frame) -> bool {
        self.chosen.range_start.take().is_some()
    }

    fn news(&mut self, news: News, frame: &mut Frame) {
        if news == News::InFront {
            self.was_shown = true;
            if self.read.is_none() {
                self.ask_read(frame);
            }
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
