//! What follows from keys, pasted text and finished work.

mod analogy;
mod finished;
mod overlay;
mod words;

pub(super) use overlay::matches_typed;

use std::sync::Arc;

use super::analogy::AnalogyFocus;
use super::attention::AttentionFocus;
use super::commands::command;
use super::key::Key;
use super::overlay::Overlay;
use super::pending::Pending;
use super::positions::PositionsFocus;
use super::words::{WordsFocus, WordsPanel};
use super::{Action, App, Effect, Screen, Severity, Status, VectorsState};
use crate::jobs::{Finished, Request, Slot};
use crate::progress::Progress;

/// How many entries a page has.
const PAGE: isize = 10;

/// What happened outside of the state.
#[derive(Debug, Clone)]
pub enum Message {
    /// A key went down.
    Key(Key),
    /// Text was pasted.
    Paste(String),
    /// The wheel was turned so many notches down.
    Scroll(isize),
    /// The screen has another size, or must be drawn again for another reason.
    Redraw,
    /// Time has passed while a spinner is to be shown.
    Tick,
    /// A piece of work came to its end.
    Finished(Finished),
}

/// What to do after the first frame: open the vectors.
pub fn start(app: &mut App) -> Vec<Effect> {
    app.open()
}

/// Takes in a message; the clock is [`App::now`], set by the caller before.
pub fn handle(app: &mut App, message: Message) -> Vec<Effect> {
    match message {
        Message::Key(key) => match app.keymap.action(key, &app.contexts()) {
            Some(action) => update(app, action),
            None => match key.typed() {
                Some(character) if app.is_typing() => app.type_text(&character.to_string()),
                _ => Vec::new(),
            },
        },
        Message::Paste(text) => app.type_text(&text),
        Message::Scroll(notches) => app.move_selection(notches.saturating_mul(3)),
        Message::Redraw => {
            app.changed = true;
            Vec::new()
        }
        Message::Tick => {
            app.changed |= app.is_late();
            Vec::new()
        }
        Message::Finished(finished) => app.finished(finished),
    }
}

/// Carries out an action. A command that is not available says why in the status line.
pub fn update(app: &mut App, action: Action) -> Vec<Effect> {
    app.changed = true;
    if let Err(reason) = (command(action).availability)(app) {
        app.warn(format!("{}: {reason}", command(action).title));
        return Vec::new();
    }
    if action.edits_text() {
        return app.edit_text(action);
    }
    if app.overlay.is_some()
        && let Some(effects) = app.update_overlay(action)
    {
        return effects;
    }
    app.update_general(action)
}

impl App {
    fn update_general(&mut self, action: Action) -> Vec<Effect> {
        match action {
            Action::Quit => self.quit = true,
            Action::Suspend => return vec![Effect::Suspend],
            Action::Redraw => return vec![Effect::Redraw],
            Action::Cancel => return self.cancel(),
            Action::ShowHelp => self.overlay = Some(Overlay::Help { scroll: 0 }),
            Action::ShowPalette => {
                self.overlay = Some(Overlay::Palette { input: Default::default(), selected: 0 });
            }
            Action::ShowMessage => {
                let text = self.status.as_ref().map(|status| status.text.clone()).unwrap_or_default();
                self.overlay = Some(Overlay::Message { title: "message".into(), text, scroll: 0 });
            }
            Action::ShowWords => self.screen = Screen::Words,
            Action::ShowAnalogy => self.screen = Screen::Analogy,
            Action::ShowAttention => self.screen = Screen::Attention,
            Action::ShowPositions => self.screen = Screen::Positions,
            Action::NextScreen => {
                let next =
                    Screen::ALL.iter().position(|screen| *screen == self.screen).map_or(0, |index| index + 1);
                self.screen = Screen::ALL[next % Screen::ALL.len()];
            }
            Action::NextTheme => return self.next_theme(),
            Action::ToggleMouse => {
                self.mouse = !self.mouse;
                let text = if self.mouse {
                    "the wheel scrolls lists; M gives the mouse back to the terminal"
                } else {
                    "the mouse selects text again"
                };
                self.inform(text);
                return vec![Effect::Mouse(self.mouse)];
            }
            Action::Reopen => return self.open(),
            Action::OpenShipped => {
                self.path = None;
                return self.open();
            }
            Action::Down => return self.move_selection(1),
            Action::Up => return self.move_selection(-1),
            Action::PageDown => return self.move_selection(PAGE),
            Action::PageUp => return self.move_selection(-PAGE),
            Action::First => return self.move_selection(isize::MIN),
            Action::Last => return self.move_selection(isize::MAX),
            Action::Copy => return self.copy_selected(),
            Action::CopyList => return self.copy_list(),
            _ => {
                return match self.screen {
                    Screen::Words => self.update_words(action),
                    Screen::Analogy => self.update_analogy(action),
                    Screen::Attention | Screen::Positions => Vec::new(),
                };
            }
        }
        Vec::new()
    }

