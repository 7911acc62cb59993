//! The screen *Words*: neighbours of a word or an expression while it is typed, their map, and the
//! vector itself.

mod commands;
mod draw;
pub mod state;
#[cfg(test)]
mod tests;
mod update;
pub mod work;

use serde_json::Value;

use state::Memory;
pub use state::{Choices, Focus, Panel, Unknown, Words};

use crate::app::overlay::{Form, ListEntry};
use crate::app::{Command, Copied, Frame, Gesture, Needs, News, Offer, Place, Screen, Wanted};
use crate::widgets::canvas::{Canvas, Target};
use crate::widgets::line::Line;
use crate::widgets::text::decimal;

impl Screen for Words {
    const PLACE: Place = Place { id: "words", title: "Words", needs: Needs::Vectors, is_list: true };
    const COMMANDS: &'static [Command<Self>] = commands::COMMANDS;

    fn offer(&self, gesture: Gesture, _: &Frame) -> Offer {
        match gesture {
            Gesture::EnterLine => Offer::plain(),
            Gesture::Accept => match (self.chosen.focus, self.selected_neighbour()) {
                (Focus::Input, _) => Offer::titled("to the list"),
                (Focus::List, Some(selected)) => Offer::titled(format!("go to {}", selected.word)),
                (Focus::List, None) => Offer::plain(),
            },
            Gesture::Complete if self.is_typing() => Offer::plain(),
            Gesture::Complete => Offer::plain().unadvertised(),
            Gesture::PreviousField => Offer::none("there is one line only"),
            Gesture::Left | Gesture::Right => Offer::none("there is one list only"),
        }
    }

    fn gesture(&mut self, gesture: Gesture, frame: &mut Frame) {
        match gesture {
            Gesture::EnterLine => self.chosen.focus = Focus::Input,
            Gesture::Accept => self.accept(frame),
            Gesture::Complete => self.complete(frame),
            Gesture::PreviousField | Gesture::Left | Gesture::Right => {}
        }
    }

    fn move_by(&mut self, rows: isize, frame: &mut Frame) {
        self.move_selection(rows, frame);
    }

    fn line(&mut self) -> Option<&mut Line> {
        self.is_typing().then_some(&mut self.chosen.input)
    }

    fn is_typing(&self) -> bool {
        self.chosen.focus == Focus::Input
    }

    fn text_changed(&mut self, frame: &mut Frame) {
        self.ask_neighbours(frame);
        self.ask_suggestions(frame);
    }

    fn leave_line(&mut self, _: &mut Frame) {
        self.chosen.focus = Focus::List;
    }

    fn cancel_work(&mut self, frame: &mut Frame) -> bool {
        self.cancel_search(frame)
    }

    fn step_out(&mut self, frame: &mut Frame) -> bool {
        self.close_panel(frame)
    }

    fn news(&mut self, news: News, frame: &mut Frame) {
        match news {
            News::VectorsOpen => self.ask_neighbours(frame),
            News::LookupReady => self.ask_suggestions(frame),
            News::InFront | News::VectorsClosed | News::ModelClosed | News::ModelOpen => {}
        }
    }

    fn take(&mut self, wanted: &Wanted, frame: &mut Frame) -> bool {
        let Wanted::Word(word) = wanted;
        self.go_to(word, frame);
        true
    }

    fn copy(&self, _: &Frame) -> Option<Copied> {
        let text = self.selected_neighbour()?.word.clone();
        Some(Copied { what: format!("\"{text}\""), text })
    }

    fn copy_all(&self, _: &Frame) -> Option<Copied> {
        let list = self.answer.as_ref().map_or(&[][..], |answer| answer.neighbours.as_slice());
        let text =
            list.iter().map(|entry| format!("{}\t{}\n", entry.word, decimal(entry.score, 6))).collect();
        Some(Copied { text, what: format!("{} lines (word, tab, score)", list.len()) })
    }

    fn clicked(&mut self, target: Target, frame: &mut Frame) {
        self.select_target(target, frame);
    }

    fn form_filled(&mut self, form: &Form, frame: &mut Frame) -> Result<(), String> {
        self.use_filter(form, frame)
    }

    fn list_entries(&self, _: &str, typed: &str, frame: &Frame) -> Vec<ListEntry> {
        self.places_to_go(typed, frame)
    }

    fn list_chosen(&mut self, _: &str, entry: &ListEntry, frame: &mut Frame) {
        self.go_to(&entry.text, frame);
    }

    fn choices(&self) -> Value {
        serde_json::to_value(&self.chosen).unwrap_or_default()
    }

    fn restore(&mut self, choices: Value) -> Result<(), String> {
        self.chosen = serde_json::from_value(choices).map_err(|error| error.to_string())?;
        Ok(())
    }

    fn memory(&self) -> Value {
        let Choices { history, bookmarks, .. } = self.chosen.clone();
        serde_json::to_value(Memory { history, bookmarks }).unwrap_or_default()
    }

    fn remember(&mut self, memory: Value) -> Result<(), String> {
        let Memory { history, bookmarks } =
            serde_json::from_value(memory).map_err(|error| error.to_string())?;
        // Going back from the first query of this run leads to the last one of the run before.
        self.chosen.history_position = history.len().saturating_sub(1);
        (self.chosen.history, self.chosen.bookmarks) = (history, bookmarks);
        Ok(())
    }

    fn draw(&self, frame: &Frame, canvas: &mut Canvas<'_>) {
        draw::draw(self, frame, canvas);
    }
}
