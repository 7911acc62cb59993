//! What follows from keys, pasted text, clicks and finished work.

use std::any::Any;

use super::application::App;
use super::effect::Effect;
use super::frame::FrameItself;
use super::key::Key;
use super::overlay_update;
use crate::jobs::{Failure, News as JobNews, Report};
use crate::widgets::canvas::Target;

/// How many entries a notch of the wheel scrolls.
const NOTCH: isize = 3;

/// What happened outside of the state.
#[derive(Debug)]
pub enum Message {
    /// A key went down.
    Key(Key),
    /// Text was pasted.
    Paste(String),
    /// The mouse's button went down at a column and row of the terminal.
    Click(u16, u16),
    /// The wheel was turned over a column and row, so many notches down.
    Scroll(u16, u16, isize),
    /// The screen has another size, or must be drawn again for another reason.
    Redraw,
    /// Time has passed while a spinner is to be shown.
    Tick,
    /// Word from background work.
    Report(Report),
}

impl App {
    /// What to do after the first frame: open the vectors.
    pub fn start(&mut self) -> Vec<Effect> {
        self.frame.open_vectors();
        self.settle()
    }

    /// Takes in a message; the clock is [`super::Frame::now`], set by the caller before.
    pub fn handle(&mut self, message: Message) -> Vec<Effect> {
        if !matches!(message, Message::Click(..) | Message::Tick | Message::Report(_)) {
            self.frame.clicked = None;
        }
        match message {
            Message::Key(key) => self.key(key),
            Message::Paste(text) => self.type_text(&text),
            Message::Click(column, row) => self.click(column, row),
            Message::Scroll(column, row, notches) => {
                self.scroll(column, row, notches.saturating_mul(NOTCH));
            }
            // A terminal that was smaller for a moment has lost what stood there, even if it is
            // as large as before by now.
            Message::Redraw => self.frame.ask(Effect::Redraw),
            Message::Tick => self.frame.changed |= self.frame.anything_late(),
            Message::Report(report) => self.report(report),
        }
        self.settle()
    }

    fn key(&mut self, key: Key) {
        match self.frame.keymap.command(key, self.place()) {
            Some(command) => self.run(command),
            None => {
                if let Some(character) = key.typed().filter(|_| self.is_typing()) {
                    self.type_text(character.encode_utf8(&mut [0; 4]));
                }
            }
        }
    }

    /// Carries out the command of an id. One that is not available says why in the status line.
    fn run(&mut self, id: &str) {
        self.frame.changed = true;
        let registry = std::sync::Arc::clone(&self.registry);
        let Some(listed) = registry.find(id, &self.screens) else { return };
        if let Some(reason) = registry.unavailable(listed, &self.screens, &self.frame) {
            self.frame.warn(format!("{}: {reason}", listed.entry.title));
            return;
        }
        match overlay_update::run(id, &registry, &mut self.screens, &mut self.frame) {
            overlay_update::Ran::Nothing => registry.run(listed, &mut self.screens, &mut self.frame),
            overlay_update::Ran::Overlay => {}
            overlay_update::Ran::Chose(id) => self.run(id),
        }
    }

    fn type_text(&mut self, text: &str) {
        self.frame.changed = true;
        self.frame.status = None;
        if let Some(overlay) = &mut self.frame.overlay {
            if let Some(line) = overlay.line() {
                line.insert(text);
                overlay.text_changed();
            }
        } else if let Some(line) = self.screens.front_mut().line() {
            line.insert(text);
            self.screens.front_mut().text_changed(&mut self.frame);
        }
    }

    /// A click selects; a second one on the same acts as Enter.
    fn click(&mut self, column: u16, row: u16) {
        let Some(target) = self.frame.hits.at(column, row) else { return };
        self.frame.changed = true;
        let again = self.frame.clicked.replace(target) == Some(target);
        match target.kind {
            TAB => self.screens.show(target.row, &mut self.frame),
            overlay_update::ENTRY => {
                overlay_update::select(target.row, &mut self.frame);
                if again {
                    self.run("accept");
                }
            }
            _ if again => self.run("accept"),
            _ => self.screens.front_mut().clicked(target, &mut self.frame),
        }
    }

    fn scroll(&mut self, column: u16, row: u16, rows: isize) {
        self.frame.changed = true;
        if self.frame.overlay.is_some() {
            overlay_update::move_by(rows, &self.registry, &self.screens, &mut self.frame);
            return;
        }
        let target: Option<Target> = self.frame.hits.at(column, row);
        self.screens.front_mut().scrolled(target, rows, &mut self.frame);
    }

    /// Takes in word from a worker. What was overtaken changes nothing.
    fn report(&mut self, report: Report) {
        let ends = matches!(report.news, JobNews::Finished(_));
        let Some(delivery) = self.frame.deliver(report.slot, report.generation, ends) else {
            // A panic is a mistake in the program and is told even when nobody waits any more.
            if let JobNews::Finished(Err(failure @ Failure::Panicked(_))) = report.news {
                self.frame.changed = true;
                self.frame.complain(failure.to_string());
            }
            return;
        };
        self.frame.changed = true;
        let mut itself = FrameItself;
        let mut owners = self.screens.iter_mut().map(|screen| screen.as_any_mut());
        let owner: &mut dyn Any =
            owners.find(|owner| (**owner).type_id() == delivery.owner).unwrap_or(&mut itself);
        match report.news {
            JobNews::Noted(note) => (delivery.noted)(owner, note, &mut self.frame),
            JobNews::Finished(result) => (delivery.finished)(owner, result, &mut self.frame),
        }
    }

    /// Passes on what was told and wanted meanwhile; returns what is left to the loop.
    fn settle(&mut self) -> Vec<Effect> {
        loop {
            let news = self.frame.take_news();
            let wanted = self.frame.take_wanted();
            if news.is_empty() && wanted.is_none() {
                return self.frame.take_effects();
            }
            for news in news {
                self.screens.iter_mut().for_each(|screen| screen.news(news, &mut self.frame));
            }
            let Some(wanted) = wanted else { continue };
            let taken = self.screens.iter_mut().position(|screen| screen.take(&wanted, &mut self.frame));
            if let Some(index) = taken {
                self.screens.show(index, &mut self.frame);
            }
        }
    }
}

/// The kind of target that a tab is.
pub const TAB: &str = "tab";