    /// Opens the vectors, in place of those that are open.
    fn open(&mut self) -> Vec<Effect> {
        let name = match &self.path {
            Some(path) => path.display().to_string(),
            None => String::from("the shipped vectors"),
        };
        let progress = Arc::new(Progress::default());
        let generation = self.next_generation();
        self.vectors = VectorsState::Opening { name, progress: Arc::clone(&progress), since: self.now };
        self.opening = Pending::default();
        self.opening.await_generation(generation, self.now);
        self.lookup = None;
        self.changed = true;
        vec![Effect::Start { generation, request: Request::Open { path: self.path.clone() }, progress }]
    }

    /// Starts `request`, awaited by `pending`.
    fn begin(&mut self, request: Request, pending: fn(&mut Self) -> &mut Pending) -> Effect {
        let generation = self.next_generation();
        let now = self.now;
        pending(self).await_generation(generation, now);
        Effect::Start { generation, request, progress: Arc::default() }
    }

    fn next_generation(&mut self) -> u64 {
        self.generation += 1;
        self.generation
    }

    /// Esc: one step out of whatever is transient.
    fn cancel(&mut self) -> Vec<Effect> {
        if self.words.searching.is_running() && self.screen == Screen::Words {
            self.words.searching.clear();
            self.inform("the search was cancelled");
            return vec![Effect::Cancel(Slot::Neighbours)];
        }
        if self.analogy.searching.is_running() && self.screen == Screen::Analogy {
            self.analogy.searching.clear();
            self.inform("the search was cancelled");
            return vec![Effect::Cancel(Slot::Analogy)];
        }
        if self.is_typing() {
            self.leave_line();
            return Vec::new();
        }
        if let VectorsState::Opening { name, .. } = &self.vectors {
            self.vectors = VectorsState::Failed {
                message: format!("opening {name} was cancelled"),
                way_out: self.way_out(),
            };
            self.opening.clear();
            return vec![Effect::Cancel(Slot::Open)];
        }
        if self.screen == Screen::Words && self.words.panel != WordsPanel::Strip {
            self.words.panel = WordsPanel::Strip;
            self.words.panel_pending.clear();
            return vec![Effect::Cancel(Slot::Panel)];
        }
        self.status = None;
        Vec::new()
    }

    fn leave_line(&mut self) {
        match self.screen {
            Screen::Words => self.words.focus = WordsFocus::List,
            Screen::Analogy => {
                self.analogy.focus =
                    if self.analogy.in_multiply { AnalogyFocus::Multiply } else { AnalogyFocus::Add };
            }
            Screen::Attention => self.attention.focus = AttentionFocus::Maps,
            Screen::Positions => self.positions.focus = PositionsFocus::Table,
        }
    }

    /// What to do when vectors cannot be opened, with the keys that the person has.
    fn way_out(&self) -> String {
        let key =
            |action| self.keymap.keys(action).first().map_or_else(|| String::from("?"), ToString::to_string);
        let shipped = match self.path {
            Some(_) => format!("{} opens the vectors shipped inside, ", key(Action::OpenShipped)),
            None => String::new(),
        };
        format!(
            "{} opens it again, {shipped}{} leaves (Esc first, while typing)",
            key(Action::Reopen),
            key(Action::Quit)
        )
    }

