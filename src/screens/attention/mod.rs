//! The screen *Attention*: what every head of a model looks at while a text is typed, how each
//! weight comes about, and what changes when a part of the model is switched off.

mod changes;
mod commands;
mod draw;
mod kept;
pub mod pass;
mod save;
pub mod state;
#[cfg(test)]
mod tests;
mod update;
pub mod work;

use std::fmt::Write;

use serde_json::Value;

pub use state::{Attention, CellStep, Choices, FIRST_TEXT, Focus, MapScale, Panel, Zoom};

use crate::app::overlay::Form;
use crate::app::{Command, Copied, Frame, Gesture, Needs, News, Offer, Place, Screen};
use crate::widgets::canvas::{Canvas, Target};
use crate::widgets::line::Line;

impl Screen for Attention {
    const PLACE: Place = Place { id: "attention", title: "Attention", needs: Needs::Model, is_list: false };
    const COMMANDS: &'static [Command<Self>] = commands::COMMANDS;

    fn offer(&self, gesture: Gesture, _: &Frame) -> Offer {
        match gesture {
            Gesture::EnterLine => Offer::plain().unadvertised(),
            Gesture::Accept => Offer::titled(match (self.chosen.focus, self.chosen.zoom) {
                (Focus::Input, _) => "to the maps",
                (Focus::Maps, Zoom::Cell) => "next step",
                (Focus::Maps, Zoom::Wall | Zoom::Head) => "zoom in",
            }),
            // While typing it does what Enter does.
            Gesture::Complete if self.is_typing() => Offer::titled("next panel").unadvertised(),
            Gesture::Complete => Offer::titled("next panel"),
            Gesture::PreviousField => Offer::none("there are no fields here"),
            Gesture::Left | Gesture::Right => Offer::plain(),
        }
    }

    fn gesture(&mut self, gesture: Gesture, frame: &mut Frame) {
        match gesture {
            Gesture::EnterLine => self.edit_text(frame),
            Gesture::Accept | Gesture::Complete if self.is_typing() => self.accept_line(frame),
            Gesture::Accept => self.zoom_in(),
            Gesture::Complete => self.next_panel(frame),
            Gesture::Left => self.move_cursor(0, -1, frame),
            Gesture::Right => self.move_cursor(0, 1, frame),
            Gesture::PreviousField => {}
        }
    }

    fn move_by(&mut self, rows: isize, frame: &mut Frame) {
        self.move_cursor(rows, 0, frame);
    }

    fn line(&mut self) -> Option<&mut Line> {
        self.is_typing().then_some(&mut self.chosen.input)
    }

    fn is_typing(&self) -> bool {
        self.chosen.focus == Focus::Input
    }

    fn text_changed(&mut self, frame: &mut Frame) {
        self.text_typed(frame);
    }

    fn leave_line(&mut self, _: &mut Frame) {
        self.chosen.focus = Focus::Maps;
    }

    fn cancel_work(&mut self, frame: &mut Frame) -> bool {
        self.stop_work(frame)
    }

    fn step_out(&mut self, _: &mut Frame) -> bool {
        self.zoom_out()
    }

    fn news(&mut self, news: News, frame: &mut Frame) {
        match news {
            News::ModelClosed => self.forget_model(frame),
            News::ModelOpen => self.model_opened(frame),
            News::InFront | News::VectorsClosed | News::VectorsOpen | News::LookupReady => {}
        }
    }

    fn copy(&self, _: &Frame) -> Option<Copied> {
        let text = self.cell_in_words()?;
        Some(Copied { what: format!("\"{text}\""), text })
    }

    /// The map of the selected head, one row of tab-separated numbers a token, under a line of names.
    fn copy_all(&self, _: &Frame) -> Option<Copied> {
        let map = self.map(self.chosen.layer, self.chosen.head)?;
        let (rows, columns) = (self.query_tokens()?, self.key_tokens()?);
        let mut text = format!("\t{}\n", columns.pieces.join("\t"));
        for (piece, row) in rows.pieces.iter().zip(map.rows()) {
            text.push_str(piece);
            for value in row {
                // Writing into a string cannot fail.
                let _ = write!(text, "\t{value}");
            }
            text.push('\n');
        }
        Some(Copied { text, what: format!("a map of {} rows (tab-separated)", map.nrows()) })
    }

    fn form_filled(&mut self, form: &Form, frame: &mut Frame) -> Result<(), String> {
        self.save_map(form, frame)
    }

    fn clicked(&mut self, target: Target, frame: &mut Frame) {
        self.select_target(target, frame);
    }

    fn scrolled(&mut self, target: Option<Target>, rows: isize, frame: &mut Frame) {
        self.scroll_over(target, rows, frame);
    }

    fn choices(&self) -> Value {
        serde_json::to_value(&self.chosen).unwrap_or_default()
    }

    fn restore(&mut self, choices: Value) -> Result<(), String> {
        self.chosen = serde_json::from_value(choices).map_err(|error| error.to_string())?;
        self.clamp();
        Ok(())
    }

    fn draw(&self, frame: &Frame, canvas: &mut Canvas<'_>) {
        draw::draw(self, frame, canvas);
    }
}