    fn next_theme(&mut self) -> Vec<Effect> {
        let position = self.themes.iter().position(|theme| *theme == self.theme);
        let next = position.map_or(0, |index| index + 1);
        let Some(theme) = self.themes.get(next).or(self.themes.first()) else { return Vec::new() };
        self.theme.clone_from(theme);
        self.inform(format!("theme {}", self.theme));
        vec![Effect::UseTheme(self.theme.clone())]
    }

    fn type_text(&mut self, text: &str) -> Vec<Effect> {
        self.changed = true;
        self.status = None;
        if let Some(overlay) = &mut self.overlay {
            return overlay.type_text(text);
        }
        match self.screen {
            Screen::Words if self.is_typing() => {
                self.words.input.insert(text);
                self.words_text_changed()
            }
            Screen::Analogy if self.is_typing() => {
                self.analogy_line().insert(text);
                self.ask_analogy()
            }
            _ => Vec::new(),
        }
    }

    fn edit_text(&mut self, action: Action) -> Vec<Effect> {
        if let Some(overlay) = &mut self.overlay {
            return overlay.edit_text(action);
        }
        match self.screen {
            Screen::Words => match self.words.input.edit(action) {
                Some(true) => self.words_text_changed(),
                _ => Vec::new(),
            },
            Screen::Analogy => match self.analogy_line().edit(action) {
                Some(true) => self.ask_analogy(),
                _ => Vec::new(),
            },
            Screen::Attention | Screen::Positions => Vec::new(),
        }
    }

    fn move_selection(&mut self, by: isize) -> Vec<Effect> {
        self.changed = true;
        if self.overlay.is_some() {
            self.move_in_overlay(by);
            return Vec::new();
        }
        match self.screen {
            Screen::Words => {
                let length = self.words.answer.as_ref().map_or(0, |answer| answer.neighbours.len());
                self.words.selected = moved(self.words.selected, by, length);
                self.refresh_panel()
            }
            Screen::Analogy => {
                let length = self.analogy.selected_list().len();
                self.analogy.selected = moved(self.analogy.selected, by, length);
                Vec::new()
            }
            Screen::Attention | Screen::Positions => Vec::new(),
        }
    }

    fn copy_selected(&mut self) -> Vec<Effect> {
        let selected = match self.screen {
            Screen::Words => self.words.selected_neighbour(),
            Screen::Analogy => self.analogy.selected_neighbour(),
            Screen::Attention | Screen::Positions => None,
        };
        let Some(word) = selected.map(|neighbour| neighbour.word.clone()) else { return Vec::new() };
        self.inform(format!("sent \"{word}\" to the terminal's clipboard"));
        vec![Effect::Copy(word)]
    }

    fn copy_list(&mut self) -> Vec<Effect> {
        let list = match (self.screen, &self.words.answer) {
            (Screen::Words, Some(answer)) => answer.neighbours.as_slice(),
            (Screen::Words, None) => &[],
            (Screen::Analogy, _) => self.analogy.selected_list(),
            (Screen::Attention | Screen::Positions, _) => &[],
        };
        let lines: String =
            list.iter().map(|entry| format!("{}\t{:.6}\n", entry.word, entry.score)).collect();
        let count = list.len();
        self.inform(format!("sent {count} lines (word, tab, score) to the terminal's clipboard"));
        vec![Effect::Copy(lines)]
    }

    /// Puts a message into the status line.
    pub fn inform(&mut self, text: impl Into<String>) {
        self.status = Some(Status { severity: Severity::Information, text: text.into() });
    }

    /// Puts a warning into the status line.
    pub fn warn(&mut self, text: impl Into<String>) {
        self.status = Some(Status { severity: Severity::Warning, text: text.into() });
    }

    /// Puts an error into the status line.
    pub fn complain(&mut self, text: impl Into<String>) {
        self.status = Some(Status { severity: Severity::Error, text: text.into() });
    }
}

/// `selected` moved by `by` within a list of `length`; never out of it.
fn moved(selected: usize, by: isize, length: usize) -> usize {
    selected.saturating_add_signed(by).min(length.saturating_sub(1))
}

#[cfg(test)]
mod tests;
